"""The tab « Logement » of a household's file, and the card beside its summary."""

from __future__ import annotations

from flask import Response, render_template
from markupsafe import Markup

from odis_app.core.identity import Identity
from odis_app.core.permissions import guard
from odis_app.core.web import identity, render
from odis_app.documents.records import page_of
from odis_app.households.models import Household
from odis_app.households.policy import find_household
from odis_app.households.queries.packet import Step
from odis_app.placements import policy, queries
from odis_app.placements.views.page import SIGNS, blueprint, countdown


@blueprint.get("/menages/<household>/logement")
@guard(policy.ORIENTATION_READ, household=find_household)
def of_household(household: Household) -> Response:
    """The proposals and the stays of one household, as far as this reader sees them."""
    who = identity()
    kind = page_of("household", household).kind
    stays = queries.placements_of(who, household.id)
    return render(
        "placements/household.html",
        orientations=queries.orientations_of(who, household.id),
        stays=stays,
        sheets=queries.sheets_of(stays),
        signs=SIGNS,
        countdown=countdown,
        **kind.context(who, household, "placements.of_household", ""),
    )


def count(who: Identity, household: Household) -> int:
    """How many proposals and stays the tab holds that are not over."""
    return sum(o.is_active or o.status.value == "confirmee" for o in queries.orientations_of(who, household.id))


def steps(who: Identity, household: Household) -> list[Step]:
    """What a handover leaves to answer or to go on with: proposals that wait, a stay that goes on. For the checklist of who receives the file."""
    if not who.can(policy.ORIENTATION_READ):
        return []
    waiting = sum(o.is_active for o in queries.orientations_of(who, household.id))
    found = (
        [Step("Répondre à la proposition de logement en cours", endpoint="placements.of_household")] if waiting else []
    )
    if any(stay.exited_on is None and stay.cancelled_at is None for stay in queries.placements_of(who, household.id)):
        found.append(Step("Se présenter à l’hébergeur ou à l’opérateur : l’hébergement continue", endpoint="placements.of_household"))  # fmt: skip
    return found


def card(who: Identity, household: Household) -> Markup | None:
    """The last proposal and the stay, beside the summary; nothing when there is none."""
    if not who.can(policy.ORIENTATION_READ):
        return None
    orientations = queries.orientations_of(who, household.id)
    if not orientations:
        return None
    was_confirmed = any(o.confirmed_at for o in orientations)
    stays = queries.placements_of(who, household.id) if was_confirmed else []
    page = render_template(
        "placements/_card.html", o=orientations[0], p=stays[0] if stays else None, signs=SIGNS, countdown=countdown
    )
    return Markup(page)  # noqa: S704 - rendered by Jinja
