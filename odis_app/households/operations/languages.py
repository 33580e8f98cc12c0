"""The languages of each person, from which the household's own list follows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.households.enums import Language, SpokenLevel
from odis_app.households.models import Household, HouseholdIdentity, Member, MemberLanguage
from odis_app.households.operations.changes import Change
from odis_app.households.queries.people import languages_of, languages_told


@dataclass(frozen=True, slots=True)
class Spoken:
    """A language as a person has it: code of ``Language``, of ``SpokenLevel`` and, when it is known, of ``WrittenLevel``."""

    language: str
    spoken: str
    written: str | None = None


def check_languages(wanted: Sequence[Spoken]) -> None:
    """Each language once; French has its own scale. Raises RuleError."""
    codes = [one.language for one in wanted]
    if Language.FR.value in codes:
        raise RuleError("languages", "Le français se note à part, avec son niveau : retirez-le de cette liste.")
    if len(set(codes)) != len(codes):
        raise RuleError("languages", "La même langue est notée deux fois. Retirez l’une des deux.")


def language_changes(member: Member, wanted: Sequence[Spoken]) -> list[Change]:
    """What ``wanted`` would change, in words; nothing is set."""
    before = sorted(row.words for row in languages_told(member))
    after = sorted(_row(member, one).words for one in wanted)
    if before == after:
        return []
    return [{"field": "spoken", "label": "Langues", "old": ", ".join(before), "new": ", ".join(after)}]


def write_languages(household: Household, member: Member, wanted: Sequence[Spoken]) -> None:
    """Replace the languages of one person; the household's list gains what it did not have and loses what nobody speaks any more."""
    known = languages_told(member)
    for row in known:
        db.delete(row)
    db.flush()
    db.add_all(_row(member, one) for one in wanted)
    db.flush()
    refresh_languages(household, lost={row.language for row in known})


def refresh_languages(household: Household, *, lost: Collection[str]) -> None:
    """The household's languages: those ticked for it, less those of ``lost`` that nobody present speaks, then those that somebody speaks.

    A few words are no language to talk in: they are kept on the person only.
    """
    rows = [row for found in languages_of(household).values() for row in found]
    heard = list(dict.fromkeys(row.language for row in rows if row.spoken != SpokenLevel.NOTIONS.value))
    block = db.get_one(HouseholdIdentity, household.id)
    kept = [code for code in block.languages if code not in lost or code in heard]
    found = [*kept, *(code for code in heard if code not in kept)]
    if found != block.languages:
        block.languages = found


def _row(member: Member, one: Spoken) -> MemberLanguage:
    return MemberLanguage(
        household_id=member.household_id, owner_org_id=member.owner_org_id, member_id=member.id, language=one.language, spoken=one.spoken, written=one.written,
    )  # fmt: skip
