"""What a file is, told from its bytes: a name and a declared type prove nothing."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from pathlib import PurePosixPath
from typing import BinaryIO

from odis_app.core.errors import RuleError
from odis_app.documents.enums import MediaType

MAX_BYTES = 20 * 1024 * 1024
CHUNK = 64 * 1024
MAX_NAME = 120
MAX_ENTRIES = 5000  # of an office document, which is a zip
MAX_UNZIPPED = 400 * 1024 * 1024
ACCEPTED = "PDF, image, document ou classeur bureautique, texte ou CSV"
ACCEPT = ".pdf,.png,.jpg,.jpeg,.webp,.docx,.xlsx,.odt,.ods,.csv,.txt"
_PROGRAMS = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa")
_BLANK = b"\xef\xbb\xbf\x00\t\n\f\r "
_CONTROL = re.compile(r"[\x00-\x1f\x7f/\\]|[\u202a-\u202e\u2066-\u2069]")  # direction marks hide a real suffix
_OFFICE = {"word/document.xml": MediaType.DOCX, "xl/workbook.xml": MediaType.XLSX}
_OPEN = {
    b"application/vnd.oasis.opendocument.text": MediaType.ODT,
    b"application/vnd.oasis.opendocument.spreadsheet": MediaType.ODS,
}


def read_limited(stream: BinaryIO, *, name: str, field: str = "files") -> bytes:
    """The bytes of an upload, read by pieces; stops at 20 MB. Raises RuleError (too big, or empty)."""
    pieces, size = [], 0
    while piece := stream.read(CHUNK):
        size += len(piece)
        if size > MAX_BYTES:
            raise RuleError(field, f"« {name} » dépasse 20 Mo. Réduisez le fichier ou déposez-le en plusieurs parties.")
        pieces.append(piece)
    if not size:
        raise RuleError(field, f"« {name} » est vide. Vérifiez le fichier puis déposez-le de nouveau.")
    return b"".join(pieces)


def media_type(data: bytes, *, name: str, field: str = "files") -> MediaType:
    """What ``data`` is. ``name`` only tells a CSV from a text. Raises RuleError for anything that is not accepted."""
    found = _signature(data) or _zipped(data) or _written(data, name)
    if found is None:
        what = "un programme" if data.startswith(_PROGRAMS) else "d’un type inconnu"
        raise RuleError(
            field,
            f"« {name} » n’est pas accepté : son contenu est {what}, quel que soit son nom. Déposez un fichier {ACCEPTED}.",
        )
    return found


def is_picture(stream: BinaryIO) -> bool:
    """Whether the first bytes of ``stream``, which is put back where it was, are those of a picture that we keep."""
    start = stream.tell()
    found = _signature(stream.read(1024))
    stream.seek(start)
    return found is not None and found.is_image


def _signature(data: bytes) -> MediaType | None:
    if (
        data[:1024].lstrip(_BLANK).startswith(b"%PDF-")
    ):  # nothing else before: no page, no program that is a PDF as well
        return MediaType.PDF
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaType.PNG
    if data.startswith(b"\xff\xd8\xff"):
        return MediaType.JPEG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return MediaType.WEBP
    return None


def _zipped(data: bytes) -> MediaType | None:
    """An office document without macros, judged on its directory; nothing of it is unpacked but the 100 bytes of its type."""
    if not data.startswith(b"PK\x03\x04"):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES or sum(e.file_size for e in entries) > MAX_UNZIPPED:
                return None
            names = {e.filename for e in entries}
            if any(
                n.lower().endswith(("vbaproject.bin", ".exe", ".dll", ".js")) or n.startswith(("Basic/", "Scripts/"))
                for n in names
            ):
                return None
            if "mimetype" in names:
                with archive.open("mimetype") as declared:
                    return _OPEN.get(declared.read(100).strip())
            return next(
                (kind for entry, kind in _OFFICE.items() if entry in names and "[Content_Types].xml" in names), None
            )
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError):
        return None


def _written(data: bytes, name: str) -> MediaType | None:
    """Text in UTF-8, UTF-16 with its mark, or a Windows code page; control characters mean that it is no text, a drawing (SVG) may hold scripts."""
    if data.startswith(_PROGRAMS):
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        decoded = data.decode("utf-16", errors="replace")
    else:
        decoded = data.decode("utf-8", errors="replace") if _is_utf8(data) else data.decode("cp1252", errors="replace")
    if any(unicodedata.category(c) == "Cc" and c not in "\t\n\r\f" for c in decoded) or "\ufffd" in decoded[:-3]:
        return None
    if "<svg" in decoded[:4096].lower():
        return None
    return MediaType.CSV if name.lower().endswith((".csv", ".tsv")) else MediaType.TXT


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def clean_name(given: str | None, kind: MediaType) -> str:
    """A name without path, control or direction mark, at most 120 characters, ending as its content says: « photo.html » → « photo.html.txt »."""
    name = _CONTROL.sub(" ", PurePosixPath((given or "").replace("\\", "/")).name).strip(" .") or "document"
    same = {".jpg", ".jpeg"} if kind is MediaType.JPEG else {".csv", ".tsv"} if kind is MediaType.CSV else {kind.suffix}
    stem, suffix = (
        (name[: -len(PurePosixPath(name).suffix)], PurePosixPath(name).suffix)
        if PurePosixPath(name).suffix.lower() in same
        else (name, kind.suffix)
    )
    return f"{stem[: MAX_NAME - len(suffix)]}{suffix}"


def shown_name(given: str | None) -> str:
    """The name as an error may tell it."""
    return _CONTROL.sub(" ", PurePosixPath((given or "").replace("\\", "/")).name)[:80].strip() or "document"
