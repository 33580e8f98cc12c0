"""Situation administrative, besoins, projet de vie: each tab is read, then changed on a page of its own."""

from __future__ import annotations

from flask import Response

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.permissions import guard
from odis_app.core.web import identity
from odis_app.households import operations, queries
from odis_app.households.forms import AdministrativeForm, NeedsForm, ProjectForm
from odis_app.households.forms.fields import department_choices
from odis_app.households.models import Household, HouseholdAdministrative, HouseholdRequest
from odis_app.households.policy import HOUSEHOLD_READ_FULL, HOUSEHOLD_UPDATE, find_household
from odis_app.households.views.page import blueprint, done, file_page, form_page, saved
from odis_app.territories.queries import label_of

ADMINISTRATIVE, NEEDS, PROJECT = "households.administrative", "households.needs", "households.project"


@blueprint.get("/<household>/situation")
@guard(HOUSEHOLD_READ_FULL, household=find_household)
def administrative(household: Household) -> Response:
    """Protection status and papers."""
    papers = db.get_one(HouseholdAdministrative, household.id)
    return file_page(
        household,
        "households/administrative.html",
        tab=ADMINISTRATIVE,
        papers=papers,
        protection=queries.protection_label(identity(), papers.protection_status),
        agdref=queries.agdref_of(household),
        ofii_number=queries.sealed_number(household, "ofii_number"),
        enrolments=(enrolled := queries.enrolments(household)),
        overlaps=queries.overlaps(enrolled, clock.today()),
        resources=queries.resources(household),
        today=clock.today(),
    )


@blueprint.route("/<household>/situation/modifier", methods=["GET", "POST"])
@guard(HOUSEHOLD_UPDATE, household=find_household)
def edit_administrative(household: Household) -> Response:
    """Change protection status and papers."""
    papers = db.get_one(HouseholdAdministrative, household.id)
    numbers = {name: queries.sealed_number(household, name) for name in ("agdref", "ofii_number")}
    form = AdministrativeForm.of(household, papers, **numbers)
    if form.validate_on_submit() and saved(
        form,
        household,
        lambda: operations.update_administrative(
            identity(), household=household, values=form.values, version=form.expected_version
        ),
    ):
        return done(household, ADMINISTRATIVE, "Situation enregistrée.")
    sections = [
        ("Droit au séjour", ["protection_status", "procedure", "title_kind", "title_valid_until", "decision_date"]),
        ("Arrivée", ["arrived_on", "arrival_route", "cir_signed_on"]),
        ("Numéros et adresse", ["agdref", "ofii_number", "domiciliation"]),
        ("Demande SI-SIAO", ["si_siao_number", "si_siao_state", "si_siao_on", "si_siao_asked_on"]),
        ("Droit au logement", ["housing_right", "housing_right_on"]),
    ]
    return form_page(
        household,
        form,
        title="Modifier la situation",
        tab=ADMINISTRATIVE,
        submit="Enregistrer la situation",
        sections=sections,
    )


@blueprint.get("/<household>/besoins")
@guard(HOUSEHOLD_READ_FULL, household=find_household)
def needs(household: Household) -> Response:
    """Every need noted, the most pressing first."""
    return file_page(household, "households/needs.html", tab=NEEDS, needs=queries.needs(household))


@blueprint.route("/<household>/besoins/modifier", methods=["GET", "POST"])
@guard(HOUSEHOLD_UPDATE, household=find_household)
def edit_needs(household: Household) -> Response:
    """Every kind of need in one form."""
    form = NeedsForm.of(household, list(queries.needs(household)))
    if form.validate_on_submit() and saved(
        form,
        household,
        lambda: operations.update_needs(
            identity(), household=household, values=form.values, source=form.source.data, version=form.expected_version
        ),
    ):
        return done(household, NEEDS, "Besoins enregistrés.")
    return form_page(
        household,
        form,
        title="Modifier les besoins",
        tab=NEEDS,
        submit="Enregistrer les besoins",
        template="households/needs_form.html",
    )


@blueprint.get("/<household>/projet")
@guard(HOUSEHOLD_READ_FULL, household=find_household)
def project(household: Household) -> Response:
    """What is asked of a dwelling, and where the family wishes to live."""
    asked = db.get_one(HouseholdRequest, household.id)
    wished = [label_of(f"dep:{code}") for code in queries.wishes(household)]
    return file_page(household, "households/project.html", tab=PROJECT, asked=asked, wished=wished)


@blueprint.route("/<household>/projet/modifier", methods=["GET", "POST"])
@guard(HOUSEHOLD_UPDATE, household=find_household)
def edit_project(household: Household) -> Response:
    """Change the request, and the départements wished in order."""
    asked = db.get_one(HouseholdRequest, household.id)
    form = ProjectForm.of(household, asked, queries.wishes(household))
    form.offer_departments(department_choices(identity().departments))
    if form.validate_on_submit() and saved(
        form,
        household,
        lambda: operations.update_request(
            identity(), household=household, values=form.values, wished=form.wished, version=form.expected_version
        ),
    ):
        return done(household, PROJECT, "Projet de vie enregistré.")
    sections = [
        (
            "Le logement",
            [
                "need_from",
                "min_days",
                "max_rent",
                "wheelchair",
                "ground_floor_or_lift",
                "smoking",
                "animals",
                "animals_note",
            ],
        ),
        ("Où vivre", [*(field.name for field in form.wish_fields), "wishes_exclusive", "employment_area"]),
        ("Le projet", ["life_project", "diet"]),
    ]
    return form_page(
        household,
        form,
        title="Modifier le projet de vie",
        tab=PROJECT,
        submit="Enregistrer le projet",
        sections=sections,
    )
