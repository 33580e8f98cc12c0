"""Orientations and stays (migrations/versions/0008_placements.py says who reads what)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, LargeBinary, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from odis_app.access import keys
from odis_app.core import clock, crypto
from odis_app.core.crypto import place
from odis_app.core.db import Base, PublicId
from odis_app.placements.enums import ExitReason, OccupancyTitle, OrientationStatus, PlacementStatus, motif_label
from odis_app.placements.status import orientation_status, placement_status


class Orientation(Base):
    """A place proposed to a household. ``need_sheet`` is what the host reads before both agreed: no name, no number."""

    __tablename__ = "orientations"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    household_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("households.id"))
    household_owner_org_id: Mapped[int] = mapped_column(BigInteger)
    place_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("places.id"))
    place_owner_org_id: Mapped[int] = mapped_column(BigInteger)
    department_code: Mapped[str]
    dispositif_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("dispositifs.id"))
    proposed_at: Mapped[datetime]
    proposed_by_label: Mapped[str]
    proposed_org_label: Mapped[str]
    urgent: Mapped[bool] = mapped_column(default=False)
    expires_at: Mapped[datetime]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    need_sheet: Mapped[dict[str, Any]] = mapped_column(JSONB)
    place_sheet: Mapped[dict[str, Any]] = mapped_column(JSONB)
    message: Mapped[str] = mapped_column(default="")
    seen_at: Mapped[datetime | None]
    household_accepted_at: Mapped[datetime | None]
    household_accepted_by_label: Mapped[str | None]
    host_accepted_at: Mapped[datetime | None]
    host_accepted_by_label: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]
    entered_on: Mapped[date | None]
    ended_at: Mapped[datetime | None]
    ended_kind: Mapped[str | None]
    ended_by: Mapped[str | None]
    motif: Mapped[str] = mapped_column(default="")
    comment: Mapped[str] = mapped_column(default="")
    admissible: Mapped[bool | None]

    @property
    def record_id(self) -> int:
        """The record of its household: the trail and the journal hang there."""
        return self.household_id

    @property
    def status(self) -> OrientationStatus:
        """Where it stands now."""
        return orientation_status(self, clock.now())

    @property
    def status_label(self) -> str:
        """« Acceptée par le ménage »."""
        return self.status.label

    @property
    def place_label(self) -> str:
        """« P-53-012, logement entier gratuit »."""
        return f"{self.place_sheet['number']}, {self.place_sheet['kind'].lower()}"

    @property
    def is_active(self) -> bool:
        """Somebody's answer is awaited."""
        return self.status.is_active

    @property
    def motif_label(self) -> str:
        """The motif of its end, in words."""
        return motif_label(self.ended_kind, self.ended_by, self.motif)


class OrientationChoice(Base):
    """Read by the household's organisation alone: the score on the day of the proposal, and why another place was not taken."""

    __tablename__ = "orientation_choices"

    orientation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orientations.id"), primary_key=True)
    household_id: Mapped[int] = mapped_column(BigInteger)
    household_owner_org_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    score: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    override_motif_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)

    @property
    def override_motif(self) -> str:
        """Why another place was not taken, in clear."""
        return _read(self, "override_motif")


class OrientationRefusal(Base):
    """Read by the household's organisation alone, within the reader's class: the household's own reason."""

    __tablename__ = "orientation_refusals"

    orientation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orientations.id"), primary_key=True)
    household_id: Mapped[int] = mapped_column(BigInteger)
    household_owner_org_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    motif: Mapped[str]
    comment_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    sensitivity: Mapped[int] = mapped_column(SmallInteger)

    @property
    def comment(self) -> str:
        """What the household said, in clear."""
        return _read(self, "comment")


def sealed_words(
    model: type[OrientationChoice | OrientationRefusal], column: str, row: Orientation, words: str
) -> bytes | None:
    """What the household's side wrote about a proposal, under the file's key; None when it wrote nothing."""
    return keys.seal(row.household_id, words, _place(model.__tablename__, column, row.id)) if words else None


def _read(row: OrientationChoice | OrientationRefusal, column: str) -> str:
    sealed: bytes | None = getattr(row, f"{column}_sealed")
    if sealed is None:
        return ""
    return keys.unseal(row.household_id, sealed, _place(row.__tablename__, column, row.orientation_id)).decode()


def _place(table: str, column: str, orientation_id: int) -> str:
    return place(table, f"{column}_sealed", orientation_id)


class Placement(Base):
    """The stay that a confirmed orientation opens. ``exit_asked`` holds an exclusion that a second person must confirm."""

    __tablename__ = "placements"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    orientation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orientations.id"))
    household_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("households.id"))
    household_owner_org_id: Mapped[int] = mapped_column(BigInteger)
    place_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("places.id"))
    place_owner_org_id: Mapped[int] = mapped_column(BigInteger)
    title: Mapped[str] = mapped_column(default="")
    title_since: Mapped[date | None]
    planned_on: Mapped[date]
    entered_on: Mapped[date | None]
    entered_by_label: Mapped[str] = mapped_column(default="")
    ends_on: Mapped[date | None]
    extensions: Mapped[int] = mapped_column(SmallInteger, default=0)
    cancelled_at: Mapped[datetime | None]
    exited_on: Mapped[date | None]
    exit_reason: Mapped[str | None]
    exit_outcome: Mapped[str | None]
    exit_asked: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    exit_asked_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    exit_confirmed_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    exit_by_label: Mapped[str] = mapped_column(default="")
    review_due: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]

    @property
    def record_id(self) -> int:
        """The record of its household."""
        return self.household_id

    @property
    def status(self) -> PlacementStatus:
        """Where it stands."""
        return placement_status(self)

    @property
    def status_label(self) -> str:
        """« En cours »."""
        return self.status.label

    @property
    def title_label(self) -> str:
        """« Convention d’occupation »."""
        return OccupancyTitle.label_of(self.title) if self.title else "Titre d’occupation non renseigné"

    @property
    def exit_label(self) -> str:
        """« Logement social »."""
        return ExitReason.label_of(self.exit_reason)


class Departure(Base):
    """Written by either side at the exit, read by the household's organisation alone: for where it left, and in what circumstances.

    Sealed with the installation's key: who runs the place may say it, and never holds the key of the file.
    """

    __tablename__ = "placement_departures"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    placement_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("placements.id"))
    household_id: Mapped[int] = mapped_column(BigInteger)
    household_owner_org_id: Mapped[int] = mapped_column(BigInteger)
    place_owner_org_id: Mapped[int] = mapped_column(BigInteger)
    destination_commune_code_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    comment_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)

    @classmethod
    def sealed(cls, placement_id: int, **told: str | None) -> dict[str, bytes | None]:
        """The columns that keep what is ``told``, by name."""
        names = {f"{name}_sealed": words for name, words in told.items()}
        return {
            name: crypto.seal(words, place(cls.__tablename__, name, placement_id)) if words else None
            for name, words in names.items()
        }

    @property
    def destination_commune_code(self) -> str:
        """Empty when it is not known."""
        return self._opened("destination_commune_code_sealed")

    @property
    def comment(self) -> str:
        """Empty when nothing was said."""
        return self._opened("comment_sealed")

    def _opened(self, column: str) -> str:
        sealed: bytes | None = getattr(self, column)
        return (
            crypto.unseal(sealed, place(self.__tablename__, column, self.placement_id)).decode()
            if sealed is not None
            else ""
        )
