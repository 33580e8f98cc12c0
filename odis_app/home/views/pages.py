"""/sante, and the legal pages."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, jsonify, render_template, request

from odis_app.core import logs
from odis_app.core.permissions import public
from odis_app.core.requests import without_unit
from odis_app.home import health
from odis_app.home import register as processing
from odis_app.privacy.queries import purposes

blueprint = Blueprint("home", __name__)


@blueprint.route("/sante")
@public
@without_unit
def health_check() -> tuple[Response, int]:
    """JSON for the supervisor: 503 when one of the services is down; a late queue is told and pages still answer."""
    report = health.report(current_app.config["ODIS"])
    return jsonify(report), 503 if report["statut"] == health.DOWN else 200


@blueprint.route("/metrics")
@public
def metrics() -> Response:
    """Prometheus, for this machine only: whoever comes through a proxy gets 404."""
    if request.remote_addr not in {"127.0.0.1", "::1", None} or request.headers.get("X-Forwarded-For"):
        abort(404)
    return Response(logs.exposition(), mimetype="text/plain")


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


@blueprint.route("/registre")
@public
def register() -> str:
    """The register of processing activities: which data, why, how long, who reads them by role."""
    return render_template("home/register.html", entries=processing.register(purposes()))


@blueprint.route("/mentions-legales")
@public
def legal() -> str:
    """Who publishes and hosts this installation."""
    return render_template("home/legal.html", host=current_app.config["ODIS"].address.partition("://")[2])
