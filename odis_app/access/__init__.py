"""Rights: records and grants, the decision behind the marks."""

from __future__ import annotations

from flask import Flask

from odis_app.access import keys, views
from odis_app.access.cli import permissions
from odis_app.access.enforcement import enforce
from odis_app.access.policy import ACCESS_EXPLAIN, EXCEPTION_CHANGE, REVIEW_LIST
from odis_app.core.slots import slot


def setup(app: Flask) -> None:
    """Judge every request before its view; the table on the command line."""
    app.before_request(enforce)
    app.register_blueprint(views.blueprint)
    keys.configure(app.config["ODIS"].erasures_dir)
    app.cli.add_command(permissions)
    tools, links = slot("team.tools"), slot("account.links")
    tools.add(label="Droits particuliers", endpoint="access.exceptions", permission=EXCEPTION_CHANGE, order=10)
    tools.add(
        label="Un collègue ne voit pas un dossier", endpoint="access.why_not", permission=ACCESS_EXPLAIN, order=20
    )
    links.add(label="Décisions à relire", endpoint="access.reviews", permission=REVIEW_LIST, order=30)
