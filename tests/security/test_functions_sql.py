"""Every function of the database that the web may call, asked by strangers about somebody else's rows and about nobody's: the same answer.

A new function is asked too, without a line here: what it takes is read from the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from odis_app.core.db import db
from tests.security.bare import trying
from tests.security.region import Region
from tests.support.worlds import owner_unit

NOBODY, NOTHING = 987654321, "inconnue00000000"
MIXED = 12
# What a stranger may know, and why.
TOLD = {
    "published": "rounds the number that it is given",
    "active_proposals": "how many wait for a place of a département where one is mandated",
    "names_record": "structures and homes of a département where one is mandated, or that one steers, are known",
    "audit_append": "the same: a reading of them is written down",
    "audit_append_many": "the same",
    "may_assign": "asks for one's own organisation alone: who is given is not looked at",
    "attempt_take": "the number of the row that it writes",
    "mail_wake": "the numbers of the rows that it writes",
    "access_approve": "an administrator of the platform answers every request: the roles given do not fit",
}
GIVEN = {
    "boolean": "false", "date": "current_date", "interval": "interval '1 day'", "jsonb": "'{}'::jsonb", "bytea": "decode(repeat('00', 32), 'hex')",
    "timestamp with time zone": "now()", "integer": "2", "smallint": "1::smallint", "daterange": "daterange(current_date, current_date + 2)",
    "bytea[]": "ARRAY[]::bytea[]", "smallint[]": "ARRAY[1::smallint]", "jsonb[]": "ARRAY['{}'::jsonb]",
}  # fmt: skip
CALLABLE = r"""SELECT p.proname, array(SELECT format_type(t, NULL) FROM unnest(p.proargtypes\:\:oid[]) t) FROM pg_proc p
    WHERE p.pronamespace = 'odis'\:\:regnamespace AND has_function_privilege('odis_app', p.oid, 'EXECUTE') AND p.prorettype <> 'trigger'\:\:regtype
      AND p.pronargs > 0 ORDER BY 1"""
WHO = ("neighbour", "ts"), ("neighbour", "dd"), ("elsewhere", "ao")


@pytest.fixture(scope="module")
def known(region: Region) -> tuple[list[int], list[str]]:
    """Numbers and names that are the region's: the last of each kind, beside those of its first file."""
    numbers, words = set(region.numbers.values()), {word for word in region.things.values() if len(word) == 16}
    with owner_unit():
        for table in (
            "orientations",
            "documents",
            "jobs",
            "journal_entries",
            "members",
            "reports",
            "imports",
            "consents",
        ):
            numbers.add(db.execute(text(f"SELECT max(id) FROM {table}")).scalar_one())
        words |= set(db.execute(text("SELECT number FROM households UNION SELECT code FROM purposes")).scalars())
        numbers.add(region.camille.user_id)
        words.add(
            db.execute(text("SELECT email FROM users WHERE id = :id"), {"id": region.camille.user_id}).scalar_one()
        )
    return sorted(numbers), sorted(words)


def argument(kind: str, number: int, word: str) -> str:
    """A value of that type; a type that nobody listed fails the test."""
    if kind.startswith("bigint"):
        return f"ARRAY[{number}]::bigint[]" if kind.endswith("[]") else str(number)
    if kind.startswith("text"):
        return f"ARRAY['{word}']::text[]" if kind.endswith("[]") else f"'{word}'"
    return GIVEN[kind]


def answer(name: str, given: list[str]) -> str:
    """What comes back, or the code and the first words of the refusal; undone in any case."""
    kept = db.begin_nested()
    try:
        rows = db.execute(text(f"SELECT * FROM odis.{name}({', '.join(given)})".replace(":", r"\:"))).all()
        return repr([tuple(row) for row in rows])
    except DBAPIError as error:
        return f"{getattr(error.orig, 'sqlstate', '')} {str(error.orig).splitlines()[0]}"
    finally:
        kept.rollback()


def questions(kinds: list[str], numbers: list[int], words: list[str], draw: Random) -> Iterator[list[str]]:
    """Each number in every place for one, each word likewise, then both at random."""
    if any(kind.startswith("bigint") for kind in kinds):
        yield from ([argument(k, number, NOTHING) for k in kinds] for number in numbers)
    if any(kind.startswith("text") for kind in kinds):
        yield from ([argument(k, NOBODY, word) for k in kinds] for word in words)
    if sum(kind.startswith(("bigint", "text")) for kind in kinds) > 1:
        yield from ([argument(k, draw.choice(numbers), draw.choice(words)) for k in kinds] for _ in range(MIXED))


@pytest.mark.parametrize("who", WHO, ids="-".join)
def test_a_function_answers_about_a_foreign_row_as_about_none(
    region: Region, known: tuple[list[int], list[str]], who: tuple[str, str]
) -> None:
    draw, told = Random(7), {}
    with owner_unit():
        functions = db.execute(text(CALLABLE)).all()
    assert len(functions) > 100
    with trying(region.people[who]):
        for name, kinds in functions:
            if name in TOLD:
                continue
            nobody = answer(name, [argument(kind, NOBODY, NOTHING) for kind in kinds])
            for given in questions(kinds, *known, draw):
                if (found := answer(name, given)) != nobody:
                    told[name, found] = given
    assert told == {}
