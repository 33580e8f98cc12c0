"""A document of ours becomes a PDF that can be listened to; whatever it asks for beyond our style sheets stops it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pikepdf
import pytest
from jinja2 import Environment, FileSystemLoader

from odis_app.core import charts, formats
from odis_app.core.pdf import PRINT, RefusedResourceError, check_pdf, render_pdf

TITLE = "Bilan de la Loire-Atlantique, octobre 2026"
SOURCE = "Données au 31 octobre 2026, calculées le 2 novembre 2026. Personnes et structures inventées."


def sample(places: int = 60) -> str:
    """A bilan with charts, tables, a long table, four scripts and a link."""
    loader = FileSystemLoader([PRINT.parent, Path(__file__).parent])
    env = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    env.filters.update(formats.FILTERS)
    env.globals.update({f"chart_{name}": getattr(charts, name) for name in ("scale", "spread", "wrapped")})
    return env.get_template("sample_bilan.html").render(
        title="Loire-Atlantique, octobre 2026",
        running_title=TITLE,
        kind="bilan départemental",
        subtitle="Bilan mensuel de l’accueil et du relogement.",
        source=SOURCE,
        author="DDETS d’Exemple",
        places=places,
    )


def page(body: str, *, head: str = "", title: str = "Essai") -> str:
    """A minimal document."""
    return f"<!doctype html><html lang='fr'><head><title>{title}</title>{head}</head><body>{body}</body></html>"


@pytest.fixture(scope="module")
def content() -> bytes:
    return render_pdf(sample(), title=TITLE)


def words(content: bytes, *, page_number: int) -> str:
    """The text of one page as a reader extracts it."""
    import subprocess

    command = ["pdftotext", "-f", str(page_number), "-l", str(page_number), "-layout", "-", "-"]
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout.decode()


def test_a_bilan_has_no_fault(content: bytes) -> None:
    assert check_pdf(content) == []


def test_it_says_its_title_its_language_and_its_author(content: bytes) -> None:
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert str(pdf.Root.Lang) == "fr"
        assert str(pdf.docinfo["/Title"]) == TITLE
        assert str(pdf.docinfo["/Author"]) == "DDETS d’Exemple"
        with pdf.open_metadata() as metadata:
            assert (metadata["pdfuaid:part"], metadata["dc:title"]) == ("1", TITLE)


def test_the_running_texts_come_from_the_document(content: bytes) -> None:
    first, second = words(content, page_number=1), words(content, page_number=2)
    assert SOURCE in " ".join(first.split())
    assert SOURCE in " ".join(second.split())
    assert TITLE not in first  # the cover says it
    assert TITLE in second
    assert re.search(r"2\s*/\s*\d\s*$", second.strip())


def test_a_long_table_repeats_its_header_on_each_page(content: bytes) -> None:
    with pikepdf.open(io.BytesIO(content)) as pdf:
        last = len(pdf.pages)
    assert last >= 3
    repeated = [n for n in range(1, last + 1) if "Capacité" in words(content, page_number=n)]
    assert len(repeated) >= 2


def test_a_chart_is_a_drawing_with_its_sentence(content: bytes) -> None:
    assert b"/Alt" in pikepdf_plain(content)
    assert "/Image" not in resources(content)


def pikepdf_plain(content: bytes) -> bytes:
    """The same PDF with its objects in clear."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        pdf.save(
            out, object_stream_mode=pikepdf.ObjectStreamMode.disable, stream_decode_level=pikepdf.StreamDecodeLevel.all
        )
    return out.getvalue()


def resources(content: bytes) -> set[str]:
    """The kinds of external objects that pages draw."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        return {
            str(x.get("/Subtype"))
            for p in pdf.pages
            for x in p.resources.get("/XObject", pikepdf.Dictionary()).values()
        }


SECRET = "CONTENU-A-NE-PAS-LIRE"


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_text(SECRET, encoding="ascii")
    return path


@pytest.mark.parametrize(
    "template",
    [
        "<img src='{url}' alt='x'>",
        "<object data='{url}'></object>",
        "<embed src='{url}'>",
        "<a rel='attachment' href='{url}'>pièce</a>",
        "<p style=\"background: url('{url}')\">x</p>",
        "<style>p::before {{ content: url('{url}') }}</style><p>x</p>",
        "<ul style=\"list-style-image: url('{url}')\"><li>x</li></ul>",
        "<style>@import url('{url}');</style><p>x</p>",
        "<style>@font-face {{ font-family: Vol; src: url('{url}') }} p {{ font-family: Vol }}</style><p>x</p>",
        "<svg viewBox='0 0 9 9'><image href='{url}' width='9' height='9'/></svg>",
    ],
)
@pytest.mark.parametrize(
    "url",
    [
        "file://{file}",
        "http://127.0.0.1:1/x.css",
        "https://odis.example/x.png",
        "http://169.254.169.254/latest/meta-data/",
        "//169.254.169.254/x",
        "ftp://127.0.0.1:1/x",
        "data:text/css,p{{}}",
        "print:../../pyproject.toml",
        "print:base.html",
        "print:/etc/passwd",
    ],
)
def test_every_other_address_stops_the_document(secret_file: Path, template: str, url: str) -> None:
    body = template.format(url=url.format(file=secret_file))
    with pytest.raises(RefusedResourceError):
        render_pdf(page(body), title="Essai")


@pytest.mark.parametrize("rel", ["stylesheet", "attachment"])
@pytest.mark.parametrize("url", ["file://{file}", "http://169.254.169.254/", "print:absent.css"])
def test_a_link_in_the_head_is_refused_too(secret_file: Path, rel: str, url: str) -> None:
    head = f"<link rel='{rel}' href='{url.format(file=secret_file)}'>"
    with pytest.raises(RefusedResourceError):
        render_pdf(page("<p>x</p>", head=head), title="Essai")


def test_a_base_address_changes_nothing(secret_file: Path) -> None:
    head = f"<base href='file://{secret_file.parent}/'>"
    with pytest.raises(RefusedResourceError):
        render_pdf(page("<img src='secret.txt' alt='x'>", head=head), title="Essai")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<h1>T</h1><svg viewBox='0 0 9 9'><rect width='9' height='9'/></svg>", "La figure 1 n’a pas de texte"),
        ("<h1>T</h1><h3>Trop bas</h3>", "Un titre de niveau 3 suit un titre de niveau 1."),
        ("<h2>Sans titre</h2>", "Le premier titre est de niveau 2"),
        ("<h1>Un</h1><h1>Deux</h1>", "2 titres de niveau 1"),
        ("<p>Rien</p>", "0 titres de niveau 1"),
        ("<h1>T</h1><table><tr><td>1</td></tr></table>", "Le tableau 1 n’a pas de cellule d’en-tête."),
    ],
)
def test_the_checker_finds_what_a_page_forgot(body: str, fault: str) -> None:
    faults = check_pdf(render_pdf(page(body), title="Essai"))
    assert any(fault in found for found in faults), faults


def broken(content: bytes, change: str) -> bytes:
    """The PDF with one thing taken away."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        if change == "tags":
            del pdf.Root.StructTreeRoot
        elif change == "title":
            with pdf.open_metadata() as metadata:
                del metadata["dc:title"]
        elif change == "mark":
            with pdf.open_metadata() as metadata:
                del metadata["pdfuaid:part"]
        elif change == "scope":
            for item in pdf.objects:
                if isinstance(item, pikepdf.Dictionary) and item.get("/S") == "/TH":
                    del item.A["/Scope"]
        elif change == "text":
            pdf.pages[0].contents_add(b"BT (hors balise) Tj ET")
        elif change == "links":
            for item in pdf.objects:
                if isinstance(item, pikepdf.Dictionary) and item.get("/Subtype") == "/Link":
                    del item["/Contents"]
        elif change == "fonts":
            for item in pdf.objects:
                if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/FontDescriptor":
                    for name in ("/FontFile", "/FontFile2", "/FontFile3"):
                        if name in item:
                            del item[name]
        else:
            del pdf.Root[change]
        pdf.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("tags", "Le document n’est pas balisé."),
        ("/MarkInfo", "Le document n’est pas balisé."),
        ("/Lang", "La langue du document manque."),
        ("/ViewerPreferences", "Le lecteur n’affichera pas le titre"),
        ("title", "Le titre du document manque."),
        ("mark", "ne se déclare pas PDF/UA"),
        ("scope", "en-têtes qui ne disent pas"),
        ("text", "Page 1 : du texte est hors de toute balise."),
        ("links", "un lien n’a pas de texte"),
        ("fonts", "n’est pas incorporée"),
    ],
)
def test_the_checker_finds_what_a_file_lost(content: bytes, change: str, fault: str) -> None:
    faults = check_pdf(broken(content, change))
    assert any(fault in found for found in faults), faults


def test_what_is_not_a_pdf_is_said() -> None:
    assert check_pdf(b"<html>") == ["Le fichier n’est pas un PDF lisible."]


def test_words_of_people_are_text_never_mark_up() -> None:
    from markupsafe import escape

    hostile = "<img src='file:///etc/passwd'><svg onload='x'>"
    content = render_pdf(page(f"<h1>T</h1><p>{escape(hostile)}</p>"), title="Essai")
    assert "<img src=" in words(content, page_number=1)
