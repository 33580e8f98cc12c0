"""Stays and proposals of a département, by functions of the database that count and show no file.

An organisation counts its own files as they are. A whole territory comes rounded from ``odis.territory_figures``, which counts a period that
is over once and for all: asking again after one more line tells nothing of that line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from odis_app.core.db import db
from odis_app.pilotage.figures import Count, Exit, Flow, Group, MovementFigures, total
from odis_app.pilotage.period import Period
from odis_app.pilotage.secrecy import SECRET, protected, told
from odis_app.placements.enums import ExitReason, OrientationStatus, Outcome

RESULTS = (
    "entree_effective", "confirmee", "en_attente", OrientationStatus.REFUSEE.value, OrientationStatus.EXPIREE.value,
    OrientationStatus.ANNULEE.value, OrientationStatus.OBSOLETE.value,
)  # fmt: skip
Facts = dict[str, dict[str, Count]]


# ── One's own files ─────────────────────────────────────────────────────────


def movement_figures(department: str, period: Period) -> MovementFigures:
    """Entries and exits of one's own files of the département, flows with others, and what became of the proposals of the period."""
    rows, before = _rows("movements", department, period), _rows("movements", department, period.previous)
    exits, flows = _exits(rows, department), _flows(rows, department)
    results = {r.result: Count(r.proposals, 0) for r in _rows("proposals", department, period)}
    return MovementFigures(
        entries=_entries(rows, department),
        entries_before=_entries(before, department),
        exits=exits,
        outcomes=Group.of({o.value: total(e.count for e in exits if e.outcome == o.value) for o in Outcome}),
        exits_before=total(e.count for e in _exits(before, department)),
        flows=flows,
        flows_total=Flow("", total(f.arrivals for f in flows), total(f.departures for f in flows)),
        proposals=Group.of({key: results.get(key, Count()) for key in RESULTS}),
    )


def _rows(counted: str, department: str, period: Period) -> Sequence[Any]:
    statement = text(f"SELECT * FROM odis.department_{counted}(:department, :since, :until)")  # noqa: S608 - one of two words of this file
    return db.execute(statement, {"department": department, "since": period.since, "until": period.until}).all()


def _entries(rows: Sequence[Any], department: str) -> Count:
    return total(Count(r.stays, r.people) for r in rows if r.kind == "entry" and r.home == department)


def _exits(rows: Sequence[Any], department: str) -> list[Exit]:
    found: dict[tuple[str, str], Count] = {}
    for r in rows:
        if r.kind == "exit" and r.home == department:
            found[r.reason, r.outcome] = found.get((r.reason, r.outcome), Count()) + Count(r.stays, r.people)
    ordered = sorted(found.items(), key=lambda item: (-(item[1].households or 0), item[0]))
    return [Exit(reason, outcome, count) for (reason, outcome), count in ordered]


def _flows(rows: Sequence[Any], department: str) -> list[Flow]:
    arrivals: dict[str, Count] = {}
    departures: dict[str, Count] = {}
    for r in rows:
        if r.kind != "entry" or r.home == r.place:
            continue
        side, other = (arrivals, r.home) if r.place == department else (departures, r.place)
        side[other] = side.get(other, Count()) + Count(r.stays, r.people)
    codes = sorted({*arrivals, *departures})
    return [Flow(code, arrivals.get(code, Count()), departures.get(code, Count())) for code in codes]


# ── A whole territory ───────────────────────────────────────────────────────


def territory_figures(department: str, period: Period) -> MovementFigures:
    """The same of every file of the département, as far as it may be told."""
    now, before = _facts(department, period), _facts(department, period.previous)
    exits = now["exits"][""]
    reasons = protected({reason.value: now["reason"].get(reason.value, SECRET) for reason in ExitReason}, exits)
    listed = [
        Exit(key, ExitReason(key).outcome.value, count) for key, count in reasons.cells.items() if count != SECRET
    ]
    arrivals, departures = now["arrivals"], now["departures"]
    codes = sorted({*arrivals, *departures} - {""})
    flows = [Flow(code, arrivals.get(code, SECRET), departures.get(code, SECRET)) for code in codes]
    return MovementFigures(
        entries=now["entries"][""],
        entries_before=before["entries"][""],
        exits=[*listed, Exit("", "", SECRET)],
        outcomes=protected({o.value: now["outcome"].get(o.value, SECRET) for o in Outcome}, exits),
        exits_before=before["exits"][""],
        flows=[*flows, Flow("", SECRET, SECRET)],
        flows_total=Flow("", arrivals[""], departures[""]),
        proposals=protected({key: now["proposals"].get(key, SECRET) for key in RESULTS}, now["proposals"][""]),
    )


def _facts(department: str, period: Period) -> Facts:
    """By measure then by key; every measure has its total, secret when nothing is told."""
    found: Facts = {name: {"": SECRET} for name in ("entries", "exits", "arrivals", "departures", "proposals")}
    statement = text("SELECT * FROM odis.territory_figures(:department, :since, :until)")
    for r in db.execute(statement, {"department": department, "since": period.since, "until": period.until}):
        found.setdefault(r.measure, {})[r.key] = told(Count(r.households, r.people))
    found.setdefault("reason", {}), found.setdefault("outcome", {})
    return found
