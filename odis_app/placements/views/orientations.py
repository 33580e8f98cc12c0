"""/orientations: what was sent and received, and one proposal with its two agreements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, request, url_for

from odis_app.core.forms import Form
from odis_app.core.identity import Identity
from odis_app.core.permissions import guard
from odis_app.core.requests import note_sensitivity
from odis_app.core.templating import url_with
from odis_app.core.web import identity, is_fragment_request, page_number, redirect_to, render
from odis_app.placements import operations, policy, queries
from odis_app.placements.enums import EndedBy, HouseholdMotif, OrientationStatus
from odis_app.placements.forms import CancelForm, RefuseForHostForm, RefuseForHouseholdForm
from odis_app.placements.models import Orientation
from odis_app.placements.policy import find_orientation
from odis_app.placements.views.page import SIGNS, attempt, blueprint, countdown, refused
from odis_app.territories.queries import departments


@blueprint.get("/orientations")
@guard(policy.ORIENTATION_LIST)
def index() -> Response:
    """The views of the proposals, what awaits an answer first."""
    who = identity()
    counts = queries.orientation_counts(who)
    view = request.args.get("vue", "")
    if view not in dict(queries.VIEWS):
        view = "a_repondre" if counts["a_repondre"] else "toutes"
    department = request.args.get("departement", "")
    order = request.args.get("tri", "")
    page = queries.list_orientations(who, view, number=page_number(), department=department, order=order)
    names = queries.named(who, (o.household_id for o in page.items))
    return render(
        "placements/orientations.html",
        fragment="placements/_orientations.html",
        found=page,
        lines=[_line(o, names) for o in page.items],
        signs=SIGNS,
        countdown=countdown,
        view=view,
        views=[
            {"label": label, "url": url_with(vue=name), "current": view == name, "count": counts[name]}
            for name, label in queries.VIEWS
        ],
        department=department,
        order=order,
        departments=[(d.code, f"{d.name} ({d.code})") for d in departments()],
    )


def _line(orientation: Orientation, names: dict[int, queries.Who]) -> dict[str, Any]:
    who = identity()
    active = orientation.is_active
    return {
        "o": orientation,
        "who": names.get(orientation.household_id) or queries.unnamed(orientation),
        "sent": policy.on_household_side(who, orientation),
        "can_accept": active and orientation.host_accepted_at is None and who.can(policy.ORIENTATION_HOST, orientation),
    }


@blueprint.get("/orientations/<orientation>")
@guard(policy.ORIENTATION_READ, orientation=find_orientation)
def show_orientation(orientation: Orientation) -> Response:
    """Both agreements, what is awaited of whom, the needs without a name."""
    return orientation_page(orientation)


def orientation_page(orientation: Orientation, *, problem: str = "", **forms: Form) -> Response:
    """The page; a form that was refused comes back with what it says, and the page answers 422."""
    who = identity()
    names = queries.named(who, [orientation.household_id])
    address = queries.address_of(orientation) if orientation.confirmed_at and not orientation.ended_at else ""
    return render(
        "placements/orientation.html",
        status=422 if problem or forms else 200,
        o=orientation,
        state=orientation.status,
        signs=SIGNS,
        countdown=countdown,
        who=names.get(orientation.household_id) or queries.unnamed(orientation),
        placement=queries.placement_of(orientation),
        address=address,
        address_readers=queries.address_readers(orientation) if address else None,
        problem=problem,
        crumbs=[("Orientations", url_for("placements.index")), (orientation.place_sheet["number"], None)],
        **_kept(who, orientation),
        **_answers(who, orientation, forms),
    )


def _kept(who: Identity, orientation: Orientation) -> dict[str, Any]:
    """What the organisation of the household alone reads: its reason to refuse, why this place was chosen."""
    refusal = queries.refusal_of(who, orientation)
    if refusal is not None:
        note_sensitivity(refusal.sensitivity)
    waits = (
        refusal is None and orientation.ended_by == EndedBy.MENAGE.value and policy.would_read_danger(who, orientation)
    )
    return {
        "refusal": refusal,
        "refusal_waits": waits,
        "refusal_readers": queries.refusal_readers(orientation, refusal) if refusal is not None or waits else None,
        "refusal_label": HouseholdMotif.label_of(refusal.motif) if refusal else "",
        "choice": queries.choice_of(who, orientation),
    }


def _answers(who: Identity, orientation: Orientation, forms: Mapping[str, Form]) -> dict[str, Any]:
    """What this reader may still answer: buttons, and forms as they were sent or blank."""
    active, confirmed = orientation.is_active, orientation.status is OrientationStatus.CONFIRMEE
    household = active and who.can(policy.ORIENTATION_HOUSEHOLD, orientation)
    host = active and who.can(policy.ORIENTATION_HOST, orientation)
    takes_back = confirmed or (active and policy.on_household_side(who, orientation))
    cancels = takes_back and who.can(policy.ORIENTATION_CANCEL, orientation)
    return {
        "accept_household": household and not orientation.household_accepted_at,
        "accept_host": host and not orientation.host_accepted_at,
        "can_see": active and not orientation.seen_at and who.can(policy.ORIENTATION_SEE, orientation),
        "refuse_household": forms.get("household") or (RefuseForHouseholdForm(formdata=None) if household else None),
        "refuse_host": forms.get("host") or (RefuseForHostForm(formdata=None) if host else None),
        "cancel": forms.get("cancel") or (CancelForm(formdata=None) if cancels else None),
        "can_judge": orientation.ended_kind in {"refusee", "annulee"}
        and who.can(policy.ORIENTATION_JUDGE, orientation),
    }


@blueprint.post("/orientations/<orientation>/vue")
@guard(policy.ORIENTATION_SEE, orientation=find_orientation)
def see(orientation: Orientation) -> Response:
    """The place's side has read the proposal: said by the page itself, or by its button without script."""
    operations.mark_seen(identity(), orientation=orientation)
    if is_fragment_request():
        return render("placements/orientation.html", fragment="placements/_seen.html", o=orientation, can_see=False)
    return redirect_to("placements.show_orientation", orientation=orientation.public_id)


@blueprint.post("/orientations/<orientation>/accord-menage")
@guard(policy.ORIENTATION_HOUSEHOLD, orientation=find_orientation)
def accept_household(orientation: Orientation) -> Response:
    """The household agrees."""
    return _accept(orientation, operations.accept_for_household, "L’accord du ménage est enregistré.")


@blueprint.post("/orientations/<orientation>/accord-hebergeur")
@guard(policy.ORIENTATION_HOST, orientation=find_orientation)
def accept_host(orientation: Orientation) -> Response:
    """The host agrees: one tap."""
    return _accept(orientation, operations.accept_for_host, "L’accord de l’hébergeur est enregistré.")


def _accept(orientation: Orientation, act: Any, sentence: str) -> Response:
    reached: list[OrientationStatus] = []
    problem = refused(lambda: reached.append(act(identity(), orientation=orientation)))
    if problem:
        return orientation_page(orientation, problem=problem)
    if reached[0] is OrientationStatus.OBSOLETE:
        flash(operations.LOST, "late")
    elif reached[0] is OrientationStatus.CONFIRMEE:
        flash("Les deux accords sont donnés : la place est attribuée à ce ménage.", "ok")
    else:
        flash(sentence, "ok")
    return redirect_to("placements.show_orientation", orientation=orientation.public_id)


@blueprint.post("/orientations/<orientation>/refus-menage")
@guard(policy.ORIENTATION_HOUSEHOLD, orientation=find_orientation)
def refuse_household(orientation: Orientation) -> Response:
    """The household refuses, with a motif that stays with its organisation."""
    form = RefuseForHouseholdForm()
    return _refuse(orientation, form, EndedBy.MENAGE, household=form)


@blueprint.post("/orientations/<orientation>/refus-hebergeur")
@guard(policy.ORIENTATION_HOST, orientation=find_orientation)
def refuse_host(orientation: Orientation) -> Response:
    """The host refuses, with a motif that both sides read."""
    form = RefuseForHostForm()
    return _refuse(orientation, form, EndedBy.HEBERGEUR, host=form)


def _refuse(
    orientation: Orientation, form: RefuseForHouseholdForm | RefuseForHostForm, party: EndedBy, **forms: Form
) -> Response:
    who = identity()
    if not attempt(
        form,
        lambda: operations.refuse(
            who, orientation=orientation, party=party, motif=form.motif.data, comment=form.comment.data or ""
        ),
    ):
        return orientation_page(orientation, **forms)
    flash("Le refus est enregistré, la place est rendue.", "ok")
    return redirect_to("placements.show_orientation", orientation=orientation.public_id)


@blueprint.post("/orientations/<orientation>/annuler")
@guard(policy.ORIENTATION_CANCEL, orientation=find_orientation)
def cancel(orientation: Orientation) -> Response:
    """The proposal is taken back before the entry."""
    form, who = CancelForm(), identity()
    if not attempt(
        form,
        lambda: operations.cancel(who, orientation=orientation, motif=form.motif.data, comment=form.comment.data or ""),
    ):
        return orientation_page(orientation, cancel=form)
    flash("L’orientation est annulée, la place est rendue.", "ok")
    return redirect_to("placements.show_orientation", orientation=orientation.public_id)


@blueprint.post("/orientations/<orientation>/recevabilite")
@guard(policy.ORIENTATION_JUDGE, orientation=find_orientation)
def judge(orientation: Orientation) -> Response:
    """Whether a refusal holds."""
    admissible = request.form.get("recevable") == "oui"
    if problem := refused(
        lambda: operations.set_admissible(identity(), orientation=orientation, admissible=admissible)
    ):
        return orientation_page(orientation, problem=problem)
    flash("Le refus est jugé recevable." if admissible else "Le refus est jugé non recevable.", "ok")
    return redirect_to("placements.show_orientation", orientation=orientation.public_id)
