"""The tab « Droits » of a file: legal bases, consents, requests."""

from __future__ import annotations

from flask import Response, abort, flash

from odis_app.access.queries import class2_is_open
from odis_app.core.db import db
from odis_app.core.permissions import guard
from odis_app.core.web import identity, redirect_to
from odis_app.documents.models import Document
from odis_app.documents.policy import visible_documents
from odis_app.households.models import Household, Member
from odis_app.households.policy import find_household, opens_files
from odis_app.organisations.models import Organisation
from odis_app.organisations.queries import partners_of
from odis_app.privacy import operations, policy, queries
from odis_app.privacy.enums import ConsentChannel, LegalBasis, RequestKind
from odis_app.privacy.forms import CLASSES, ConsentForm, LiftForm, RequestForm
from odis_app.privacy.models import Consent, Limitation
from odis_app.privacy.views.page import blueprint, done, file_page, saved

TAB = "privacy.of_household"
FILE = "/menages/<household>"


@blueprint.get(f"{FILE}/droits")
@guard(policy.RIGHTS_HANDLE, household=find_household)
def of_household(household: Household) -> Response:
    """What the people of this file may ask, what they agreed to, what they asked."""
    return _tab(household)


def _tab(household: Household, *, lift: LiftForm | None = None, status: int = 200) -> Response:
    consents = queries.consents_of(identity(), household)
    names = {m.id: m.name for m in queries.living_adults(household)}
    return file_page(
        household, "privacy/household.html", tab=TAB, status=status, consents=consents, recipients=queries.recipients_of(consents), names=names,
        limitations=queries.limitations_of(identity(), household), lift=lift or LiftForm(formdata=None), told=queries.text_of,
        purposes=queries.purposes(), requests=queries.requests_of(identity(), household), classes=dict(CLASSES),
    )  # fmt: skip


def _optional_purposes() -> list[tuple[str, str]]:
    return [(p.code, p.label) for p in queries.purposes().values() if p.legal_basis == LegalBasis.CONSENTEMENT.value]


def _documents(household: Household) -> list[Document]:
    statement = visible_documents(identity()).where(Document.record_id == household.id)
    return list(db.scalars(statement.order_by(Document.id.desc()).limit(50)))


@blueprint.route(f"{FILE}/consentements/nouveau", methods=["GET", "POST"])
@guard(policy.CONSENT_MANAGE, household=find_household)
def give_consent(household: Household) -> Response:
    """Record what one adult agreed to."""
    form, adults = ConsentForm(), {m.public_id: m for m in queries.living_adults(household)}
    partners = {o.public_id: o for o in partners_of(identity()) if opens_files(o.kind)}
    documents = {d.public_id: d for d in _documents(household)}
    form.member.choices = [("", "Choisir"), *((key, m.name) for key, m in adults.items())]
    form.purpose.choices = _optional_purposes()
    form.organisations.choices = [(key, o.name) for key, o in partners.items()]
    form.document.choices = [("", "Aucun"), *((key, d.name) for key, d in documents.items())]
    if class2_is_open():
        form.max_class.choices = CLASSES
    if form.validate_on_submit() and saved(form, lambda: _give(form, household, adults, partners, documents)):
        return done(household, TAB, "Consentement enregistré.")
    return _page(household, form, "Recueillir un consentement", "Enregistrer le consentement")


def _give(
    form: ConsentForm,
    household: Household,
    adults: dict[str, Member],
    partners: dict[str, Organisation],
    documents: dict[str, Document],
) -> None:
    operations.give_consent(
        identity(), household=household, member=adults[form.member.data], purpose=form.purpose.data,
        organisations=[partners[key] for key in form.organisations.data], max_class=int(form.max_class.data), language=form.language.data,
        channel=ConsentChannel(form.channel.data), given_on=form.given_on.data, witness=form.witness.data or "",
        document=documents.get(form.document.data),
    )  # fmt: skip


def _page(household: Household, form: ConsentForm | RequestForm, title: str, submit: str) -> Response:
    status = 422 if form.is_submitted() and not form.is_resumed else 200
    return file_page(
        household,
        "privacy/form.html",
        tab=TAB,
        status=status,
        crumb=title,
        form=form,
        title=title,
        submit=submit,
        back=TAB,
    )


@blueprint.post(f"{FILE}/consentements/<consent>/retirer")
@guard(policy.CONSENT_MANAGE, household=find_household, consent=policy.find_consent)
def withdraw_consent(household: Household, consent: Consent) -> Response:
    """Withdraw: the shares that rested on it fall at once."""
    if consent.household_id != household.id:
        abort(404)
    fallen = operations.withdraw_consent(identity(), consent=consent)
    words = {0: "", 1: " Le partage qui en dépendait est fermé."}.get(
        fallen, f" Les {fallen} partages qui en dépendaient sont fermés."
    )
    flash(f"Consentement retiré.{words}", "ok")
    return redirect_to(TAB, household=household.public_id)


@blueprint.route(f"{FILE}/demandes/nouvelle", methods=["GET", "POST"])
@guard(policy.RIGHTS_HANDLE, household=find_household)
def new_request(household: Household) -> Response:
    """Write down what one adult asks."""
    form, adults = RequestForm(), {m.public_id: m for m in queries.living_adults(household)}
    form.member.choices = [("", "Choisir"), *((key, m.name) for key, m in adults.items())]
    if form.validate_on_submit() and saved(
        form,
        lambda: operations.register_request(
            identity(),
            household=household,
            member=adults[form.member.data],
            kind=RequestKind(form.kind.data),
            received_on=form.received_on.data,
            details=form.details.data or "",
        ),
    ):
        return done(household, TAB, "Demande enregistrée. La réponse est attendue dans un mois.")
    return _page(household, form, "Enregistrer une demande", "Enregistrer la demande")


@blueprint.post(f"{FILE}/limitations/<limitation>/lever")
@guard(policy.RIGHTS_HANDLE, household=find_household, limitation=policy.find_limitation)
def lift_limitation(household: Household, limitation: Limitation) -> Response:
    """The file may be used again, once the person was told."""
    if limitation.household_id != household.id:
        abort(404)
    form = LiftForm()
    if form.validate_on_submit() and saved(
        form,
        lambda: operations.lift_limitation(
            identity(), limitation=limitation, reason=form.reason.data, told_on=form.told_on.data
        ),
    ):
        return done(household, TAB, "Limitation levée : le dossier peut de nouveau être utilisé.")
    return _tab(household, lift=form, status=422)
