"""The blueprint, the page of legal bases, and what these pages share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash

from odis_app.core.errors import RuleError
from odis_app.core.forms import Form
from odis_app.core.permissions import guard
from odis_app.core.web import identity, redirect_to, render
from odis_app.documents.records import page_of
from odis_app.households.models import Household
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
            ("Changer les durées", "privacy.durations", policy.RETENTION_SET),
            ("Hébergement des données de santé", "privacy.hosting", policy.HOSTING_MANAGE),
        )
        if who.can(permission)
    ]
    return render(
        "privacy/index.html", purposes=queries.purposes().values(), rules=queries.retention_rules(), links=links
    )


def file_page(
    household: Household, template: str, *, tab: str, status: int = 200, crumb: str = "", **context: Any
) -> Response:
    """A page under the folder of a file."""
    kind = page_of("household", household).kind
    return render(template, status=status, **kind.context(identity(), household, tab, crumb), **context)


def saved(form: Form, act: Callable[[], object]) -> bool:
    """Run an operation; what it refuses is shown on the form, which keeps what was typed."""
    try:
        act()
    except RuleError as error:
        form.add_error(error)
        return False
    return True


def done(household: Household, endpoint: str, sentence: str) -> Response:
    """303 to the page where the result is seen, with one sentence there."""
    flash(sentence, "ok")
    return redirect_to(endpoint, household=household.public_id)
