"""/demande-d-acces, for visitors; /demandes-d-acces, for those who answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, flash, request

from odis_app.accounts import visitors
from odis_app.accounts.operations.attempts import Kind
from odis_app.core import links
from odis_app.core.errors import RuleError
from odis_app.core.forms import as_choices
from odis_app.core.permissions import Role, guard, public
from odis_app.core.web import identity, redirect_to, render
from odis_app.organisations import operations, policy, queries
from odis_app.organisations.enums import OrganisationKind
from odis_app.organisations.forms import AskForm, ReasonForm, RolesForm
from odis_app.organisations.models import AccessRequest
from odis_app.organisations.operations import Asking
from odis_app.organisations.queries import Suggestion
from odis_app.organisations.views.base import blueprint, minter, role_choices
from odis_app.territories.queries import departments, label_of

ENDPOINT = "organisations.confirm_access"
ASK_AGAIN = "Refaites votre demande : un autre lien vous est envoyé aussitôt, et il sert pendant deux jours."
SHORTEST = 3


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that could not be given: to which request, « accept » or « refuse », why, and what was chosen or written."""

    of: AccessRequest
    way: str
    problem: str
    roles: Sequence[Role] = ()
    reason: str = ""


@blueprint.get("/demande-d-acces")
@public
def find_organisation() -> Response:
    """First step: one's organisation, by its name; or another, that is not here yet."""
    typed = request.args.get("nom", "").strip()[:120]
    found = queries.suggestions(typed) if len(typed) >= SHORTEST else []
    return render("organisations/find.html", typed=typed, found=found, shortest=SHORTEST)


@blueprint.route("/demande-d-acces/personne", methods=["GET", "POST"])
@public
def ask_access() -> Response:
    """Second step: who asks. The answer is the same whatever is known of the address."""
    form = AskForm()
    if request.method == "GET":
        form.organisation.data, form.wanted.data = request.args.get("organisation", ""), request.args.get("nom", "")
        form.new_name.data = request.args.get("nouvelle", "")
    chosen = queries.suggestion(form.organisation.data or "", form.wanted.data or "")
    form.new_kind.choices = as_choices(
        [("", "Choisissez"), *((k.value, k.label) for k in OrganisationKind if k is not OrganisationKind.PLATEFORME)]
    )
    form.new_department.choices = as_choices(
        [("", "Choisissez"), *((d.code, f"{d.name} ({d.code})") for d in departments())]
    )
    if form.validate_on_submit() and _described(form, chosen):
        try:
            with visitors.attempt(Kind.ACCESS, form.email.data or ""):
                operations.ask_access(minter(), asking=_asking(form, chosen))
        except RuleError as error:
            form.add_error(error)
        else:
            return redirect_to("organisations.access_asked")
    status = 422 if form.is_submitted() and not form.is_resumed else 200
    return render("organisations/ask.html", status=status, form=form, chosen=chosen)


@blueprint.get("/demande-d-acces/envoyee")
@public
def access_asked() -> Response:
    """The same page for every request."""
    return render("organisations/asked.html")


@blueprint.get("/demande-d-acces/confirmer/<secret>")
@public
def open_confirmation(secret: str) -> Response:
    """Take the secret out of the address at once. Nothing is consumed."""
    return links.arrive(secret, ENDPOINT)


@blueprint.route("/demande-d-acces/confirmer", methods=["GET", "POST"])
@public
def confirm_access() -> Response:
    """One button: the address is mine. Done already, the page says that the answer will come."""
    secret = links.kept()
    asked = operations.asked_by_link(secret) if secret else None
    if asked is None:
        return links.dead_link(ASK_AGAIN, way=("Refaire ma demande", "organisations.find_organisation"))
    if request.method == "POST" and not asked.is_confirmed:
        operations.confirm_request(secret=secret)
        return redirect_to(ENDPOINT)
    return render("organisations/confirm.html", asked=asked)


@blueprint.get("/demandes-d-acces")
@guard(policy.ACCESS_DECIDE)
def access_requests() -> Response:
    """Those that wait for my answer, the oldest first."""
    return _page()


@blueprint.post("/demandes-d-acces/<access_request>/accepter")
@guard(policy.ACCESS_DECIDE, access_request=policy.find_request)
def approve_access(access_request: AccessRequest) -> Response:
    """Yes, with these roles; the person has eight days to follow the link."""
    form = RolesForm()
    form.validate()
    try:
        operations.approve_request(identity(), minter(), asked=access_request, roles=form.chosen)
    except RuleError as error:
        return _page(Refused(access_request, "accept", error.message, roles=form.chosen))
    flash(f"Demande acceptée : {access_request.name} reçoit un lien valable 8 jours.", "ok")
    return redirect_to("organisations.access_requests")


@blueprint.post("/demandes-d-acces/<access_request>/refuser")
@guard(policy.ACCESS_DECIDE, access_request=policy.find_request)
def refuse_access(access_request: AccessRequest) -> Response:
    """No, with a reason that the person reads."""
    form = ReasonForm()
    if not form.validate():
        problem = " ".join(message for _, message in form.error_list)
        return _page(Refused(access_request, "refuse", problem, reason=form.reason.data or ""))
    try:
        operations.refuse_request(identity(), asked=access_request, reason=form.reason.data or "")
    except RuleError as error:
        return _page(Refused(access_request, "refuse", error.message, reason=form.reason.data or ""))
    flash(f"Demande refusée : {access_request.name} reçoit votre raison par courriel.", "ok")
    return redirect_to("organisations.access_requests")


def _page(refused: Refused | None = None) -> Response:
    waiting = [
        (asked, organisation, role_choices(policy.roles_of(organisation.kind if organisation else asked.new_kind)))
        for asked, organisation in queries.waiting_requests(identity())
    ]
    return render(
        "organisations/requests.html",
        status=422 if refused else 200,
        refused=refused,
        waiting=waiting,
        kind_label=OrganisationKind.label_of,
        department_name=lambda code: label_of(f"dep:{code}"),
        reason=ReasonForm(formdata=None),
        crumbs=[("Demandes d’accès", None)],
    )


def _described(form: AskForm, chosen: Suggestion | None) -> bool:
    """The organisation was chosen, or its three lines are filled with what the lists offer."""
    if chosen is not None:
        return True
    wrong = []
    if len(form.new_name.data or "") < SHORTEST:
        wrong.append(RuleError("new_name", "Écrivez le nom de l’organisation, ou cherchez-la à l’étape précédente."))
    if form.new_kind.data not in {value for value, *_ in form.new_kind.choices} - {""}:
        wrong.append(RuleError("new_kind", "Choisissez ce qu’est l’organisation."))
    if form.new_department.data not in {value for value, *_ in form.new_department.choices} - {""}:
        wrong.append(RuleError("new_department", "Choisissez le département de l’organisation."))
    for error in wrong:
        form.add_error(error)
    return not wrong


def _asking(form: AskForm, chosen: Suggestion | None) -> Asking:
    new = {} if chosen else {"new_name": form.new_name.data, "new_kind": OrganisationKind(form.new_kind.data), "new_department": form.new_department.data}  # fmt: skip
    return Asking(
        email=form.email.data or "", first_name=form.first_name.data or "", last_name=form.last_name.data or "",
        job=form.job.data or "", message=form.message.data or "", organisation=chosen, **new,
    )  # fmt: skip
