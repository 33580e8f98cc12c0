"""/ , /sante, and the legal pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from odis_app.access.enforcement import ask_to_sign_in
from odis_app.core import clock
from odis_app.core.permissions import public
from odis_app.core.slots import slot
from odis_app.core.web import identity, render
from odis_app.home import health

blueprint = Blueprint("home", __name__)


@blueprint.route("/")
@public
def index() -> ResponseReturnValue:
    """What waits for me today, for each role; the sign-in page for who is not known."""
    who = identity()
    if not who.is_signed_in:
        return ask_to_sign_in()
    blocks: list[Any] = [entry.provider(who) for entry in slot("home.blocks").entries(who) if entry.provider]
    return render("home/index.html", blocks=[b for b in blocks if b is not None], today=clock.today())


@blueprint.route("/sante")
@public
def health_check() -> tuple[Response, int]:
    """JSON for the supervisor: 503 when one of the services is down."""
    report = health.report(current_app.config["ODIS"])
    return jsonify(report), 200 if report["statut"] == "ok" else 503


@blueprint.route("/accessibilite")
@public
def accessibility() -> str:
    """The accessibility statement."""
    return render_template("home/accessibility.html")


@blueprint.route("/donnees-personnelles")
@public
def personal_data() -> str:
    """What is kept, why, how long, and one's rights."""
    return render_template("home/personal_data.html")


@blueprint.route("/mentions-legales")
@public
def legal() -> str:
    """Who publishes and hosts this installation."""
    return render_template("home/legal.html", host=request.host)
