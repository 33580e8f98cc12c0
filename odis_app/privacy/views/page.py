"""The blueprint, the page of legal bases, and what these pages share."""

from __future__ import annotations

from flask import Blueprint, Response

from odis_app.core.permissions import guard
from odis_app.core.web import identity, render
from odis_app.privacy import policy, queries

blueprint = Blueprint("privacy", __name__)


@blueprint.get("/droits")
@guard(policy.PURPOSES_READ)
def index() -> Response:
    """Why data are processed, on what legal basis, the rights that follow, how long they are kept."""
    who = identity()
    links = [
        (label, endpoint)
        for label, endpoint, permission in (
            ("Demandes à traiter", "privacy.register", policy.RIGHTS_LIST),
            ("Durées et effacements", "privacy.retention", policy.RETENTION_READ),
            ("Hébergement des données de santé", "privacy.hosting", policy.HOSTING_MANAGE),
        )
        if who.can(permission)
    ]
    return render(
        "privacy/index.html", purposes=queries.purposes().values(), rules=queries.retention_rules(), links=links
    )
