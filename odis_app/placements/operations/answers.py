"""Answering a proposal: seen, accepted from either side, refused, cancelled."""

from __future__ import annotations

from psycopg.errors import ExclusionViolation
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.formats import jour_long
from odis_app.core.identity import Identity
from odis_app.households.enums import FactKind
from odis_app.households.operations.facts import record_fact
from odis_app.households.queries import class2_is_open
from odis_app.placements.enums import (
    CancelMotif,
    EndedBy,
    EndKind,
    HostMotif,
    HouseholdMotif,
    OrientationStatus,
    SystemMotif,
)
from odis_app.placements.models import Orientation, OrientationRefusal, Placement, sealed_words
from odis_app.placements.operations.common import (
    claim,
    fact,
    free_place,
    refresh_place,
    require_active,
    short,
    standing_proposals,
    tell,
    trail,
)
from odis_app.placements.policy import on_household_side, on_place_side
from odis_app.placements.queries import placement_of

LOST = (
    "La place vient d’être attribuée à un autre ménage. Cette proposition est close, le ménage attend une autre offre."
)


def mark_seen(identity: Identity, *, orientation: Orientation) -> None:
    """The host's side has read the proposal; said once."""
    if orientation.seen_at is None and orientation.is_active and on_place_side(identity, orientation):
        orientation.seen_at = clock.now()
        trail(identity, "see", orientation, "Proposition lue par l’hébergeur")


def accept_for_household(identity: Identity, *, orientation: Orientation) -> OrientationStatus:
    """The household agrees. Returns the status that follows: CONFIRMEE when the host had agreed, OBSOLETE when the place has just gone."""
    row = claim(orientation)
    if not on_household_side(identity, row):
        raise PermissionError("only the organisation of the household answers for it")
    if row.household_accepted_at is not None:
        return row.status
    require_active(row)
    row.household_accepted_at, row.household_accepted_by_label = clock.now(), identity.name
    return _accepted(identity, row, "Accord du ménage enregistré")


def accept_for_host(identity: Identity, *, orientation: Orientation) -> OrientationStatus:
    """The host, or the structure, agrees. Returns the status that follows, as ``accept_for_household``."""
    row = claim(orientation)
    if not on_place_side(identity, row):
        raise PermissionError("only the organisation of the place answers for it")
    if row.host_accepted_at is not None:
        return row.status
    require_active(row)
    row.seen_at = row.seen_at or clock.now()
    row.host_accepted_at, row.host_accepted_by_label = clock.now(), identity.name
    refresh_place(identity, row)
    return _accepted(identity, row, "Accord de l’hébergeur enregistré")


def _accepted(identity: Identity, row: Orientation, summary: str) -> OrientationStatus:
    db.flush()
    trail(identity, "accept", row, summary)
    tell(identity, row, f"{summary[0].lower()}{summary[1:]}.")
    if row.household_accepted_at is None or row.host_accepted_at is None:
        return row.status
    return _confirm(identity, row)


def _confirm(identity: Identity, row: Orientation) -> OrientationStatus:
    """Both agreed: the database gives the place to one household alone."""
    try:
        with db.begin_nested():
            outcome = db.execute(text("SELECT odis.confirm_orientation(:id)"), {"id": row.id}).scalar_one()
    except IntegrityError as error:
        if not isinstance(error.orig, ExclusionViolation):
            raise
        db.refresh(row)
        return _lose(identity, row)
    if outcome != "confirmed":
        raise RuleError("", "Le délai de réponse est dépassé. Proposez la place de nouveau si elle est libre.")
    db.refresh(row)
    fact(
        identity, row, FactKind.CONFIRMED, f"les deux accords sont donnés, entrée prévue le {jour_long(row.starts_on)}."
    )
    for other in standing_proposals(row.household_id):
        record_fact(
            identity,
            household_id=row.household_id,
            owner_org_id=row.household_owner_org_id,
            kind=FactKind.PROPOSAL_ENDED,
            subject=other,
        )
    db.add(
        Placement(
            orientation_id=row.id, household_id=row.household_id, household_owner_org_id=row.household_owner_org_id, place_id=row.place_id,
            place_owner_org_id=row.place_owner_org_id, planned_on=row.starts_on, ends_on=row.ends_on, created_at=clock.now(),
        )
    )  # fmt: skip
    db.flush()
    trail(identity, "confirm", row, "Orientation confirmée : la place est attribuée")
    return row.status


def _lose(identity: Identity, row: Orientation) -> OrientationStatus:
    """The place has just gone to another household: this proposal is over, without anybody's refusal."""
    _end(identity, row, EndKind.OBSOLETE, EndedBy.SYSTEME, SystemMotif.PLACE_ATTRIBUEE)
    trail(identity, "lose", row, "Place attribuée à un autre ménage")
    return row.status


def refuse(identity: Identity, *, orientation: Orientation, party: EndedBy, motif: str, comment: str = "") -> None:
    """Refuse for the household (``EndedBy.MENAGE``) or for the place (``EndedBy.HEBERGEUR``), with a motif. Raises RuleError.

    The household's own motif stays with its organisation: a host never reads that somebody is ill or in danger.
    """
    row = claim(orientation)
    side = on_household_side if party is EndedBy.MENAGE else on_place_side
    if party not in {EndedBy.MENAGE, EndedBy.HEBERGEUR} or not side(identity, row):
        raise PermissionError("a proposal is refused from one's own side")
    if (row.ended_kind, row.ended_by) == (EndKind.REFUSEE, party):
        return
    require_active(row)
    known = HouseholdMotif if party is EndedBy.MENAGE else HostMotif
    if motif not in set(known):
        raise RuleError("motif", "Choisissez un motif dans la liste.")
    if party is EndedBy.HEBERGEUR:
        refresh_place(identity, row)
        _end(identity, row, EndKind.REFUSEE, party, motif, short(comment))
    else:
        _keep_reason(row, HouseholdMotif(motif), short(comment))
        _end(identity, row, EndKind.REFUSEE, party, SystemMotif.NON_COMMUNIQUE)
    trail(identity, "refuse", row, f"Proposition refusée par {party.label}")


def _keep_reason(row: Orientation, motif: HouseholdMotif, comment: str) -> None:
    if motif is HouseholdMotif.SANTE and not class2_is_open():
        raise RuleError(
            "motif", "Les motifs de santé ne sont pas recueillis sur cette installation. Choisissez « Autre »."
        )
    db.add(
        OrientationRefusal(
            orientation_id=row.id, household_id=row.household_id, household_owner_org_id=row.household_owner_org_id, motif=motif.value,
            comment_sealed=sealed_words(OrientationRefusal, "comment", row, comment), sensitivity=motif.sensitivity,
        )
    )  # fmt: skip


def cancel(identity: Identity, *, orientation: Orientation, motif: str, comment: str = "") -> None:
    """Take a proposal back before the entry: the household's side at any time, the place's once confirmed. Raises RuleError."""
    row = claim(orientation)
    by = EndedBy.ASSOCIATION if on_household_side(identity, row) else EndedBy.HEBERGEUR
    if by is EndedBy.HEBERGEUR and not on_place_side(identity, row):
        raise PermissionError("only the two sides cancel")
    if row.ended_kind == EndKind.ANNULEE:
        return
    if row.entered_on is not None:
        raise RuleError("", "Le ménage est déjà entré. Enregistrez plutôt sa sortie.")
    if row.confirmed_at is None:
        require_active(row)
        if by is EndedBy.HEBERGEUR:
            raise RuleError("", "Cette proposition n’est pas confirmée. Pour ne pas y donner suite, refusez-la.")
    if motif not in set(CancelMotif):
        raise RuleError("motif", "Choisissez un motif dans la liste.")
    placement = placement_of(row)
    if placement is not None:
        placement.cancelled_at = clock.now()
    _end(identity, row, EndKind.ANNULEE, by, motif, short(comment))
    trail(identity, "cancel", row, f"Orientation annulée par {by.label}")


def _end(identity: Identity, row: Orientation, kind: EndKind, by: EndedBy, motif: str, comment: str = "") -> None:
    """The fact comes first: once the row has ended, an operator may no longer write on the file."""
    sentence = (
        "attribuée à un autre ménage." if by is EndedBy.SYSTEME else f"proposition {kind.label.lower()} par {by.label}."
    )
    fact(identity, row, FactKind.PROPOSAL_ENDED, sentence)
    row.ended_at, row.ended_kind, row.ended_by, row.motif, row.comment = (
        clock.now(),
        kind.value,
        by.value,
        str(motif),
        comment,
    )
    free_place(row)


def set_admissible(identity: Identity, *, orientation: Orientation, admissible: bool) -> None:
    """Say whether a refusal or a cancellation holds, so that it counts or not against the one who gave it. Raises RuleError."""
    row = claim(orientation)
    if row.ended_kind not in {EndKind.REFUSEE.value, EndKind.ANNULEE.value}:
        raise RuleError("", "Seul un refus ou une annulation peut être jugé recevable.")
    if row.admissible != admissible:
        row.admissible = admissible
        trail(identity, "judge", row, "Refus recevable" if admissible else "Refus non recevable")
