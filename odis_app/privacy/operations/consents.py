"""Consent: recorded with its proof, withdrawn at once with the shares that rest on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select, text, update

from odis_app.access import keys
from odis_app.access.models import Grant
from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.crypto import place
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.core.nir import refuse_nir
from odis_app.documents.models import Document
from odis_app.households.models import Household, Member
from odis_app.households.operations.consents import tell_closed_shares
from odis_app.notifications.operations import send_mail
from odis_app.organisations.models import Organisation
from odis_app.privacy.enums import ConsentChannel, LegalBasis
from odis_app.privacy.messages import SHARE_ENDED, SHARES_PATH
from odis_app.privacy.models import Consent, ConsentRecipient
from odis_app.privacy.queries import living_adults, purposes


def give_consent(
    identity: Identity,
    *,
    household: Household,
    member: Member,
    purpose: str,
    organisations: Sequence[Organisation],
    max_class: int,
    language: str,
    channel: ConsentChannel,
    given_on: date,
    witness: str = "",
    document: Document | None = None,
) -> Consent:
    """Record that one adult agrees to one optional purpose, for the organisations named. Raises RuleError.

    ``max_class`` is the highest class that may be opened (0 to 2). ``witness`` says who was there; ``document`` is a signed
    proof of the same file: one of the two is needed.
    """
    _check(household, member, purpose, organisations, max_class, given_on)
    if not witness and document is None:
        raise RuleError("witness", "Écrivez qui était présent, ou choisissez le document signé.")
    if document is not None and document.record_id != household.id:
        raise RuleError("document", "Choisissez un document de ce dossier.")
    refuse_nir(witness, "witness")
    public_id = new_public_id()
    consent = Consent(
        public_id=public_id, household_id=household.id, owner_org_id=household.owner_org_id, member_id=member.id, purpose=purpose, max_class=max_class,
        language=language, channel=channel.value, given_on=given_on, recorded_at=func.now(), recorded_by_id=identity.require_user(),
        recorded_by_label=identity.name, proof_document_id=document.id if document else None,
        witness_sealed=keys.seal(household.id, witness, place("consents", "witness_sealed", public_id)) if witness else None,
    )  # fmt: skip
    db.add(consent)
    db.flush()
    db.add_all(
        ConsentRecipient(consent_id=consent.id, owner_org_id=consent.owner_org_id, organisation_id=o.id)
        for o in organisations
    )
    db.flush()
    record_event(
        identity, "consent:give", record_id=household.id, sensitivity=1, purpose=purpose, summary="Consentement recueilli",
        data={"consent": public_id, "member": member.public_id, "organisations": [o.id for o in organisations], "max_class": max_class},
    )  # fmt: skip
    return consent


def _check(
    household: Household,
    member: Member,
    purpose: str,
    organisations: Sequence[Organisation],
    max_class: int,
    given_on: date,
) -> None:
    known = purposes().get(purpose)
    if known is None or known.legal_basis != LegalBasis.CONSENTEMENT.value:
        raise RuleError("purpose", "Cette finalité ne repose pas sur un consentement. Choisissez-en une de la liste.")
    if member.id not in {m.id for m in living_adults(household)}:
        raise RuleError("member", "Un consentement est donné par un adulte présent dans le dossier, pour lui-même.")
    if not organisations:
        raise RuleError("organisations", "Choisissez au moins une organisation.")
    if household.owner_org_id in {o.id for o in organisations}:
        raise RuleError("organisations", "Votre organisation lit déjà ce dossier. Choisissez-en une autre.")
    if not 0 <= max_class <= 2:
        raise RuleError("max_class", "Un partage n’ouvre jamais la sécurité des personnes.")
    if given_on > clock.today():
        raise RuleError("given_on", "Cette date est à venir. Écrivez le jour où l’accord a été donné.")


def withdraw_consent(identity: Identity, *, consent: Consent) -> int:
    """Withdraw a consent: the shares that rested on it fall in this very transaction, and those who read them are told. Twice is once.

    Returns how many shares fell. The database closes them itself (0017): nobody may withdraw without that.
    """
    if consent.withdrawn_at is not None:
        return 0
    withdrawn = {
        "withdrawn_at": func.now(),
        "withdrawn_by_id": identity.require_user(),
        "withdrawn_by_label": identity.name,
    }
    db.execute(update(Consent).where(Consent.id == consent.id, Consent.withdrawn_at.is_(None)).values(withdrawn))
    db.refresh(consent)
    fallen = db.scalars(
        select(Grant).where(Grant.record_id == consent.household_id, Grant.purpose == consent.purpose, Grant.revoked_at == func.now())
        .execution_options(populate_existing=True)
    ).all()  # fmt: skip
    record_event(
        identity, "consent:withdraw", record_id=consent.household_id, sensitivity=1, purpose=consent.purpose, summary="Consentement retiré",
        data={"consent": consent.public_id, "shares": [g.public_id for g in fallen]},
    )  # fmt: skip
    for grant in fallen:
        record_event(identity, "record:unshare", record_id=grant.record_id, purpose=grant.purpose, summary="Partage retiré avec le consentement",
                     data={"grantee_org_id": grant.grantee_org_id})  # fmt: skip
    for email in db.scalars(select(func.odis.consent_contacts(consent.id))).all():
        send_mail(
            identity, to=email, template=SHARE_ENDED, context={"organisation": identity.org_name, "link": SHARES_PATH}
        )
    return len(fallen)


def close_uncovered(identity: Identity) -> int:
    """Close the optional shares of files where somebody became an adult, and tell who follows them; returns how many shares.

    For the night's task. Run twice, the second finds none.
    """
    files = db.execute(text("SELECT record_id, owner_org_id FROM odis.close_uncovered()")).all()
    return sum(tell_closed_shares(identity, household_id=row.record_id, owner_org_id=row.owner_org_id) for row in files)
