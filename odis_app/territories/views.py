"""/territoires/communes: the suggestions of the commune picker. Public: communes hold no personal data."""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort, request

from odis_app.core.permissions import public
from odis_app.core.web import render
from odis_app.territories import queries

blueprint = Blueprint("territories", __name__)
SUGGESTIONS = 10
SHORTEST = 2
_FIELD = re.compile(r"[\w-]{1,64}")


@blueprint.get("/territoires/communes")
@public
def communes() -> Response:
    """Communes that ``q`` may mean. ``champ`` names the form field that asks, whose own parameter is then read instead."""
    field = request.args.get("champ", "")
    if field and not _FIELD.fullmatch(field):
        abort(400)
    text = request.args.get(field or "q", "").strip()[: queries.MAX_QUERY]
    matches = queries.search_communes(text, limit=SUGGESTIONS) if len(text) >= SHORTEST else []
    choice = f"{field or 'commune'}-choix"
    searched = len(text) >= SHORTEST
    return render(
        "territories/communes.html",
        fragment="territories/_suggestions.html",
        matches=matches,
        text=text,
        searched=searched,
        choice_name=choice,
        picker_id=field or "commune",
    )
