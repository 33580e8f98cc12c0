"""A bilan as an accessible PDF, through the templates of ``reports/print``."""

from __future__ import annotations

from jinja2 import Environment

from odis_app.reports.document import Bilan, words


def html_of(bilan: Bilan, jinja: Environment) -> str:
    """The HTML that becomes the PDF."""
    context = {
        "title": bilan.title,
        "subtitle": bilan.subtitle,
        "kind": bilan.kind,
        "folder": bilan.folder,
        "source": bilan.source,
        "author": bilan.author,
    }
    return jinja.get_template("reports/print/bilan.html").render(bilan=bilan, words=words, **context)


def pdf_of(bilan: Bilan, jinja: Environment) -> bytes:
    """The PDF, tagged; nothing but our own style sheet is read."""
    from odis_app.core.pdf import render_pdf  # late: it weighs a third of the start, and a web process seldom prints

    return render_pdf(html_of(bilan, jinja), title=f"{bilan.title} : {bilan.kind}")
