"""Offers, places and who is where (migrations/versions/0007_housing.py says who reads which table)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Computed,
    FetchedValue,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, JSONB, Range
from sqlalchemy.orm import Mapped, mapped_column

from odis_app.access.keys import SealedText
from odis_app.core.db import Base, PublicId
from odis_app.core.formats import duree, pluriel
from odis_app.households.enums import CompositionKind
from odis_app.housing.enums import HousingKind, OccupancyKind, OfferFact, OrientationAuthority, UnavailabilityMotif

HOST_NAME, PLACE_LABEL = "offer_host_name", "place_label"  # columns of the blind indexes


@dataclass(frozen=True, slots=True)
class Living:
    """Class 1: who lives in the host's home already. None: not known. ``ages`` in the host's words."""

    women: int | None = None
    men: int | None = None
    children: int | None = None
    ages: str = ""

    def packed(self) -> str:
        """As it is sealed; empty when nothing is known."""
        return "" if self == Living() else json.dumps(asdict(self), ensure_ascii=False)

    @property
    def words(self) -> str:
        """« 1 femme, 2 enfants (42, 8 et 5 ans) »; empty when nothing is known."""
        counted = ((self.women, "femme"), (self.men, "homme"), (self.children, "enfant"))
        told = ", ".join(pluriel(count, word) for count, word in counted if count)
        told = told or ("personne d’autre" if any(count == 0 for count, _ in counted) else "")
        return f"{told} ({self.ages})" if told and self.ages else told or self.ages


class _Home:
    """What matching reads, the same on an offer and on a place (matching.md). Empty limits: none."""

    department_code: Mapped[str]
    commune_code: Mapped[str | None]
    dispositif_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("dispositifs.id"))
    orientation_authority: Mapped[str] = mapped_column(default=OrientationAuthority.ASSOCIATION_MANDATEE.value)
    kind: Mapped[str]
    capacity: Mapped[int] = mapped_column(SmallInteger)
    bedrooms: Mapped[int | None] = mapped_column(SmallInteger)
    max_minors: Mapped[int | None] = mapped_column(SmallInteger)
    available_from: Mapped[date | None]
    available_to: Mapped[date | None]
    wheelchair: Mapped[bool] = mapped_column(default=False)
    ground_floor_or_lift: Mapped[bool] = mapped_column(default=False)
    hosts_women_only: Mapped[bool] = mapped_column(default=False)
    accepts_animals: Mapped[bool] = mapped_column(default=False)
    animals_present: Mapped[bool] = mapped_column(default=False)
    smoking_allowed: Mapped[bool] = mapped_column(default=False)
    accepts_minors: Mapped[bool] = mapped_column(default=False)
    specialised_fvv_teh: Mapped[bool] = mapped_column(default=False)
    women_only_certified: Mapped[bool] = mapped_column(default=False)
    rent: Mapped[Decimal | None] = mapped_column(Numeric(8, 2))
    charges: Mapped[Decimal | None] = mapped_column(Numeric(8, 2))
    min_stay_days: Mapped[int | None] = mapped_column(SmallInteger)
    max_stay_days: Mapped[int | None] = mapped_column(SmallInteger)
    renewable: Mapped[bool] = mapped_column(default=False)
    min_child_age: Mapped[int | None] = mapped_column(SmallInteger)
    accepted_compositions: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    accepted_statuses: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    employment_area: Mapped[str | None]
    validated_until: Mapped[date | None]
    location_secret: Mapped[bool] = mapped_column(default=False)
    confirmed_at: Mapped[datetime]
    confirmed_by_label: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]

    @property
    def kind_label(self) -> str:
        """« Chambre chez l’habitant »."""
        return HousingKind.label_of(self.kind)

    @property
    def compositions_words(self) -> str:
        """« Femme isolée, Famille monoparentale »: a person whose sex is not told goes without saying."""
        return ", ".join(
            k.label for k in CompositionKind if k.value in self.accepted_compositions and k is not CompositionKind.ISOLE
        )

    @property
    def stay_words(self) -> str:
        """« de 14 jours à 6 mois, peut être prolongé »; empty when nothing is said."""
        least = duree(self.min_stay_days) if self.min_stay_days else ""
        most = duree(self.max_stay_days) if self.max_stay_days else ""
        told = (
            f"de {least} à {most}"
            if least and most
            else f"{least} au moins"
            if least
            else f"{most} au plus"
            if most
            else ""
        )
        more = "peut être prolongé" if self.renewable else ""
        return ", ".join(words for words in (told, more) if words)

    @property
    def authority_label(self) -> str:
        """« Association mandatée »."""
        return OrientationAuthority.label_of(self.orientation_authority)


class Offer(_Home, Base):
    """An offer of one or several identical units. Its key is its record's; ``qualification_status`` is computed from its events."""

    __tablename__ = "offers"

    id: Mapped[int] = mapped_column(BigInteger, ForeignKey("records.id"), primary_key=True)
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    public_id: Mapped[PublicId]
    number: Mapped[str]
    provider_kind: Mapped[str]
    units: Mapped[int] = mapped_column(SmallInteger, default=1)
    qualities: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    qualification_status: Mapped[str] = mapped_column(default="recue")
    status_motif: Mapped[str] = mapped_column(default="")
    risk_flag: Mapped[bool] = mapped_column(default=False)
    received_on: Mapped[date]
    called_on: Mapped[date | None]
    visit_planned_at: Mapped[datetime | None]
    visited_on: Mapped[date | None]
    decided_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(Integer, default=1)

    @property
    def record_id(self) -> int:
        """Its key is its record's."""
        return self.id


class OfferHost(Base):
    """Class 1: who offers and how to reach them. Read by the organisation that qualifies the offer, nobody else; found by ``name_index``."""

    __tablename__ = "offer_hosts"

    offer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("offers.id"), primary_key=True)
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    name_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    name_index: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary))
    siret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    email_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    email_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    note_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    living_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    name = SealedText("offer_id", "offer_id")
    siret = SealedText("offer_id", "offer_id")
    phone = SealedText("offer_id", "offer_id")
    email = SealedText("offer_id", "offer_id")
    note = SealedText("offer_id", "offer_id")
    living = SealedText("offer_id", "offer_id")

    @property
    def home(self) -> Living:
        """Who lives there already."""
        return Living(**json.loads(self.living)) if self.living else Living()


class OfferAddress(Base):
    """The exact address: its organisation, and that of a household once their stay is agreed on."""

    __tablename__ = "offer_addresses"

    offer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("offers.id"), primary_key=True)
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    commune_code_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    address_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    ban_id_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    commune_code = SealedText("offer_id", "offer_id")
    address = SealedText("offer_id", "offer_id")
    ban_id = SealedText("offer_id", "offer_id")


class OfferEvent(Base):
    """One fact of the life of an offer; never changed. What somebody wrote of it is read with the key of the offer."""

    __tablename__ = "offer_events"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    offer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("offers.id"))
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    happened_on: Mapped[date]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    note_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    recorded_at: Mapped[datetime]
    author_label: Mapped[str]
    note = SealedText("offer_id", "public_id")

    @property
    def kind_label(self) -> str:
        """« Visite faite »."""
        return OfferFact.label_of(self.kind)


class Place(_Home, Base):
    """One home that one household can take, of a structure or of a validated offer. Its state is computed (queries.places).

    The secret place of a structure that everybody knows has a record of its own; which structure, its address alone says.
    """

    __tablename__ = "places"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    number: Mapped[str]
    owner_org_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    structure_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("structures.id"))
    offer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("offers.id"))
    secret_record_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("records.id"))
    record_id: Mapped[int] = mapped_column(
        BigInteger, Computed("coalesce(structure_id, offer_id, secret_record_id)", persisted=True)
    )
    label: Mapped[str] = mapped_column(default="")
    opened_on: Mapped[date | None]
    closed_on: Mapped[date | None]

    @property
    def title(self) -> str:
        """Its label, or its number where the location is secret."""
        return self.label or self.number


class PlaceAddress(Base):
    """The exact address of a place, and the label of a secret one: its owner, and the organisation of the household that stays there."""

    __tablename__ = "place_addresses"

    place_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("places.id"), primary_key=True)
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    record_id: Mapped[int] = mapped_column(BigInteger)
    structure_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("structures.id"))
    label_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    label_index: Mapped[list[bytes] | None] = mapped_column(ARRAY(LargeBinary))
    commune_code_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    address_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    ban_id_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    label = SealedText("record_id", "place_id")
    commune_code = SealedText("record_id", "place_id")
    address = SealedText("record_id", "place_id")
    ban_id = SealedText("record_id", "place_id")


class Occupancy(Base):
    """A place taken during some days (upper bound excluded). Names nobody; ``followed``: by a household that has a file here."""

    __tablename__ = "occupancies"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    place_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("places.id"))
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    department_code: Mapped[str]
    during: Mapped[Range[date]] = mapped_column(DATERANGE)
    kind: Mapped[str]
    motif: Mapped[str] = mapped_column(default="")
    followed: Mapped[bool] = mapped_column(default=False)
    expires_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    @property
    def kind_label(self) -> str:
        """« Séjour », « Indisponibilité : travaux »."""
        label = OccupancyKind.label_of(self.kind)
        return f"{label} : {UnavailabilityMotif.label_of(self.motif).lower()}" if self.motif else label


class OccupancyHousehold(Base):
    """Whose days an occupancy holds, for those who follow the household. ``subject`` is the public id of its proposal."""

    __tablename__ = "occupancy_households"

    occupancy_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("occupancies.id"), primary_key=True)
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    followed: Mapped[bool] = mapped_column(default=True)
    subject: Mapped[str]
    household_record_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("records.id"))
    household_owner_org_id: Mapped[int] = mapped_column(BigInteger)


class AvailabilityLink(Base):
    """The link of a reminder: the availability list of one structure (None: the places of offers), once, for one person."""

    __tablename__ = "availability_links"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    organisation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    structure_id: Mapped[int | None] = mapped_column(BigInteger)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    sent_on: Mapped[date] = mapped_column(server_default=FetchedValue())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
