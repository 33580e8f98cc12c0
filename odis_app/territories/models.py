"""The tables of territories. Codes are those of INSEE (text: Corsica has letters), EPCI have their SIREN."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from odis_app.core.db import Base


class Region(Base):
    """A région; the COM are their own. ``article`` is the COG's code of the article (0 to 8), ``seat_code`` the chef-lieu."""

    __tablename__ = "regions"
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_folded: Mapped[str]
    article: Mapped[int]
    zone: Mapped[str]
    seat_code: Mapped[str]


class Department(Base):
    """A département, or a COM."""

    __tablename__ = "departments"
    code: Mapped[str] = mapped_column(primary_key=True)
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    name: Mapped[str]
    name_folded: Mapped[str]
    article: Mapped[int]
    zone: Mapped[str]
    seat_code: Mapped[str]

    @property
    def label(self) -> str:
        """« Loire-Atlantique (44) »."""
        return f"{self.name} ({self.code})"


class Arrondissement(Base):
    """An arrondissement of a département (the seat of a sous-préfecture), not one of Paris, Lyon or Marseille."""

    __tablename__ = "arrondissements"
    code: Mapped[str] = mapped_column(primary_key=True)
    department_code: Mapped[str] = mapped_column(ForeignKey("departments.code"))
    name: Mapped[str]
    name_folded: Mapped[str]
    article: Mapped[int]
    seat_code: Mapped[str]


class Epci(Base):
    """An EPCI à fiscalité propre; its members are the communes with its SIREN. ``population`` is municipal."""

    __tablename__ = "epcis"
    siren: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_folded: Mapped[str]
    kind: Mapped[str]
    funding: Mapped[str]
    population: Mapped[int]
    member_count: Mapped[int]


class EmploymentZone(Base):
    """A zone d’emploi 2020: where most people who live there also work (INSEE). Two may bear one name: the code tells them apart."""

    __tablename__ = "employment_zones"
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_folded: Mapped[str]


class Commune(Base):
    """A commune of today. ``population`` is the municipal one, legal in ``population_year`` (None: year unknown)."""

    __tablename__ = "communes"
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_folded: Mapped[str]
    article: Mapped[int | None]
    zone: Mapped[str]
    department_code: Mapped[str] = mapped_column(ForeignKey("departments.code"))
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    arrondissement_code: Mapped[str | None] = mapped_column(ForeignKey("arrondissements.code"))
    canton_code: Mapped[str | None]
    epci_siren: Mapped[str | None] = mapped_column(ForeignKey("epcis.siren"))
    employment_zone_code: Mapped[str | None] = mapped_column(ForeignKey("employment_zones.code"))
    siren: Mapped[str | None]
    population: Mapped[int | None]
    population_year: Mapped[int | None]

    @property
    def label(self) -> str:
        """« Nantes (44) »: no two communes of a département have the same name."""
        return f"{self.name} ({self.department_code})"


class CommunePart(Base):
    """An arrondissement municipal, or a commune déléguée or associée; it may bear its commune's own code."""

    __tablename__ = "commune_parts"
    code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_folded: Mapped[str]
    commune_code: Mapped[str] = mapped_column(ForeignKey("communes.code"))
    postal_code: Mapped[str | None]
    population: Mapped[int | None]


class CommunePostalCode(Base):
    """Postal codes and communes, many to many."""

    __tablename__ = "commune_postal_codes"
    postal_code: Mapped[str] = mapped_column(primary_key=True)
    commune_code: Mapped[str] = mapped_column(ForeignKey("communes.code"), primary_key=True)


class FormerCommune(Base):
    """A code or a name of the past, since 1943; ``code`` is the commune's own when only its name changed."""

    __tablename__ = "former_communes"
    code: Mapped[str] = mapped_column(primary_key=True)
    name_folded: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    commune_code: Mapped[str] = mapped_column(ForeignKey("communes.code"))


class CommuneKey(Base):
    """One folded way of beginning to type a name: see ``names.search_keys``."""

    __tablename__ = "commune_keys"
    key: Mapped[str] = mapped_column(primary_key=True)
    commune_code: Mapped[str] = mapped_column(ForeignKey("communes.code"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    depth: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(primary_key=True)


class TerritoryLoad(Base):
    """A load that changed something."""

    __tablename__ = "territory_loads"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    source: Mapped[str]
    vintage: Mapped[int]
    sha256: Mapped[str]
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    loaded_at: Mapped[datetime]
