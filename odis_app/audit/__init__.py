"""The append-only trail of what was read and written."""

from __future__ import annotations

from flask import Flask

from odis_app.audit.cli import audit
from odis_app.audit.labels import action_label, functions_label
from odis_app.audit.policy import TRAIL_ORGANISATION, TRAIL_OWN
from odis_app.audit.views import blueprint
from odis_app.core.slots import slot


def setup(app: Flask) -> None:
    """The trail is written by operations; it is read here and on the pages of what it concerns; « odis audit verify » judges its seals."""
    app.register_blueprint(blueprint)
    app.jinja_env.filters.update(acte=action_label, fonctions=functions_label)
    app.cli.add_command(audit)
    links = slot("account.links")
    links.add(label="Mon activité", endpoint="audit.mine", permission=TRAIL_OWN, order=10)
    links.add(
        label="Journal des accès de l’organisation",
        endpoint="audit.organisation",
        permission=TRAIL_ORGANISATION,
        order=20,
    )
