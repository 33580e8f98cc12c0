"""What kind of file it is, from its content alone; the directory of an archive is judged before anything is unpacked."""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from .limits import DAMAGED, EMPTY, MAX_ENTRIES, MAX_UNZIPPED, PROTECTED, XLSX_ADVICE, RefusedError

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"MZ", "Ce fichier est un programme, pas un tableau. Chargez un fichier .xlsx, .ods, .xls ou .csv."),
    (b"\x7fELF", "Ce fichier est un programme, pas un tableau. Chargez un fichier .xlsx, .ods, .xls ou .csv."),
    (b"%PDF", "Ce fichier est un PDF, pas un tableau. Demandez le fichier du tableur d’où il vient."),
    (b"\x89PNG", "Ce fichier est une image, pas un tableau. Demandez le fichier du tableur d’où elle vient."),
    (b"\xff\xd8\xff", "Ce fichier est une image, pas un tableau. Demandez le fichier du tableur d’où elle vient."),
    (b"Rar!", "Ce fichier est une archive. Ouvrez-la et chargez le tableau qu’elle contient."),
    (b"7z\xbc\xaf", "Ce fichier est une archive. Ouvrez-la et chargez le tableau qu’elle contient."),
    (b"\x1f\x8b", "Ce fichier est une archive. Ouvrez-la et chargez le tableau qu’elle contient."),
)
_PAGE_START = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml|table|meta)", re.IGNORECASE)
# What zipfile raises on an archive that lies or is cut.
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError)


def sniff(data: bytes) -> str:
    """``xlsx``, ``ods``, ``xls`` or ``csv``, from the content alone; raises RefusedError for anything else."""
    if not data.strip():
        raise RefusedError(EMPTY)
    for start, sentence in _SIGNATURES:
        if data.startswith(start):
            raise RefusedError(sentence)
    if data.startswith(b"PK"):
        return _sniff_zip(data)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise RefusedError(PROTECTED)
        if "WordDocument".encode("utf-16-le") in data:
            raise RefusedError("Ce fichier est un document Word, pas un tableau. Copiez le tableau dans un tableur.")
        return "xls"
    if _PAGE_START.match(data[:200]):
        raise RefusedError(f"Ce fichier est une page web ou un fichier XML, malgré son nom. {XLSX_ADVICE}")
    return "csv"


def _sniff_zip(data: bytes) -> str:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError, RuntimeError):
        raise RefusedError(DAMAGED) from None
    if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNZIPPED:
        raise RefusedError(
            "Ce fichier, une fois ouvert, est trop gros pour être un tableau de suivi. "
            "Gardez les lignes à importer dans un nouveau fichier."
        )
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "content.xml" in names:
        return _sniff_opendocument(archive, names)
    if "word/document.xml" in names:
        raise RefusedError("Ce fichier est un document Word, pas un tableau. Copiez le tableau dans un tableur.")
    if any(name.endswith(".iwa") for name in names):
        raise RefusedError("Ce fichier vient de Numbers. Dans Numbers, exportez-le au format Excel (.xlsx).")
    if "xl/workbook.bin" in names:
        raise RefusedError(f"Le format .xlsb n’est pas lu. {XLSX_ADVICE}")
    raise RefusedError("Ce fichier est une archive. Ouvrez-la et chargez le tableau qu’elle contient.")


def _sniff_opendocument(archive: zipfile.ZipFile, names: set[str]) -> str:
    kind = read_entry(archive, "mimetype", 200) if "mimetype" in names else b""
    if kind and b"spreadsheet" not in kind:
        raise RefusedError("Ce fichier est un document texte, pas un tableau. Copiez le tableau dans un tableur.")
    if b"encryption-data" in read_entry(archive, "META-INF/manifest.xml", 1_000_000):
        raise RefusedError(PROTECTED)
    return "ods"


def read_entry(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    try:
        with archive.open(name) as stream:
            return stream.read(most)
    except KeyError:
        return b""
    except BROKEN:
        raise RefusedError(DAMAGED) from None
