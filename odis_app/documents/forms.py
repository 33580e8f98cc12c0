"""The form that deposits documents on a record."""

from __future__ import annotations

from wtforms import BooleanField, MultipleFileField, SelectField

from odis_app.core.forms import Form
from odis_app.documents import content
from odis_app.documents.fields import FILES_HINT


class DocumentForm(Form):
    """Files, who will read them, and whether they speak of health."""

    files = MultipleFileField("Documents", description=FILES_HINT, render_kw={"accept": content.ACCEPT})
    audience = SelectField("Qui pourra lire")
    health = BooleanField("Contient des informations de santé (classe 2)")
