"""The members of a household and the words for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from sqlalchemy import and_, case, or_, select

from odis_app.core.db import asked_once, db
from odis_app.core.formats import pluriel
from odis_app.households.enums import CompositionKind, MemberLink, SpokenLevel
from odis_app.households.models import Household, HouseholdVersion, Member, MemberLanguage

MAJORITY = 18
_ORDER = (
    Member.link != MemberLink.DEMANDEUR_PRINCIPAL.value,
    Member.link != MemberLink.CONJOINT.value,
    Member.birth_year,
    Member.birth_date,
    Member.id,
)


_BY_LEVEL = case({level.value: rank for rank, level in enumerate(SpokenLevel)}, value=MemberLanguage.spoken)


class Somebody(Protocol):
    """Whose age is asked: a member, or a person about to be one."""

    @property
    def link(self) -> str:
        """Code of ``MemberLink``."""

    def age_on(self, day: date) -> int | None:
        """Age in years; None when it is not known."""


def is_minor(member: Somebody, today: date) -> bool:
    """Under 18; without any date, what the link says."""
    age = member.age_on(today)
    return age < MAJORITY if age is not None else member.link == MemberLink.ENFANT_MINEUR.value


@asked_once
def present_members(household_id: int) -> Sequence[Member]:
    """Those who are there today, the person who asks first, then by age."""
    statement = select(Member).where(Member.household_id == household_id, Member.until.is_(None))
    return db.execute(statement.order_by(*_ORDER)).scalars().all()


def past_members(household: Household) -> Sequence[Member]:
    """Those who left, the last one first."""
    statement = select(Member).where(Member.household_id == household.id, Member.until.is_not(None))
    return db.execute(statement.order_by(Member.until.desc(), Member.id)).scalars().all()


def members_on(household: Household, day: date) -> Sequence[Member]:
    """The composition as it was on ``day``."""
    there = and_(Member.since <= day, or_(Member.until.is_(None), Member.until > day))
    return (
        db.execute(select(Member).where(Member.household_id == household.id, there).order_by(*_ORDER)).scalars().all()
    )


def languages_told(member: Member) -> Sequence[MemberLanguage]:
    """The languages of one person, the best spoken first."""
    statement = select(MemberLanguage).where(MemberLanguage.member_id == member.id)
    return db.execute(statement.order_by(_BY_LEVEL, MemberLanguage.language)).scalars().all()


def languages_of(household: Household) -> dict[int, list[MemberLanguage]]:
    """The languages of each person who is there, by member id; a person without any is absent."""
    statement = (
        select(MemberLanguage)
        .join(Member, Member.id == MemberLanguage.member_id)
        .where(MemberLanguage.household_id == household.id, Member.until.is_(None))
        .order_by(MemberLanguage.member_id, _BY_LEVEL, MemberLanguage.language)
    )
    found: dict[int, list[MemberLanguage]] = {}
    for row in db.execute(statement).scalars():
        found.setdefault(row.member_id, []).append(row)
    return found


def versions(household: Household) -> Sequence[HouseholdVersion]:
    """The versions of the composition, newest first."""
    statement = select(HouseholdVersion).where(HouseholdVersion.household_id == household.id)
    return db.execute(statement.order_by(HouseholdVersion.version.desc())).scalars().all()


def composition_words(household: Household, members: Sequence[Member] = (), today: date | None = None) -> str:
    """« couple, 3 enfants (2, 7 et 13 ans) », « femme isolée »; ages only when ``members`` and ``today`` are given."""
    ages = _ages(members, today) if today is not None else ""
    match CompositionKind(household.composition_kind):
        case CompositionKind.COUPLE_AVEC_ENFANTS:
            return f"couple, {pluriel(household.size - 2, 'enfant')}{ages}"
        case CompositionKind.MONOPARENTAL:
            return f"monoparentale, {pluriel(household.size - 1, 'enfant')}{ages}"
        case CompositionKind.GROUPE_FAMILIAL_ELARGI:
            return f"famille élargie, {pluriel(household.size, 'personne')}{ages}"
        case CompositionKind.FRATRIE_MAJEURS:
            return f"fratrie, {pluriel(household.adults, 'adulte')}"
        case kind:
            return kind.label[0].lower() + kind.label[1:]


def _ages(members: Sequence[Member], today: date) -> str:
    ages = sorted(age for m in members if is_minor(m, today) and (age := m.age_on(today)) is not None)
    if not ages:
        return ""
    words = [str(age) for age in ages]
    told = " et ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
    return f" ({told}\u00a0{'ans' if ages[-1] > 1 else 'an'})"
