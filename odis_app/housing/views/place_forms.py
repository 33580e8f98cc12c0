"""Declaring, correcting, closing a place of a structure."""

from __future__ import annotations

from flask import Response, flash, request, url_for

from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.permissions import guard
from odis_app.core.web import identity, redirect_to, render
from odis_app.housing import operations
from odis_app.housing.forms import PlaceForm
from odis_app.housing.models import Place, PlaceAddress
from odis_app.housing.policy import PLACE_CREATE, PLACE_UPDATE, find_place
from odis_app.housing.views.places import blueprint, place_page
from odis_app.structures.models import Structure
from odis_app.structures.queries import names_of, own_structures
from odis_app.territories import addresses


@blueprint.route("/nouveau", methods=["GET", "POST"])
@guard(PLACE_CREATE)
def create() -> Response:
    """Declare a place of one's own structure."""
    who = identity()
    form = _form(data={"structure": request.args.get("structure")})
    structures = {s.public_id: s for s in own_structures(who)}
    if addresses.pressed():
        return _page(form, None, search=addresses.answer(who, form, secret=_is_secret(form, structures)))
    if form.validate_on_submit():
        try:
            place = operations.create_place(
                who, structure=structures[form.structure.data], values=form.values(), label=form.label.data, address=form.address.data or "",
                ban_id=form.ban_id.data or "", opened_on=form.opened_on.data,
            )  # fmt: skip
        except RuleError as error:
            form.add_error(error)
        else:
            flash(f"Place {place.number} enregistrée.")
            return redirect_to("places.show", public_id=place.public_id)
    return _page(form, None)


def _page(form: PlaceForm, place: Place | None, *, search: addresses.AddressSearch | None = None) -> Response:
    """The form; ``search`` when it comes back with addresses, otherwise what was sent was refused."""
    crumbs: list[tuple[str, str | None]] = [("Places", url_for("places.index"))]
    if place:
        crumbs += [(place.number, url_for("places.show", public_id=place.public_id)), ("Modifier", None)]
    else:
        crumbs += [("Déclarer une place", None)]
    return render(
        "housing/place_form.html",
        form=form,
        place=place,
        has_structures=bool(place or form.structure.choices),
        search=search or addresses.AddressSearch(),
        crumbs=crumbs,
        status=422 if form.is_submitted() and not search else 200,
    )


def _is_secret(form: PlaceForm, structures: dict[str, Structure], place: Place | None = None) -> bool:
    """Ticked, already so, or in a structure that is: its address stays here."""
    structure = structures.get(form.structure.data)
    return bool(form.is_secret or (structure and structure.location_secret) or (place and place.location_secret))


@blueprint.route("/<public_id>/modifier", methods=["GET", "POST"])
@guard(PLACE_UPDATE, public_id=find_place)
def update(public_id: Place) -> Response:
    """Correct a place of a structure."""
    who, place = identity(), public_id
    kept = db.get_one(PlaceAddress, place.id)
    values = {column.key: getattr(place, column.key) for column in Place.__table__.columns}
    form = _form(
        data=values
        | {
            "label": place.label or kept.label,
            "address": kept.address,
            "ban_id": kept.ban_id,
            "commune": kept.commune_code,
            "structure": _structure_of(place, kept),
        }
    )
    if addresses.pressed():
        secret = _is_secret(form, {s.public_id: s for s in own_structures(who)}, place)
        return _page(form, place, search=addresses.answer(who, form, secret=secret, record_id=place.record_id))
    if form.validate_on_submit():
        try:
            operations.update_place(
                who,
                place=place,
                values=form.values(),
                label=form.label.data,
                address=form.address.data or "",
                ban_id=form.ban_id.data or "",
                opened_on=form.opened_on.data,
            )
        except RuleError as error:
            form.add_error(error)
        else:
            flash(f"Place {place.number} modifiée.")
            return redirect_to("places.show", public_id=place.public_id)
    return _page(form, place)


def _form(data: dict[str, object] | None = None) -> PlaceForm:
    form = PlaceForm(data=data)
    structures = own_structures(identity())
    names = names_of(identity(), [s.id for s in structures])
    form.structure.choices = [(s.public_id, names.get(s.id, s.name)) for s in structures]
    return form


def _structure_of(place: Place, kept: PlaceAddress) -> str:
    structure = db.get(Structure, place.structure_id or kept.structure_id)
    return structure.public_id if structure else ""


@blueprint.post("/<public_id>/<any(fermer, rouvrir):act>")
@guard(PLACE_UPDATE, public_id=find_place)
def close(public_id: Place, act: str) -> Response:
    """Close a place, or open it again."""
    try:
        if act == "fermer":
            operations.close_place(identity(), place=public_id)
        else:
            operations.reopen_place(identity(), place=public_id)
    except RuleError as error:
        return place_page(public_id, problem=error.message, status=422)
    flash("Place fermée." if act == "fermer" else "Place rouverte.")
    return redirect_to("places.show", public_id=public_id.public_id)
