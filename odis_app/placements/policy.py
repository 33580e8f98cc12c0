"""Who may do what with an orientation and a stay, and the only selects that lead to one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, text, true

from odis_app.access.models import Grant
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.permissions import Role, permission
from odis_app.households.models import Household
from odis_app.households.policy import reads_safety
from odis_app.placements.enums import StateMotif
from odis_app.placements.models import Departure, Orientation, OrientationChoice, OrientationRefusal, Placement

CASE_WORKERS = {Role.TRAVAILLEUR_SOCIAL, Role.COORDINATEUR}
PARTIES = CASE_WORKERS | {Role.OPERATEUR}
READERS = PARTIES | {Role.DDETS}
CARE, DANGER = 2, 3
STATE = frozenset({"ddets", "dreets", "sgar", "prefecture", "dihal", "dgef"})


def _visible(identity: Identity, model: type[Orientation | Placement]) -> ColumnElement[bool]:
    org = identity.case_org_id
    if org is None:
        return false()
    parties = or_(model.household_owner_org_id == org, model.place_owner_org_id == org)
    if identity.org_kind not in STATE:
        return parties
    given = select(Grant.record_id).where(
        Grant.grantee_org_id == org, Grant.level == "full", Grant.revoked_at.is_(None), Grant.expires_at > func.now()
    )
    return or_(parties, model.household_id.in_(given))


def visible_orientations(identity: Identity) -> Select[Any]:
    """Those of one's own households and of one's own places; the State reads those of the files given to it in full."""
    return select(Orientation).where(_visible(identity, Orientation))


@dataclass(frozen=True, slots=True)
class SteeredProposal:
    """What the DDETS reads of a proposal of its département: numbers, a size, delays; never a name, nor anything of a file."""

    id: int
    public_id: str
    household_id: int
    place_id: int
    department_code: str
    household_number: str
    size: int
    dispositif: str
    place_number: str
    place_kind: str
    proposed_at: datetime
    proposed_org_label: str
    urgent: bool
    expires_at: datetime
    starts_on: date
    ends_on: date | None
    household_accepted_at: datetime | None
    host_accepted_at: datetime | None
    ended_at: datetime | None
    motif: str
    comment: str

    @property
    def is_open(self) -> bool:
        """The DDETS may still refuse it."""
        return self.ended_at is None

    @property
    def motif_label(self) -> str:
        """Why the DDETS refused it, in words."""
        return StateMotif.label_of(self.motif)


def steered_proposals(identity: Identity, public_id: str | None = None) -> list[SteeredProposal]:
    """The proposals that the DDETS may refuse, by deadline, then those it refused, newest first; nothing for anybody else."""
    if identity.org_kind != "ddets" or identity.case_org_id is None:
        return []
    statement = text(
        "SELECT * FROM odis.steered_orientations() s WHERE s.public_id = coalesce(:wanted, s.public_id) "
        "ORDER BY s.ended_at DESC NULLS FIRST, s.expires_at, s.id"
    )
    return [SteeredProposal(**row) for row in db.execute(statement, {"wanted": public_id}).mappings()]


def find_steered(identity: Identity, public_id: str) -> SteeredProposal | None:
    """The proposal of one's département at this address, or None."""
    return next(iter(steered_proposals(identity, public_id)), None)


def visible_placements(identity: Identity) -> Select[Any]:
    """The stays of one's own households and in one's own places; the State, of the files given to it in full."""
    return select(Placement).where(_visible(identity, Placement))


def visible_choices(identity: Identity) -> Select[Any]:
    """Why each of one's own households was proposed what it was: class 2, as the score may tell of care."""
    own = _own(identity, OrientationChoice)
    return select(OrientationChoice).where(own if identity.level >= CARE else false())


def visible_refusals(identity: Identity) -> Select[Any]:
    """The reasons of one's own households, within one's class or as the referent of the file; danger, once one's identity is confirmed."""
    referred = select(Household.id).where(
        Household.referent_user_id == identity.user_id, Household.owner_org_id == identity.case_org_id
    )
    within = or_(OrientationRefusal.sensitivity <= identity.level, OrientationRefusal.household_id.in_(referred))
    shown = true() if identity.is_confirmed else OrientationRefusal.sensitivity <= CARE
    return select(OrientationRefusal).where(_own(identity, OrientationRefusal), within, shown)


def refusal_roles(sensitivity: int) -> frozenset[Role]:
    """Whose level reaches a reason of this class; the referent reads it whatever their level."""
    if sensitivity > CARE:
        return frozenset({Role.COORDINATEUR})
    return frozenset(CASE_WORKERS if sensitivity == CARE else PARTIES)


def would_read_danger(identity: Identity, orientation: Orientation) -> bool:
    """Whether a renewed proof of identity could show why the household refused."""
    household = db.get(Household, orientation.household_id) if on_household_side(identity, orientation) else None
    return household is not None and not identity.is_confirmed and reads_safety(identity, household)


def visible_departures(identity: Identity) -> Select[Any]:
    """For where one's own households left; never the side of the place that they left."""
    return select(Departure).where(_own(identity, Departure))


def _own(identity: Identity, model: type[OrientationChoice | OrientationRefusal | Departure]) -> ColumnElement[bool]:
    return model.household_owner_org_id == identity.case_org_id if identity.case_org_id is not None else false()


def find_orientation(identity: Identity, public_id: str) -> Orientation | None:
    """The orientation at this address, or None when it does not exist or may not be seen: the same answer."""
    return db.execute(visible_orientations(identity).where(Orientation.public_id == public_id)).scalar_one_or_none()


def find_placement(identity: Identity, public_id: str) -> Placement | None:
    """The stay at this address, or None when it does not exist or may not be seen: the same answer."""
    return db.execute(visible_placements(identity).where(Placement.public_id == public_id)).scalar_one_or_none()


def on_household_side(identity: Identity, thing: Orientation | Placement) -> bool:
    """Le ménage est suivi par l’organisation de la personne."""
    return identity.case_org_id is not None and thing.household_owner_org_id == identity.case_org_id


def on_place_side(identity: Identity, thing: Orientation | Placement) -> bool:
    """La place est gérée par l’organisation de la personne."""
    return identity.case_org_id is not None and thing.place_owner_org_id == identity.case_org_id


def is_party(identity: Identity, thing: Orientation | Placement) -> bool:
    """La personne répond pour le ménage ou pour la place."""
    return on_household_side(identity, thing) or on_place_side(identity, thing)


def waits_for_household(identity: Identity) -> ColumnElement[bool]:
    """Active, and the answer of a household of one's own is awaited."""
    return and_(
        _active(),
        Orientation.household_owner_org_id == identity.case_org_id,
        Orientation.household_accepted_at.is_(None),
    )


def waits_for_host(identity: Identity) -> ColumnElement[bool]:
    """Active, and the answer for a place of one's own is awaited."""
    return and_(
        _active(), Orientation.place_owner_org_id == identity.case_org_id, Orientation.host_accepted_at.is_(None)
    )


def _active() -> ColumnElement[bool]:
    return and_(Orientation.ended_at.is_(None), Orientation.confirmed_at.is_(None), Orientation.expires_at > func.now())


is_active = _active

ORIENTATION_LIST = permission("orientation:list", "Voir les orientations", roles=READERS)
ORIENTATION_READ = permission("orientation:read", "Lire une orientation", roles=READERS)
ORIENTATION_PROPOSE = permission("orientation:propose", "Proposer une place à un ménage", roles=CASE_WORKERS)
ORIENTATION_SEE = permission("orientation:see", "Marquer une proposition comme lue", roles=PARTIES, rule=on_place_side)
ORIENTATION_HOUSEHOLD = permission(
    "orientation:answer_household", "Répondre pour le ménage", roles=CASE_WORKERS, rule=on_household_side
)
ORIENTATION_HOST = permission("orientation:answer_host", "Répondre pour l’hébergeur", roles=PARTIES, rule=on_place_side)
ORIENTATION_CANCEL = permission("orientation:cancel", "Annuler une proposition", roles=CASE_WORKERS, rule=is_party)
ORIENTATION_JUDGE = permission(
    "orientation:judge", "Dire si un refus est recevable", roles={Role.COORDINATEUR}, rule=on_household_side
)
ORIENTATION_STEER = permission(
    "orientation:steer", "Voir les propositions de son département, sans nom", roles={Role.DDETS}
)
ORIENTATION_STEER_REFUSE = permission(
    "orientation:steer_refuse", "Refuser une proposition au titre du département", roles={Role.DDETS}
)
PLACEMENT_LIST = permission("placement:list", "Voir les hébergements", roles=READERS)
PLACEMENT_READ = permission("placement:read", "Lire un hébergement", roles=READERS)
PLACEMENT_UPDATE = permission("placement:update", "Enregistrer une entrée ou une sortie", roles=PARTIES, rule=is_party)
PLACEMENT_DEPARTURE = permission(
    "placement:departure", "Dire vers où un ménage est parti", roles=CASE_WORKERS, rule=on_household_side
)
PLACEMENT_EXTEND = permission("placement:extend", "Prolonger un hébergement", roles=PARTIES, rule=on_place_side)
