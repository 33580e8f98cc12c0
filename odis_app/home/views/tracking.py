"""/suivi: the files of one's départements without a name."""

from __future__ import annotations

from flask import Response, request

from odis_app.core.forms import as_choices
from odis_app.core.permissions import guard
from odis_app.core.templating import url_without
from odis_app.core.web import identity, page_number, render
from odis_app.home.forms import TrackingForm
from odis_app.home.queries import tracking as queries
from odis_app.home.views.pages import blueprint
from odis_app.households.policy import HOUSEHOLD_TRACK
from odis_app.organisations.queries import dispositifs
from odis_app.territories.queries import label_of

FILTERS = ("q", "etape", "dispositif", "departement")


@blueprint.get("/suivi")
@guard(HOUSEHOLD_TRACK)
def tracking() -> Response:
    """Number, stage, delays, size and dispositif (domain.md, no more); a number is a link where the file was opened to us."""
    who = identity()
    form = TrackingForm(formdata=request.args)
    schemes = dispositifs()
    form.dispositif.choices = as_choices([("", "Tous"), *((str(d.id), d.label) for d in schemes)])
    form.departement.choices = as_choices(
        [("", "Tous"), *((code, label_of(f"dep:{code}")) for code in who.departments)]
    )
    filters = queries.TrackingFilter(
        q=(form.q.data or "").strip()[:20], stage=form.etape.data or "", dispositif=form.dispositif.data or "",
        department=form.departement.data or "", signalled=bool(form.signale.data), order=form.tri.data or queries.DEFAULT_ORDER,
    )  # fmt: skip
    return render(
        "home/tracking.html",
        fragment="home/_tracking.html",
        form=form,
        results=queries.tracking_page(who, filters, number=page_number()),
        chips=_chips(form),
        sort=filters.order,
        schemes={d.id: d.label for d in schemes},
        crumbs=[("Suivi des dossiers", None)],
    )


def _chips(form: TrackingForm) -> list[dict[str, str]]:
    """Active filters, each with the address without it."""
    found = []
    for name in FILTERS:
        for value in (v for v in request.args.getlist(name) if v.strip()):
            label = value if name == "q" else {c.value: c.label for c in form[name].choices}.get(value, value)
            found.append({"label": f"{form[name].label.text} : {label}", "url": url_without(name, value)})
    if form.signale.data:
        found.append({"label": form.signale.label.text, "url": url_without("signale", request.args.get("signale"))})
    return found
