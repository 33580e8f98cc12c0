"""Bilans: reading, drawing, checking and writing the figures, beside WeasyPrint alone on the same HTML."""

from __future__ import annotations

from datetime import date

from weasyprint import HTML

from bench.figures import Cell, Figure, Table, alternated, p50
from bench.ground import Ground, addresses
from odis_app.core import clock
from odis_app.core.db import unit_of_work
from odis_app.core.identity import Identity
from odis_app.core.pdf import PrintAssets, check_pdf
from odis_app.households.policy import find_household, reads_in_full
from odis_app.reports.enums import ReportKind
from odis_app.reports.models import Report
from odis_app.reports.operations import build
from odis_app.reports.printing import html_of, pdf_of
from odis_app.reports.workbook import workbook

SECONDS, RATIO = 3, 1.3  # quality.md: one département, and WeasyPrint alone


def run(ground: Ground) -> list[Table]:
    table = Table(
        "Bilans",
        (
            "Bilan",
            "En tout (s)",
            "dont le PDF (s)",
            "WeasyPrint seul (s)",
            "PDF ÷ WeasyPrint seul",
            "En tout ÷ WeasyPrint seul",
        ),
    )
    files = addresses(ground.browser("association"), "/menages", "/menages")
    with ground.app.app_context():
        with unit_of_work(ground.world["association"].token, readonly=True) as unit:
            report = _report(ReportKind.HOUSEHOLD)
            report.record_id = _household(files, unit.identity)
            table.rows.append(_row(ground, unit.identity, "Un ménage", report))
        with unit_of_work(ground.world["ddets44"].token) as unit:  # what is told of a year is kept
            report = _report(ReportKind.DEPARTMENT)
            report.department_code, report.whole_territory = "44", True
            table.rows.append(_row(ground, unit.identity, "Un département (44, DDETS)", report))
    table.notes.append(
        "En tout : lecture, HTML, PDF balisé, vérification du PDF, classeur des chiffres. Médianes de tours alternés."
    )
    return [table]


def _report(kind: ReportKind) -> Report:
    today = clock.today()
    return Report(kind=kind.value, since=date(today.year - 1, 1, 1), until=date(today.year - 1, 12, 31))


def _household(files: list[str], identity: Identity) -> int:
    for address in files:
        found = find_household(identity, address.rsplit("/", 1)[1])
        if found is not None and reads_in_full(identity, found):
            return found.id
    raise LookupError("no household may be read in full")


def _row(ground: Ground, identity: Identity, label: str, report: Report) -> tuple[Cell, ...]:
    jinja = ground.app.jinja_env
    bilan = build(identity, report)
    if bilan is None:
        return (label, *["n’a pas pu être lu"] * 5)
    html = html_of(bilan, jinja)

    def whole() -> None:
        made = build(identity, report)
        assert made is not None
        check_pdf(pdf_of(made, jinja))
        workbook(made)

    def alone() -> bytes:
        return bytes(
            HTML(string=html, base_url="print:", url_fetcher=PrintAssets(), media_type="print").write_pdf(
                pdf_variant="pdf/ua-1"
            )
        )

    times = alternated((whole, lambda: pdf_of(bilan, jinja), alone), max(3, ground.repeat // 10), warm=1)
    total, pdf, bare = (p50(found) / 1000 for found in times)
    return (
        label,
        Figure(total, "", SECONDS),
        Figure(pdf),
        Figure(bare),
        Figure(pdf / bare, "", RATIO),
        Figure(total / bare, "", RATIO),
    )
