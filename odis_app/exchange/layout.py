"""Where the table is inside a sheet: its header line, and the lines around and inside it that are no data."""

from __future__ import annotations

import re
from collections.abc import Sequence

from odis_app.core.text import fold

from .cells import Cell, Row, cell_text, clean

_SEARCHED = 40
_TOTAL = re.compile(
    r"(?:sous )?(?:total|totaux)(?: general| generaux)?\b|somme\b|moyenne\b|effectif total\b|nombre (?:total )?de \w+$"
)
_REMARK = re.compile(
    r"(?:legende|nb|n b|note|source|mise a jour|maj|mis a jour|document|edite le|imprime le|page \d|attention)\b"
)
_DITTO = {'"', "''", "“", "”", "»", "«", "〃", "idem", "id", "ditto"}
_SIGN = re.compile(r"\bn\s*[°º]|№|#", re.IGNORECASE)


def header_key(header: str) -> str:
    r"""A column title as compared: « N° AGDREF * » → « numero agdref », « Date de\\nnaissance (jj/mm/aaaa) » → « date de naissance »."""
    text = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", clean(header))
    return fold(_SIGN.sub(" numero ", text)) or fold(_SIGN.sub(" numero ", clean(header)))


def find_header(rows: Sequence[Row], words: frozenset[str]) -> tuple[int, int]:
    """Index of the header line among ``rows``, and how many of its titles are known ``words`` (folded).

    Without a known title: the first of the widest lines of text. Among equals the lower line of a header on two
    lines wins, because a value merged over both stands in each.
    """
    best, best_score, best_known = 0, (-1, -1), 0
    for index, row in enumerate(rows[:_SEARCHED]):
        titles = [header_key(cell) for cell in row.cells if isinstance(cell, str) and clean(cell)]
        known = len({title for title in titles if title in words})
        others = sum(not isinstance(cell, str) and cell is not None for cell in row.cells)
        score = (known, len({title for title in titles if title}) - 2 * others)
        follows = index == best + 1 and known > 0 and not others
        if score > best_score or (follows and known == best_known and score == best_score):
            best, best_score, best_known = index, score, known
    return best, best_known


def cut(rows: Sequence[Row], header: int) -> tuple[tuple[str, ...], list[Row], list[str]]:
    """Headers, data lines and notes, from the raw ``rows`` and the index of their header line."""
    titles = [clean(cell_text(cell)) for cell in rows[header].cells]
    keys = [header_key(title) for title in titles]
    titles = _with_groups(titles, rows[header - 1] if header else None)
    body = rows[header + 1 :]
    width = max([len(titles)] + [len(row.cells) for row in body])
    titles += [""] * (width - len(titles))
    keys += [""] * (width - len(keys))
    used = [index for index in range(width) if titles[index] or any(_filled(row.cells, index) for row in body)]
    headers = _names(titles, used)
    kept: list[Row] = []
    above: list[Cell] = [None] * len(used)
    left_out: dict[str, list[int]] = {}
    for row in body:
        why = _why_no_data(row, keys, len(used))
        if why is None:
            cells = [row.cells[index] if index < len(row.cells) else None for index in used]
            above = [over if _is_ditto(cell) else cell for cell, over in zip(cells, above, strict=True)]
            kept.append(Row(row.number, tuple(above)))
        elif why:
            left_out.setdefault(why, []).append(row.number)
    return headers, kept, [_note(why, numbers) for why, numbers in left_out.items()]


def _with_groups(titles: Sequence[str], over: Row | None) -> list[str]:
    """Titles preceded by the group written above them (« Disponibilité » over « Du » and « Au »), when there are groups.

    A line of groups has two texts at least, fewer than the titles, and nothing else: a lone text is the table's title.
    """
    cells = over.cells if over else ()
    groups = [clean(cell) if isinstance(cell, str) else "" for cell in cells]
    named = sum(map(bool, groups))
    if (
        named < 2
        or named >= sum(map(bool, titles))
        or any(cell is not None and not isinstance(cell, str) for cell in cells)
    ):
        return list(titles)
    result, group = [], ""
    for index, title in enumerate(titles):
        group = groups[index] if index < len(groups) and groups[index] else group
        result.append(
            f"{group} : {title}" if group and title and header_key(group) != header_key(title) else title or group
        )
    return result


def _is_ditto(cell: Cell) -> bool:
    if not isinstance(cell, str) or len(cell) >= 12 or (cell[:1].isalnum() and cell[0] not in "iIdD"):
        return False
    return clean(cell).lower().rstrip(".") in _DITTO


def _filled(cells: Sequence[Cell], index: int) -> bool:
    if index >= len(cells):
        return False
    cell = cells[index]
    if not isinstance(cell, str):
        return cell is not None
    return cell[:1].isalnum() or bool(clean(cell))  # nothing takes a letter or a digit away


def _names(titles: Sequence[str], used: Sequence[int]) -> tuple[str, ...]:
    names: list[str] = []
    for index in used:
        name = titles[index][:120] or f"Colonne {_letters(index)}"
        count = 2
        unique = name
        while unique in names:
            unique = f"{name} {count}"
            count += 1
        names.append(unique)
    return tuple(names)


def _letters(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _why_no_data(row: Row, keys: Sequence[str], width: int) -> str | None:
    """None for a line of data, ``""`` for a blank one, else what the line is."""
    cells = row.cells
    filled = [index for index in range(len(cells)) if _filled(cells, index)]
    if not filled:
        return ""
    first = cells[filled[0]]
    if len(filled) == 1 and row.title:
        return "intertitre"
    if not isinstance(first, str):
        return None
    words = fold(clean(first))
    rest = [cells[index] for index in filled[1:]]
    total = _TOTAL.match(words)
    if total and (total.end() == len(words) or all(not isinstance(cell, str) or _numeric(cell) for cell in rest)):
        return "total"
    if len(filled) == 1 and width > 2 and _REMARK.match(words):
        return "remarque"
    if len(filled) > 1 and all(_is_title(cells[index], keys[index]) for index in filled):
        return "titres répétés"
    return None


def _is_title(cell: Cell, key: str) -> bool:
    return isinstance(cell, str) and header_key(cell) == key


def _numeric(cell: Cell) -> bool:
    return bool(re.fullmatch(r"[-\d ,.%€]+", cell_text(cell)))


def _note(why: str, numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:10]) + (" et d’autres" if len(numbers) > 10 else "")
    if len(numbers) == 1:
        return f"Ligne {shown} laissée de côté : {why}."
    return f"Lignes {shown} laissées de côté : {why}."
