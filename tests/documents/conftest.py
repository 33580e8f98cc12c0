"""Small files of each kind, and the circle of the journal's tests."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator

import pikepdf
import pytest
from flask import Flask
from PIL import Image

from odis_app.documents import operations
from odis_app.documents.enums import Audience
from odis_app.documents.operations import Upload
from tests.journal.conftest import Circle, circle

__all__ = ["circle"]


def picture(format_name: str = "JPEG", *, gps: bool = True, size: tuple[int, int] = (64, 32)) -> bytes:
    """A picture with, in its EXIF, where and with what it was taken, turned a quarter."""
    out = io.BytesIO()
    image = Image.new("RGB", size, (200, 30, 30))
    exif = Image.Exif()
    if gps:
        exif[0x0110] = "MARQUEUR-APPAREIL"
        exif[0x0112] = 6
        exif.get_ifd(0x8825).update({1: "N", 2: (47.0, 13.0, 6.0), 3: "W", 4: (1.0, 33.0, 14.0)})
    image.save(out, format=format_name, exif=exif)
    return out.getvalue()


def office(*names: str, mimetype: bytes = b"") -> bytes:
    """A zip with these entries, as office documents are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(name, "<x/>")
    return out.getvalue()


PDF = (  # the smallest that a reader opens: one empty page
    b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R/Size 4>>\n%%EOF"
)


def acting_pdf() -> bytes:
    """A page whose document opens on a script, starts a program, sends a form, holds a page for another program and a file."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page()
    script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert('MARQUEUR-SCRIPT')")
    launch = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="MARQUEUR-PROGRAMME.exe", Next=[script])
    form = pikepdf.Dictionary(S=pikepdf.Name.SubmitForm, F="https://exemple.test/MARQUEUR-FORMULAIRE")
    kept = pikepdf.Dictionary(S=pikepdf.Name.URI, URI="https://exemple.test/lien")
    pdf.Root.OpenAction = pdf.make_indirect(script)
    pdf.Root.AA = pikepdf.Dictionary(WC=launch)
    pdf.Root.Names = pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=["a", pdf.make_indirect(script)]))
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[], XFA=pdf.make_stream(b"<xdp>MARQUEUR-XFA</xdp>"))
    box = {"Type": pikepdf.Name.Annot, "Subtype": pikepdf.Name.Link, "Rect": [0, 0, 9, 9]}
    page.Annots = pikepdf.Array([pikepdf.Dictionary(**box, A=action) for action in (launch, form, kept)])
    pdf.attachments["note.exe"] = b"MARQUEUR-FICHIER"
    out = io.BytesIO()
    pdf.save(out, compress_streams=False)
    return out.getvalue()


def upload(data: bytes, name: str = "attestation.pdf") -> Upload:
    """A file as a form brings it."""
    return Upload(name, io.BytesIO(data))


@pytest.fixture
def store(circle: Circle) -> Callable[..., str]:
    """``store("author", Audience.PARTENAIRES)`` → the public id of the document."""

    def act(
        name: str,
        audience: Audience = Audience.PARTENAIRES,
        data: bytes = PDF,
        filename: str = "attestation.pdf",
        sensitivity: int = 1,
    ) -> str:
        with circle[name].acting() as identity:
            document = operations.store_document(
                identity, **circle.place, upload=upload(data, filename), audience=audience, sensitivity=sensitivity
            )
            return document.public_id

    return act


@pytest.fixture
def installation(app: Flask) -> Iterator[Callable[..., None]]:
    """Reconfigure the store or the antivirus for one test."""
    from dataclasses import replace

    config = app.config["ODIS"]
    yield lambda **changes: operations.configure(replace(config, **changes))
    operations.configure(config)
