"""The search words of a file."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from odis_app.core.db import db
from odis_app.core.text import sound, tokens
from odis_app.households.models import Household, HouseholdToken, Member


def search_words(names: Sequence[tuple[str, str]]) -> set[str]:
    """The folded words of (first name, name) pairs, and the sounds of those of three letters or more, after a tilde."""
    words = {word for first, last in names for word in tokens(f"{first} {last}")}
    return words | {f"~{sound(word)}" for word in words if len(word) > 2}


def refresh_tokens(household: Household) -> None:
    """Rewrite the search words of a file: the folded words of every present member's names, and their sounds."""
    names = db.execute(
        select(Member.first_name, Member.last_name).where(Member.household_id == household.id, Member.until.is_(None))
    ).all()
    wanted = search_words([(first, last) for first, last in names])
    db.execute(delete(HouseholdToken).where(HouseholdToken.household_id == household.id))
    if wanted:
        rows = [
            {"household_id": household.id, "owner_org_id": household.owner_org_id, "token": word}
            for word in sorted(wanted)
        ]
        db.execute(insert(HouseholdToken), rows)
