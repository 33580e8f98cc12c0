"""Reading organisations; names of organisations are known to every signed-in person."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select, text

from odis_app.accounts.models import User
from odis_app.audit.models import AuditEvent
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.formats import jour_long
from odis_app.core.identity import Identity
from odis_app.core.text import fold
from odis_app.notifications.models import Mail
from odis_app.notifications.queries import states_of
from odis_app.organisations import texts
from odis_app.organisations.enums import Attribution, OrganisationKind
from odis_app.organisations.models import (
    Acceptance,
    AccessRequest,
    Dispositif,
    Invitation,
    Mandate,
    Membership,
    Organisation,
    OrganisationArea,
    Qualifier,
    TerritoryRules,
)
from odis_app.organisations.policy import (
    QUALIFYING_KINDS,
    mandates_in_force,
    qualifiers_in_force,
    standing,
    steered,
    visible_invitations,
    visible_mandates,
    visible_requests,
)


@dataclass(frozen=True, slots=True)
class Colleague:
    """One line of the page Équipe. ``last_sign_in`` is None when the trail has none, or is not one's to read."""

    person: User
    roles: tuple[str, ...]
    last_sign_in: datetime | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An organisation that a visitor may ask to join: its name, nothing of its people."""

    public_id: str
    name: str
    kind: str
    department_code: str | None


def organisation(public_id: str) -> Organisation | None:
    """The organisation at this address."""
    return db.execute(select(Organisation).where(Organisation.public_id == public_id)).scalar_one_or_none()


def organisation_by_id(organisation_id: int) -> Organisation | None:
    """The organisation with this key."""
    return db.get(Organisation, organisation_id)


def partners_of(identity: Identity) -> Sequence[Organisation]:
    """The other active organisations, those of one's own départements first: what a share may be addressed to."""
    here = select(OrganisationArea.organisation_id).where(OrganisationArea.department_code.in_(identity.departments))
    statement = (
        select(Organisation)
        .where(
            Organisation.id != identity.org_id, Organisation.deactivated_at.is_(None), Organisation.kind != "plateforme"
        )
        .order_by(Organisation.id.in_(here).desc(), Organisation.folded)
    )
    return db.execute(statement).scalars().all()


def steering_service(department_code: str) -> Organisation | None:
    """The DDETS of a département: to whom a file is signalled."""
    statement = select(Organisation).where(
        Organisation.kind == "ddets", Organisation.department_code == department_code
    )
    return db.execute(statement.order_by(Organisation.id).limit(1)).scalar_one_or_none()


def colleagues(identity: Identity) -> Sequence[User]:
    """The people of one's own organisation, by name."""
    today = clock.today()
    members = select(Membership.user_id).where(
        Membership.organisation_id == identity.org_id,
        Membership.starts_on <= today,
        or_(Membership.ends_on.is_(None), Membership.ends_on >= today),
    )
    statement = select(User).where(User.id.in_(members), User.deactivated_at.is_(None))
    return db.execute(statement.order_by(func.lower(User.last_name), func.lower(User.first_name))).scalars().all()


def dispositifs() -> Sequence[Dispositif]:
    """The public schemes, in their usual order."""
    return db.execute(select(Dispositif).order_by(Dispositif.position)).scalars().all()


FIRST_CALL_DAYS, DECISION_DAYS = 5, 15
"""Working days to call a host, then to decide, where a département set nothing."""


def rules_of(department_code: str) -> TerritoryRules:
    """The rules that a département set, or the defaults."""
    found = db.get(TerritoryRules, department_code)
    if found is not None:
        return found
    return TerritoryRules(
        department_code=department_code, first_call_days=FIRST_CALL_DAYS, decision_days=DECISION_DAYS, urgent_answer_hours=72, standard_answer_days=7,
        proposals_per_household=2, proposals_per_place=1, attribution=Attribution.ASSOCIATION.value,
    )  # fmt: skip


def mandated(department_code: str, dispositif_id: int) -> Sequence[Organisation]:
    """The associations mandated today for a dispositif in a département."""
    today = clock.today()
    statement = (
        select(Organisation)
        .join(Mandate, Mandate.organisation_id == Organisation.id)
        .where(
            Mandate.department_code == department_code,
            Mandate.dispositif_id == dispositif_id,
            Mandate.starts_on <= today,
            or_(Mandate.ends_on.is_(None), Mandate.ends_on >= today),
        )
    )
    return db.execute(statement.order_by(Organisation.folded)).scalars().all()


def mandates_of(organisation_id: int | None) -> frozenset[tuple[str, int]]:
    """(département, dispositif) for which an organisation is mandated today."""
    return frozenset((code, scheme) for code, scheme in db.execute(mandates_in_force(organisation_id)))


def missing_mandate(identity: Identity, *, dispositif_id: int, department_code: str | None = None) -> str | None:
    """Why one's organisation may not match for a dispositif, in one département or (None) anywhere; None when it is mandated today."""
    statement = select(Mandate).where(
        Mandate.organisation_id == identity.case_org_id, Mandate.dispositif_id == dispositif_id
    )
    if department_code is not None:
        statement = statement.where(Mandate.department_code == department_code)
    known, today = db.execute(statement.order_by(Mandate.starts_on)).scalars().all(), clock.today()
    if any(m.starts_on <= today and (m.ends_on is None or m.ends_on >= today) for m in known):
        return None
    scheme = f"« {db.get_one(Dispositif, dispositif_id).label} »"
    here = f" dans ce département ({department_code})" if department_code else ""
    if to_come := [m.starts_on for m in known if m.starts_on > today]:
        return f"Le mandat de votre organisation pour {scheme}{here} commence le {jour_long(to_come[0])}."
    if ended := [m.ends_on for m in known if m.ends_on is not None]:
        return f"Le mandat de votre organisation pour {scheme}{here} a pris fin le {jour_long(max(ended))}."
    return f"Votre organisation n’est pas mandatée pour {scheme}{here}."


def qualified_by(department_code: str, dispositif_id: int) -> Sequence[Organisation]:
    """Who is named to visit and decide on the offers of a dispositif in a département today; nobody: each organisation its own."""
    named = select(Qualifier.organisation_id).where(
        Qualifier.department_code == department_code, Qualifier.dispositif_id == dispositif_id, qualifiers_in_force()
    )
    statement = select(Organisation).where(Organisation.id.in_(named))
    return db.execute(statement.order_by(Organisation.folded)).scalars().all()


def may_qualify(identity: Identity, department_code: str, dispositif_id: int) -> bool:
    """Whether one's organisation visits and decides there: named, or nobody is (``odis.may_qualify`` says the same in the database)."""
    named = {organisation.id for organisation in qualified_by(department_code, dispositif_id)}
    return not named or identity.org_id in named


@dataclass(frozen=True, slots=True)
class MandateLine:
    """A mandate, or the right to qualify, with the names of who holds it and for what."""

    mandate: Mandate | Qualifier
    organisation: str
    dispositif: str
    code: str


def mandates_in(identity: Identity, department_code: str) -> list[MandateLine]:
    """The mandates of a département that one steers: in force and to come first, then those that ended; by dispositif, then name."""
    return _lines(visible_mandates(identity), Mandate, department_code)


def qualifiers_in(identity: Identity, department_code: str) -> list[MandateLine]:
    """Who was named to qualify the offers of a département that one steers, in the same order."""
    return _lines(select(Qualifier).where(Qualifier.department_code.in_(steered(identity))), Qualifier, department_code)


def _lines(visible: Select[Any], table: type[Mandate | Qualifier], department_code: str) -> list[MandateLine]:
    past = func.coalesce(table.ends_on, clock.today()) < clock.today()
    statement = (
        visible.where(table.department_code == department_code)
        .join(Organisation, Organisation.id == table.organisation_id)
        .join(Dispositif, Dispositif.id == table.dispositif_id)
        .add_columns(Organisation.name, Dispositif.label, Dispositif.code)
        .order_by(past, Dispositif.position, Organisation.folded, table.starts_on.desc(), table.id)
    )
    return [MandateLine(*row) for row in db.execute(statement)]


def associations_in(department_code: str) -> Sequence[Organisation]:
    """The active associations that intervene in a département: who may be mandated there."""
    return _active_in(department_code, {OrganisationKind.ASSOCIATION})


def qualifying_in(department_code: str) -> Sequence[Organisation]:
    """The active organisations of a département whose people may visit hosts: who may be named to qualify its offers."""
    return _active_in(department_code, QUALIFYING_KINDS)


def _active_in(department_code: str, kinds: AbstractSet[OrganisationKind]) -> Sequence[Organisation]:
    here = select(OrganisationArea.organisation_id).where(OrganisationArea.department_code == department_code)
    statement = select(Organisation).where(
        Organisation.kind.in_(kinds), Organisation.deactivated_at.is_(None), Organisation.id.in_(here)
    )
    return db.execute(statement.order_by(Organisation.folded, Organisation.id)).scalars().all()


def team(identity: Identity) -> list[Colleague]:
    """Who works for one's organisation today, by name, with the last sign-in of each for it."""
    statement = (
        select(User, func.array_agg(func.distinct(Membership.role)))
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organisation_id == identity.org_id, standing(), User.deactivated_at.is_(None))
        .group_by(User.id)
        .order_by(func.lower(User.last_name), func.lower(User.first_name), User.id)
    )
    people = db.execute(statement).all()
    signed_in = (
        select(AuditEvent.actor_user_id, func.max(AuditEvent.at))
        .where(
            AuditEvent.actor_org_id == identity.org_id, AuditEvent.action == "session:open",
            AuditEvent.actor_user_id.in_([person.id for person, _ in people]),
        )
        .group_by(AuditEvent.actor_user_id)
    )  # fmt: skip
    last: dict[int | None, datetime] = {row[0]: row[1] for row in db.execute(signed_in)}
    return [Colleague(person, tuple(roles), last.get(person.id)) for person, roles in people]


def open_invitations(identity: Identity) -> list[tuple[Invitation, Mail | None]]:
    """The invitations that nobody has answered, each with its mail: on its way, sent, refused…"""
    found = db.execute(visible_invitations(identity)).scalars().all()
    mails = states_of([i.mail_id for i in found if i.mail_id])
    return [(invitation, mails.get(invitation.mail_id)) for invitation in found]


def waiting_requests(identity: Identity) -> list[tuple[AccessRequest, Organisation | None]]:
    """The requests that wait for the identity's answer, the oldest first, each with the organisation it names."""
    statement = (
        visible_requests(identity).where(AccessRequest.state == "waiting").order_by(None).order_by(AccessRequest.id)
    )
    found = db.execute(statement).scalars().all()
    named = select(Organisation).where(Organisation.id.in_([r.organisation_id for r in found if r.organisation_id]))
    known = {o.id: o for o in db.execute(named).scalars()}
    return [(asked, known.get(asked.organisation_id or 0)) for asked in found]


def suggestions(typed: str) -> list[Suggestion]:
    """The active organisations whose name holds what was typed (three letters at least), ten at most; asked by visitors too."""
    rows = db.execute(text("SELECT * FROM odis.organisation_suggest(:wanted)"), {"wanted": fold(typed)}).mappings()
    return [Suggestion(**row) for row in rows]


def suggestion(public_id: str, typed: str) -> Suggestion | None:
    """The one that was chosen among those offered for ``typed``."""
    return next((s for s in suggestions(typed) if s.public_id == public_id), None)


@dataclass(frozen=True, slots=True)
class Accepted:
    """Who accepted the convention in force in the name of an organisation, as what, when."""

    name: str
    signed_as: str
    at: datetime


def convention_accepted(identity: Identity) -> Accepted | None:
    """The first acceptance of the convention in force in the name of one's organisation; None while nobody did."""
    name = func.coalesce(User.first_name + " " + User.last_name, "une personne partie depuis")
    statement = (
        select(name, Acceptance.signed_as, Acceptance.accepted_at)
        .select_from(Acceptance)
        .outerjoin(User, User.id == Acceptance.user_id)
        .where(
            Acceptance.organisation_id == identity.org_id, Acceptance.version == texts.current(texts.CONVENTION).version
        )
        .order_by(Acceptance.accepted_at)
    )
    found = db.execute(statement.limit(1)).first()
    return Accepted(*found) if found else None
