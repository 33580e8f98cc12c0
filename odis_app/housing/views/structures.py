"""/structures: the list of those whose places one may see, and the places on the page of each."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from odis_app.core.formats import nombre, pluriel
from odis_app.core.identity import Identity
from odis_app.core.permissions import guard
from odis_app.core.web import identity, page_number, render
from odis_app.housing.enums import PlaceState
from odis_app.housing.policy import PLACE_CREATE, PLACE_LIST
from odis_app.housing.queries.structures import Held, held_by, list_structures
from odis_app.housing.views.offers import sections
from odis_app.housing.views.places import STATES
from odis_app.structures.enums import StructureKind
from odis_app.structures.models import Structure
from odis_app.structures.policy import STRUCTURE_CREATE, is_own
from odis_app.structures.queries import ALL, CLOSED, OPEN, StructureFilter
from odis_app.territories.queries import departments, label_of

blueprint = Blueprint("structures", __name__, url_prefix="/structures")


@blueprint.get("")
@guard(PLACE_LIST)
def index() -> Response:
    """The structures that one may see, narrowed and sorted by the address."""
    who, given = identity(), request.args.get
    filters = StructureFilter(
        q=given("q", "").strip()[:100],
        kind=given("genre", ""),
        department=given("departement", ""),
        state=given("etat", "") if given("etat") in {CLOSED, ALL} else OPEN,
        order=given("tri", ""),
    )
    return render(
        "housing/structures.html",
        fragment="housing/_structures.html",
        found=list_structures(who, filters, number=page_number()),
        filters=filters,
        sort=filters.order or "nom",
        can_create=who.can(STRUCTURE_CREATE),
        choices={
            "state": [(CLOSED, "Fermées"), (ALL, "Ouvertes et fermées")],
            "kind": StructureKind.choices(),
            "department": [(d.code, f"{d.name} ({d.code})") for d in departments()],
        },
        sections=sections(who, "structures"),
        label_of=label_of,
    )


def held(who: Identity, structure: Structure) -> Markup:
    """The places of a structure, on its page: how many by state, then one line each, to be confirmed in one tap by its operator."""
    found, own = held_by(who, structure), is_own(who, structure)
    page = render_template(
        "housing/_structure_places.html",
        structure=structure,
        is_own=own,
        rows=found.rows,
        states=STATES,
        total=found.total,
        more=found.total > len(found.rows),
        counted=_counted(found),
        remark=_remark(found, structure.capacity_authorised),
        schemes=found.schemes,
        communes=found.communes,
        can_create=own and who.can(PLACE_CREATE) and structure.closed_on is None,
    )
    return Markup(page)  # noqa: S704 - rendered by Jinja


GROUPS = (
    ("Libres", (PlaceState.DISPONIBLE,)), ("Réservées", (PlaceState.RESERVEE, PlaceState.ATTRIBUEE)), ("Occupées", (PlaceState.OCCUPEE, PlaceState.EN_LIBERATION)),
    ("Indisponibles", (PlaceState.INDISPONIBLE, PlaceState.A_REMETTRE_EN_ETAT)), ("En création", (PlaceState.EN_CREATION,)), ("Fermées", (PlaceState.FERMEE,)),
)  # fmt: skip


def _counted(found: Held) -> list[dict[str, str]]:
    """« Libres : 4, pour 9 personnes »; a group without place is not shown, but the free and the taken ones always are."""
    entries = []
    for label, states in GROUPS:
        places, people = (sum(found.states.get(state, (0, 0))[rank] for state in states) for rank in (0, 1))
        if places or (found.total and label in {"Libres", "Occupées"}):
            entries.append({"label": label, "value": nombre(places), "note": pluriel(people, "personne")})
    return entries


def _remark(found: Held, authorised: int | None) -> str:
    """How many people the open places hold, beside what is authorised."""
    outside = {PlaceState.FERMEE, PlaceState.EN_CREATION}
    people = sum(held[1] for state, held in found.states.items() if state not in outside)
    if not found.total:
        return ""
    allowed = f" sur {nombre(authorised)} autorisées" if authorised else ""
    return f"pour {pluriel(people, 'personne')}{allowed}"
