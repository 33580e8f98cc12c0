"""/demo/courriels: what a demonstration would have sent. The blueprint is registered on a demonstration only."""

from __future__ import annotations

from flask import Blueprint, Response, current_app

from odis_app.core.permissions import public
from odis_app.core.web import not_found, render
from odis_app.notifications import queries
from odis_app.notifications.messages import LINK
from odis_app.notifications.rendering import words_of

blueprint = Blueprint("mailbox", __name__, url_prefix="/demo/courriels")


@blueprint.get("")
@public
def index() -> Response:
    """The outgoing mailbox, the newest first."""
    return render("notifications/mailbox.html", mails=queries.mailbox())


@blueprint.get("/<mail>")
@public
def show(mail: str) -> Response:
    """One mail, as its reader would see it."""
    found = next((kept for kept in queries.mailbox() if kept.public_id == mail), None)
    if found is None:
        return not_found()
    words = words_of(current_app.jinja_env, found.kind, found.context, address=current_app.config["ODIS"].address)
    return render("notifications/mail.html", mail=found, words=words, link=found.context.get(LINK, ""))
