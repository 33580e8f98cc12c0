"""Members come and go: each change of composition is a version with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.core.text import fold
from odis_app.households.enums import CompositionKind, HouseholdEvent, MemberLink, Sex
from odis_app.households.models import Household, HouseholdIdentity, HouseholdVersion, Member, age_on
from odis_app.households.operations.changes import apply_values, claim_version, differences, mark_reviewed, remember
from odis_app.households.operations.consents import tell_closed_shares
from odis_app.households.operations.facts import refresh_completeness
from odis_app.households.operations.languages import (
    Spoken,
    check_languages,
    language_changes,
    refresh_languages,
    write_languages,
)
from odis_app.households.operations.marks import refresh_marks
from odis_app.households.operations.search import refresh_tokens
from odis_app.households.queries import is_minor, languages_told, present_members

MEMBER_LABELS = {
    "first_name": "Prénom", "last_name": "Nom", "link": "Lien", "sex": "Sexe", "birth_date": "Date de naissance", "birth_year": "Année de naissance",
    "nationality": "Nationalité", "family_situation": "Situation familiale", "french_level": "Français oral", "french_written": "Français écrit",
    "education_level": "Études", "mobility": "Mobilité", "rome_code": "Code ROME", "target_job": "Métier visé", "situation": "Situation", "situation_note": "Précision", "present_in_france": "Présent en France",
}  # fmt: skip
MOST_PEOPLE = 60
TOO_MANY = f"Un dossier compte {MOST_PEOPLE} personnes au plus : ouvrez un second dossier pour les autres."


@dataclass(frozen=True, slots=True)
class Person:
    """One person to add to a household."""

    first_name: str
    last_name: str
    sex: str
    link: str = MemberLink.DEMANDEUR_PRINCIPAL.value
    birth_date: date | None = None
    birth_year: int | None = None
    nationality: str | None = None
    family_situation: str | None = None
    french_level: str | None = None
    french_written: str | None = None
    education_level: str | None = None
    mobility: str | None = None
    rome_code: str | None = None
    target_job: str = ""
    situation: str | None = None
    situation_note: str = ""
    present_in_france: bool = True
    languages: tuple[Spoken, ...] = ()

    @property
    def name(self) -> str:
        """As ``Member.name``."""
        return f"{self.first_name} {self.last_name}"

    def age_on(self, day: date) -> int | None:
        """As ``Member.age_on``."""
        return age_on(self.birth_date, self.birth_year, day)


def insert_member(household: Household, person: Person, *, since: date) -> Member:
    """The row of a new member; the caller refreshes the composition."""
    birth_year = person.birth_date.year if person.birth_date else person.birth_year
    member = Member(
        public_id=new_public_id(), household_id=household.id, owner_org_id=household.owner_org_id, link=person.link, first_name=person.first_name, last_name=person.last_name,
        sex=person.sex, birth_date=person.birth_date, birth_year=birth_year, nationality=person.nationality, family_situation=person.family_situation,
        french_level=person.french_level, french_written=person.french_written, education_level=person.education_level, mobility=person.mobility,
        rome_code=person.rome_code, target_job=person.target_job, situation=person.situation, situation_note=person.situation_note, present_in_france=person.present_in_france, since=since,
    )  # fmt: skip
    db.add(member)
    db.flush()
    return member


def check_number(people: int) -> None:
    """A file holds sixty people at most, as its table says. Raises RuleError."""
    if people > MOST_PEOPLE:
        raise RuleError("", TOO_MANY)


def add_member(
    identity: Identity,
    *,
    household: Household,
    person: Person,
    event: HouseholdEvent,
    happened_on: date,
    version: int | None,
    languages: Sequence[Spoken] = (),
) -> Member:
    """Add one person, with the event that brings them. Raises RuleError, StaleVersionError."""
    if person.link == MemberLink.DEMANDEUR_PRINCIPAL.value:
        raise RuleError("link", "Ce ménage a déjà un demandeur principal. Choisissez un autre lien.")
    _check_day(happened_on)
    check_languages(languages)
    claim_version(household, version)
    check_number(household.size + 1)
    member = insert_member(household, person, since=happened_on)
    if languages:
        write_languages(household, member, languages)
    _new_version(
        identity, household, event=event, happened_on=happened_on, note=f"{person.first_name} {person.last_name}"
    )
    _after(
        identity,
        household,
        [{"field": "member", "label": event.label, "old": "", "new": f"{person.first_name} {person.last_name}"}],
    )
    return member


def change_member(
    identity: Identity,
    *,
    household: Household,
    member: Member,
    values: Mapping[str, Any],
    version: int | None,
    languages: Sequence[Spoken] | None = None,
) -> None:
    """Correct what is written of one member; no new version of the composition. ``languages``: all of theirs, None leaves them.

    Raises RuleError, StaleVersionError.
    """
    check_languages(languages or ())
    given = dict(values)
    if given.get("birth_date") is not None:
        given["birth_year"] = given["birth_date"].year
    is_principal = member.link == MemberLink.DEMANDEUR_PRINCIPAL.value
    if "link" in given and is_principal != (given["link"] == MemberLink.DEMANDEUR_PRINCIPAL.value):
        raise RuleError("link", "Le demandeur principal ne change pas ici : un ménage en a toujours un et un seul.")
    spoken = language_changes(member, languages) if languages is not None else []
    changes = differences(member, given, MEMBER_LABELS) + spoken
    if not changes:
        mark_reviewed(identity, household)
        return
    claim_version(household, version)
    apply_values(member, given, MEMBER_LABELS)
    if spoken:
        write_languages(household, member, languages or ())
    _after(identity, household, [{**c, "label": f"{member.name}, {c['label'].lower()}"} for c in changes])


def close_member(
    identity: Identity,
    *,
    household: Household,
    member: Member,
    event: HouseholdEvent,
    happened_on: date,
    version: int | None,
) -> None:
    """A member leaves; their past stays readable. Said twice, it is done once. Raises RuleError, StaleVersionError."""
    if member.until is not None:
        return
    _check_day(happened_on)
    if member.link == MemberLink.DEMANDEUR_PRINCIPAL.value:
        raise RuleError(
            "", "Le demandeur principal porte le dossier : désignez d’abord une autre personne, ou archivez le dossier."
        )
    if happened_on < member.since:
        raise RuleError("happened_on", "Cette date est antérieure à l’arrivée de la personne dans le ménage.")
    claim_version(household, version)
    member.until = happened_on
    member.until_reason = event.value
    db.flush()
    refresh_languages(household, lost={row.language for row in languages_told(member)})
    _new_version(identity, household, event=event, happened_on=happened_on, note=member.name)
    _after(identity, household, [{"field": "member", "label": event.label, "old": "", "new": member.name}])


def _check_day(day: date) -> None:
    if day > clock.today():
        raise RuleError("happened_on", "Cette date est à venir. Donnez le jour où cela s’est produit.")


def _new_version(
    identity: Identity, household: Household, *, event: HouseholdEvent, happened_on: date, note: str
) -> None:
    last = (
        db.execute(
            select(func.max(HouseholdVersion.version)).where(HouseholdVersion.household_id == household.id)
        ).scalar()
        or 0
    )
    db.add(
        HouseholdVersion(
            household_id=household.id, owner_org_id=household.owner_org_id, version=last + 1, event=event.value, happened_on=happened_on, note=note,
            recorded_at=clock.now(), recorded_by_label=identity.name,
        )
    )  # fmt: skip


def _after(identity: Identity, household: Household, changes: list[dict[str, Any]]) -> None:
    refresh_composition(household)
    refresh_marks(household)
    remember(identity, household, section="Composition", changes=changes)
    refresh_completeness(identity, household)
    tell_closed_shares(identity, household_id=household.id, owner_org_id=household.owner_org_id)


def refresh_composition(household: Household) -> None:
    """Recompute from the present members: sizes, kind, initials, display name, search words."""
    db.flush()
    members = present_members(household.id)
    today = clock.today()
    counts = count(members, today)
    for name, value in counts.items():
        setattr(household, name, value)
    principal = next((m for m in members if m.link == MemberLink.DEMANDEUR_PRINCIPAL.value), members[0])
    household.composition_kind = kind_of(members, today).value
    household.initials = f"{principal.first_name[:1]}. {principal.last_name[:1]}."
    block = db.get_one(HouseholdIdentity, household.id)
    block.name = display_name(principal, household.composition_kind)
    block.folded = fold(f"{principal.last_name} {principal.first_name}")
    refresh_tokens(household)
    db.flush()


def count(members: Sequence[Member | Person], today: date) -> dict[str, int]:
    """The numbers that matching reads, from the members: adults, minors, those under 2, boys and girls of 12 and over, couples."""
    minors = [m for m in members if is_minor(m, today)]
    ages = [(m.sex, m.age_on(today)) for m in minors]
    adults = len(members) - len(minors)
    couple = any(m.link == MemberLink.CONJOINT.value and not is_minor(m, today) for m in members) and adults > 1
    return {
        "size": len(members),
        "adults": adults,
        "minors": len(minors),
        "minors_under_2": sum(1 for _, age in ages if age is not None and age < 2),
        "boys_12_plus": sum(1 for sex, age in ages if sex == Sex.M.value and age is not None and age >= 12),
        "girls_12_plus": sum(1 for sex, age in ages if sex == Sex.F.value and age is not None and age >= 12),
        "couples": int(couple),
    }


def kind_of(members: Sequence[Member | Person], today: date) -> CompositionKind:
    """The composition in one word (practice §2.1)."""
    adults = [m for m in members if not is_minor(m, today)]
    minors = len(members) - len(adults)
    couple = any(m.link == MemberLink.CONJOINT.value for m in adults)
    others = [
        m
        for m in adults
        if m.link
        not in {MemberLink.DEMANDEUR_PRINCIPAL.value, MemberLink.CONJOINT.value, MemberLink.ENFANT_MAJEUR.value}
    ]
    if len(members) == 1:
        alone = {Sex.F.value: CompositionKind.ISOLE_FEMME, Sex.M.value: CompositionKind.ISOLE_HOMME}
        return alone.get(members[0].sex, CompositionKind.ISOLE)
    if others:
        siblings = minors == 0 and all(
            m.link in {MemberLink.FRATRIE.value, MemberLink.DEMANDEUR_PRINCIPAL.value} for m in adults
        )
        return CompositionKind.FRATRIE_MAJEURS if siblings else CompositionKind.GROUPE_FAMILIAL_ELARGI
    if couple:
        return CompositionKind.COUPLE_AVEC_ENFANTS if len(members) > 2 else CompositionKind.COUPLE_SANS_ENFANT
    return CompositionKind.MONOPARENTAL


def display_name(principal: Member | Person, composition_kind: str) -> str:
    """« Famille Nemounehzadeh », « Couple Mithal », « Fratrie Primerov », « Awa Misalu »."""
    match CompositionKind(composition_kind):
        case CompositionKind.ISOLE | CompositionKind.ISOLE_FEMME | CompositionKind.ISOLE_HOMME:
            return principal.name
        case CompositionKind.COUPLE_SANS_ENFANT:
            return f"Couple {principal.last_name}"
        case CompositionKind.FRATRIE_MAJEURS:
            return f"Fratrie {principal.last_name}"
        case _:
            return f"Famille {principal.last_name}"
