"""Historique: what changed; consultations: who read."""

from __future__ import annotations

from flask import Response, render_template

from odis_app.audit.operations import record_event
from odis_app.audit.queries import events_of_record
from odis_app.core import clock
from odis_app.core.db import db, unit_of_work
from odis_app.core.formats import jour_long
from odis_app.core.permissions import guard
from odis_app.core.requests import read_is_written_down, session_token
from odis_app.core.web import page_number, paginate
from odis_app.households import queries
from odis_app.households.models import Household
from odis_app.households.policy import HOUSEHOLD_HISTORY, find_household
from odis_app.households.views.page import blueprint, file_page

TAB = "households.history"
PRINTED = 2_000  # lines on paper; older ones are on request


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
    page = paginate(events_of_record(household.id, reads_only=True), number=page_number())
    return file_page(
        household,
        "households/reads.html",
        tab=TAB,
        crumb="Consultations",
        results=page,
        purposes=queries.reading_purposes(household),
    )


@blueprint.get("/<household>/consultations.pdf")
@guard(HOUSEHOLD_HISTORY, household=find_household)
def reads_pdf(household: Household) -> Response:
    """The same on paper, to hand to the household: date, organisation, function and purpose, no agent's name."""
    events = db.execute(events_of_record(household.id, reads_only=True).limit(PRINTED)).scalars().all()
    title = f"Qui a consulté le dossier {household.number}"
    purposes = queries.reading_purposes(household)
    html = render_template(
        "households/print/reads.html", title=title, subtitle=f"Remis le {jour_long(clock.today())}", kind="droit d’accès", folder="is-household",
        source="Journal des accès d’OD&IS", events=events, purposes=purposes, printed=PRINTED,
    )  # fmt: skip
    with unit_of_work(session_token()) as unit:
        record_event(
            unit.identity, "household:export", record_id=household.id, sensitivity=1, summary="Consultations, en PDF"
        )
    read_is_written_down()
    headers = {"Content-Disposition": f'attachment; filename="consultations-{household.number}.pdf"'}
    from odis_app.core.pdf import render_pdf  # late: it weighs a third of the start, and a web process seldom prints

    return Response(render_pdf(html, title=title), mimetype="application/pdf", headers=headers)
