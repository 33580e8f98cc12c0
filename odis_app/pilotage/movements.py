"""Stays and proposals of a département, by functions of the database that count and show no file.

An organisation counts its own files as they are. A service of the State, which follows each file by its stage and dates, counts entries and exits
as they are too; the rest of a territory comes rounded from ``odis.territory_figures``, which counts a period that is over once and for all:
asking again after one more line tells nothing of that line.
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


# ── One's own files ─────────────────────────────────────────────────────────


def movement_figures(department: str, period: Period) -> MovementFigures:
    """Entries and exits of one's own files of the département, flows with others, and what became of the proposals of the period."""
    rows, before = (
        _rows("department_movements", department, period),
        _rows("department_movements", department, period.previous),
    )
    exits, flows = _exits(rows, department), _flows(rows, department)
    results = {r.result: Count(r.proposals, 0) for r in _rows("department_proposals", department, period)}
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
    statement = text(f"SELECT * FROM odis.{counted}(:department, :since, :until)")  # noqa: S608 - one of four words of this file
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
    """The same of every file of the département: exact where each of them is followed, and the rest as far as it may be told."""
    now, before, kept = _stays(department, period), _stays(department, period.previous), _facts(department, period)
    left, reasons = now.get("exits", Count()), kept["reason"]
    listed = [Exit(key, ExitReason(key).outcome.value, count) for key, count in reasons.items()]
    arrivals, departures = kept["arrivals"], kept["departures"]
    codes = sorted({*arrivals, *departures} - {""})
    flows = [Flow(code, arrivals.get(code, SECRET), departures.get(code, SECRET)) for code in codes]
    return MovementFigures(
        entries=now.get("entries", Count()),
        entries_before=before.get("entries", Count()),
        exits=[*listed, Exit("", "", SECRET)] if left.households else [],
        outcomes=Group({o.value: kept["outcome"].get(o.value, SECRET) for o in Outcome}, left),
        exits_before=before.get("exits", Count()),
        flows=[*flows, Flow("", SECRET, SECRET)],
        flows_total=Flow("", arrivals[""], departures[""]),
        proposals=protected({key: kept["proposals"].get(key, SECRET) for key in RESULTS}, kept["proposals"][""]),
    )


def _stays(department: str, period: Period) -> dict[str, Count]:
    return {r.measure: Count(r.households, r.people) for r in _rows("territory_stays", department, period)}


def _facts(department: str, period: Period) -> dict[str, dict[str, Count]]:
    """By measure then by key; moves and proposals have their total, secret when nothing is told."""
    found: dict[str, dict[str, Count]] = {name: {"": SECRET} for name in ("arrivals", "departures", "proposals")}
    for r in _rows("territory_figures", department, period):
        found.setdefault(r.measure, {})[r.key] = told(Count(r.households, r.people))
    return {"reason": {}, "outcome": {}} | found
