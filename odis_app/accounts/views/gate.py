"""The gate of organisations that ask for a second factor: from the day they chose, whoever has none opens their own account only."""

from __future__ import annotations

from flask import Response, current_app, request

from odis_app.accounts.views.sign_in import blueprint
from odis_app.core.permissions import guard_of
from odis_app.core.web import identity, redirect_to


def ask_to_enrol() -> Response | None:
    """Before each request, a write too: the page that adds a factor, instead of anything but the account and what is public."""
    if not identity().must_enrol or request.blueprint == blueprint.name:
        return None
    mark = guard_of(current_app.view_functions.get(request.endpoint or ""))
    if mark is None or (mark.permission is None and request.path != "/"):
        return None
    return redirect_to("accounts.security")
