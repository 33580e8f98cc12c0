"""The whole file judged before anything is written: every error by line and column, and what each line would do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from odis_app.core.text import fold

from . import columns as mapping_of
from .cells import NIR, BadCell, Cell, Row
from .kinds import Draft, Finding, ImportKind, Values
from .values import NIR_REFUSED, CellError, CellWarning, Context

_REMEMBERED = 100_000  # cells of one file, for the time of its check
_REQUIRED = "la case est vide. Cette information est obligatoire."


class Action(StrEnum):
    """What importing a line would do."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    ERROR = "error"

    @property
    def label(self) -> str:
        """French label."""
        return {"create": "nouveau", "update": "mis à jour", "unchanged": "sans changement", "error": "à corriger"}[
            self.value
        ]


@dataclass(frozen=True, slots=True)
class Known:
    """A record that an earlier import wrote: ``content`` is the fingerprint of what the file said then."""

    record_id: int
    content: str


Lookup = Callable[[Sequence[str]], Mapping[str, Known]]
Blind = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class CellFinding:
    """An error (``blocking``) or a warning about one cell; ``header`` is the file's own title, empty for the line itself."""

    number: int
    header: str
    sentence: str
    blocking: bool = True

    def beside(self, text: str) -> str:
        """The sentence as written next to the cell: without the found text, which is there already."""
        rest = self.sentence
        for found in (f"« {text} »", text):
            if found and rest.startswith(found):
                rest = rest.removeprefix(found).lstrip(" ,:")
        return rest

    def __str__(self) -> str:
        place = f"Ligne {self.number}, colonne « {self.header} »" if self.header else f"Ligne {self.number}"
        return f"{place} : {self.sentence}"


@dataclass(slots=True)
class CheckedRow:
    """One line of the file and what was found in it."""

    number: int
    values: Values
    findings: list[CellFinding] = field(default_factory=list)
    action: Action = Action.CREATE
    key: str = ""

    @property
    def errors(self) -> list[CellFinding]:
        """What must be mended before the import."""
        return [finding for finding in self.findings if finding.blocking]

    @property
    def warnings(self) -> list[CellFinding]:
        """What the person should look at."""
        return [finding for finding in self.findings if not finding.blocking]


@dataclass(frozen=True, slots=True)
class CheckedRecord:
    """The lines that make one record, its key, the fingerprint of its content, and the record it would update."""

    rows: tuple[CheckedRow, ...]
    key: str
    content: str
    record_id: int | None

    @property
    def action(self) -> Action:
        """The action of the record: that of its lines, which is the same for all."""
        return self.rows[0].action

    def draft(self) -> Draft:
        """What ``ImportKind.commit`` receives."""
        return Draft(tuple(row.values for row in self.rows), tuple(row.number for row in self.rows), self.record_id)


@dataclass(frozen=True, slots=True)
class Checked:
    """The judgement on a whole file."""

    rows: tuple[CheckedRow, ...]
    records: tuple[CheckedRecord, ...]

    @property
    def errors(self) -> list[CellFinding]:
        """Every blocking finding, in the order of the lines."""
        return [finding for row in self.rows for finding in row.errors]

    def counts(self) -> dict[Action, int]:
        """How many lines of each action."""
        counted = Counter(row.action for row in self.rows)
        return {action: counted[action] for action in Action}

    def writable(self) -> list[CheckedRecord]:
        """The records that a commit would create or update."""
        return [record for record in self.records if record.action in (Action.CREATE, Action.UPDATE)]


def check_rows(
    rows: Sequence[Row],
    headers: Sequence[str],
    kind: ImportKind,
    mapping: mapping_of.Mapping,
    context: Context,
    *,
    blind: Blind,
    lookup: Lookup,
) -> Checked:
    """Judge every line.

    ``blind`` turns a text into a fingerprint that only this organisation can recompute; ``lookup`` answers, for such
    fingerprints, the records that earlier imports wrote.
    """
    reader = _RowReader(kind, headers, mapping, context)
    checked = [reader.read(row) for row in rows]
    reader.require(checked)
    groups = _group(checked, kind, reader)
    for group in groups:
        lines = [row.values for row in group]
        if not any(row.errors for row in group):
            _add(group, kind.validate(lines, context), reader)
    return Checked(tuple(checked), tuple(_records(groups, blind, lookup)))


def add_findings(record: CheckedRecord, findings: Sequence[Finding], headers: Mapping[str, str]) -> None:
    """Add what the comparison with the database found to the lines of a record; ``headers``: column key → file title."""
    for finding in findings:
        row = record.rows[min(finding.line, len(record.rows) - 1)]
        row.findings.append(
            CellFinding(row.number, headers.get(finding.column, ""), finding.sentence, finding.blocking)
        )
    if any(row.errors for row in record.rows):
        for row in record.rows:
            row.action = Action.ERROR


_UNKNOWN = CellError("")
_TOLD = frozenset({CellError, CellWarning})  # what is more than a value: never read before, or to be told


class _Siblings(Mapping[str, Cell]):
    """The other cells of a line; ``asked`` tells that a parser looked at them."""

    def __init__(self) -> None:
        self.cells: dict[str, Cell] = {}
        self.asked = False

    def __getitem__(self, key: str) -> Cell:
        self.asked = True
        return self.cells[key]

    def __iter__(self) -> Iterator[str]:
        self.asked = True
        return iter(self.cells)

    def __len__(self) -> int:
        self.asked = True
        return len(self.cells)


class _RowReader:
    """Reads the lines of one file, in order, with the parsers of its kind."""

    def __init__(self, kind: ImportKind, headers: Sequence[str], mapping: mapping_of.Mapping, context: Context) -> None:
        self.kind = kind
        self.siblings = _Siblings()
        self.parsed: dict[tuple[int, type, Cell], object] = {}
        self.context = replace(context, siblings=self.siblings)  # one context, so that what it computes once is kept
        self.titles = list(headers)
        self.columns = [(index, kind.column(key)) for index, key in enumerate(mapping) if key]
        self.places = [(column.key, index) for index, column in self.columns]
        self.headers = {column.key: headers[index] for index, column in self.columns}
        self.blank: Values = {column.key: None for column in kind.columns}
        self.grouped = bool(kind.line_column and kind.line_column in self.headers and kind.reference in self.headers)
        self.previous: Values = {}

    def read(self, row: Row) -> CheckedRow:
        """The values and findings of one line."""
        checked = CheckedRow(row.number, dict(self.blank))
        for index, cell in enumerate(row.cells):
            if isinstance(cell, BadCell) and cell.found == NIR:
                checked.findings.append(CellFinding(row.number, self.titles[index], NIR_REFUSED))
        cells, parsed, values = row.cells, self.parsed, checked.values
        self.siblings.cells = {key: cells[index] for key, index in self.places}
        for index, column in self.columns:
            cell = cells[index]
            known = parsed.get((index, type(cell), cell), _UNKNOWN)
            if known.__class__ in _TOLD:
                self._read_cell(checked, index, column, cell)
            else:
                values[column.key] = known
        if self.grouped:
            self._inherit(checked.values)
        return checked

    def _inherit(self, values: Values) -> None:
        """A line without reference continues the record above."""
        reference, above = self.kind.reference, self.previous
        if values[reference] is None:
            values[reference] = above.get(reference)
        if values[reference] is not None and values[reference] == above.get(reference):
            for _index, column in self.columns:
                if column.inherits and values[column.key] is None:
                    values[column.key] = above[column.key]
        self.previous = values

    def require(self, checked: Sequence[CheckedRow]) -> None:
        """Report the required cells that are blank and not faulty for another reason."""
        for row in checked:
            told = {finding.header for finding in row.errors}
            for _index, column in self.columns:
                header = self.headers[column.key]
                if column.required and row.values[column.key] is None and header not in told:
                    row.findings.append(CellFinding(row.number, header, _REQUIRED))

    def _read_cell(self, checked: CheckedRow, index: int, column: mapping_of.Column, cell: Cell) -> None:
        header = self.headers[column.key]
        if isinstance(cell, BadCell):
            if cell.found != NIR:  # that one is told with the line, mapped or not
                checked.findings.append(CellFinding(checked.number, header, _bad_cell(cell)))
            return
        value = self._parse(index, column, cell)
        if isinstance(value, CellError):
            checked.findings.append(CellFinding(checked.number, header, value.sentence))
            return
        if isinstance(value, CellWarning):
            checked.findings.append(CellFinding(checked.number, header, value.sentence, blocking=False))
            value = value.value
        checked.values[column.key] = value

    def _parse(self, index: int, column: mapping_of.Column, cell: Cell) -> object:
        """What the column's parser answers; the same cell of the same column is parsed once, unless the line had a say in it."""
        known = (index, type(cell), cell)  # the type, since 1, 1.0 and True are equal
        if known in self.parsed:
            return self.parsed[known]
        self.siblings.asked = False
        value = column.parser(cell, self.context)
        if not self.siblings.asked and len(self.parsed) < _REMEMBERED:
            self.parsed[known] = value
        return value


def _bad_cell(cell: BadCell) -> str:
    if not cell.found:
        return (
            "la formule n’a pas été calculée. Ouvrez le fichier dans un tableur et enregistrez-le, "
            "ou écrivez la valeur à sa place."
        )
    if not cell.found.strip("#"):
        return f"{cell.found} : la colonne était trop étroite à l’enregistrement, la valeur est perdue. Écrivez-la."
    return f"{cell.found} : la formule ne donne pas de résultat. Écrivez la valeur à sa place."


def _group(checked: Sequence[CheckedRow], kind: ImportKind, reader: _RowReader) -> list[list[CheckedRow]]:
    """The lines of each record, in order. Two lines that name the same record are an error when the kind is not grouped."""
    groups: dict[str, list[CheckedRow]] = {}
    for row in checked:
        row.key, by_reference = _key(row.values, kind)
        first = groups.get(row.key)
        if first is None:
            groups[row.key] = [row]
        elif reader.grouped and by_reference:
            first.append(row)
        else:
            header = reader.headers.get(kind.reference, "") if by_reference else ""
            row.findings.append(
                CellFinding(
                    row.number,
                    header,
                    f"même {kind.one} que la ligne {first[0].number}. Gardez une seule des deux lignes.",
                )
            )
            groups[f"{row.key}\x1f{row.number}"] = [row]
    return list(groups.values())


def _key(values: Values, kind: ImportKind) -> tuple[str, bool]:
    """What names the record of a line, and whether it is the file's own reference."""
    reference = values.get(kind.reference)
    if reference is not None:
        return f"{kind.code}|ref|{fold(str(reference)) or reference}", True
    named = [values.get(key) for key in kind.natural_key]
    if named and all(value is not None for value in named):
        return f"{kind.code}|nom|" + "|".join(fold(str(value)) or str(value) for value in named), False
    return f"{kind.code}|ligne|" + canonical([values]), False


def canonical(lines: Sequence[Values]) -> str:
    """The same text for the same values, whatever the order of the columns and the way numbers are written."""
    return json.dumps(lines, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: object) -> str:
    return str(value.normalize()) if isinstance(value, Decimal) else str(value)


def _add(group: Sequence[CheckedRow], findings: Iterable[Finding], reader: _RowReader) -> None:
    for finding in findings:
        row = group[min(finding.line, len(group) - 1)]
        row.findings.append(
            CellFinding(row.number, reader.headers.get(finding.column, ""), finding.sentence, finding.blocking)
        )


def _records(groups: Sequence[Sequence[CheckedRow]], blind: Blind, lookup: Lookup) -> list[CheckedRecord]:
    keys = [blind(group[0].key) for group in groups]
    known = lookup(keys)
    records = []
    for key, group in zip(keys, groups, strict=True):
        content = blind(canonical([row.values for row in group]))
        earlier = known.get(key)
        action = Action.CREATE if earlier is None else Action.UNCHANGED if earlier.content == content else Action.UPDATE
        if any(row.errors for row in group):
            action = Action.ERROR
        for row in group:
            row.action = action
        records.append(CheckedRecord(tuple(group), key, content, earlier.record_id if earlier else None))
    return records
