"""/appariement, and the shortlists of a household and of a place."""

from __future__ import annotations

from flask import Blueprint, Response, flash, url_for

from odis_app.access.limits import LIMITED, limited_since, unlimited
from odis_app.core import clock
from odis_app.core.permissions import guard
from odis_app.core.web import identity, page_number, paginate, redirect_to, render
from odis_app.households import queries as households
from odis_app.households.models import Household
from odis_app.households.policy import find_household, visible_households
from odis_app.housing.models import Place
from odis_app.housing.policy import find_place
from odis_app.matching import queries
from odis_app.matching.engine.facts import bedrooms_needed
from odis_app.matching.policy import MATCHING_PLACE, MATCHING_QUEUE, MATCHING_READ, safety_waits
from odis_app.organisations.queries import rules_of
from odis_app.placements.queries import orientations_of

blueprint = Blueprint("matching", __name__)


@blueprint.route("/appariement")
@guard(MATCHING_QUEUE)
def index() -> Response:
    """The files that wait for a home, the most urgent first."""
    who = identity()
    statement = visible_households(who).where(
        Household.owner_org_id == who.org_id,
        Household.status.in_([s.value for s in queries.WAITING]),
        unlimited("households.id"),
    )
    page = paginate(
        statement.order_by(Household.priority.desc(), Household.seniority_date, Household.id), number=page_number()
    )
    rows = queries.facts_of(page.items)
    names = queries.names_of([h.id for h in page.items])
    lines = [
        (h, names.get(h.id, h.initials), row, bedrooms_needed(row)) for h, row in zip(page.items, rows, strict=True)
    ]
    return render(
        "matching/index.html",
        fragment="matching/_queue.html",
        page=page,
        lines=lines,
        departments=queries.labels().departments,
        today=clock.today(),
    )


@blueprint.route("/menages/<household>/appariement")
@guard(MATCHING_READ, household=find_household)
def of_household(household: Household) -> Response:
    """The best offers of one household, each explained, and why the others are excluded."""
    block = households.identity_block(household)
    if limited_since(household.id) is not None:
        flash(LIMITED, "late")
        return redirect_to("households.show", household=household.public_id)
    return render(
        "matching/of_household.html",
        household=household,
        name=block.name if block else household.initials,
        found=queries.shortlist_of(identity(), household),
        safety_waits=safety_waits(identity(), household),
        bedrooms=bedrooms_needed,
        rules=rules_of(household.department_code),
        orientations=orientations_of(identity(), household.id),
        departments=queries.labels().departments,
        back=url_for("households.show", household=household.public_id),
        today=clock.today(),
    )


@blueprint.route("/places/<place>/appariement")
@guard(MATCHING_PLACE, place=find_place)
def of_place(place: Place) -> Response:
    """The waiting households that a place suits, the most urgent first."""
    lines, feasible, total = queries.households_for(identity(), place)
    return render(
        "matching/of_place.html",
        place=place,
        lines=lines,
        feasible=feasible,
        total=total,
        missing_mandate=queries.place_mandate(identity(), place),
    )
