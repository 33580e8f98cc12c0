"""/menages: the list, and the search by an identifier."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for

from odis_app.audit.operations import record_event
from odis_app.core.formats import pluriel
from odis_app.core.identity import Identity
from odis_app.core.permissions import guard
from odis_app.core.slots import slot
from odis_app.core.templating import url_with, url_without, with_query
from odis_app.core.web import identity, page_number, render
from odis_app.households import queries
from odis_app.households.enums import ProtectionStatus
from odis_app.households.forms import FilterForm, SearchForm
from odis_app.households.forms.fields import department_choices
from odis_app.households.forms.file import PROTECTIONS
from odis_app.households.operations import normal_phone
from odis_app.households.policy import FILE_JOIN, HOUSEHOLD_CREATE, HOUSEHOLD_LIST, HOUSEHOLD_SEARCH_EXACT
from odis_app.households.queries import VIEWS, HouseholdFilter
from odis_app.households.views.page import blueprint, display_name, saved
from odis_app.organisations.enums import OrganisationKind
from odis_app.organisations.queries import colleagues

FILTERS = ("q", "etape", "priorite", "protection", "referent", "departement", "nouvelles", "titre")


@blueprint.get("")
@guard(HOUSEHOLD_LIST)
def index() -> Response:
    """The files that one may see, narrowed by the address."""
    who = identity()
    form = _filter_form(who)
    filters = queries.filter_of(request.args)
    page = queries.list_page(who, filters, number=page_number())
    return render(
        "households/list.html",
        fragment="households/_results.html",
        form=form,
        filters=filters,
        results=page,
        people=page.people,
        chips=_chips(form),
        views=_views(who, filters),
        sort=filters.order or "-priorite",
        can_create=who.can(HOUSEHOLD_CREATE),
        can_search=who.can(HOUSEHOLD_SEARCH_EXACT),
        can_join=who.can(FILE_JOIN),
        actions=[(e.label, with_query(url_for(e.endpoint))) for e in slot("households.list").entries(who)],
        crumbs=[("Ménages", None)],
    )


def _filter_form(who: Identity) -> FilterForm:
    form = FilterForm(formdata=request.args)
    form.referent.choices = [
        ("", "Tous"),
        ("moi", "Moi"),
        *((u.public_id, f"{u.first_name} {u.last_name}") for u in colleagues(who) if u.id != who.user_id),
    ]
    form.departement.choices = [("", "Tous"), *department_choices(only=queries.working_departments(who))]
    if who.org_kind and OrganisationKind(who.org_kind).is_state:
        form.protection.choices = [c for c in PROTECTIONS if c[0] != ProtectionStatus.DEBOUTE.value]
    return form


def _chips(form: FilterForm) -> list[dict[str, str]]:
    """Active filters, each with the address without it."""
    found = []
    for name in FILTERS:
        for value in (v for v in request.args.getlist(name) if v.strip()):
            label = (
                f"« {value} »"
                if name == "q"
                else next((c.label for c in form[name].iter_choices() if c.value == value), value)
            )
            found.append({"label": f"{form[name].label.text} : {label}", "url": url_without(name, value)})
    return found


def _views(who: Identity, filters: HouseholdFilter) -> list[dict[str, Any]]:
    counts = queries.view_counts(who)
    return [
        {"label": label, "url": url_with(vue=key, etape=None), "current": filters.view == key, "count": counts[key]}
        for key, label in VIEWS
    ]


@blueprint.route("/recherche", methods=["GET", "POST"])
@guard(HOUSEHOLD_SEARCH_EXACT)
def search() -> Response:
    """By phone or AGDREF number: nothing stands in the address, and only one's own organisation answers."""
    who = identity()
    form = SearchForm()
    found = None
    if form.validate_on_submit():
        phone: list[str] = []
        if saved(form, None, lambda: phone.append(normal_phone(form.phone.data or ""))):
            rows = queries.find_by_identifier(who, phone=phone[0], agdref="".join((form.agdref.data or "").split()))
            found = [(row, display_name(row)) for row in rows]
            said = f"Recherche par identifiant : {pluriel(len(rows), 'dossier trouvé', 'dossiers trouvés')}"
            record_event(
                who, "household:search", sensitivity=1, summary=said, data={"records": [r.public_id for r in rows]}
            )
    status = 422 if form.is_submitted() and found is None and not form.is_resumed else 200
    crumbs = [("Ménages", url_for("households.index")), ("Recherche par identifiant", None)]
    return render("households/search.html", status=status, form=form, found=found, crumbs=crumbs)
