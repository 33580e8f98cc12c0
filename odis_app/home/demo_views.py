"""/demo: the accounts of the demonstration. 404 everywhere else, because the blueprint is not registered."""

from __future__ import annotations

from flask import Blueprint, render_template

from odis_app.core.permissions import public
from odis_app.organisations.seeds import PEOPLE

blueprint = Blueprint("demo", __name__, url_prefix="/demo")


@blueprint.route("")
@public
def accounts() -> str:
    """Who may sign in here, and as what."""
    people = [
        {
            "email": f"{account}@demo.odis.example",
            "name": f"{first} {last}",
            "organisation": organisation,
            "roles": [r.label for r in roles],
        }
        for account, first, last, organisation, roles in PEOPLE
    ]
    return render_template("home/demo.html", people=people)
