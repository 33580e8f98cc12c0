"""What the national demonstration stands on: today, the public schemes, the départements and their most populous communes, which are real."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from random import Random

from sqlalchemy import func, select

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.home.demo.national.drawing import Weighted
from odis_app.organisations.models import Dispositif
from odis_app.organisations.seeds import MATCHED
from odis_app.territories.models import Commune, Department

TOWNS = 15  # communes of each département where homes are


@dataclass(frozen=True, slots=True)
class Town:
    """A commune."""

    code: str
    name: str
    department_code: str


@dataclass(frozen=True, slots=True)
class Country:
    """``people``: inhabitants by département, the most populous first; ``towns``: where homes are; ``schemes``: ids of what is matched."""

    today: date
    now: datetime
    people: dict[str, int]
    names: dict[str, str]
    towns: dict[str, Weighted[Town]]
    schemes: Weighted[int]

    def town(self, department_code: str, draw: Random) -> Town:
        """A commune of the département, the larger the likelier."""
        return self.towns[department_code].pick(draw)

    def scheme(self, draw: Random) -> int:
        """A public scheme: most households and homes are of the second."""
        return self.schemes.pick(draw)


def read(wanted: int | None, always: Sequence[str]) -> Country:
    """The ``wanted`` most populous départements (None: all) and those of ``always``."""
    counted = func.coalesce(Commune.population, 0)
    total = func.sum(counted)
    rows = db.execute(
        select(Commune.department_code, total)
        .group_by(Commune.department_code)
        .order_by(total.desc(), Commune.department_code)
    ).all()
    people = {
        code: int(count)
        for rank, (code, count) in enumerate(rows)
        if count and (wanted is None or rank < wanted or code in always)
    }
    names = {row.code: row.name for row in db.execute(select(Department.code, Department.name))}
    schemes = {row.code: row.id for row in db.execute(select(Dispositif.code, Dispositif.id))}
    found: dict[str, list[tuple[Town, int]]] = defaultdict(list)
    statement = select(Commune.code, Commune.name, Commune.department_code, counted.label("people"))
    for row in db.execute(statement.where(Commune.population > 0).order_by(counted.desc(), Commune.code)):
        if row.department_code in people and len(found[row.department_code]) < TOWNS:
            found[row.department_code].append((Town(row.code, row.name, row.department_code), row.people))
    towns = {code: Weighted([town for town, _ in some], [count for _, count in some]) for code, some in found.items()}
    return Country(
        clock.today(), clock.now(), people, names, towns, Weighted([schemes[code] for code in MATCHED], (25, 60, 15))
    )
