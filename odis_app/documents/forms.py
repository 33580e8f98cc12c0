"""The form that deposits documents on a record."""

from __future__ import annotations

from typing import BinaryIO, cast

from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, MultipleFileField, SelectField
from wtforms.fields.choices import SelectChoice

from odis_app.core.forms import Form
from odis_app.core.identity import Identity
from odis_app.documents import content
from odis_app.documents.enums import Audience
from odis_app.documents.operations import Upload
from odis_app.documents.policy import is_state

MAX_FILES = 5
FILES_HINT = "PDF, image, document ou classeur bureautique, texte ou CSV. 20 Mo au plus par envoi."


class DocumentForm(Form):
    """Files, who will read them, and whether they speak of health."""

    files = MultipleFileField("Documents", description=FILES_HINT, render_kw={"accept": content.ACCEPT})
    audience = SelectField("Qui pourra lire")
    health = BooleanField("Contient des informations de santé (classe 2)")


def audience_choices(identity: Identity, *, chosen: bool = True) -> list[SelectChoice]:
    """The audiences to choose from, the usual one first; « Services de l’État » for who works there."""
    kept = [a for a in Audience if chosen or a is not Audience.CHOISIS]
    labels = {Audience.ETAT: "Services de l’État"} if is_state(identity) else {}
    return [SelectChoice(a.value, labels.get(a, a.label)) for a in kept]


def uploads(files: list[FileStorage] | None) -> list[Upload]:
    """The files really chosen, as operations take them."""
    return [Upload(f.filename, cast(BinaryIO, f.stream)) for f in files or [] if f and f.filename]
