"""/structures/<id>: one structure, declaring, correcting and closing it. The list, which counts places, is one floor up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from flask import Blueprint, Response, flash, url_for

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError, StaleVersionError
from odis_app.core.formats import duree
from odis_app.core.permissions import guard
from odis_app.core.slots import slot
from odis_app.core.web import identity, redirect_to, render
from odis_app.organisations.queries import organisation_by_id
from odis_app.structures import operations, queries
from odis_app.structures.enums import StructureKind
from odis_app.structures.forms import ClosingForm, StructureForm, as_typed
from odis_app.structures.models import Structure, StructureAddress
from odis_app.structures.policy import STRUCTURE_CREATE, STRUCTURE_READ, STRUCTURE_UPDATE, find_structure
from odis_app.territories import addresses
from odis_app.territories.queries import label_of

blueprint = Blueprint("structure", __name__, url_prefix="/structures")
SOON = 92  # days before the end of an authorisation or a convention when it is said


@blueprint.route("/nouvelle", methods=["GET", "POST"])
@guard(STRUCTURE_CREATE)
def create() -> Response:
    """Declare a structure of one's organisation."""
    form = StructureForm()
    if addresses.pressed():
        secret = bool(form.location_secret.data)
        return _form_page(form, None, search=addresses.answer(identity(), form, secret=secret))
    made: list[Structure] = []
    if form.validate_on_submit() and _saved(
        form, lambda: made.append(operations.create_structure(identity(), **form.values()))
    ):
        flash(f"Structure {made[0].number} enregistrée. Déclarez maintenant ses places.", "ok")
        return redirect_to("structure.show", structure=made[0].public_id)
    return _form_page(form, None)


@blueprint.get("/<structure>")
@guard(STRUCTURE_READ, structure=find_structure)
def show(structure: Structure) -> Response:
    """Who runs it, where, for how many; its places, its dates, whom to call, what became of it."""
    return _page(structure)


@blueprint.route("/<structure>/modifier", methods=["GET", "POST"])
@guard(STRUCTURE_UPDATE, structure=find_structure)
def update(structure: Structure) -> Response:
    """Correct a structure; what somebody else changed meanwhile is told."""
    form = StructureForm(data=as_typed(structure, db.get_one(StructureAddress, structure.id)))
    if addresses.pressed():
        secret = bool(form.location_secret.data) or structure.location_secret
        search = addresses.answer(identity(), form, secret=secret, record_id=structure.id)
        return _form_page(form, structure, search=search)
    if form.validate_on_submit() and _saved(
        form,
        lambda: operations.update_structure(
            identity(), structure=structure, version=form.expected_version, **form.values()
        ),
        structure,
    ):
        flash("Structure modifiée.", "ok")
        return redirect_to("structure.show", structure=structure.public_id)
    return _form_page(form, structure)


@blueprint.post("/<structure>/fermer")
@guard(STRUCTURE_UPDATE, structure=find_structure)
def close(structure: Structure) -> Response:
    """A closing day and why; its places close with it."""
    form = ClosingForm()
    if form.validate_on_submit():
        try:
            operations.close_structure(identity(), structure=structure, on=form.on.data, reason=form.reason.data)
        except RuleError as error:
            form.add_error(error)
        else:
            flash("La fermeture est enregistrée, les places ferment le même jour.", "ok")
            return redirect_to("structure.show", structure=structure.public_id)
    return _page(structure, closing=form)


@blueprint.post("/<structure>/rouvrir")
@guard(STRUCTURE_UPDATE, structure=find_structure)
def reopen(structure: Structure) -> Response:
    """The closing is undone."""
    try:
        operations.reopen_structure(identity(), structure=structure)
    except RuleError as error:
        flash(error.message, "late")
    else:
        flash("Structure rouverte. Ses places restent fermées : rouvrez celles qui servent.", "ok")
    return redirect_to("structure.show", structure=structure.public_id)


def _saved(form: StructureForm, act: Callable[[], object], structure: Structure | None = None) -> bool:
    try:
        act()
    except StaleVersionError as error:
        form.add_error(error)
        if structure is not None:
            form.show_stale(error, structure.version)
        return False
    except RuleError as error:
        form.add_error(error)
        return False
    return True


def _form_page(
    form: StructureForm, structure: Structure | None, *, search: addresses.AddressSearch | None = None
) -> Response:
    crumbs: list[tuple[str, str | None]] = [("Structures", url_for("structures.index"))]
    if structure is not None:
        crumbs.append((structure.number, url_for("structure.show", structure=structure.public_id)))
    return render(
        "structures/form.html",
        form=form,
        structure=structure,
        search=search or addresses.AddressSearch(),
        crumbs=[*crumbs, ("Modifier" if structure else "Déclarer une structure", None)],
        status=422 if form.is_submitted() and not form.is_resumed and not search else 200,
    )


def _page(structure: Structure, *, closing: ClosingForm | None = None) -> Response:
    who, kept = identity(), queries.address_of(structure.id)
    owner = organisation_by_id(structure.owner_org_id)
    commune = structure.commune_code or (kept.commune_code if kept else None)
    department = label_of(f"dep:{structure.department_code}")
    given = [entry.provider(who, structure) for entry in slot("structure.sheets").entries(who) if entry.provider]
    return render(
        "structures/show.html",
        status=422 if closing else 200,
        structure=structure,
        name=queries.name_of(who, structure),
        owner=owner,
        kept=kept,
        where=label_of(commune) if commune else f"{department}, lieu secret",
        basis=StructureKind(structure.kind).basis,
        codes={field: _codes(structure, kept, field) for field in operations.CODES},
        contacts=queries.contacts_of(structure.id),
        terms=_terms(structure),
        events=[(event, queries.describe(event)) for event in queries.events_of(structure.id)],
        sheets=[sheet for sheet in given if sheet],
        can_update=who.can(STRUCTURE_UPDATE, structure),
        closing=closing or ClosingForm(formdata=None),
        refused=closing is not None,
        crumbs=[("Structures", url_for("structures.index")), (structure.number, None)],
    )


def _codes(structure: Structure, kept: StructureAddress | None, field: str) -> str:
    return ", ".join(getattr(structure, field)) or (getattr(kept, field).replace(" ", ", ") if kept else "")


def _terms(structure: Structure) -> list[tuple[str, date | None, date | None, str, str]]:
    """(what, first day, last day, kind of mark, words): how long the authorisation and the convention still hold."""
    found = []
    for what, first, last in (
        ("Autorisation", structure.authorised_from, structure.authorised_to),
        ("Convention", structure.convention_from, structure.convention_to),
    ):
        if first is None and last is None:
            continue
        kind, words = "info", "sans date de fin"
        if last is not None:
            left = (last - clock.today()).days
            kind = "late" if left < 0 else "wait" if left <= SOON else "ok"
            words = "Terminée" if left < 0 else f"Reste {duree(left)}" if left else "Finit aujourd’hui"
        found.append((what, first, last, kind, words))
    return found
