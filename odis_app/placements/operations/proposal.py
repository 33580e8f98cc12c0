"""Proposing a place to a household."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.dialects.postgresql import DATERANGE, Range

from odis_app.access.limits import refuse_limited
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.formats import jour_long
from odis_app.core.identity import Identity
from odis_app.households import queries as household_queries
from odis_app.households.enums import FactKind, HouseholdStatus
from odis_app.households.models import Household
from odis_app.housing.enums import OccupancyKind, OrientationAuthority, QualificationStatus
from odis_app.housing.models import Occupancy, Offer, Place
from odis_app.housing.operations.occupancies import lock as lock_place
from odis_app.housing.operations.occupancies import reserve
from odis_app.organisations.models import TerritoryRules
from odis_app.organisations.queries import missing_mandate, rules_of
from odis_app.placements.models import Orientation, OrientationChoice, sealed_words
from odis_app.placements.operations.common import fact, lock_household, trail
from odis_app.placements.operations.sheets import names_in, need_sheet, place_sheet
from odis_app.placements.policy import is_active

LATE_DAYS = 366  # papers may come after the arrival; nothing older is recorded as a proposal
SAFETY = "Cette place ne convient pas à ce ménage : contrainte de sécurité. Choisissez une autre place."
FULL = "Cette place a déjà reçu le nombre de propositions admis dans ce département. Choisissez une autre place."
NOT_REGISTERED = "Le ménage n’est pas inscrit aujourd’hui au dispositif de cette place. Choisissez une autre place, ou notez son inscription dans l’onglet « Situation »."
LONGEST_MESSAGE = 1000
_COUNT = text("SELECT odis.active_proposals(:place, :days)").bindparams(bindparam("days", type_=DATERANGE))


def propose(
    identity: Identity,
    *,
    household: Household,
    place: Place,
    starts_on: date,
    ends_on: date | None = None,
    urgent: bool = False,
    message: str = "",
    score: Mapping[str, Any] | None = None,
    override_motif: str = "",
) -> Orientation:
    """Propose ``place`` from ``starts_on`` to the day before ``ends_on`` (None: open). Raises RuleError.

    Where one proposal at a time is admitted (the default) the place is held at once. Sent twice, it is proposed once.
    """
    lock_household(household.id)
    lock_place(place.id)
    standing = _active_of(household.id)
    if same := next(
        (o for o in standing if (o.place_id, o.starts_on, o.ends_on) == (place.id, starts_on, ends_on)), None
    ):
        return same
    refuse_limited(household.id)
    rules = rules_of(place.department_code)
    _check_household(identity, household, standing, rules)
    _check_days(place, starts_on, ends_on)
    _check_place(identity, household, place, starts_on)
    _check_message(household, message)
    orientation = Orientation(
        household_id=household.id, household_owner_org_id=household.owner_org_id, place_id=place.id, place_owner_org_id=place.owner_org_id,
        department_code=place.department_code, dispositif_id=place.dispositif_id, proposed_at=clock.now(), proposed_by_label=identity.name,
        proposed_org_label=identity.org_short_name, urgent=urgent, expires_at=_expiry(rules, urgent=urgent), starts_on=starts_on, ends_on=ends_on,
        need_sheet=need_sheet(household), place_sheet=place_sheet(place), message=message,
    )  # fmt: skip
    db.add(orientation)
    db.flush()
    _hold(identity, orientation, place, rules)
    db.add(
        OrientationChoice(
            orientation_id=orientation.id, household_id=household.id, household_owner_org_id=household.owner_org_id, score=dict(score or {}),
            override_motif_sealed=sealed_words(OrientationChoice, "override_motif", orientation, override_motif),
        )
    )  # fmt: skip
    fact(
        identity,
        orientation,
        FactKind.PROPOSED,
        f"proposée, réponse attendue avant le {jour_long(orientation.expires_at)}.",
    )
    trail(
        identity,
        "propose",
        orientation,
        "Place proposée",
        place=place.public_id,
        urgent=urgent,
        overrides=bool(override_motif),
    )
    return orientation


def _active_of(household_id: int) -> list[Orientation]:
    return list(db.execute(select(Orientation).where(Orientation.household_id == household_id, is_active())).scalars())


def _expiry(rules: TerritoryRules, *, urgent: bool) -> datetime:
    delay = timedelta(hours=rules.urgent_answer_hours) if urgent else timedelta(days=rules.standard_answer_days)
    return clock.now() + delay


def _check_household(
    identity: Identity, household: Household, standing: list[Orientation], rules: TerritoryRules
) -> None:
    if household.owner_org_id != identity.case_org_id:
        raise RuleError("", "Seule l’organisation qui suit le ménage propose une place.")
    if household.status in {HouseholdStatus.SORTI.value, HouseholdStatus.ARCHIVE.value}:
        raise RuleError("", "Ce dossier est clos. Rouvrez-le avant de proposer une place.")
    missing, _ = household_queries.missing_items(household)
    if missing:
        raise RuleError("", "Le dossier est à compléter avant de proposer une place.")
    if len(standing) >= rules.proposals_per_household:
        raise RuleError(
            "",
            f"Ce ménage a déjà {len(standing)} proposition(s) en cours, le nombre admis dans ce département. Attendez une réponse ou annulez-en une.",
        )


def _check_mandate(identity: Identity, place: Place) -> None:
    """One's own places need no mandate; any other wants one for its département and its dispositif, today (H20)."""
    if place.owner_org_id == identity.case_org_id:
        return
    missing = missing_mandate(identity, dispositif_id=place.dispositif_id, department_code=place.department_code)
    if missing:
        raise RuleError("", f"{missing} Choisissez une autre place.")


def _check_days(place: Place, starts_on: date, ends_on: date | None) -> None:
    if starts_on < clock.today() - timedelta(days=LATE_DAYS):
        raise RuleError("starts_on", "La date d’entrée remonte à plus d’un an. Corrigez la date.")
    if ends_on is not None and ends_on <= starts_on:
        raise RuleError("ends_on", "La fin doit être après le début.")
    if place.available_from is not None and starts_on < place.available_from:
        raise RuleError(
            "starts_on",
            f"Cette place est disponible à partir du {jour_long(place.available_from)}. Choisissez une date plus tardive.",
        )
    if place.available_to is not None and (ends_on or starts_on) > place.available_to:
        raise RuleError(
            "ends_on" if ends_on else "starts_on",
            f"Cette place est disponible jusqu’au {jour_long(place.available_to)}. Avancez la fin.",
        )


def _check_place(identity: Identity, household: Household, place: Place, starts_on: date) -> None:
    _check_mandate(identity, place)
    if place.orientation_authority != OrientationAuthority.ASSOCIATION_MANDATEE.value:
        raise RuleError(
            "", f"L’entrée dans cette place est décidée par : {place.authority_label}. Elle ne se propose pas ici."
        )
    if place.dispositif_id not in household_queries.schemes_in_force([household.id], clock.today())[household.id]:
        raise RuleError("", NOT_REGISTERED)
    if place.opened_on is None or (place.closed_on is not None and place.closed_on <= starts_on):
        raise RuleError("", "Cette place n’est pas ouverte à cette date. Choisissez une autre place.")
    if place.capacity < household.size:
        raise RuleError(
            "",
            f"Cette place accueille {place.capacity} personne(s), le ménage en compte {household.size}. Choisissez une place plus grande.",
        )
    if place.offer_id is not None:
        _check_offer(place, starts_on)
    compatible = db.execute(
        text("SELECT EXISTS (SELECT 1 FROM odis.safety_compatible(:h) AS p WHERE p = :p)"),
        {"h": household.id, "p": place.id},
    )
    if not compatible.scalar_one():
        raise RuleError("", SAFETY)


def _check_offer(place: Place, starts_on: date) -> None:
    offer = db.get(Offer, place.offer_id)
    first = max(starts_on, clock.today())
    if (
        offer is None
        or offer.qualification_status != QualificationStatus.VALIDEE.value
        or (offer.validated_until is not None and offer.validated_until < first)
    ):
        raise RuleError(
            "",
            "L’offre n’est pas validée à cette date : il faut une visite et une décision. Choisissez une autre place.",
        )
    if place.validated_until is None or place.validated_until < first:
        raise RuleError(
            "",
            "Une seule personne a validé cette offre : elle se propose quand une autre l’a relue (page « À relire »). "
            "Choisissez une autre place, ou demandez cette relecture.",
        )


def _check_message(household: Household, message: str) -> None:
    if len(message) > LONGEST_MESSAGE:
        raise RuleError("message", "Le message dépasse 1 000 caractères. Raccourcissez-le.")
    if named := names_in(household, message):
        raise RuleError(
            "message",
            f"Le message nomme une personne du ménage ({', '.join(named)}). Avant les deux accords, l’hébergeur ne lit aucun nom.",
        )


def _hold(identity: Identity, orientation: Orientation, place: Place, rules: TerritoryRules) -> None:
    """Hold the place when one proposal at a time is admitted; otherwise count those that stand, and let the confirmation decide."""
    days = Range(orientation.starts_on, orientation.ends_on, bounds="[)")
    taken = _taking(place, days)
    if taken is not None:
        raise RuleError("", _taken_sentence(taken))
    if rules.proposals_per_place > 1:
        if int(db.execute(_COUNT, {"place": place.id, "days": days}).scalar_one()) > rules.proposals_per_place:
            raise RuleError("", FULL)
        return
    reserve(
        identity, place=place, household_record_id=orientation.household_id,
        starts_on=orientation.starts_on, ends_on=orientation.ends_on, expires_at=orientation.expires_at, subject=orientation.public_id,
    )  # fmt: skip


def _taking(place: Place, days: Range[date]) -> Occupancy | None:
    """What takes the place on one of these days, if anything still stands."""
    standing = Occupancy.released_at.is_(None) & (Occupancy.expires_at.is_(None) | (Occupancy.expires_at > func.now()))
    statement = select(Occupancy).where(Occupancy.place_id == place.id, standing, Occupancy.during.overlaps(days))
    return db.execute(statement.order_by(func.lower(Occupancy.during)).limit(1)).scalar_one_or_none()


def _taken_sentence(taken: Occupancy) -> str:
    """Why the place cannot be proposed, naming nobody."""
    last = (
        f" jusqu’au {jour_long(taken.during.upper - timedelta(days=1))}"
        if taken.during.upper
        else ", sans date de fin connue"
    )
    if taken.kind == OccupancyKind.UNAVAILABLE.value:
        return f"Cette place est indisponible{last}. Choisissez d’autres dates ou une autre place."
    if taken.kind == OccupancyKind.STAY.value:
        return f"Cette place est déjà attribuée à un autre ménage{last}. Choisissez d’autres dates ou une autre place."
    answer = f" jusqu’au {jour_long(taken.expires_at)}" if taken.expires_at else ""
    return f"Cette place est déjà réservée pour un autre ménage{answer}, le temps de sa réponse. Choisissez une autre place ou revenez ensuite."
