"""Who lives where, and who signs for it: bare SQL under somebody's token. Each test fails if the hole is open."""

from __future__ import annotations

from sqlalchemy import text

from odis_app.core.db import db
from tests.security.bare import trying, value
from tests.security.region import Region
from tests.support.worlds import owner_unit

# Every table that ties a place, or the days of a place, to a household, whoever wrote it and whatever its name.
TIES = """SELECT table_name, array_agg(column_name::text) FILTER (WHERE column_name IN ('household_id', 'household_record_id')) FROM information_schema.columns
           WHERE table_schema = 'public' GROUP BY table_name
          HAVING bool_or(column_name IN ('place_id', 'occupancy_id')) AND bool_or(column_name IN ('household_id', 'household_record_id')) ORDER BY 1"""


def test_a_kept_number_leads_to_no_place(region: Region) -> None:
    """Who once had a share, or has a minimal one, and kept the number of the file does not follow the household to where it lives."""
    with owner_unit():
        ties = [(table, column) for table, columns in db.execute(text(TIES)) for column in columns]
        proposal = value("SELECT public_id FROM orientations WHERE household_id = :x", x=region.numbers["housed"])
    assert {table for table, _ in ties} == {"occupancy_households", "orientations", "placements"}
    told = []
    for situation in ("neighbour", "elsewhere", "minimal"):
        for actor in region.of(situation):
            with trying(actor):
                for table, column in ties:
                    if value(f"SELECT count(*) FROM {table} WHERE {column} = :x", x=region.numbers["housed"]):
                        told.append((situation, actor.org_id, table))
                rows = db.execute(text("SELECT to_jsonb(o)::text FROM occupancies o")).scalars().all()
                if any(proposal in row for row in rows):
                    told.append((situation, actor.org_id, "proposal"))
    assert told == []


def test_the_place_is_known_by_those_who_follow_the_household(region: Region) -> None:
    lives = "SELECT count(*) FROM occupancy_households WHERE household_record_id = :x"
    for situation, letters, count in (("own", "ts", 1), ("own", "ao", 0), ("full", "ts", 1), ("full", "dd", 1)):
        with trying(region.people[situation, letters]):
            assert value(lives, x=region.numbers["housed"]) == count, (situation, letters)
