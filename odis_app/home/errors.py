"""Errors, told with the way out; the same sentence for what does not exist and what may not be seen."""

from __future__ import annotations

import logging

from flask import Flask, Response, g, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from odis_app.core.logs import traced
from odis_app.core.web import is_fragment_request

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(HTTPException, _expected)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(OperationalError, _no_database)
    app.register_error_handler(Exception, _unexpected)


def _page(code: int, message: str = "", reference: str = "") -> Response:
    if is_fragment_request():
        body = render_template("errors/_note.html", code=code, message=message, reference=reference)
    else:
        body = render_template("errors/error.html", code=code, message=message, reference=reference)
    return make_response(body, code)


def _expected(error: HTTPException) -> Response:
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    return _page(error.code or 500)


def _stale_form(_: CSRFError) -> Response:
    message = "Ce formulaire a été ouvert avant votre dernière connexion : il n’a pas été enregistré. Rouvrez la page puis envoyez-le de nouveau."
    return _page(400, message)


def _no_database(error: OperationalError) -> Response:
    log.error("database unavailable", extra={"route": str(request.url_rule), "error": type(error.orig).__name__})
    return _page(503)


def _unexpected(error: Exception) -> Response:
    reference = str(g.get("request_id", ""))
    log.error("unexpected error %s on %s: %s", reference, request.url_rule, traced(error))
    return _page(500, reference=reference)
