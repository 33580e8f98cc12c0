"""Files whose processing is limited (RGPD, article 18): kept and read, nothing more. ``privacy`` grants and lifts; the database refuses as well (0017)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, TextClause, column, func, select, table, text

from odis_app.core.db import one_value
from odis_app.core.errors import RuleError

LIMITED = (
    "Le traitement de ce dossier est limité, à la demande d’une personne du ménage : il se lit, il ne se modifie pas, ne se propose pas "
    "et ne se partage pas. Pour reprendre, l’organisation qui le suit lève la limitation dans l’onglet « Droits »."
)
STANDING = "SELECT household_id FROM limitations WHERE lifted_at IS NULL"


_LIMITATIONS = table(
    "limitations", column("household_id"), column("since"), column("lifted_at")
)  # of ``privacy``, above


@one_value
def limited_since(record_id: int) -> Select[datetime | None]:
    """Since when the processing of a file is limited; None when it is not (or when the file may not be seen)."""
    standing = select(func.min(_LIMITATIONS.c.since)).where(_LIMITATIONS.c.lifted_at.is_(None))
    return standing.where(_LIMITATIONS.c.household_id == record_id)


def refuse_limited(record_id: int) -> None:
    """Raises RuleError when the processing of a file is limited."""
    if limited_since(record_id) is not None:
        raise RuleError("", LIMITED)


def unlimited(column: str) -> TextClause:
    """A condition on a select: ``unlimited("households.id")`` leaves out the files whose processing is limited."""
    return text(f"{column} NOT IN ({STANDING})")
