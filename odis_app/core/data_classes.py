"""Every column of the database with its class, its purpose and its retention, as each package declares them in ``data_classes.yml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

PACKAGES = Path(__file__).resolve().parents[1]
KEYS = {"class", "purpose", "retention", "encrypted", "exportable"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``sensitivity`` is « none » (nobody is concerned) or the class, 0 to 4; ``exportable``: may leave in an export."""

    package: str
    table: str
    name: str
    sensitivity: str
    purpose: str
    retention: str
    encrypted: bool
    exportable: bool


@cache
def columns(folder: Path = PACKAGES) -> tuple[Column, ...]:
    """All of them, package by package. Raises ValueError for a table classed twice or a column that does not say everything."""
    found: list[Column] = []
    known: set[str] = set()
    for path in sorted(folder.glob("*/data_classes.yml")):
        for table, listed in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            if table in known:
                raise ValueError(f"{table} is classed twice")
            known.add(table)
            found += [_column(path.parent.name, table, name, facts) for name, facts in listed.items()]
    return tuple(found)


def _column(package: str, table: str, name: str, facts: dict[str, object]) -> Column:
    if set(facts) != KEYS:
        raise ValueError(f"{table}.{name} says {sorted(facts)} instead of {sorted(KEYS)}")
    return Column(
        package, table, name, str(facts["class"]), str(facts["purpose"]), str(facts["retention"]),
        facts["encrypted"] is True, facts["exportable"] is True,
    )  # fmt: skip
