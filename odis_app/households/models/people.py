"""The people of a household, their languages, the versions of the composition."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Integer, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from odis_app.access.keys import SealedText
from odis_app.core.db import Base, PublicId
from odis_app.households.enums import (
    EducationLevel,
    FamilySituation,
    FrenchLevel,
    HouseholdEvent,
    Language,
    MemberLink,
    MobilityMode,
    SpokenLevel,
    WorkSituation,
    WrittenLevel,
)
from odis_app.households.models.file import Child
from odis_app.households.nationalities import Nationality

_FEMININE = {
    "demandeur_principal": "Demandeuse principale", "conjoint": "Conjointe", "enfant_mineur": "Enfant mineure", "enfant_majeur": "Enfant majeure",
    "ascendant": "Ascendante", "fratrie": "Sœur", "marie": "Mariée", "pacse": "Pacsée", "separe": "Séparée", "divorce": "Divorcée", "veuf": "Veuve",
}  # fmt: skip


def job_words(rome_code: str | None, target_job: str) -> str:
    """« Agent d’entretien (K2204) », or the one that is known."""
    return f"{target_job} ({rome_code})" if rome_code and target_job else target_job or rome_code or ""


def age_on(born: date | None, year: int | None, day: date) -> int | None:
    """Age in years; from the year alone when the date of birth is unknown; None when neither is known."""
    if born is not None:
        return day.year - born.year - int((day.month, day.day) < (born.month, born.day))
    return day.year - year if year is not None else None


class Member(Base):
    """Class 1: one person of the household, from ``since`` to ``until``."""

    __tablename__ = "members"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    household_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("households.id"))
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    public_id: Mapped[PublicId]
    link: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    sex: Mapped[str]
    birth_date: Mapped[date | None]
    birth_year: Mapped[int | None] = mapped_column(SmallInteger)
    nationality: Mapped[str | None]
    family_situation: Mapped[str | None]
    french_level: Mapped[str | None]
    french_written: Mapped[str | None]
    education_level: Mapped[str | None]
    mobility: Mapped[str | None]
    rome_code: Mapped[str | None]
    target_job: Mapped[str] = mapped_column(default="")
    situation: Mapped[str | None]
    situation_note_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    situation_note = SealedText("household_id", "public_id")
    present_in_france: Mapped[bool] = mapped_column(default=True)
    since: Mapped[date]
    until: Mapped[date | None]
    until_reason: Mapped[str | None]

    @property
    def link_label(self) -> str:
        """« Conjointe », in the gender of the person."""
        return self._in_gender(self.link, MemberLink.label_of(self.link))

    def _in_gender(self, code: str | None, label: str) -> str:
        return _FEMININE.get(code or "", label) if self.sex == "f" else label

    @property
    def french_label(self) -> str:
        """« A2 »."""
        return FrenchLevel.label_of(self.french_level)

    @property
    def details(self) -> list[tuple[str, str]]:
        """(label, words) of what is rarely asked, as far as it is known: « Nationalité », « Érythrée »."""
        told = [
            ("Nationalité", Nationality.label_of(self.nationality)), ("Situation familiale", self._in_gender(self.family_situation, FamilySituation.label_of(self.family_situation))),
            ("Français écrit", FrenchLevel.label_of(self.french_written)), ("Études", EducationLevel.label_of(self.education_level)),
            ("Mobilité", MobilityMode.label_of(self.mobility)), ("Métier visé", job_words(self.rome_code, self.target_job)),
        ]  # fmt: skip
        return [(label, words) for label, words in told if words]

    @property
    def situation_label(self) -> str:
        """« Recherche d’emploi »."""
        return WorkSituation.label_of(self.situation)

    @property
    def reason_label(self) -> str:
        """Why they left."""
        return HouseholdEvent.label_of(self.until_reason)

    @property
    def record_id(self) -> int:
        """The record of its household."""
        return self.household_id

    @property
    def name(self) -> str:
        """« Laila Nemounehzadeh »."""
        return f"{self.first_name} {self.last_name}"

    def age_on(self, day: date) -> int | None:
        """``age_on`` of this person."""
        return age_on(self.birth_date, self.birth_year, day)


class MemberLanguage(Child, Base):
    """Class 1: a language of one person; French has its CECRL levels on the person."""

    __tablename__ = "member_languages"

    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("members.id"), primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    spoken: Mapped[str]
    written: Mapped[str | None]

    @property
    def words(self) -> str:
        """« tigrigna (langue maternelle, lu et écrit) »."""
        levels = [SpokenLevel.label_of(self.spoken), WrittenLevel.label_of(self.written)]
        return f"{Language.label_of(self.language)} ({', '.join(level for level in levels if level)})".lower()


class HouseholdVersion(Child, Base):
    """Each change of composition, with its reason."""

    __tablename__ = "household_versions"

    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    event: Mapped[str]
    happened_on: Mapped[date]
    note_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    note = SealedText("household_id", "version")
    recorded_at: Mapped[datetime]
    recorded_by_label: Mapped[str]

    @property
    def event_label(self) -> str:
        """« Naissance »."""
        return HouseholdEvent.label_of(self.event)
