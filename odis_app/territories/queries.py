"""Reading territories: a commune from a code, or from what a person typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, case, func, literal, select
from sqlalchemy.dialects.postgresql import distinct_on

from odis_app.core.db import db
from odis_app.core.text import fold
from odis_app.territories.enums import MatchKind
from odis_app.territories.models import (
    Commune,
    CommuneKey,
    CommunePart,
    CommunePostalCode,
    Department,
    EmploymentZone,
    Epci,
    FormerCommune,
    Region,
)
from odis_app.territories.names import fold_place

MAX_QUERY = 100  # the longest name has 45 characters
_CODE = re.compile(r"\d{2,5}|2[AB]\d{0,3}")
_IN_PARENTHESES = re.compile(r"^(?P<name>.+?)\s*\((?P<department>[^()]+)\)\s*$")
_AROUND_CODE = re.compile(r"^(?:(?P<before>\d{5})\s+(?P<name>\D.*)|(?P<name2>.*\D)\s+(?P<after>\d{5}))$")
_TRAILING_DEPARTMENT = re.compile(r"^(?P<name>.+?)[\s,]+(?P<department>\d{2,3}|2[AB])$", re.IGNORECASE)
_departments: dict[str, Department] = {}  # 109 rows that change once a year, kept by each process
_labels: dict[str, str] = {}  # of the communes met so far: 35,000 at most, kept as long
_zones: dict[str, str] = {}  # the same, of their employment zones


@dataclass(frozen=True, slots=True)
class CommuneMatch:
    """A commune found. ``matched`` is what it was found by when that is not its name; ``exact``: the whole of it was typed."""

    commune: Commune
    kind: MatchKind
    matched: str
    exact: bool

    @property
    def label(self) -> str:
        """« Valserhône (01), anciennement Bellegarde-sur-Valserine »."""
        if self.kind is MatchKind.FORMER:
            return f"{self.commune.label}, anciennement {self.matched}"
        if self.kind is MatchKind.PART:
            return f"{self.commune.label}, pour {self.matched}"
        return self.commune.label


def commune(code: str) -> Commune | None:
    """The commune of today that bears this INSEE code."""
    return db.get(Commune, code)


def current_code(code: str) -> str | None:
    """The commune of today behind any INSEE code: its own, a former one, an arrondissement's, a commune déléguée's."""
    if db.get(Commune, code) is not None:
        return code
    for table in (CommunePart, FormerCommune):
        found = db.scalar(select(table.commune_code).where(table.code == code).limit(1))
        if found:
            return found
    return None


def parts_of(code: str) -> Sequence[CommunePart]:
    """Arrondissements, communes déléguées and associées of a commune, by code."""
    return db.scalars(
        select(CommunePart).where(CommunePart.commune_code == code).order_by(CommunePart.code, CommunePart.kind)
    ).all()


def postal_codes(code: str) -> Sequence[str]:
    """The postal codes of a commune, sorted."""
    table = CommunePostalCode
    return db.scalars(select(table.postal_code).where(table.commune_code == code).order_by(table.postal_code)).all()


def departments() -> list[Department]:
    """Every département, then the COM, by code (2A and 2B after 19). Empty before the base is loaded."""
    if not _departments:
        for row in db.scalars(select(Department).order_by(Department.code)):
            db.expunge(row)
            _departments[row.code] = row
    return list(_departments.values())


def department(code: str) -> Department | None:
    """The département (or COM) of this code."""
    departments()
    return _departments.get(code)


def epci(siren: str) -> Epci | None:
    """The EPCI of this SIREN."""
    return db.get(Epci, siren)


def epci_members(siren: str) -> Sequence[Commune]:
    """The communes of an EPCI, by name."""
    return db.scalars(
        select(Commune).where(Commune.epci_siren == siren).order_by(Commune.name_folded, Commune.code)
    ).all()


def employment_zone(code: str) -> str:
    """The name of the zone d’emploi of a commune of today; empty for a COM, an unknown code, or a commune born since."""
    if code not in _zones:
        name = select(EmploymentZone.name).join(Commune, Commune.employment_zone_code == EmploymentZone.code)
        _zones[code] = db.scalar(name.where(Commune.code == code)) or ""
    return _zones[code]


def label_of(code: str) -> str:
    """« Nantes (44) » from any territory code: INSEE, ``epci:SIREN``, ``dep:44``, ``reg:52``, ``fr``. An unknown code is given back."""
    kind, _, value = code.partition(":")
    if code == "fr":
        return "France"
    if kind == "dep":
        found = department(value)
        return found.label if found else code
    if kind in {"reg", "epci"}:
        area = db.get(Region, value) if kind == "reg" else epci(value)
        return area.name if area else code
    return _commune_label(code)


def _commune_label(code: str) -> str:
    if code in _labels:
        return _labels[code]
    found = commune(code)
    if found:
        return _labels.setdefault(code, found.label)
    old: CommunePart | FormerCommune | None = db.scalar(select(CommunePart).where(CommunePart.code == code).limit(1))
    if old is None:
        former = select(FormerCommune).where(FormerCommune.code == code).order_by(FormerCommune.name_folded)
        old = db.scalar(former.limit(1))
    current = commune(old.commune_code) if old else None
    return f"{old.name} ({current.department_code})" if old and current else code


def search_communes(q: str, *, department: str | None = None, limit: int = 10) -> list[CommuneMatch]:
    """Communes by what a person types: a name (old or new), a postal code, an INSEE code, « Nantes (44) », « 44000 Nantes ».

    Whole matches first, then today's names before former ones, then the most populous. ``department`` keeps one département.
    """
    typed = " ".join(q.split())[:MAX_QUERY]
    code = typed.upper().replace(" ", "")
    if _CODE.fullmatch(code):
        return _by_code(code, department, limit)
    named = _IN_PARENTHESES.match(typed)
    within = _department_named(named["department"]) if named else None
    if named and within:
        return _by_name(named["name"], within if department in (None, within) else "", limit)
    around = _AROUND_CODE.match(typed)
    if around:
        return _by_name_and_postal_code(around, department, limit)
    found = _by_name(typed, department, limit)
    trailing = None if found else _TRAILING_DEPARTMENT.match(typed)
    if trailing and department in (None, trailing["department"].upper()):
        return _by_name(trailing["name"], trailing["department"].upper(), limit)
    return found


def resolve(q: str, *, limit: int = 25) -> tuple[Commune | None, list[CommuneMatch]]:
    """(the commune, matches): the commune when what was typed can only mean one, else None and those to choose among.

    A name of today wins over the same name borne formerly elsewhere.
    """
    found = search_communes(q, limit=limit)
    whole = [m for m in found if m.exact]
    for kind in (MatchKind.NAME, MatchKind.POSTAL_CODE):
        same = [m for m in whole if m.kind is kind]
        if same:
            whole = same
            break
    candidates = whole or found
    return (candidates[0].commune if len(candidates) == 1 else None), candidates


def _department_named(value: str) -> str | None:
    """The code of a département given by code or by name."""
    wanted = fold(value)
    return next((d.code for d in departments() if wanted in (d.code.lower(), d.name_folded)), None)


def _after(prefix: str) -> str:
    """The first text after all those that begin with ``prefix``: keys hold only digits, a–z and blanks."""
    return prefix + "{"


def _by_name(name: str, department: str | None, limit: int, postal_code: str | None = None) -> list[CommuneMatch]:
    wanted = fold_place(name)
    if not wanted:
        return []
    exact = (CommuneKey.key == wanted) & (CommuneKey.depth < 2)
    rank = case((exact, 0), (CommuneKey.depth < 2, 1), else_=2)
    kind = case((CommuneKey.kind == "name", 0), (CommuneKey.kind == "former", 1), else_=2)
    hits = (
        select(CommuneKey.commune_code, CommuneKey.kind, CommuneKey.label, rank.label("rank"), kind.label("kind_rank"))
        .where(CommuneKey.key >= wanted, CommuneKey.key < _after(wanted))
        .order_by(CommuneKey.commune_code, rank, kind, CommuneKey.label)
        .ext(distinct_on(CommuneKey.commune_code))
        .subquery()
    )
    statement = select(Commune, hits.c.kind, hits.c.label, (hits.c.rank == 0).label("exact")).join(
        hits, hits.c.commune_code == Commune.code
    )
    if postal_code:
        codes = select(CommunePostalCode.commune_code).where(CommunePostalCode.postal_code == postal_code)
        statement = statement.where(Commune.code.in_(codes))
    return _matches(statement, department, limit, hits.c.rank, hits.c.kind_rank)


def _by_name_and_postal_code(found: re.Match[str], department: str | None, limit: int) -> list[CommuneMatch]:
    """« 44000 Nantes » in either order; the postal code alone when the name is not one of its communes."""
    postal_code = found["before"] or found["after"]
    named = _by_name(found["name"] or found["name2"], department, limit, postal_code)
    return named or _by_code(postal_code, department, limit)


def _by_code(code: str, department: str | None, limit: int) -> list[CommuneMatch]:
    """Postal codes first (five digits that are both are read as postal), then INSEE codes of today and of the past."""
    table = CommunePostalCode
    hits = (
        select(table.commune_code, func.min(table.postal_code).label("label"))
        .where(table.postal_code >= code, table.postal_code < _after(code))
        .group_by(table.commune_code)
        .subquery()
    )
    exact = literal(len(code) == 5)
    statement = select(
        Commune, literal(MatchKind.POSTAL_CODE.value).label("kind"), hits.c.label, exact.label("exact")
    ).join(hits, hits.c.commune_code == Commune.code)
    found = _matches(statement, department, limit)
    owner = current_code(code) if len(code) == 5 else None
    if owner and len(found) < limit and all(m.commune.code != owner for m in found):
        insee = select(
            Commune,
            literal(MatchKind.INSEE_CODE.value).label("kind"),
            literal(code).label("label"),
            exact.label("exact"),
        )
        found += _matches(insee.where(Commune.code == owner), department, 1)
    return found


def _matches(
    statement: Select[Commune, str, str, bool], department: str | None, limit: int, *order: ColumnElement[int]
) -> list[CommuneMatch]:
    if department is not None:
        statement = statement.where(Commune.department_code == department)
    statement = statement.order_by(
        *order, Commune.population.desc().nulls_last(), Commune.name_folded, Commune.code
    ).limit(limit)
    return [CommuneMatch(found, MatchKind(kind), label, exact) for found, kind, label, exact in db.execute(statement)]
