"""The summary of a file, « relu, rien n’a changé », the identity block, archiving."""

from __future__ import annotations

from typing import Any

from flask import Response

from odis_app.accounts.models import User
from odis_app.audit.queries import read_counts
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.formats import telephone
from odis_app.core.permissions import guard
from odis_app.core.web import identity, is_fragment_request, render
from odis_app.households import operations, policy, queries
from odis_app.households.enums import AccommodationMode, StatusReason
from odis_app.households.forms import IdentityForm
from odis_app.households.models import Household, HouseholdIdentity
from odis_app.households.policy import (
    HEALTH_READ,
    HOUSEHOLD_ARCHIVE,
    HOUSEHOLD_HISTORY,
    HOUSEHOLD_READ,
    HOUSEHOLD_UPDATE,
    SAFETY_READ,
    find_household,
)
from odis_app.households.views.page import asides, blueprint, done, file_context, file_page, form_page, saved
from odis_app.organisations.queries import colleagues, steering_service


@blueprint.get("/<household>")
@guard(HOUSEHOLD_READ, household=find_household)
def show(household: Household) -> Response:
    """What a full share shows, or for a minimal one number, initials, size, département, referent and stage."""
    who = identity()
    if not policy.reads_in_full(who, household):
        return file_page(
            household,
            "households/minimal.html",
            tab="households.show",
            reason=StatusReason.label_of(household.status_reason),
            readers=queries.readers(household),
        )
    sees_reads = who.can(HOUSEHOLD_HISTORY, household)
    context = file_context(who, household, "households.show", "")  # first: the cards show again what the tabs count
    return render(
        "households/show.html",
        **context,
        reason=StatusReason.label_of(household.status_reason),
        missing=queries.missing_items(household)[0] if policy.can_edit(who, household) else [],
        needs=[n for n in queries.needs(household) if n.level or n.detail],
        members=queries.present_members(household.id),
        last_version=next(iter(queries.versions(household)), None),
        today=clock.today(),
        readers=queries.readers(household),
        steering=steering_service(household.department_code),
        reads=read_counts(household.id) if sees_reads else None,
        asides=asides(household),
        contact=_contact(household),
        may_archive=who.can(HOUSEHOLD_ARCHIVE, household),
        **_protected(household),
    )


def _contact(household: Household) -> list[tuple[str, str]]:
    block = db.get_one(HouseholdIdentity, household.id)
    lodged = ", ".join(
        part for part in (AccommodationMode.label_of(block.accommodation_mode), block.accommodation_note) if part
    )
    return [("Téléphone", telephone(queries.phone_of(household))), ("Hébergement actuel", lodged)]


def _protected(household: Household) -> dict[str, Any]:
    """What may be opened of classes 2 and 3: nothing here tells an empty block from one that may not be read."""
    who = identity()
    return {
        "opens_health": who.can(HEALTH_READ, household) and queries.class2_is_open(),
        "opens_safety": who.can(SAFETY_READ, household),
    }


@blueprint.post("/<household>/relu")
@guard(HOUSEHOLD_UPDATE, household=find_household)
def review(household: Household) -> Response:
    """« Relu, rien n’a changé », in one tap: the mark is full again."""
    operations.confirm_review(identity(), household=household)
    if is_fragment_request():
        return render("households/_review.html", household=household, can_edit=True)
    return done(household, "households.show", "Dossier marqué comme relu aujourd’hui.")


@blueprint.route("/<household>/modifier", methods=["GET", "POST"])
@guard(HOUSEHOLD_UPDATE, household=find_household)
def edit(household: Household) -> Response:
    """Phone, languages, accommodation, priority, seniority, referent."""
    people = _referents(household)
    by_id = {user.public_id: user for user in people}
    referent = next((u.public_id for u in people if u.id == household.referent_user_id), "")
    block = db.get_one(HouseholdIdentity, household.id)
    form = IdentityForm.of(household, block, phone=telephone(queries.phone_of(household)), referent=referent)
    form.referent.choices = [
        *([("", household.referent_label)] if not referent else []),
        *((u.public_id, _name(u)) for u in people),
    ]
    if form.validate_on_submit():
        chosen = by_id.get(form.referent.data)
        named = {"referent_user_id": chosen.id, "referent_label": _name(chosen)} if chosen else {}
        if saved(
            form,
            household,
            lambda: operations.update_identity(
                identity(), household=household, values={**form.values, **named}, version=form.expected_version
            ),
        ):
            return done(household, "households.show", "Dossier enregistré.")
    return form_page(
        household,
        form,
        title="Modifier le dossier",
        tab="households.show",
        submit="Enregistrer le dossier",
        sections=[
            (
                "",
                [
                    "phone",
                    "languages",
                    "accommodation_mode",
                    "accommodation_note",
                    "priority",
                    "seniority_date",
                    "referent",
                ],
            )
        ],
    )


def _referents(household: Household) -> list[User]:
    """The colleagues, for whoever may entrust the file to one of them; else the referent does not change."""
    who = identity()
    return list(colleagues(who)) if policy.may_assign(who, household) else []


def _name(user: User) -> str:
    return f"{user.first_name} {user.last_name}"


@blueprint.post("/<household>/archiver")
@guard(HOUSEHOLD_ARCHIVE, household=find_household)
def archive(household: Household) -> Response:
    """Put the file away."""
    operations.archive_household(identity(), household=household)
    return done(household, "households.show", "Dossier archivé. Il reste lisible et peut être rouvert.")


@blueprint.post("/<household>/rouvrir")
@guard(HOUSEHOLD_ARCHIVE, household=find_household)
def reopen(household: Household) -> Response:
    """Take the file out again."""
    operations.reopen_household(identity(), household=household)
    return done(household, "households.show", "Dossier rouvert.")
