"""Registrations to public schemes and resources: read on the tab « Situation », changed here."""

from __future__ import annotations

from flask import Response

from odis_app.core.permissions import guard
from odis_app.core.web import identity
from odis_app.households import operations, queries
from odis_app.households.forms import EnrolmentsForm, ResourcesForm
from odis_app.households.models import Household
from odis_app.households.policy import HOUSEHOLD_UPDATE, find_household
from odis_app.households.views.needs import ADMINISTRATIVE
from odis_app.households.views.page import blueprint, done, form_page, saved
from odis_app.organisations.queries import dispositifs


@blueprint.route("/<household>/situation/inscriptions", methods=["GET", "POST"])
@guard(HOUSEHOLD_UPDATE, household=find_household)
def edit_enrolments(household: Household) -> Response:
    """The schemes that the household is registered to, with their days and their lead."""
    form = EnrolmentsForm.of(household, queries.enrolments(household))
    form.offer_schemes([(str(scheme.id), scheme.label) for scheme in dispositifs()])
    if form.validate_on_submit() and saved(
        form,
        household,
        lambda: operations.update_enrolments(
            identity(), household=household, wanted=form.wanted, version=form.expected_version
        ),
    ):
        return done(household, ADMINISTRATIVE, "Inscriptions enregistrées.")
    return form_page(
        household,
        form,
        title="Modifier les inscriptions",
        tab=ADMINISTRATIVE,
        submit="Enregistrer les inscriptions",
        template="households/enrolments_form.html",
    )


@blueprint.route("/<household>/situation/ressources", methods=["GET", "POST"])
@guard(HOUSEHOLD_UPDATE, household=find_household)
def edit_resources(household: Household) -> Response:
    """What the household lives on."""
    form = ResourcesForm.of(household, queries.resources(household))
    if form.validate_on_submit() and saved(
        form,
        household,
        lambda: operations.update_resources(
            identity(), household=household, wanted=form.wanted, version=form.expected_version
        ),
    ):
        return done(household, ADMINISTRATIVE, "Ressources enregistrées.")
    return form_page(
        household,
        form,
        title="Modifier les ressources",
        tab=ADMINISTRATIVE,
        submit="Enregistrer les ressources",
        template="households/resources_form.html",
    )
