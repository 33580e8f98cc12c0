"""Who may do what with offers and places, and the only selects that lead to one."""

from __future__ import annotations

from sqlalchemy import Select, and_, exists, false, func, or_, select, true

from odis_app.access.enums import SharePurpose
from odis_app.access.models import Grant
from odis_app.core.db import among, db
from odis_app.core.identity import Identity
from odis_app.core.permissions import Role, permission
from odis_app.documents.enums import DocumentState
from odis_app.documents.models import Document
from odis_app.housing.enums import OccupancyKind, QualificationStatus
from odis_app.housing.models import Occupancy, OccupancyHousehold, Offer, Place, PlaceAddress
from odis_app.structures.policy import HOUSING_ROLES, housing_org, is_mandated, shared_records, steers

OFFER_READERS = HOUSING_ROLES - {Role.BAILLEUR}  # a landlord knows its own dwellings, which are places
QUALIFIERS = {Role.COORDINATEUR, Role.QUALIFICATEUR_OFFRES}
OPERATORS = {Role.OPERATEUR, Role.COORDINATEUR, Role.BAILLEUR}


def visible_offers(identity: Identity) -> Select[Offer]:
    """One's own; validated ones of the départements one steers and of one's mandates; the DDETS also sees those being qualified."""
    org = housing_org(identity)
    validated = Offer.qualification_status == QualificationStatus.VALIDEE.value
    own = Offer.owner_org_id == org if org else false()
    steered = and_(steers(identity, Offer.department_code), true() if identity.org_kind == "ddets" else validated)
    mandated = and_(is_mandated(identity, Offer.department_code, Offer.dispositif_id), validated)
    return select(Offer).where(or_(own, steered, mandated, among(Offer.id, shared_records(identity))))


def visible_places(identity: Identity) -> Select[Place]:
    """One's own, those of the départements one steers and of one's mandates, and where a household of one's own stays."""
    org = housing_org(identity)
    own = Place.owner_org_id == org if org else false()
    mandated = is_mandated(identity, Place.department_code, Place.dispositif_id)
    wide = or_(steers(identity, Place.department_code), mandated)
    return select(Place).where(
        or_(own, wide, among(Place.id, _lived_in(identity)) if identity.case_org_id else false())
    )


def visible_place_addresses(identity: Identity) -> Select[PlaceAddress]:
    """Where a place is, what a secret one is called and of which structure it is: one's own, and where a household of one's own stays."""
    org = housing_org(identity)
    own = PlaceAddress.owner_org_id == org if org else false()
    lived_in = among(PlaceAddress.place_id, _lived_in(identity)) if identity.case_org_id else false()
    return select(PlaceAddress).where(or_(own, lived_in))


def _lived_in(identity: Identity) -> Select[int]:
    return select(Occupancy.place_id).where(
        Occupancy.id.in_(_own_stays(identity)),
        Occupancy.kind == OccupancyKind.STAY.value,
        Occupancy.released_at.is_(None),
    )


def visible_occupancies(identity: Identity) -> Select[Occupancy]:
    """Who is where, without a name: on the visible places, and of one's own households."""
    org = housing_org(identity)
    own = Occupancy.owner_org_id == org if org else false()
    mandated = is_mandated(identity, Place.department_code, Place.dispositif_id)
    on_its_places = exists().where(Place.id == Occupancy.place_id, mandated)
    wide = or_(steers(identity, Occupancy.department_code), on_its_places)
    households = Occupancy.id.in_(_own_stays(identity)) if identity.case_org_id else false()
    return select(Occupancy).where(or_(own, wide, households))


def visible_occupancy_households(identity: Identity) -> Select[OccupancyHousehold]:
    """Whose days they are: one's own households, those given in full; a share that came with a place opens that side's own places alone."""
    org = identity.case_org_id
    if org is None:
        return select(OccupancyHousehold).where(false())
    given = select(Grant.record_id).where(
        Grant.grantee_org_id == org, Grant.level == "full", Grant.revoked_at.is_(None), Grant.expires_at > func.now()
    )
    record = OccupancyHousehold.household_record_id
    followed = record.in_(given.where(Grant.purpose != SharePurpose.ORIENTATION.value))
    hosted = and_(OccupancyHousehold.owner_org_id == org, record.in_(given))
    return select(OccupancyHousehold).where(or_(OccupancyHousehold.household_owner_org_id == org, followed, hosted))


def _own_stays(identity: Identity) -> Select[int]:
    return select(OccupancyHousehold.occupancy_id).where(
        OccupancyHousehold.household_owner_org_id == identity.case_org_id
    )


def find_offer(identity: Identity, public_id: str) -> Offer | None:
    """The offer at this address, or None when it does not exist or may not be seen: the same answer."""
    return db.execute(visible_offers(identity).where(Offer.public_id == public_id)).scalar_one_or_none()


def find_place(identity: Identity, public_id: str) -> Place | None:
    """The place at this address, or None when it does not exist or may not be seen: the same answer."""
    return db.execute(visible_places(identity).where(Place.public_id == public_id)).scalar_one_or_none()


def visible_photos(identity: Identity) -> Select[Document]:
    """The photos of one's own offers, those in quarantine too; nobody else's: neither the State nor a mandate opens them."""
    org = housing_org(identity)
    own = and_(Document.owner_org_id == org, Document.uploaded_org_id == org) if org else false()
    of_an_offer = exists().where(Offer.id == Document.record_id)
    return select(Document).where(own, of_an_offer, Document.deleted_at.is_(None))


def find_photo(identity: Identity, public_id: str) -> Document | None:
    """The photo at this address, whatever its state; None when it does not exist or may not be seen."""
    return db.execute(visible_photos(identity).where(Document.public_id == public_id)).scalar_one_or_none()


def find_clean_photo(identity: Identity, public_id: str) -> Document | None:
    """The same, only once the antivirus let it go."""
    found = find_photo(identity, public_id)
    return found if found is not None and found.state == DocumentState.CLEAN.value else None


def is_own(identity: Identity, home: Offer | Place | Document) -> bool:
    """L’offre ou la place est gérée par l’organisation de la personne."""
    org = housing_org(identity)
    return org is not None and home.owner_org_id == org


OFFER_LIST = permission("offer:list", "Voir les offres", roles=OFFER_READERS)
OFFER_READ = permission("offer:read", "Lire une offre", roles=OFFER_READERS)
OFFER_CREATE = permission("offer:create", "Déclarer une offre", roles=QUALIFIERS)
OFFER_UPDATE = permission("offer:update", "Modifier une offre, la suspendre, la retirer", roles=QUALIFIERS, rule=is_own)
OFFER_QUALIFY = permission("offer:qualify", "Qualifier une offre", roles=QUALIFIERS, rule=is_own)
OFFER_HOST_READ = permission(
    "offer:read_host", "Lire qui propose une offre et où", roles=OFFER_READERS - {Role.DDETS}, rule=is_own
)
PLACE_LIST = permission("place:list", "Voir les places", roles=HOUSING_ROLES)
PLACE_READ = permission("place:read", "Lire une place et son calendrier", roles=HOUSING_ROLES)
PLACE_CREATE = permission("place:create", "Déclarer une place", roles=OPERATORS)
PLACE_CONFIRM = permission(
    "place:confirm", "Mettre à jour la disponibilité de ses places", roles=OPERATORS | QUALIFIERS
)
PLACE_UPDATE = permission("place:update", "Modifier une place", roles=OPERATORS | QUALIFIERS, rule=is_own)
