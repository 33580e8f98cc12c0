"""Reading documents; the selects of ``policy`` decide which."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, func

from odis_app.core.db import db, one_value
from odis_app.core.identity import Identity
from odis_app.core.web import PER_PAGE, Page, paginate
from odis_app.documents.models import Document
from odis_app.documents.policy import visible_documents


def documents_of(identity: Identity, record_id: int, page: int = 1, *, per_page: int = PER_PAGE) -> Page[Document]:
    """One page of the documents of a record that the identity may see, newest first."""
    statement = visible_documents(identity).where(Document.record_id == record_id).order_by(Document.id.desc())
    return paginate(statement, number=page, per_page=per_page)


@one_value
def count_documents(identity: Identity, record_id: int) -> Select[int]:
    """How many documents of a record the identity may see."""
    seen = visible_documents(identity).where(Document.record_id == record_id)
    return seen.with_only_columns(func.count(Document.id))


def documents_by_id(identity: Identity, ids: Sequence[int]) -> dict[int, Document]:
    """Those of ``ids`` that the identity may see, by key."""
    if not ids:
        return {}
    found = db.execute(visible_documents(identity).where(Document.id.in_(ids))).scalars()
    return {document.id: document for document in found}
