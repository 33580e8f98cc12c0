"""Low-level writing shared by the workbooks: frozen zip files, title rows, small invented lists."""

import datetime as dt
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

EPOCH = (1980, 1, 1, 0, 0, 0)
MODIFIED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
ODS_DATES = re.compile(rb"(<(?:meta:creation-date|dc:date)>)[^<]*")

SURNAMES = (
    "Exemplova", "Fictive", "Inventado", "Imaginaire", "Démonstre", "Specimenko", "Factice", "Testarov",
    "Fictionescu", "Prototypian", "Simulacre", "Hypothèse", "Chimère", "Utopie", "Maquette", "Fantaisie",
    "Illusoire", "Anonymov", "Légendaire", "Brouillon", "Ébauche", "Mirage", "Conte-Inventé",
)  # fmt: skip
FIRST_NAMES = (
    "Nour", "Amina", "Oleksandr", "Iryna", "Yusuf", "Salomé", "Tesfaye", "Zahra", "Mirwais", "Élodie",
    "Farid", "Kateryna", "Aïcha", "Ibrahim", "Lệ", "Ousmane", "Rojda",
)  # fmt: skip


def phone(number: int) -> str:
    """A mobile number of the range that Arcep keeps for fiction: 06 39 98 00 00 to 06 39 98 99 99."""
    return f"06 39 98 {number // 100:02d} {number % 100:02d}"


def day(text: str) -> dt.datetime:
    """`31/12/2026` → the day, as the type that spreadsheets store."""
    return dt.datetime.strptime(text, "%d/%m/%Y")


def freeze_zip(content: bytes, path: Path, patch: Callable[[str, bytes], bytes] | None = None) -> None:
    """Write the zip `content` to `path` without its dates; `patch(name, data)` may change a part."""
    with zipfile.ZipFile(BytesIO(content)) as source, zipfile.ZipFile(path, "w") as target:
        for item in source.infolist():
            data = ODS_DATES.sub(rb"\g<1>2026-11-03T09:00:00", source.read(item))
            data = MODIFIED.sub(rb"\g<1>2026-11-03T09:00:00Z", data)
            frozen = zipfile.ZipInfo(item.filename, EPOCH)
            # An ODS opens with its uncompressed `mimetype` part: the type of compression is kept as it was.
            frozen.compress_type = item.compress_type
            target.writestr(frozen, patch(item.filename, data) if patch else data)


def save(book: Workbook, path: Path, patch: Callable[[str, bytes], bytes] | None = None) -> None:
    buffer = BytesIO()
    book.save(buffer)
    freeze_zip(buffer.getvalue(), path, patch)


def title_rows(sheet: Worksheet, titles: Sequence[str], width: int) -> None:
    """Merged, centred lines above the table."""
    for number, title in enumerate(titles, start=1):
        sheet.cell(number, 1, title).font = Font(bold=True, size=16 - 2 * number)
        sheet.cell(number, 1).alignment = Alignment(horizontal="center")
        sheet.merge_cells(start_row=number, start_column=1, end_row=number, end_column=width)


def write_row(sheet: Worksheet, number: int, values: Iterable[object]) -> None:
    for column, value in enumerate(values, start=1):
        cell = sheet.cell(number, column, value)
        if isinstance(value, dt.datetime):
            cell.number_format = "dd/mm/yyyy"
        elif isinstance(value, str) and value.startswith("0"):
            cell.number_format = "@"
