"""/hebergements: who enters, who is there, who leaves."""

from __future__ import annotations

from datetime import date

from flask import Response, flash, request, url_for

from odis_app.core import clock
from odis_app.core.forms import Form
from odis_app.core.identity import Identity
from odis_app.core.permissions import guard
from odis_app.core.templating import url_with
from odis_app.core.web import identity, page_number, redirect_to, render
from odis_app.placements import operations, queries
from odis_app.placements.forms import DepartureForm, EntryForm, ExitForm, ExtendForm
from odis_app.placements.models import Placement
from odis_app.placements.policy import (
    PLACEMENT_DEPARTURE,
    PLACEMENT_EXTEND,
    PLACEMENT_LIST,
    PLACEMENT_READ,
    PLACEMENT_UPDATE,
    find_placement,
)
from odis_app.placements.views.page import SIGNS, attempt, blueprint, refused
from odis_app.territories.queries import label_of


@blueprint.get("/hebergements")
@guard(PLACEMENT_LIST)
def stays() -> Response:
    """The views of the stays, the nearest date first."""
    who = identity()
    counts = queries.placement_counts(who)
    view = request.args.get("vue", "")
    if view not in dict(queries.STAYS):
        view = "attendus" if counts["attendus"] else "presents"
    order = request.args.get("tri", "")
    page = queries.list_placements(who, view, number=page_number(), order=order)
    names, sheets = queries.named(who, (p.household_id for p in page.items)), queries.sheets_of(page.items)
    return render(
        "placements/stays.html",
        fragment="placements/_stays.html",
        found=page,
        lines=[
            (p, sheets[p.orientation_id], names.get(p.household_id) or queries.unnamed(sheets[p.orientation_id]))
            for p in page.items
        ],
        signs=SIGNS,
        view=view,
        order=order,
        views=[
            {"label": label, "url": url_with(vue=name), "current": view == name, "count": counts[name]}
            for name, label in queries.STAYS
        ],
    )


@blueprint.get("/hebergements/<placement>")
@guard(PLACEMENT_READ, placement=find_placement)
def show_stay(placement: Placement) -> Response:
    """One stay: entry, end, extensions, exit."""
    return stay_page(placement)


def stay_page(placement: Placement, *, problem: str = "", **forms: Form) -> Response:
    """The page; a form that was refused comes back with what it says, and the page answers 422."""
    who, orientation = identity(), queries.orientation_of(placement)
    writes = who.can(PLACEMENT_UPDATE, placement)
    here = placement.entered_on is not None and placement.exited_on is None
    awaited = placement.entered_on is None and placement.cancelled_at is None
    left = placement.exited_on is not None and who.can(PLACEMENT_DEPARTURE, placement)
    extends = here and placement.ends_on is not None and who.can(PLACEMENT_EXTEND, placement)
    address = queries.address_of(orientation) if not placement.exited_on and not placement.cancelled_at else ""
    return render(
        "placements/stay.html",
        status=422 if problem or forms else 200,
        p=placement,
        o=orientation,
        state=placement.status,
        signs=SIGNS,
        who=queries.named(who, [placement.household_id]).get(placement.household_id) or queries.unnamed(orientation),
        entry=forms.get("entry")
        or (
            EntryForm(formdata=None, entered_on=min(placement.planned_on, clock.today()))
            if awaited and writes
            else None
        ),
        extend=forms.get("extend") or (ExtendForm(formdata=None, title=placement.title) if extends else None),
        leave=forms.get("leave")
        or (ExitForm(formdata=None) if here and writes and placement.exit_asked is None else None),
        departure=forms.get("departure") or (DepartureForm(formdata=None) if left else None),
        confirms=placement.exit_asked is not None and writes and placement.exit_asked_by_id != who.user_id,
        withdraws=placement.exit_asked is not None and writes,
        address=address,
        address_readers=queries.address_readers(orientation) if address else None,
        asked_for=date.fromisoformat(placement.exit_asked["exited_on"]) if placement.exit_asked else None,
        **_left(who, placement),
        problem=problem,
        crumbs=[("Hébergements", url_for("placements.stays")), (orientation.place_sheet["number"], None)],
    )


@blueprint.post("/hebergements/<placement>/destination")
@guard(PLACEMENT_DEPARTURE, placement=find_placement)
def depart(placement: Placement) -> Response:
    """For where it left, known later."""
    form, who = DepartureForm(), identity()
    if not attempt(
        form,
        lambda: operations.note_departure(
            who, placement=placement, destination_commune_code=form.destination.data, comment=form.comment.data or ""
        ),
    ):
        return stay_page(placement, departure=form)
    flash("La destination est notée.", "ok")
    return redirect_to("placements.show_stay", placement=placement.public_id)


def _left(who: Identity, placement: Placement) -> dict[str, str]:
    """For where the household left, for its own organisation."""
    told = queries.departure_of(who, placement)
    code, comment = (told.destination_commune_code, told.comment) if told is not None else (None, "")
    return {"destination": label_of(code) if code else "", "exit_comment": comment}


@blueprint.post("/hebergements/<placement>/entree")
@guard(PLACEMENT_UPDATE, placement=find_placement)
def enter(placement: Placement) -> Response:
    """The household moved in."""
    form, who = EntryForm(), identity()
    if not attempt(
        form,
        lambda: operations.record_entry(
            who, placement=placement, entered_on=form.entered_on.data, title=form.title.data
        ),
    ):
        return stay_page(placement, entry=form)
    flash("L’entrée est enregistrée.", "ok")
    return redirect_to("placements.show_stay", placement=placement.public_id)


@blueprint.post("/hebergements/<placement>/prolonger")
@guard(PLACEMENT_EXTEND, placement=find_placement)
def extend(placement: Placement) -> Response:
    """A later end."""
    form, who = ExtendForm(), identity()
    if not attempt(
        form, lambda: operations.extend(who, placement=placement, ends_on=form.ends_on.data, title=form.title.data)
    ):
        return stay_page(placement, extend=form)
    flash("Le séjour est prolongé.", "ok")
    return redirect_to("placements.show_stay", placement=placement.public_id)


@blueprint.post("/hebergements/<placement>/sortie")
@guard(PLACEMENT_UPDATE, placement=find_placement)
def leave(placement: Placement) -> Response:
    """The household left; an exclusion waits for a second person."""
    form, done = ExitForm(), list[bool]()
    if not attempt(form, lambda: done.append(_leave(placement, form))):
        return stay_page(placement, leave=form)
    if done[0]:
        flash("La sortie est enregistrée, la place est libre.", "ok")
    else:
        flash("La demande d’exclusion est enregistrée. Une autre personne doit la confirmer.", "wait")
    return redirect_to("placements.show_stay", placement=placement.public_id)


def _leave(placement: Placement, form: ExitForm) -> bool:
    waits = {"oui": True, "non": False}.get(form.waits_again.data)
    return operations.exit_placement(
        identity(), placement=placement, reason=form.reason.data, exited_on=form.exited_on.data, destination_commune_code=form.destination.data,
        comment=form.comment.data or "", waits_again=waits,
    )  # fmt: skip


@blueprint.post("/hebergements/<placement>/exclusion")
@guard(PLACEMENT_UPDATE, placement=find_placement)
def confirm_exclusion(placement: Placement) -> Response:
    """A second person confirms."""
    if problem := refused(lambda: operations.confirm_exclusion(identity(), placement=placement)):
        return stay_page(placement, problem=problem)
    flash("L’exclusion est confirmée, la sortie est enregistrée.", "ok")
    return redirect_to("placements.show_stay", placement=placement.public_id)


@blueprint.post("/hebergements/<placement>/exclusion/retirer")
@guard(PLACEMENT_UPDATE, placement=find_placement)
def withdraw_exclusion(placement: Placement) -> Response:
    """The exclusion is given up."""
    operations.withdraw_exclusion(identity(), placement=placement)
    flash("La demande d’exclusion est retirée.", "ok")
    return redirect_to("placements.show_stay", placement=placement.public_id)
