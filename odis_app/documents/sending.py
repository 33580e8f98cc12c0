"""The answer that carries the bytes of a document."""

from __future__ import annotations

import io

from flask import Response, abort, send_file

from odis_app.documents import operations
from odis_app.documents.models import Document
from odis_app.documents.storage import StoreError


def sent(document: Document, *, attachment: bool = True) -> Response:
    """The bytes of a document that the antivirus let go, kept nowhere. ``attachment`` false: a picture that a page of ours shows."""
    try:
        data = operations.content_of(document)
    except StoreError:
        abort(503)
    response = send_file(
        io.BytesIO(data),
        mimetype=document.media_type,
        as_attachment=attachment,
        download_name=document.name,
        etag=False,
        conditional=False,
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
