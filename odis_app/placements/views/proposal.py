"""Proposing one place to one household, from the shortlist.

The slot ``orientation.score`` is filled by the package that ranks: ``provider(identity, household, place)`` gives a dictionary
{total, rank, criteria, policy…} kept with the proposal, or None. When its rank is not the first, a motif is asked for.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, flash, url_for

from odis_app.core import clock
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.permissions import guard
from odis_app.core.slots import slot
from odis_app.core.web import identity, redirect_to, render
from odis_app.households import queries as household_queries
from odis_app.households.models import Household
from odis_app.households.policy import find_household
from odis_app.housing.models import Place
from odis_app.housing.policy import find_place
from odis_app.housing.queries import place_row
from odis_app.organisations.models import TerritoryRules
from odis_app.organisations.queries import rules_of
from odis_app.placements import operations, policy, queries
from odis_app.placements.forms import ProposeForm
from odis_app.placements.models import Orientation
from odis_app.placements.operations.sheets import need_sheet, place_sheet
from odis_app.placements.views.page import attempt, blueprint


def _own_household(who: Identity, public_id: str) -> Household | None:
    """The file of one's own organisation at this address: a shared one is proposed to by those who follow it."""
    household = find_household(who, public_id)
    return household if household is not None and household.owner_org_id == who.case_org_id else None


@blueprint.route("/menages/<household>/proposer/<place>", methods=["GET", "POST"])
@guard(policy.ORIENTATION_PROPOSE, household=_own_household, place=find_place)
def propose(household: Household, place: Place) -> Response:
    """Dates, urgency, a message without a name; what the host will read is shown before sending."""
    who, score = identity(), _score(household, place)
    form = ProposeForm(data={"starts_on": _first_day(who, household, place)})
    made: list[Orientation] = []
    if attempt(form, lambda: made.append(_propose(who, household, place, form, score))):
        flash(_sent(rules_of(place.department_code)), "ok")
        return redirect_to("placements.show_orientation", orientation=made[0].public_id)
    return _page(household, place, form, score)


def _sent(rules: TerritoryRules) -> str:
    """What the proposal does to the place: held where it takes one proposal at a time, open to others elsewhere."""
    if rules.proposals_per_place == 1:
        return "La proposition est envoyée. La place est tenue jusqu’à la réponse."
    return "La proposition est envoyée. La place n’est pas tenue : le premier ménage dont les deux accords sont donnés l’obtient."


def _page(household: Household, place: Place, form: ProposeForm, score: dict[str, Any] | None) -> Response:
    return render(
        "placements/propose.html",
        status=422 if form.is_submitted() and not form.is_resumed else 200,
        form=form,
        household=household,
        place=place_sheet(place),
        needs=need_sheet(household),
        score=score,
        overrides=_overrides(score),
        rules=rules_of(place.department_code),
        name=queries.named(identity(), [household.id])[household.id].title,
        crumbs=[
            ("Ménages", url_for("households.index")),
            (household.number, url_for("households.show", household=household.public_id)),
            ("Proposer une place", None),
        ],
    )


def _first_day(who: Identity, household: Household, place: Place) -> date:
    """The first day that suits both: the household's need, and the place once it is free."""
    asked = household_queries.request_of(household)
    days = (clock.today(), asked.need_from if asked else None, place_row(who, place).free_from)
    return max(day for day in days if day is not None)


def _propose(
    who: Identity, household: Household, place: Place, form: ProposeForm, score: dict[str, Any] | None
) -> Orientation:
    motif = form.override_motif.data or ""
    if _overrides(score) and not motif:
        raise RuleError(
            "override_motif", "Écrivez pourquoi cette place est choisie plutôt que la première de la liste."
        )
    return operations.propose(
        who, household=household, place=place, starts_on=form.starts_on.data, ends_on=form.ends_on.data, urgent=form.urgent.data,
        message=form.message.data or "", score=score, override_motif=motif,
    )  # fmt: skip


def _score(household: Household, place: Place) -> dict[str, Any] | None:
    who = identity()
    found = (entry.provider(who, household, place) for entry in slot("orientation.score").entries() if entry.provider)
    return next((given for given in found if given is not None), None)


def _overrides(score: dict[str, Any] | None) -> bool:
    return score is not None and int(score.get("rank") or 1) > 1
