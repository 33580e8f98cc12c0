"""The stay: entry, extension, exit, and the exclusion that two people decide."""

from __future__ import annotations

from datetime import date

from psycopg.errors import ExclusionViolation
from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlalchemy.exc import IntegrityError

from odis_app.access.enums import ReviewKind
from odis_app.access.operations import ask_review
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.formats import jour_long
from odis_app.core.identity import Identity
from odis_app.core.nir import refuse_nir
from odis_app.households.enums import FactKind
from odis_app.housing.operations.occupancies import TAKEN
from odis_app.organisations.queries import colleagues
from odis_app.placements.enums import ExitReason, OccupancyTitle
from odis_app.placements.models import Departure, Orientation, Placement
from odis_app.placements.operations.common import claim, fact, free_place, refresh_place, short, trail
from odis_app.territories.models import Commune

_FIT = text("SELECT odis.fit_stay(:id, :days)").bindparams(bindparam("days", type_=DATERANGE))


def _claim(placement: Placement) -> tuple[Orientation, Placement]:
    orientation = claim(db.get_one(Orientation, placement.orientation_id))
    db.refresh(placement)
    return orientation, placement


def record_entry(
    identity: Identity, *, placement: Placement, entered_on: date, title: str = OccupancyTitle.HEBERGE
) -> None:
    """The household moved in. Days before those agreed on are taken by the side of the place alone. Raises RuleError."""
    orientation, stay = _claim(placement)
    if stay.entered_on == entered_on and stay.exited_on is None:
        return
    if stay.entered_on is not None or stay.cancelled_at is not None:
        raise RuleError("", "L’entrée est déjà enregistrée, ou l’orientation a été annulée. Rien n’est enregistré.")
    if entered_on > clock.today():
        raise RuleError("entered_on", "L’entrée se constate : donnez une date qui n’est pas à venir.")
    if stay.ends_on is not None and entered_on >= stay.ends_on:
        raise RuleError("entered_on", f"L’entrée doit précéder la fin prévue, le {jour_long(stay.ends_on)}.")
    if title not in set(OccupancyTitle):
        raise RuleError("title", "Choisissez un titre d’occupation dans la liste.")
    _fit(orientation, entered_on, stay.ends_on, "entered_on")
    fact(identity, orientation, FactKind.ENTERED, f"le ménage est entré le {jour_long(entered_on)}.", on=entered_on)
    stay.entered_on, stay.entered_by_label, stay.title, stay.title_since = (
        entered_on,
        identity.name,
        str(title),
        entered_on,
    )
    orientation.entered_on = entered_on
    refresh_place(identity, orientation)
    db.flush()
    trail(identity, "enter", orientation, "Entrée enregistrée")


def extend(identity: Identity, *, placement: Placement, ends_on: date, title: str | None = None) -> None:
    """Put the end of a stay off, by the side of the place; another occupancy title may begin today. Raises RuleError."""
    orientation, stay = _claim(placement)
    if stay.entered_on is None or stay.exited_on is not None:
        raise RuleError("", "Seul un séjour en cours se prolonge.")
    if stay.ends_on == ends_on:
        return
    if stay.ends_on is None:
        raise RuleError("ends_on", "Ce séjour n’a pas de date de fin : il n’y a rien à prolonger.")
    if ends_on < stay.ends_on:
        raise RuleError(
            "ends_on",
            f"La nouvelle fin doit être après le {jour_long(stay.ends_on)}. Pour un départ, enregistrez la sortie.",
        )
    _fit(orientation, stay.entered_on, ends_on, "ends_on")
    stay.ends_on, stay.extensions = ends_on, stay.extensions + 1
    if title in set(OccupancyTitle) and title != stay.title:
        stay.title, stay.title_since = str(title), clock.today()
    refresh_place(identity, orientation)
    db.flush()
    trail(identity, "extend", orientation, "Séjour prolongé", ends_on=ends_on.isoformat())


def _fit(orientation: Orientation, starts_on: date, ends_on: date | None, field: str) -> None:
    try:
        with db.begin_nested():
            moved = db.execute(
                _FIT, {"id": orientation.id, "days": Range(starts_on, ends_on, bounds="[)")}
            ).scalar_one()
    except IntegrityError as error:
        if isinstance(error.orig, ExclusionViolation):
            raise RuleError(field, TAKEN) from None
        raise
    if not moved:
        raise RuleError(
            field, "Cette date sort des jours convenus. L’organisation qui gère la place peut l’enregistrer."
        )


def exit_placement(
    identity: Identity,
    *,
    placement: Placement,
    reason: str,
    exited_on: date,
    destination_commune_code: str | None = None,
    comment: str = "",
    waits_again: bool | None = None,
) -> bool:
    """The household left. False when an exclusion now waits for a second person. Raises RuleError.

    ``waits_again``: whether it waits for a home (None: as the reason says). Alone in its organisation, the person who excludes
    is asked for a later review instead (domain.md). The destination and the comment are kept for the household's organisation alone.
    """
    orientation, stay = _claim(placement)
    if stay.exited_on == exited_on and stay.exit_reason == reason:
        return True
    _check_exit(stay, reason, exited_on)
    _note_departure(stay, destination_commune_code, short(comment))
    if ExitReason(reason) is ExitReason.EXCLUSION:
        if any(user.id != identity.user_id for user in colleagues(identity)):
            _ask(identity, orientation, stay, exited_on, waits_again)
            return False
        stay.review_due, stay.exit_asked_by_id = True, identity.user_id
        ask_review(
            identity, kind=ReviewKind.EXCLUSION, subject=stay.public_id, label=orientation.place_sheet["number"],
            department_code=orientation.department_code,
        )  # fmt: skip
    _leave(identity, orientation, stay, reason, exited_on, waits_again)
    return True


def _check_exit(stay: Placement, reason: str, exited_on: date) -> None:
    if stay.exit_asked is not None:
        raise RuleError("", "Une exclusion attend d’être confirmée pour ce ménage. Confirmez-la ou retirez-la d’abord.")
    if stay.entered_on is None or stay.exited_on is not None:
        raise RuleError("", "Ce ménage n’est pas, ou n’est plus, dans ce logement. Rien n’est enregistré.")
    if reason not in set(ExitReason):
        raise RuleError("reason", "Choisissez un motif de sortie dans la liste.")
    if exited_on > clock.today():
        raise RuleError("exited_on", "La sortie se constate : donnez une date qui n’est pas à venir.")
    if exited_on < stay.entered_on:
        raise RuleError("exited_on", f"La sortie ne peut pas précéder l’entrée, le {jour_long(stay.entered_on)}.")


def note_departure(
    identity: Identity, *, placement: Placement, destination_commune_code: str | None, comment: str = ""
) -> None:
    """Say, after the exit, for where the household left; what was said before stays in the table, the last line holds. Raises RuleError."""
    orientation, stay = _claim(placement)
    if stay.exited_on is None:
        raise RuleError("", "Ce ménage n’est pas sorti. Enregistrez d’abord sa sortie.")
    if not destination_commune_code and not short(comment):
        raise RuleError("destination", "Choisissez une commune, ou écrivez une précision.")
    _note_departure(stay, destination_commune_code, short(comment))
    trail(identity, "departure", orientation, "Destination notée après la sortie")


def _note_departure(stay: Placement, destination: str | None, comment: str) -> None:
    """A line even when nothing is said: what an exclusion later withdrawn said holds no more. Nothing is read back: who writes may not read it."""
    refuse_nir(comment, "comment")
    if destination and db.execute(select(Commune.code).where(Commune.code == destination)).first() is None:
        raise RuleError("destination", "Cette commune n’est pas connue. Choisissez-la dans la liste.")
    told = {
        "placement_id": stay.id, "household_id": stay.household_id, "household_owner_org_id": stay.household_owner_org_id,
        "place_owner_org_id": stay.place_owner_org_id, **Departure.sealed(stay.id, destination_commune_code=destination, comment=comment),
    }  # fmt: skip
    db.execute(insert(Departure).inline().values(**told))


def _ask(
    identity: Identity, orientation: Orientation, stay: Placement, exited_on: date, waits_again: bool | None
) -> None:
    stay.exit_asked = {
        "exited_on": exited_on.isoformat(),
        "waits_again": waits_again,
        "by": identity.name,
        "on": clock.today().isoformat(),
    }
    stay.exit_asked_by_id = identity.require_user()
    db.flush()
    trail(identity, "ask_exclusion", orientation, "Exclusion demandée, en attente d’une seconde personne")


def confirm_exclusion(identity: Identity, *, placement: Placement) -> None:
    """A second person of either side confirms an exclusion. Raises RuleError when it is the same person."""
    orientation, stay = _claim(placement)
    asked = stay.exit_asked
    if asked is None:
        raise RuleError("", "Aucune exclusion n’attend de confirmation.")
    if stay.exit_asked_by_id == identity.require_user():
        raise RuleError("", "Une exclusion est confirmée par une autre personne que celle qui la demande.")
    stay.exit_asked, stay.exit_confirmed_by_id = None, identity.user_id
    _leave(
        identity, orientation, stay, ExitReason.EXCLUSION, date.fromisoformat(asked["exited_on"]), asked["waits_again"]
    )


def withdraw_exclusion(identity: Identity, *, placement: Placement) -> None:
    """Give an asked exclusion up; the stay goes on."""
    orientation, stay = _claim(placement)
    if stay.exit_asked is not None:
        stay.exit_asked, stay.exit_asked_by_id = None, None
        trail(identity, "withdraw_exclusion", orientation, "Demande d’exclusion retirée")


def _leave(
    identity: Identity,
    orientation: Orientation,
    stay: Placement,
    reason: str,
    exited_on: date,
    waits_again: bool | None,
) -> None:
    why = ExitReason(reason)
    again = why.waits_again if waits_again is None else waits_again
    fact(
        identity,
        orientation,
        FactKind.EXITED,
        f"le ménage est sorti le {jour_long(exited_on)}.",
        on=exited_on,
        data={"outcome": why.outcome.value, "waits_again": again},
    )
    stay.exited_on, stay.exit_reason, stay.exit_outcome, stay.exit_by_label = (
        exited_on,
        why.value,
        why.outcome.value,
        identity.name,
    )
    refresh_place(identity, orientation)
    free_place(orientation)
    trail(identity, "exit", orientation, "Sortie enregistrée", outcome=why.outcome.value)
