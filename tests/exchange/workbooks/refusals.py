"""Files that an importer must refuse with a sentence, never with a crash."""

from io import BytesIO
from pathlib import Path

from openpyxl import Workbook

from .writing import freeze_zip, save


def corrupted(path: Path) -> None:
    """A workbook whose download stopped at two thirds: it still begins like a zip."""
    book = Workbook()
    for number in range(1, 200):
        book.active.append([f"Ménage inventé {number}", number * number])
    buffer = BytesIO()
    book.save(buffer)
    freeze_zip(buffer.getvalue(), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def renamed_program(path: Path) -> None:
    """The beginning of a Windows program under the name of a workbook; it runs nothing."""
    stub = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + bytes(44) + b"\x80\x00\x00\x00"
    message = b"\x0e\x1f\xba\x0e\x00\xb4\x09\xcd\x21\xb8\x01\x4c\xcd\x21This program cannot be run in DOS mode.\r\r\n$"
    path.write_bytes((stub + message).ljust(128, b"\x00") + b"PE\x00\x00" + bytes(4096))


def empty(path: Path) -> None:
    """A sound workbook whose three sheets hold nothing."""
    book = Workbook()
    book.active.title = "Feuil1"
    book.create_sheet("Feuil2")
    book.create_sheet("Feuil3")
    save(book, path)
