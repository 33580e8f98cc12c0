"""Members: who is there, who was, who comes, who leaves."""

from __future__ import annotations

from flask import Response, abort

from odis_app.core import clock
from odis_app.core.permissions import guard
from odis_app.core.web import identity
from odis_app.households import operations, queries
from odis_app.households.enums import HouseholdEvent, MemberLink
from odis_app.households.forms import CloseMemberForm, MemberForm, NewMemberForm
from odis_app.households.forms.members import DETAILS
from odis_app.households.models import Household, Member
from odis_app.households.policy import HOUSEHOLD_READ_FULL, HOUSEHOLD_UPDATE, MEMBER_UPDATE, find_household, find_member
from odis_app.households.views.page import blueprint, done, file_page, form_page, saved

TAB = "households.composition"
FIELDS = [
    "first_name",
    "last_name",
    "link",
    "sex",
    "birth",
    "french_level",
    "situation",
    "situation_note",
    "present_in_france",
]


@blueprint.get("/<household>/composition")
@guard(HOUSEHOLD_READ_FULL, household=find_household)
def composition(household: Household) -> Response:
    """The present members, those who left, and every version."""
    return file_page(
        household,
        "households/composition.html",
        tab=TAB,
        members=queries.present_members(household.id),
        past=queries.past_members(household),
        languages=queries.languages_of(household),
        versions=queries.versions(household),
        today=clock.today(),
    )


@blueprint.route("/<household>/composition/ajouter", methods=["GET", "POST"])
@guard(HOUSEHOLD_UPDATE, household=find_household)
def add_member(household: Household) -> Response:
    """Somebody comes: born, arrived, reunited."""
    form = NewMemberForm(version=household.version, present_in_france=True)
    if form.validate_on_submit():
        event = HouseholdEvent(form.event.data)
        if saved(
            form,
            household,
            lambda: operations.add_member(
                identity(),
                household=household,
                person=form.person,
                event=event,
                happened_on=form.happened_on.data,
                version=form.expected_version,
                languages=form.languages,
            ),
        ):
            return done(household, TAB, f"{form.first_name.data} {form.last_name.data} fait partie du ménage.")
    sections = [("Ce qui change", ["event", "happened_on"]), ("La personne", FIELDS)]
    return form_page(
        household,
        form,
        title="Ajouter une personne",
        tab=TAB,
        submit="Ajouter la personne",
        sections=sections,
        more=DETAILS,
    )


def _belongs(household: Household, member: Member) -> None:
    """The address names a member of this file, still there; anything else is not found."""
    if member.household_id != household.id or member.until is not None:
        abort(404)


@blueprint.route("/<household>/composition/<member>/modifier", methods=["GET", "POST"])
@guard(MEMBER_UPDATE, household=find_household, member=find_member)
def change_member(household: Household, member: Member) -> Response:
    """Correct what is written of one member."""
    _belongs(household, member)
    form = MemberForm.of(member, household.version, queries.languages_told(member))
    form.restrict_link(member)
    if form.validate_on_submit() and saved(
        form,
        household,
        lambda: operations.change_member(
            identity(),
            household=household,
            member=member,
            values=form.values,
            version=form.expected_version,
            languages=form.languages,
        ),
    ):
        return done(household, TAB, f"Fiche de {member.name} enregistrée.")
    return form_page(
        household,
        form,
        title=f"Modifier {member.name}",
        tab=TAB,
        submit="Enregistrer la fiche",
        sections=[("", FIELDS)],
        more=DETAILS,
    )


@blueprint.route("/<household>/composition/<member>/depart", methods=["GET", "POST"])
@guard(MEMBER_UPDATE, household=find_household, member=find_member)
def close_member(household: Household, member: Member) -> Response:
    """A member leaves the household."""
    if member.household_id != household.id or member.link == MemberLink.DEMANDEUR_PRINCIPAL.value:
        abort(404)
    form = CloseMemberForm(version=household.version)
    if form.validate_on_submit():
        event = HouseholdEvent(form.event.data)
        if saved(
            form,
            household,
            lambda: operations.close_member(
                identity(),
                household=household,
                member=member,
                event=event,
                happened_on=form.happened_on.data,
                version=form.expected_version,
            ),
        ):
            return done(household, TAB, f"Départ de {member.name} enregistré.")
    intro = "La personne quitte la composition à cette date. Ce qui est écrit d’elle reste lisible dans les versions."
    return form_page(
        household,
        form,
        title=f"Départ de {member.name}",
        tab=TAB,
        submit="Enregistrer le départ",
        sections=[(intro, ["event", "happened_on"])],
    )
