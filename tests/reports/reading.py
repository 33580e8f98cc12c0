"""Reading a bilan as somebody would who trusts nothing: numbers and days of the sentences, cells of the workbook."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from datetime import date, datetime
from pathlib import Path

from python_calamine import CalamineWorkbook

from odis_app.core.formats import MONTHS

DAY = re.compile(rf"(\d{{1,2}}|1ᵉʳ) ({'|'.join(MONTHS)})(?: (\d{{4}}))?")
MONTH = re.compile(rf"({'|'.join(MONTHS)}|année) (\d{{4}})")
NUMBER = re.compile(r"(?<![\w,-])\d+(?: \d{3})*(?:,\d+)?")


def plain(text: str) -> str:
    """With ordinary spaces, one between words."""
    return " ".join(text.replace("\u202f", " ").replace("\u00a0", " ").split())


def days_and_numbers(sentence: str) -> tuple[set[date], set[float]]:
    """What a sentence states. A day without year takes that of the next day told; a month stands for its first day."""
    text = plain(sentence)
    days: set[date] = set()
    year = ""
    for found in reversed(list(DAY.finditer(text))):
        year = found[3] or year
        days.add(date(int(year), MONTHS.index(found[2]) + 1, int(found[1].replace("ᵉʳ", ""))))
    text = DAY.sub(" ", text)
    days |= {date(int(m[2]), 1 if m[1] == "année" else MONTHS.index(m[1]) + 1, 1) for m in MONTH.finditer(text)}
    text = MONTH.sub(" ", text)
    return days, {float(n.replace(" ", "").replace(",", ".")) for n in NUMBER.findall(text)}


def cells(xlsx: bytes) -> tuple[set[date], set[float], list[str]]:
    """The days, the numbers and the words of a workbook."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(xlsx))
    every = [cell for name in book.sheet_names for line in book.get_sheet_by_name(name).to_python() for cell in line]
    days = {c.date() if isinstance(c, datetime) else c for c in every if isinstance(c, date)}
    return (
        days,
        {float(c) for c in every if isinstance(c, int | float) and not isinstance(c, bool)},
        [c for c in every if isinstance(c, str)],
    )


def pdf_text(pdf: bytes, folder: Path) -> str | None:
    """The words of a PDF in reading order, or None where poppler is not installed."""
    if shutil.which("pdftotext") is None:
        return None
    path = folder / "bilan.pdf"
    path.write_bytes(pdf)
    return plain(
        subprocess.run(["pdftotext", "-raw", str(path), "-"], capture_output=True, text=True, check=True).stdout
    )
