"""What any form that takes documents needs: how many, who reads them, the files really chosen."""

from __future__ import annotations

from typing import BinaryIO, cast

from werkzeug.datastructures import FileStorage
from wtforms.fields.choices import SelectChoice

from odis_app.core.identity import Identity
from odis_app.documents.enums import Audience
from odis_app.documents.operations import Upload
from odis_app.documents.policy import is_state

MAX_FILES = 5
FILES_HINT = "PDF, image, document ou classeur bureautique, texte ou CSV. 20 Mo au plus par envoi."


def audience_choices(identity: Identity, *, chosen: bool = True) -> list[SelectChoice]:
    """The audiences to choose from, the usual one first; « Services de l’État » for who works there."""
    kept = [a for a in Audience if chosen or a is not Audience.CHOISIS]
    labels = {Audience.ETAT: "Services de l’État"} if is_state(identity) else {}
    return [SelectChoice(a.value, labels.get(a, a.label)) for a in kept]


def uploads(files: list[FileStorage | str] | None) -> list[Upload]:
    """The files really chosen, as operations take them."""
    return [
        Upload(f.filename, cast(BinaryIO, f.stream)) for f in files or [] if isinstance(f, FileStorage) and f.filename
    ]
