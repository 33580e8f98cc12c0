"""/offres/<id>/qualification: call, visit, safeguards, decision, each a small form of its own."""

from __future__ import annotations

from typing import Any

from flask import Response, flash

from odis_app.core import clock
from odis_app.core.errors import RuleError
from odis_app.core.forms import Form
from odis_app.core.identity import Identity
from odis_app.core.permissions import guard
from odis_app.core.web import identity, redirect_to, render
from odis_app.housing import operations, queries
from odis_app.housing.forms import (
    AskForm,
    CallForm,
    ConfirmForm,
    DecisionForm,
    PlanForm,
    RiskForm,
    SafeguardForm,
    VisitForm,
)
from odis_app.housing.models import Offer
from odis_app.housing.policy import OFFER_QUALIFY, find_offer
from odis_app.housing.status import SAFEGUARDS, compute_qualification, required_safeguards
from odis_app.housing.views.offers import blueprint, offer_context
from odis_app.organisations.queries import may_qualify

UNSIGNED = {
    "csrf": False
}  # several forms on a page: each carries the page's one token, which the application checks itself
STEPS: dict[str, tuple[type[Form], str]] = {
    "appel": (CallForm, "Appel enregistré."),
    "complement": (AskForm, "Demande enregistrée : l’offre attend ce complément."),
    "complete": (ConfirmForm, "Offre complétée."),
    "rendez-vous": (PlanForm, "Visite planifiée."),
    "visite": (VisitForm, "Visite enregistrée. Vérifiez les garde-fous, puis décidez."),
    "garde-fous": (SafeguardForm, "Garde-fous enregistrés."),
    "decision": (DecisionForm, "Décision enregistrée."),
    "risque": (RiskForm, "Risque signalé : l’offre n’est pas proposée tant qu’il n’est pas levé."),
    "risque-leve": (RiskForm, "Signalement levé."),
}


@blueprint.get("/<public_id>/qualification")
@guard(OFFER_QUALIFY, public_id=find_offer)
def qualification(public_id: Offer) -> Response:
    """Where the offer stands, and the forms of what may come next."""
    return _page(public_id)


@blueprint.post(
    "/<public_id>/qualification/"
    "<any(appel, complement, complete, 'rendez-vous', visite, 'garde-fous', decision, risque, 'risque-leve'):step>"
)
@guard(OFFER_QUALIFY, public_id=find_offer)
def qualify(public_id: Offer, step: str) -> Response:
    """Record one step."""
    offer, (kind, said) = public_id, STEPS[step]
    form = kind(prefix=step, meta=UNSIGNED)
    if form.validate_on_submit():
        try:
            _record(identity(), offer, step, form)
        except RuleError as error:
            form.add_error(RuleError(f"{step}-{error.field}" if error.field else "", error.message))
        else:
            flash(said)
            return redirect_to("offers.qualification", public_id=offer.public_id)
    return _page(offer, step=step, form=form, status=422)


def _record(who: Identity, offer: Offer, step: str, form: Any) -> None:
    if step == "appel":
        operations.record_call(
            who, offer=offer, on=form.on.data, reached=form.reached.data == "oui", note=form.note.data or ""
        )
    elif step == "complement":
        operations.ask_completion(who, offer=offer, missing=form.missing.data)
    elif step == "complete":
        operations.complete_offer(who, offer=offer)
    elif step == "rendez-vous":
        operations.plan_visit(who, offer=offer, at=form.at.data.replace(tzinfo=clock.PARIS))
    elif step == "visite":
        visitors = (form.first_visitor.data, form.second_visitor.data)
        points = dict.fromkeys(form.checklist.data or [], True)
        operations.record_visit(
            who, offer=offer, on=form.on.data, visitors=visitors, checklist=points, note=form.note.data or ""
        )
    elif step == "garde-fous":
        operations.record_safeguards(who, offer=offer, checked=dict.fromkeys(form.checked.data or [], True))
    elif step == "risque":
        operations.flag_risk(who, offer=offer, note=form.note.data)
    elif step == "risque-leve":
        operations.clear_risk(who, offer=offer, note=form.note.data)
    else:
        operations.decide(
            who, offer=offer, accepted=form.accepted.data == "oui", motif=form.motif.data, note=form.note.data or ""
        )


def _page(offer: Offer, *, step: str = "", form: Form | None = None, status: int = 200) -> Response:
    who = identity()
    events = queries.events_of(who, offer)
    done = compute_qualification(events).safeguards
    forms = {name: kind(prefix=name, formdata=None, meta=UNSIGNED) for name, (kind, _) in STEPS.items() if name != step}
    forms["garde-fous"] = SafeguardForm(
        prefix="garde-fous", formdata=None, meta=UNSIGNED, data={"checked": sorted(done)}
    )
    if step != "visite":
        forms["visite"] = VisitForm(
            prefix="visite", formdata=None, meta=UNSIGNED, data={"first_visitor": who.name, "on": clock.today()}
        )
    if form is not None:
        forms[step] = form
    required = required_safeguards(offer.kind, accepts_minors=offer.accepts_minors)
    return render(
        "housing/qualification.html",
        status=status,
        forms=forms,
        wrong=form,
        can_step=operations.is_qualifiable(offer),
        can_decide=may_qualify(who, offer.department_code, offer.dispositif_id),
        events=[(e, queries.describe(e)) for e in reversed(events)],
        row=queries.queue_row(who, offer),
        safeguards=[(label, name in done, name in required) for name, label in SAFEGUARDS.items()],
        blocking=queries.required_left(offer, events),
        **offer_context(who, offer, "qualification"),
    )
