"""Classes 2 and 3, each on pages of its own, under its own guard, and written down with its own sensitivity."""

from __future__ import annotations

from flask import Response, abort

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.permissions import guard
from odis_app.core.requests import note_sensitivity
from odis_app.core.web import identity
from odis_app.households import operations, queries
from odis_app.households.enums import SafeChannel
from odis_app.households.forms import HealthForm, SafetyForm
from odis_app.households.forms.fields import department_choices
from odis_app.households.models import Household, Member, MemberSafety
from odis_app.households.operations.protected import HEALTH, SAFETY, as_noted, as_told
from odis_app.households.policy import (
    HEALTH_READ,
    HEALTH_UPDATE,
    SAFETY_READ,
    SAFETY_UPDATE,
    find_household,
    find_member,
)
from odis_app.households.views.page import blueprint, done, file_page, form_page, saved

SUMMARY = "households.show"


@blueprint.get("/<household>/sante")
@guard(HEALTH_READ, household=find_household)
def health(household: Household) -> Response:
    """Class 2: needs of access to care."""
    note_sensitivity(HEALTH)
    noted = [(need, queries.health_detail(household, need)) for need in queries.health_needs(household)]
    return file_page(
        household,
        "households/health.html",
        tab=SUMMARY,
        crumb="Santé",
        noted=noted,
        is_open=queries.class2_is_open(),
        edits_health=identity().can(HEALTH_UPDATE, household),
    )


@blueprint.route("/<household>/sante/modifier", methods=["GET", "POST"])
@guard(HEALTH_UPDATE, household=find_household)
def edit_health(household: Household) -> Response:
    """Change the class-2 needs; not found while the installation does not collect them."""
    if not queries.class2_is_open():
        abort(404)
    note_sensitivity(HEALTH)
    known = {need.kind: as_noted(household, need) for need in queries.health_needs(household)}
    form = HealthForm.of(household.version, known)
    if form.validate_on_submit() and saved(
        form,
        household,
        lambda: operations.update_health_needs(
            identity(), household=household, values=form.values, version=form.expected_version
        ),
    ):
        return done(household, "households.health", "Besoins de santé enregistrés.")
    return form_page(
        household,
        form,
        title="Modifier les besoins de santé",
        tab="households.health",
        submit="Enregistrer les besoins de santé",
        template="households/health_form.html",
    )


@blueprint.get("/<household>/securite")
@guard(SAFETY_READ, household=find_household)
def safety(household: Household) -> Response:
    """Class 3: each adult apart."""
    note_sensitivity(SAFETY)
    today = clock.today()
    answers = queries.safety_of(household)
    adults = [
        (
            member,
            answers.get(member.id),
            queries.safety_note(member, answers[member.id]) if member.id in answers else "",
        )
        for member in queries.present_members(household.id)
        if not queries.is_minor(member, today)
    ]
    return file_page(
        household, "households/safety.html", tab=SUMMARY, crumb="Sécurité", adults=adults, channels=SafeChannel
    )


@blueprint.route("/<household>/securite/<member>", methods=["GET", "POST"])
@guard(SAFETY_UPDATE, household=find_household, member=find_member)
def edit_safety(household: Household, member: Member) -> Response:
    """What one adult answered."""
    if member.household_id != household.id or member.until is not None:
        abort(404)
    note_sensitivity(SAFETY)
    row = db.get(MemberSafety, member.id)
    form = SafetyForm.of(household.version, as_told(member, row) if row else None)
    form.excluded_departments.choices = department_choices(identity().departments)
    if form.validate_on_submit() and saved(
        form,
        household,
        lambda: operations.update_member_safety(
            identity(), household=household, member=member, safety=form.safety, version=form.expected_version
        ),
    ):
        return done(household, "households.safety", f"Réponses de {member.first_name} enregistrées.")
    sections = [
        ("À demander à la personne, seule", ["fvv_teh", "women_hosts_only", "lgbt_safe"]),
        ("La joindre sans danger", ["safe_channel", "safe_hours", "no_message"]),
        ("Ce qui la protège", ["excluded_departments", "note"]),
    ]
    return form_page(
        household,
        form,
        title=f"Sécurité de {member.name}",
        tab="households.safety",
        submit="Enregistrer les réponses",
        sections=sections,
    )
