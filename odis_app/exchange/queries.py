"""Reading imports, and what parsers need to know of the territories."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ARRAY, LargeBinary, Select, any_, func, literal, select

from odis_app.access.models import Record
from odis_app.audit.models import AuditEvent
from odis_app.core import clock
from odis_app.core.crypto import blind_index
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.jobs import Job, visible_jobs
from odis_app.exchange import columns
from odis_app.exchange.cells import Row, cell_text
from odis_app.exchange.check import Action, CellFinding, Known
from odis_app.exchange.enums import ImportState, Shown
from odis_app.exchange.kinds import ImportKind
from odis_app.exchange.models import Import, ImportKey, ImportMapping, ImportRow
from odis_app.exchange.policy import kinds_for, visible_imports
from odis_app.exchange.sealing import unseal_cells, unseal_findings
from odis_app.exchange.values import CommuneMatch, Context
from odis_app.territories import queries as territories
from odis_app.territories.enums import MatchKind

CHUNK = 5_000
_FILTERS = {
    Shown.ERRORS: ImportRow.errors > 0,
    Shown.WARNINGS: ImportRow.warnings > 0,
    Shown.CREATES: ImportRow.action == Action.CREATE.value,
    Shown.UPDATES: ImportRow.action == Action.UPDATE.value,
    Shown.UNCHANGED: ImportRow.action == Action.UNCHANGED.value,
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the preview: the text of each mapped cell, and the findings by header (empty header: the line itself)."""

    number: int
    action: Action | None
    texts: tuple[str, ...]
    findings: Mapping[str, list[CellFinding]]


def imports_of(identity: Identity) -> Select[Import]:
    """The imports of the organisation that this person may handle, the newest first."""
    codes = [kind.code for kind in kinds_for(identity)]
    return visible_imports(identity).where(Import.kind.in_(codes)).order_by(Import.id.desc())


def lines_of(found: Import, shown: Shown) -> Select[ImportRow]:
    """The lines of an import that a view shows, in the order of the file; lines set aside only in their own view."""
    statement = select(ImportRow).where(ImportRow.import_id == found.id, ImportRow.is_aside.is_(shown is Shown.ASIDE))
    if shown in _FILTERS:
        statement = statement.where(_FILTERS[shown])
    return statement.order_by(ImportRow.number)


def preview(found: Import, row: ImportRow, indexes: Sequence[int]) -> Line:
    """One stored line as the preview shows it; ``indexes``: the cells shown."""
    cells = unseal_cells(found.public_id, row.number, row.cells_sealed) if row.cells_sealed else ()
    findings: dict[str, list[CellFinding]] = {}
    for finding in findings_of(found, row):
        findings.setdefault(finding.header, []).append(finding)
    texts = tuple(cell_text(cells[index]) for index in indexes)
    return Line(row.number, Action(row.action) if row.action else None, texts, findings)


def findings_of(found: Import, row: ImportRow) -> list[CellFinding]:
    """What was found in one stored line."""
    return unseal_findings(found.public_id, row.number, row.findings_sealed) if row.findings_sealed else []


def first_errors(found: Import, most: int) -> list[CellFinding]:
    """The first blocking findings, in the order of the file."""
    rows = db.scalars(lines_of(found, Shown.ERRORS).limit(most)).all()
    return [finding for row in rows for finding in findings_of(found, row) if finding.blocking][:most]


def error_count(found: Import) -> int:
    """How many blocking findings there are (a line may have several)."""
    total = select(func.coalesce(func.sum(ImportRow.errors), 0)).where(
        ImportRow.import_id == found.id, ImportRow.is_aside.is_(False)
    )
    return int(db.execute(total).scalar_one())


def stored_rows(found: Import, *, limit: int | None = None) -> list[Row]:
    """The lines of a draft that are not set aside, unsealed, in the order of the file."""
    statement = (
        select(ImportRow.number, ImportRow.cells_sealed)
        .where(ImportRow.import_id == found.id, ImportRow.is_aside.is_(False), ImportRow.cells_sealed.is_not(None))
        .order_by(ImportRow.number)
        .limit(limit)
    )
    return [
        Row(number, unseal_cells(found.public_id, number, sealed))
        for number, sealed in db.execute(statement)
        if sealed is not None
    ]


def remembered_mapping(identity: Identity, kind: ImportKind, headers: Sequence[str]) -> columns.Mapping | None:
    """The columns that the organisation chose last time for these headers, when they still exist."""
    key = (identity.case_org_id, kind.code, columns.headers_fingerprint(headers))
    found = db.get(ImportMapping, key)
    known = {column.key for column in kind.columns}
    if found is None or len(found.mapping) != len(headers):
        return None
    return tuple(name if name in known else None for name in found.mapping)


def blind(identity: Identity, kind: ImportKind) -> Callable[[str], str]:
    """Fingerprints (hex) that only this organisation can recompute."""
    org_id = identity.require_org()
    return lambda text: blind_index(text, org_id=org_id, column=f"import_keys.{kind.code}").hex()


def lookup(identity: Identity, kind: ImportKind) -> Callable[[Sequence[str]], dict[str, Known]]:
    """What earlier imports wrote, for fingerprints; a record that was erased or handed over since is not known any more."""

    def find(keys: Sequence[str]) -> dict[str, Known]:
        found: dict[str, Known] = {}
        for start in range(0, len(keys), CHUNK):
            wanted = [bytes.fromhex(key) for key in keys[start : start + CHUNK]]
            statement = (
                select(ImportKey.key, ImportKey.record_id, ImportKey.content)
                .join(Record, (Record.id == ImportKey.record_id) & (Record.owner_org_id == identity.case_org_id))
                .where(
                    ImportKey.owner_org_id == identity.case_org_id,
                    ImportKey.kind == kind.code,
                    ImportKey.key == any_(literal(wanted, ARRAY(LargeBinary))),
                )
            )
            found |= {key.hex(): Known(record_id, content.hex()) for key, record_id, content in db.execute(statement)}
        return found

    return find


def touched_since(record_ids: Sequence[int], event_id: int) -> set[int]:
    """The records that somebody wrote to after an event of the trail; reading does not count."""
    touched: set[int] = set()
    for start in range(0, len(record_ids), CHUNK):
        wanted = record_ids[start : start + CHUNK]
        statement = select(AuditEvent.record_id).where(
            AuditEvent.record_id.in_(wanted), AuditEvent.id > event_id, AuditEvent.action.not_like("%:read")
        )
        touched |= {record_id for record_id in db.scalars(statement) if record_id is not None}
    return touched


def context() -> Context:
    """Today, the départements and the communes, as parsers ask for them."""
    return Context(clock.today(), {d.code: d.name for d in territories.departments()}, commune_finder())


def commune_finder() -> Callable[[str, str], Sequence[CommuneMatch]]:
    """The communes of a name, within a postal code or a département when one is known; each question is asked once."""
    known: dict[tuple[str, str], Sequence[CommuneMatch]] = {}

    def find(name: str, hint: str) -> Sequence[CommuneMatch]:
        if (name, hint) not in known:
            known[name, hint] = _find_communes(name, hint)
        return known[name, hint]

    return find


def _find_communes(name: str, hint: str) -> list[CommuneMatch]:
    if name == hint or name.isdecimal():
        return _matches(territories.search_communes(name, limit=25), by_code=True)
    if len(hint) == 5:
        within = _matches(territories.search_communes(f"{hint} {name}", limit=25))
        if within:
            return within
        hint = hint[:3] if hint.startswith(("97", "98")) else hint[:2]
    department = hint if territories.department(hint) is not None else None
    return _matches(territories.search_communes(name, department=department, limit=25)) or (
        _matches(territories.search_communes(name, limit=25)) if department else []
    )


def _matches(found: Sequence[territories.CommuneMatch], *, by_code: bool = False) -> list[CommuneMatch]:
    """Today's names before former ones; a commune found by a code only when a code was asked for."""
    named = [match for match in found if by_code or match.kind not in {MatchKind.POSTAL_CODE, MatchKind.INSEE_CODE}]
    current = any(match.exact and match.kind is MatchKind.NAME for match in named)
    return [
        CommuneMatch(
            match.commune.code,
            match.commune.name,
            match.commune.department_code,
            exact=match.exact and (not current or match.kind is MatchKind.NAME),
            population=match.commune.population or 0,
        )
        for match in named
    ]


def recording_job(identity: Identity, found: Import) -> Job | None:
    """The job that was asked to record this import, for who asked; None for the others, and for a small import."""
    if found.job_id is None:
        return None
    return db.scalars(visible_jobs(identity).where(Job.id == found.job_id)).one_or_none()


def undo_refusals(found: Import) -> list[CellFinding]:
    """Why some lines of an undone import stayed."""
    rows = db.scalars(
        select(ImportRow)
        .where(ImportRow.import_id == found.id, ImportRow.findings_sealed.is_not(None))
        .order_by(ImportRow.number)
    )
    return (
        [finding for row in rows for finding in findings_of(found, row)]
        if found.state == ImportState.UNDONE.value
        else []
    )
