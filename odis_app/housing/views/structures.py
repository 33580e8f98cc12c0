"""/structures: the list of those whose places one may see."""

from __future__ import annotations

from flask import Blueprint, Response, request

from odis_app.core.permissions import guard
from odis_app.core.web import identity, page_number, render
from odis_app.housing.policy import PLACE_LIST
from odis_app.housing.queries.structures import list_structures
from odis_app.housing.views.offers import sections
from odis_app.structures.enums import StructureKind
from odis_app.structures.queries import StructureFilter
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
        order=given("tri", ""),
    )
    return render(
        "housing/structures.html",
        fragment="housing/_structures.html",
        found=list_structures(who, filters, number=page_number()),
        filters=filters,
        sort=filters.order or "nom",
        choices={
            "kind": StructureKind.choices(),
            "department": [(d.code, f"{d.name} ({d.code})") for d in departments()],
        },
        sections=sections(who, "structures"),
        label_of=label_of,
    )
