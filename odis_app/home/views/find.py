"""/recherche: what one types is a name more often than not, so it travels by POST and never stands in an address or a log."""

from __future__ import annotations

from flask import Response, request

from odis_app.core.permissions import guard
from odis_app.core.web import identity, render
from odis_app.home.policy import SEARCH_USE
from odis_app.home.queries import search as finder
from odis_app.home.views.pages import blueprint


@blueprint.route("/recherche", methods=["GET", "POST"])
@guard(SEARCH_USE)
def search() -> Response:
    """The results, straight from the POST: a redirection would put what was typed in the address."""
    typed = " ".join(request.form.get("q", "").replace("\0", "").split())[
        : finder.LONGEST
    ]  # no database text holds a NUL
    found = finder.search(identity(), typed) if len(typed) >= finder.SHORTEST else None
    return render(
        "home/search.html",
        typed=typed,
        found=found,
        too_short=bool(typed) and found is None,
        crumbs=[("Recherche", None)],
    )
