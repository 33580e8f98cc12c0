"""Historique: what changed; consultations: who read."""

from __future__ import annotations

from flask import Response

from odis_app.audit.queries import events_of_record
from odis_app.core.permissions import guard
from odis_app.core.web import page_number, paginate
from odis_app.households import queries
from odis_app.households.models import Household
from odis_app.households.policy import HOUSEHOLD_HISTORY, find_household
from odis_app.households.views.page import blueprint, file_page

TAB = "households.history"


@blueprint.get("/<household>/historique")
@guard(HOUSEHOLD_HISTORY, household=find_household)
def history(household: Household) -> Response:
    """Every change, newest first; the wall leaves out the sections above the reader's class."""
    page = paginate(queries.changes(household), number=page_number())
    return file_page(household, "households/history.html", tab=TAB, results=page)


@blueprint.get("/<household>/consultations")
@guard(HOUSEHOLD_HISTORY, household=find_household)
def reads(household: Household) -> Response:
    """« Qui a consulté ce dossier » : who, for which organisation, when, why. Reads of class 3 are left out."""
    page = paginate(events_of_record(household.id, reads_only=True, max_class=2), number=page_number())
    return file_page(
        household,
        "households/reads.html",
        tab=TAB,
        crumb="Consultations",
        results=page,
        purposes=queries.reading_purposes(household),
    )
