"""A reminder and its link: news of one structure's places in thirty seconds, without a session and without a household.

The database does it all behind three functions (0019): who is due, what the list shows, what the answers change. What the link
changes is what the signed-in person would (operations.availability), and the trail says that it came by a link.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, text

from odis_app.accounts.operations import Minter
from odis_app.core import clock, formats
from odis_app.core.db import current_unit, db, token_hash
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.housing.enums import HousingKind, PlaceState, UnavailabilityMotif
from odis_app.housing.messages import AVAILABILITY_REMINDER, LASTS, LINK_PATH
from odis_app.housing.models import AvailabilityLink
from odis_app.housing.queries.places import STALE_DAYS
from odis_app.notifications.operations import send_mail
from odis_app.organisations.secrets import link_secret

AGAIN, KEPT = timedelta(days=7), timedelta(days=90)
KIND, SAME = "availability", "same"
OFFERS = "Autres places"
DEAD = "Ce lien n’est plus valable."
REFUSALS = {
    "gone": ("state", "Cette place n’est plus dans la liste. Rechargez la page."),
    "state": ("state", "Choisissez libre, occupée ou indisponible."),
    "motif": ("motif", "Choisissez pourquoi la place est indisponible."),
    "until": ("until", "La fin doit être après aujourd’hui."),
    "reserved": ("state", "Cette place est réservée. Connectez-vous et répondez d’abord à la proposition."),
    "followed": ("state", "La sortie de cette place s’enregistre depuis le dossier. Connectez-vous, ou laissez « Rien n’a changé »."),
    "taken": ("state", "Cette place est déjà prise à partir d’un jour à venir. Connectez-vous pour choisir les dates."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LinkedPlace:
    """One line of the list: ``label`` is empty where the place is secret; a stay says « occupée » and nothing of who nor until when."""

    public_id: str
    number: str
    label: str
    kind: str
    capacity: int
    confirmed_at: datetime
    state: PlaceState
    motif: str
    until: date | None

    @property
    def title(self) -> str:
        """Its label, or its number where the location is secret."""
        return self.label or self.number

    @property
    def kind_label(self) -> str:
        """« Chambre chez l’habitant »."""
        return HousingKind.label_of(self.kind)

    @property
    def state_label(self) -> str:
        """« Indisponible : travaux »."""
        told = self.motif and self.state is PlaceState.INDISPONIBLE
        return self.state.label + (f" : {UnavailabilityMotif.label_of(self.motif).lower()}" if told else "")


@dataclass(frozen=True, slots=True)
class LinkedList:
    """What the link opens. ``total``: how many places there are, of which ``places`` are the longest without news."""

    organisation: str
    structure: str
    expires_at: datetime
    total: int
    places: list[LinkedPlace]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of one place: ``state`` is SAME or one of « disponible », « occupee », « indisponible »."""

    state: str
    motif: str = ""
    until: date | None = None


def remind_operators(identity: Identity, minter: Minter) -> int:
    """Write to those whose places have no news for two weeks, once a week and per structure; how many mails. For the scheduled job."""
    now, count = clock.now(), 0
    older = {"older": timedelta(days=STALE_DAYS), "again": AGAIN}
    for due in db.execute(text("SELECT * FROM odis.availability_due(:older, :again)"), older).all():
        public_id = new_public_id()
        secret = link_secret(minter, KIND, public_id)
        link = AvailabilityLink(
            public_id=public_id, organisation_id=due.organisation_id, structure_id=due.structure_id, user_id=due.user_id,
            token_hash=token_hash(secret), expires_at=now + LASTS,
        )  # fmt: skip
        db.add(link)
        context = {
            "structure": due.structure or OFFERS, "places": formats.pluriel(due.places, "place"),
            "until": f"{formats.jour_long(link.expires_at)} à {formats.heure(link.expires_at)}", "link": LINK_PATH + secret,
        }  # fmt: skip
        send_mail(identity, to=due.email, template=AVAILABILITY_REMINDER, context=context)
        count += 1
    db.flush()
    return count


def forget_links(identity: Identity) -> int:
    """Delete the links that ended three months ago; how many. For the scheduled job."""
    del identity
    old = delete(AvailabilityLink).where(AvailabilityLink.expires_at < clock.now() - KEPT)
    return len(db.execute(old.returning(AvailabilityLink.id)).all())


def list_by_link(secret: str) -> LinkedList:
    """The list that a link opens; nothing is consumed. Raises RuleError when it served, is too old or never was: nothing tells which."""
    rows = (
        db.execute(text("SELECT * FROM odis.availability_peek(:hash)"), {"hash": token_hash(secret)}).mappings().all()
    )
    if not rows:
        raise RuleError("", DEAD)
    first = rows[0]
    return LinkedList(
        first["organisation"],
        first["structure"] or OFFERS,
        first["expires_at"],
        first["total"],
        [_line(r) for r in rows],
    )


def answer_by_link(minter: Minter, *, secret: str, answers: Mapping[str, Answer]) -> dict[str, RuleError]:
    """Write what is said of the places (by public id) and use the link up, all or nothing.

    Returns what is wrong, by place: nothing is written then, and the link still serves. Raises RuleError for a dead link.
    """
    said = [
        {"place": place, "state": a.state, "motif": a.motif, "until": a.until.isoformat() if a.until else None, "id": new_public_id()}
        for place, a in answers.items()
    ]  # fmt: skip
    digest, written = token_hash(secret), json.dumps(said)
    values = {
        "hash": digest, "proof": minter.proof(f"availability|{digest.hex()}|{written}"), "answers": written, "request": current_unit().request_id,
    }  # fmt: skip
    statement = text("SELECT * FROM odis.availability_save(:hash, :proof, :answers, :request)")
    wrong = {row.place: row.problem for row in db.execute(statement, values)}
    if "dead" in wrong.values():
        raise RuleError("", DEAD)
    return {place: RuleError(*REFUSALS[problem]) for place, problem in wrong.items()}


def _line(row: Mapping[Any, Any]) -> LinkedPlace:
    repaired = row["motif"] == UnavailabilityMotif.REMISE_EN_ETAT.value
    state = PlaceState.A_REMETTRE_EN_ETAT if repaired else PlaceState(row["state"])
    return LinkedPlace(
        row["public_id"], row["number"], row["label"], row["kind"], row["capacity"], row["confirmed_at"], state, row["motif"], row["until"],
    )  # fmt: skip
