"""The texts that people accept: versioned files of this folder (« charte-2026-11.md »); the newest of each name is in force.

A file is never changed once somebody may have accepted it: another version is another file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
CHARTER, CONVENTION = "charte", "convention"


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a text: ``kind`` is title, paragraph or list; ``lines`` has one line, or the items of the list."""

    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """One version of a text. ``version`` such as « 2026-11 »."""

    name: str
    version: str
    title: str
    blocks: tuple[Block, ...]


@cache
def current(name: str) -> Text:
    """The text in force. Raises LookupError when there is none of this name."""
    found = sorted(FOLDER.glob(f"{name}-*.md"))
    if not found:
        raise LookupError(name)
    pieces = found[-1].read_text(encoding="utf-8").strip().split("\n")
    return Text(name, found[-1].stem.removeprefix(f"{name}-"), pieces[0].removeprefix("# "), tuple(_blocks(pieces[1:])))


def _blocks(lines: list[str]) -> list[Block]:
    blocks: list[Block] = []
    for line in lines:
        if line.startswith("## "):
            blocks.append(Block("title", (line[3:],)))
        elif line.startswith("- "):
            if blocks and blocks[-1].kind == "list":
                blocks[-1] = Block("list", (*blocks[-1].lines, line[2:]))
            else:
                blocks.append(Block("list", (line[2:],)))
        elif line:
            blocks.append(Block("paragraph", (line,)))
    return blocks
