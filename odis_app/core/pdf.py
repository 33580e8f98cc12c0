"""From a page of ours to an accessible PDF (PDF/UA), and the checker that says what would stop a screen reader.

WeasyPrint reads any ``file:`` by itself; here every address goes to ``PrintAssets``, which knows the style sheets of
``templates/print`` by name and refuses all else, loudly: a document that asks for anything more is a fault or an attack.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pikepdf
import pydyf  # type: ignore[import-untyped]
from weasyprint import HTML, Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

PRINT = Path(__file__).resolve().parents[2] / "templates" / "print"
VARIANT = "pdf/ua-1"
SVG = "{http://www.w3.org/2000/svg}"
_ASSET = re.compile(r"print:([a-z0-9][a-z0-9_-]*\.css)")
_TEXT_OPERATORS = {"Tj", "TJ", "'", '"'}


class RefusedResourceError(FatalURLFetchingError):  # type: ignore[misc]
    """The document asked for something that is not one of our print assets; nothing was read."""


class PrintAssets(URLFetcher):  # type: ignore[misc]
    """Answers ``print:<name>.css`` from ``templates/print`` and refuses every other address."""

    def __init__(self) -> None:
        super().__init__(timeout=0, allowed_protocols=("print",), allow_redirects=False, fail_on_errors=True)
        self.refused: list[str] = []

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:  # noqa: ARG002
        """The asset's content; raises RefusedResourceError, which stops the rendering."""
        match = _ASSET.fullmatch(url)
        if match is None or not (path := PRINT / match[1]).is_file():
            self.refused.append(url[:80])
            raise RefusedResourceError(f"not a print asset: {url[:80]}")
        return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": "text/css; charset=utf-8"})


def render_pdf(html: str, *, title: str, lang: str = "fr") -> bytes:
    """Render a complete HTML document of ours (never a person's HTML or SVG) as PDF/UA-1.

    ``title`` and ``lang`` become the document's own, shown by readers and used by speech. Style sheets are linked as
    ``<link rel="stylesheet" href="print:bilan.css">``. Raises RefusedResourceError for any other address.
    """
    assets = PrintAssets()
    source = HTML(string=html, base_url="print:", url_fetcher=assets, media_type="print")
    source.etree_element.set("lang", lang)
    _name_drawings(source.etree_element)
    document = source.render(font_config=FontConfiguration(), pdf_variant=VARIANT)
    document.metadata.title = title
    document.metadata.lang = lang
    document.metadata.generator = "OD&IS"
    rendered: bytes = document.write_pdf(pdf_variant=VARIANT, finisher=_complete_tags)
    if assets.refused:  # WeasyPrint swallows what happens inside a drawing
        raise RefusedResourceError(f"not a print asset: {assets.refused[0]}")
    return rendered


def _name_drawings(root: ET.Element) -> None:
    """Copy the sentence of each drawing (``aria-label``) to its ``<title>``, the only place where WeasyPrint looks for it."""
    for drawing in root.iter(f"{SVG}svg"):
        sentence = drawing.get("aria-label")
        if sentence and drawing.find(f"{SVG}title") is None:
            title = ET.Element(f"{SVG}title")
            title.text = sentence
            drawing.insert(0, title)


def _complete_tags(_document: Document, pdf: pydyf.PDF) -> None:
    """Give each header cell its Scope, and each link its words: WeasyPrint leaves both to the reader's guess."""
    by_reference = {item.reference: item for item in pdf.objects if isinstance(item, pydyf.Dictionary)}
    for element in by_reference.values():
        if element.get("S") == "/TH":
            element["A"]["Scope"] = "/Column" if _has_ancestor(element, "/THead", by_reference) else "/Row"
        elif element.get("Subtype") == "/Link" and "Contents" not in element:
            element["Contents"] = pydyf.String(_link_text(element))


def _has_ancestor(element: pydyf.Dictionary, tag: str, by_reference: dict[Any, pydyf.Dictionary]) -> bool:
    parent = by_reference.get(element.get("P"))
    while parent is not None:
        if parent.get("S") == tag:
            return True
        parent = by_reference.get(parent.get("P"))
    return False


def _link_text(annotation: pydyf.Dictionary) -> str:
    action = annotation.get("A")
    target = action.get("URI") if isinstance(action, dict) else None
    return (
        f"Lien vers {target.string}" if isinstance(target, pydyf.String) else "Lien vers une autre partie du document"
    )


# ── Checking ────────────────────────────────────────────────────────────────


@dataclass
class _Tree:
    """What the structure tree says, in reading order."""

    headings: list[int] = field(default_factory=list)
    figures: list[str | None] = field(default_factory=list)
    tables: list[list[str | None]] = field(default_factory=list)


def check_pdf(content: bytes) -> list[str]:
    """The faults of a PDF for somebody who listens to it, as French sentences; an empty list means none was found.

    Looks at: tags, language, title, PDF/UA mark, alternative texts, heading order, header cells and their scope, text
    out of any tag, links without words, fonts that are not embedded.
    """
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            return list(_faults(pdf))
    except pikepdf.PdfError:
        return ["Le fichier n’est pas un PDF lisible."]


def _faults(pdf: pikepdf.Pdf) -> Iterator[str]:
    yield from _document_faults(pdf)
    root = pdf.Root.get("/StructTreeRoot")
    if root is not None:
        tree = _Tree()
        _walk(root.get("/K"), tree, set())
        yield from _heading_faults(tree.headings)
        for number, alternative in enumerate(tree.figures, start=1):
            if not (alternative or "").strip():
                yield f"La figure {number} n’a pas de texte de remplacement."
        yield from _table_faults(tree.tables)
    for number, page in enumerate(pdf.pages, start=1):
        yield from _page_faults(number, page)


def _document_faults(pdf: pikepdf.Pdf) -> Iterator[str]:
    if "/StructTreeRoot" not in pdf.Root or not _flag(pdf.Root.get("/MarkInfo"), "/Marked"):
        yield "Le document n’est pas balisé."
    if not str(pdf.Root.get("/Lang", "")).strip():
        yield "La langue du document manque."
    with pdf.open_metadata() as metadata:
        if not str(metadata.get("dc:title", "") or "").strip():
            yield "Le titre du document manque."
        if not metadata.get("pdfuaid:part"):
            yield "Le document ne se déclare pas PDF/UA."
    if not _flag(pdf.Root.get("/ViewerPreferences"), "/DisplayDocTitle"):
        yield "Le lecteur n’affichera pas le titre du document."


def _flag(options: Any, name: str) -> bool:
    return isinstance(options, pikepdf.Dictionary) and bool(options.get(name, False))


def _walk(node: Any, tree: _Tree, seen: set[tuple[int, int]]) -> None:
    """Visit structure elements in reading order; ``seen`` guards against a tree that bites its tail."""
    if isinstance(node, pikepdf.Array):
        for child in node:
            _walk(child, tree, seen)
        return
    if not isinstance(node, pikepdf.Dictionary) or (node.is_indirect and node.objgen in seen):
        return
    if node.is_indirect:
        seen.add(node.objgen)
    tag = str(node.get("/S", ""))
    if heading := re.fullmatch(r"/H([1-6])", tag):
        tree.headings.append(int(heading[1]))
    elif tag == "/Figure":
        tree.figures.append(str(node["/Alt"]) if "/Alt" in node else None)
    elif tag == "/Table":
        tree.tables.append([])
    elif tag == "/TH" and tree.tables:
        tree.tables[-1].append(_scope(node.get("/A")))
    _walk(node.get("/K"), tree, seen)


def _scope(attributes: Any) -> str | None:
    options = list(attributes) if isinstance(attributes, pikepdf.Array) else [attributes]
    scopes = [str(item["/Scope"]) for item in options if isinstance(item, pikepdf.Dictionary) and "/Scope" in item]
    return scopes[0] if scopes else None


def _heading_faults(levels: list[int]) -> Iterator[str]:
    if levels.count(1) != 1:
        yield f"Le document compte {levels.count(1)} titres de niveau 1 au lieu d’un seul."
    previous = 0
    for level in levels:
        if level > previous + 1:
            yield (
                f"Un titre de niveau {level} suit un titre de niveau {previous}."
                if previous
                else (f"Le premier titre est de niveau {level} au lieu de 1.")
            )
        previous = level


def _table_faults(tables: list[list[str | None]]) -> Iterator[str]:
    for number, scopes in enumerate(tables, start=1):
        if not scopes:
            yield f"Le tableau {number} n’a pas de cellule d’en-tête."
        elif any(scope not in {"/Row", "/Column", "/Both"} for scope in scopes):
            yield f"Le tableau {number} a des en-têtes qui ne disent pas s’ils valent pour la ligne ou la colonne."


def _page_faults(number: int, page: pikepdf.Page) -> Iterator[str]:
    depth = 0
    for instruction in pikepdf.parse_content_stream(page):
        operator = str(instruction.operator)
        if operator in {"BDC", "BMC"}:
            depth += 1
        elif operator == "EMC":
            depth -= 1
        elif operator in _TEXT_OPERATORS and depth == 0:
            yield f"Page {number} : du texte est hors de toute balise."
            break
    for annotation in page.obj.get("/Annots", []):
        if annotation.get("/Subtype") == "/Link" and not str(annotation.get("/Contents", "")).strip():
            yield f"Page {number} : un lien n’a pas de texte."
    fonts: Any = page.resources.get("/Font", pikepdf.Dictionary())
    for name, font in fonts.items():
        if not _is_embedded(font):
            yield f"Page {number} : la police {name} n’est pas incorporée."


def _is_embedded(font: Any) -> bool:
    inner = font.get("/DescendantFonts", [font])[0]
    descriptor = inner.get("/FontDescriptor", {})
    is_type3 = str(font.get("/Subtype")) == "/Type3"  # its drawings are in the file by nature
    return is_type3 or any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3"))
