"""The kinds of things that can be imported: each package registers its own in its ``imports.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from odis_app.core.identity import Identity
from odis_app.core.permissions import Permission

from .columns import Column
from .values import Context

Values = dict[str, object]
"""What one line says, by column key; every column of the kind is present, None when the cell is blank or unmapped."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to tell about one line: ``line`` is its position in the record (0 when one line is one record), ``column`` a key or empty."""

    line: int
    column: str
    sentence: str
    blocking: bool = True


@dataclass(frozen=True, slots=True)
class Draft:
    """One record ready to be written: its lines, their numbers in the file, and the record to update (None: create)."""

    lines: tuple[Values, ...]
    numbers: tuple[int, ...]
    record_id: int | None


@dataclass(frozen=True, slots=True)
class Saved:
    """A written record: ``before`` is what undo puts back (JSON, None for a creation), ``label`` what people call it (« M-44-0702 »)."""

    record_id: int
    label: str = ""
    before: object = None


def no_findings(_lines: Sequence[Values], _context: Context) -> Iterable[Finding]:
    """The validation of kinds whose columns say everything."""
    return ()


def nothing_known(_identity: Identity, drafts: Sequence[Draft]) -> Sequence[Iterable[Finding]]:
    """The comparison of kinds that look for no neighbour in the database."""
    return [()] * len(drafts)


@dataclass(frozen=True, slots=True)
class ImportKind:
    """One kind of import.

    ``reference``: key of the column that holds the file's own number for a record, empty when there is none.
    ``natural_key``: keys that together name a record when its reference is absent (name, first name, birth).
    ``line_column``: key of the column that only files with several lines per record have (the link to the household's
    first person); when it is mapped, lines with the same reference, or with none after one that has it, are one record.
    ``validate(lines, context)``: rules across the columns and lines of one record, without the database.
    ``compare(identity, drafts)``: rules against the database (a number that another record already holds), one answer per draft.
    ``commit(identity, drafts)``: writes them all and answers one Saved per draft, in order; it raises RuleError to refuse all.
    ``restore(identity, saved)``: puts ``before`` back in records that the import had changed; answers, per record, an empty
    text or the sentence that says why not. What the import created is removed by the engine, when nobody touched it since.
    """

    code: str
    label: str
    one: str
    permission: Permission
    columns: tuple[Column, ...]
    commit: Callable[[Identity, Sequence[Draft]], Sequence[Saved]]
    restore: Callable[[Identity, Sequence[Saved]], Sequence[str]]
    reference: str = ""
    natural_key: tuple[str, ...] = ()
    line_column: str = ""
    validate: Callable[[Sequence[Values], Context], Iterable[Finding]] = no_findings
    compare: Callable[[Identity, Sequence[Draft]], Sequence[Iterable[Finding]]] = nothing_known

    def column(self, key: str) -> Column:
        """The column of that key; raises KeyError."""
        return next(column for column in self.columns if column.key == key)

    def vocabulary(self) -> frozenset[str]:
        """Every header text that means something for this kind."""
        return frozenset(spelling for column in self.columns for spelling in column.spellings())


_KINDS: dict[str, ImportKind] = {}


def register(kind: ImportKind) -> ImportKind:
    """Make a kind available; registering the same code again replaces it, so that applications may be created twice."""
    _KINDS[kind.code] = kind
    return kind


def get_kind(code: str) -> ImportKind | None:
    """The kind of that code, or None."""
    return _KINDS.get(code)


def all_kinds() -> list[ImportKind]:
    """Every registered kind, by label."""
    return sorted(_KINDS.values(), key=lambda kind: kind.label)
