"""Files whose processing is limited (RGPD, article 18): kept and read, nothing more. ``privacy`` grants and lifts; the database refuses as well (0017)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import TextClause, text

from odis_app.core.db import asked_once, db
from odis_app.core.errors import RuleError

LIMITED = (
    "Le traitement de ce dossier est limité, à la demande d’une personne du ménage : il se lit, il ne se modifie pas, ne se propose pas "
    "et ne se partage pas. Pour reprendre, l’organisation qui le suit lève la limitation dans l’onglet « Droits »."
)
STANDING = "SELECT household_id FROM limitations WHERE lifted_at IS NULL"


@asked_once
def limited_since(record_id: int) -> datetime | None:
    """Since when the processing of a file is limited; None when it is not (or when the file may not be seen)."""
    statement = text("SELECT min(since) FROM limitations WHERE household_id = :id AND lifted_at IS NULL")
    since: datetime | None = db.execute(statement, {"id": record_id}).scalar_one()
    return since


def refuse_limited(record_id: int) -> None:
    """Raises RuleError when the processing of a file is limited."""
    if limited_since(record_id) is not None:
        raise RuleError("", LIMITED)


def unlimited(column: str) -> TextClause:
    """A condition on a select: ``unlimited("households.id")`` leaves out the files whose processing is limited."""
    return text(f"{column} NOT IN ({STANDING})")
