"""What a file is, told from its bytes; what is refused, in a sentence; what a picture loses."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from odis_app.core.errors import RuleError
from odis_app.documents import content, images
from odis_app.documents.enums import MediaType
from tests.documents.conftest import PDF, acting_pdf, office, picture

ODT, ODS = b"application/vnd.oasis.opendocument.text", b"application/vnd.oasis.opendocument.spreadsheet"


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (PDF, "a.pdf", MediaType.PDF),
        (PDF, "a.png", MediaType.PDF),
        (picture("PNG"), "a.png", MediaType.PNG),
        (picture("JPEG"), "a.pdf", MediaType.JPEG),
        (picture("WEBP"), "a.webp", MediaType.WEBP),
        (office("[Content_Types].xml", "word/document.xml"), "a.docx", MediaType.DOCX),
        (office("[Content_Types].xml", "xl/workbook.xml"), "a.xlsx", MediaType.XLSX),
        (office("content.xml", mimetype=ODT), "a.odt", MediaType.ODT),
        (office("content.xml", mimetype=ODS), "a.ods", MediaType.ODS),
        ("Nom;Âge\nÉlan;3\n".encode("cp1252"), "a.csv", MediaType.CSV),
        ("Rendez-vous à Rezé".encode(), "a.txt", MediaType.TXT),
        ("Привіт".encode("utf-16"), "a.txt", MediaType.TXT),
        (b"<html><script>alert(1)</script></html>", "a.html", MediaType.TXT),
        (b"<html><script>alert(1)</script></html>" + PDF, "a.pdf", MediaType.TXT),
        (b"\xef\xbb\xbf\r\n" + PDF, "a.pdf", MediaType.PDF),
    ],
)
def test_the_content_tells(data: bytes, name: str, kind: MediaType) -> None:
    assert content.media_type(data, name=name) is kind


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"MZ\x90\x00\x03\x00" + bytes(200), "attestation.pdf"),
        (b"MZ\x90\x00\x03%PDF-1.7", "attestation.pdf"),
        (b"MZ program as text", "note.txt"),
        (b"\x7fELF\x02\x01" + bytes(50), "photo.jpg"),
        (b"#!/bin/sh\nrm -rf /\n", "note.txt"),
        (office("autre.txt"), "a.docx"),
        (office("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "a.docx"),
        (office("content.xml", mimetype=b"application/vnd.oasis.opendocument.presentation"), "a.odp"),
        (b"PK\x03\x04" + bytes(40), "a.xlsx"),
        (b"\x00\x01\x02" * 40, "a.csv"),
        (b"GIF89a" + bytes(40), "a.gif"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "plan.svg"),
        ('<?xml version="1.0"?><!-- a --><SVG onload="alert(1)"/>'.encode("utf-16"), "plan.txt"),
        (b"GIF89a\x01" + PDF, "les deux.pdf"),
        (office("content.xml", "Scripts/python/macro.py", mimetype=ODT), "a.odt"),
    ],
)
def test_what_is_not_accepted_is_refused_in_a_sentence(data: bytes, name: str) -> None:
    with pytest.raises(RuleError) as refusal:
        content.media_type(data, name=name)
    assert name in refusal.value.message
    assert "n’est pas accepté" in refusal.value.message


def test_a_renamed_program_is_called_one() -> None:
    with pytest.raises(RuleError, match="un programme"):
        content.media_type(b"MZ\x90\x00" + bytes(100), name="attestation.pdf")


def test_a_zip_that_unpacks_to_too_much_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "MAX_UNZIPPED", 6)
    with pytest.raises(RuleError):
        content.media_type(office("[Content_Types].xml", "word/document.xml"), name="a.docx")


class Endless(io.RawIOBase):
    """A stream without end, that counts what was taken from it."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        self.taken += size
        return b"a" * size


def test_reading_stops_at_twenty_megabytes() -> None:
    stream = Endless()
    with pytest.raises(RuleError, match="20 Mo"):
        content.read_limited(stream, name="film.pdf")  # type: ignore[arg-type]
    assert stream.taken <= content.MAX_BYTES + content.CHUNK
    assert len(content.read_limited(io.BytesIO(bytes(content.MAX_BYTES)), name="juste.pdf")) == content.MAX_BYTES
    with pytest.raises(RuleError, match="vide"):
        content.read_limited(io.BytesIO(b""), name="rien.pdf")


@pytest.mark.parametrize(
    ("given", "kind", "name"),
    [
        ("C:\\Documents\\bail.PDF", MediaType.PDF, "bail.PDF"),
        ("../../etc/passwd", MediaType.TXT, "passwd.txt"),
        ("photo.html", MediaType.TXT, "photo.html.txt"),
        ("photo\u202egpj.exe", MediaType.JPEG, "photo gpj.exe.jpg"),
        ("photo.JPEG", MediaType.JPEG, "photo.JPEG"),
        ("a\r\nSet-Cookie: x.csv", MediaType.CSV, "a  Set-Cookie: x.csv"),
        ("", MediaType.PDF, "document.pdf"),
        (None, MediaType.PDF, "document.pdf"),
        ("é" * 300 + ".pdf", MediaType.PDF, "é" * 116 + ".pdf"),
    ],
)
def test_names_are_made_harmless(given: str | None, kind: MediaType, name: str) -> None:
    assert content.clean_name(given, kind) == name


@pytest.mark.parametrize("kind", [MediaType.JPEG, MediaType.PNG, MediaType.WEBP])
def test_a_picture_loses_where_and_with_what_it_was_taken(kind: MediaType) -> None:
    before = picture(kind.name)
    with Image.open(io.BytesIO(before)) as image:
        assert image.getexif().get_ifd(0x8825), "the sample has no position: the test would prove nothing"
    after = images.bare_picture(before, kind, name="photo")
    assert b"MARQUEUR-APPAREIL" in before
    assert b"MARQUEUR-APPAREIL" not in after
    with Image.open(io.BytesIO(after)) as image:
        assert dict(image.getexif()) == {}
        assert image.info.keys().isdisjoint({"exif", "xmp", "icc_profile"})
        assert image.size == (32, 64), "the orientation is applied to the pixels"
        assert image.format == kind.name


@pytest.mark.parametrize("data", [picture("JPEG")[:200], b"\xff\xd8\xff" + bytes(100), picture("PNG")])
def test_a_picture_that_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(RuleError, match="ne peut pas être lue"):
        images.bare_picture(data, MediaType.JPEG, name="photo.jpg")


def test_a_picture_of_unreasonable_size_is_refused() -> None:
    out = io.BytesIO()
    Image.new("1", (16_001, 2)).save(out, format="PNG")
    with pytest.raises(RuleError, match="trop grande"):
        images.bare_picture(out.getvalue(), MediaType.PNG, name="plan.png")


def test_a_picture_of_too_many_points_is_refused_before_it_is_unpacked() -> None:
    """Sixty-four million points of one colour weigh a few kilobytes: the size is judged on the header."""
    out = io.BytesIO()
    Image.new("1", (8_000, 8_000)).save(out, format="PNG")
    assert len(out.getvalue()) < 20_000
    with pytest.raises(RuleError, match="trop grande"):
        images.bare_picture(out.getvalue(), MediaType.PNG, name="plan.png")


def test_what_follows_a_picture_is_left_behind() -> None:
    after = images.bare_picture(picture("JPEG") + b"<script>alert(1)</script>" + PDF, MediaType.JPEG, name="photo.jpg")
    assert b"script" not in after
    assert b"%PDF-" not in after


def test_a_pdf_loses_what_acts_by_itself_and_nothing_else() -> None:
    before = acting_pdf()
    words = (b"SCRIPT", b"PROGRAMME", b"FORMULAIRE", b"XFA", b"FICHIER")
    assert all(b"MARQUEUR-" + word in before for word in words), (
        "the sample holds nothing: the test would prove nothing"
    )
    after = images.harmless_pdf(before, name="dossier.pdf")
    with pikepdf.open(io.BytesIO(after)) as pdf:
        out = io.BytesIO()
        pdf.save(out, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable)
        assert len(pdf.pages) == 1
        assert dict(pdf.attachments) == {}
    assert b"MARQUEUR" not in out.getvalue()
    assert not [
        word
        for word in (b"/JavaScript", b"/Launch", b"/SubmitForm", b"/XFA", b"/EmbeddedFile")
        if word in out.getvalue()
    ]
    assert b"https://exemple.test/lien" in out.getvalue()


def test_a_pdf_that_does_nothing_is_kept_to_the_byte() -> None:
    assert images.harmless_pdf(PDF, name="bail.pdf") == PDF


def test_a_pdf_that_cannot_be_read_or_asks_for_a_password_is_refused() -> None:
    closed = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        pdf.save(closed, encryption=pikepdf.Encryption(owner="a", user="b"))
    for data in (closed.getvalue(), b"%PDF-1.7\nrien", PDF[:40]):
        with pytest.raises(RuleError, match="mot de passe"):
            images.harmless_pdf(data, name="bail.pdf")


def test_the_readers_of_files_are_started_without_our_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file that takes its reader over finds neither keys nor addresses of databases there."""
    monkeypatch.setenv("ODIS_MASTER_KEY", "1:secret")
    told = tmp_path / "dit.py"
    told.write_text("import os, sys; sys.stdout.write(repr(dict(os.environ)))")
    monkeypatch.setattr(images, "DISARM", told)
    assert b"ODIS" not in images.harmless_pdf(PDF, name="bail.pdf")
