"""« Rien n’a changé » and « Changer »: the operator's thirty seconds."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import or_, select

from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.housing import queries
from odis_app.housing.enums import OccupancyKind, PlaceState, UnavailabilityMotif
from odis_app.housing.models import Occupancy, Place
from odis_app.housing.operations.occupancies import end_stay, lock, take

K = OccupancyKind
CHOICES = (PlaceState.DISPONIBLE, PlaceState.OCCUPEE, PlaceState.A_REMETTRE_EN_ETAT, PlaceState.INDISPONIBLE)


def confirm_place(identity: Identity, *, place: Place, at: datetime | None = None) -> None:
    """« Rien n’a changé », now or at an instant already past (a list that was kept elsewhere). Raises RuleError."""
    _fresh(identity, place)
    place.confirmed_at = past(at)
    db.flush()
    record_event(
        identity, "place:confirm", record_id=place.record_id, summary="Rien n’a changé", data={"place": place.public_id}
    )


def confirm_stale_places(identity: Identity) -> int:
    """« Rien n’a changé » for every place of one's own without news; how many there were."""
    places = queries.stale_places(identity)
    for place in places:
        confirm_place(identity, place=place)
    return len(places)


def change_availability(
    identity: Identity,
    *,
    place: Place,
    state: PlaceState,
    on: date | None = None,
    until: date | None = None,
    motif: str = "",
) -> None:
    """Say that the place is free, occupied (by a household not followed here) or unavailable from ``on`` to the day before ``until``.

    « À remettre en état » is an unavailability whose motif is known. A free date to come closes what is there on that day. Stays and reservations that a file holds are not touched: they
    end where they began. Raises RuleError.
    """
    on = on or clock.today()
    if state not in CHOICES:
        raise RuleError("state", "Choisissez disponible, occupée, à remettre en état ou indisponible.")
    if state is PlaceState.INDISPONIBLE and motif not in {m.value for m in UnavailabilityMotif}:
        raise RuleError("motif", "Choisissez pourquoi la place est indisponible.")
    if until is not None and until <= on:
        raise RuleError("until", "La fin doit être après le début.")
    if place.closed_on is not None and place.closed_on <= on:
        raise RuleError("state", "Cette place est fermée. Rouvrez-la avant de la mettre à jour.")
    lock(place.id)
    _clear(identity, place, on)
    if state is PlaceState.OCCUPEE:
        take(place, K.STAY, on, until)
    elif state is PlaceState.A_REMETTRE_EN_ETAT:
        take(place, K.UNAVAILABLE, on, until, motif=UnavailabilityMotif.REMISE_EN_ETAT.value)
    elif state is PlaceState.INDISPONIBLE:
        take(place, K.UNAVAILABLE, on, until, motif=motif)
    place.opened_on = place.opened_on or on
    _fresh(identity, place)
    record_event(
        identity,
        "place:availability",
        record_id=place.record_id,
        summary=f"Place déclarée {state.label.lower()}",
        data={"place": place.public_id},
    )


def _clear(identity: Identity, place: Place, on: date) -> None:
    """End on that day what the operator itself declared; refuse to touch what a file holds."""
    statement = select(Occupancy).where(
        Occupancy.place_id == place.id,
        Occupancy.released_at.is_(None),
        Occupancy.during.contains(on),
        or_(Occupancy.expires_at.is_(None), Occupancy.expires_at > clock.now()),
    )
    for occupancy in db.execute(statement).scalars():
        if occupancy.kind == K.RESERVATION.value:
            raise RuleError(
                "state", "Cette place est réservée pour un ménage à cette date. Répondez d’abord à la proposition."
            )
        if occupancy.followed:
            raise RuleError(
                "state", "Un ménage suivi vit ici à cette date. Sa sortie s’enregistre sur son hébergement."
            )
        end_stay(identity, occupancy=occupancy, ended_on=on)


def past(at: datetime | None) -> datetime:
    """The instant of a confirmation: now, or one already past. Raises RuleError."""
    if at is not None and at > clock.now():
        raise RuleError("at", "La confirmation ne peut pas être à venir.")
    return at or clock.now()


def _fresh(identity: Identity, place: Place) -> None:
    place.confirmed_at, place.confirmed_by_label = clock.now(), identity.name
    db.flush()
