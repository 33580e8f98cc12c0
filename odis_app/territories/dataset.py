"""The base of territories as one compact file: gzip'd JSON, tables of rows, beside its provenance.

``{"vintage": 2026, "tables": {"regions": {"columns": [...], "rows": [[...], ...]}, ...}}``
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA_FILE = Path(__file__).parent / "data" / "cog-2026.json.gz"
PROVENANCE_FILE = DATA_FILE.with_name("provenance.json")


class DatasetError(Exception):
    """The files are not what was expected; the message says where, in French."""


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns and rows of plain values, in a stable order."""

    columns: tuple[str, ...]
    rows: list[list[Any]]

    def records(self) -> list[dict[str, Any]]:
        """The rows as dictionaries."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A whole base: ``vintage`` is the year of the COG, ``sha256`` that of the uncompressed text."""

    vintage: int
    source: str
    tables: dict[str, Table]

    def to_json(self) -> bytes:
        """The text of the file, the same bytes for the same content."""
        tables = {name: {"columns": t.columns, "rows": t.rows} for name, t in self.tables.items()}
        content = {"vintage": self.vintage, "source": self.source, "tables": tables}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def sha256(self) -> str:
        """What tells two bases apart."""
        return hashlib.sha256(self.to_json()).hexdigest()

    def counts(self) -> dict[str, int]:
        """Rows of each table."""
        return {name: len(table.rows) for name, table in self.tables.items()}


def read(path: Path = DATA_FILE) -> Dataset:
    """The base in ``path``. Raises DatasetError when it is unreadable."""
    try:
        content = json.loads(gzip.decompress(path.read_bytes()))
        tables = {name: Table(tuple(t["columns"]), t["rows"]) for name, t in content["tables"].items()}
        return Dataset(int(content["vintage"]), str(content["source"]), tables)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"Le fichier {path.name} ne se lit pas : {error}.") from error


def write(dataset: Dataset, path: Path = DATA_FILE) -> None:
    """Write ``dataset``, byte for byte the same on every run."""
    path.write_bytes(gzip.compress(dataset.to_json(), compresslevel=9, mtime=0))
