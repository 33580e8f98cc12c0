"""/organisation-departementale: who is mandated for what until when, and the rules of a territory."""

from __future__ import annotations

from flask import Response, flash, request
from werkzeug.exceptions import NotFound

from odis_app.core.errors import RuleError
from odis_app.core.forms import Form
from odis_app.core.permissions import guard
from odis_app.core.web import identity, redirect_to, render
from odis_app.organisations import operations, policy, queries
from odis_app.organisations.enums import Attribution
from odis_app.organisations.forms import EndMandateForm, MandateForm, TerritoryForm
from odis_app.organisations.models import Mandate
from odis_app.organisations.operations.territory import RULES
from odis_app.organisations.views.base import blueprint
from odis_app.territories.queries import label_of


@blueprint.get("/organisation-departementale")
@guard(policy.TERRITORY_READ)
def territory() -> Response:
    """Mandates, those that ended included, and rules."""
    codes = policy.steered(identity())
    wanted = request.args.get("departement", "")
    return _page(wanted if wanted in codes else next(iter(codes), ""))


@blueprint.post("/organisation-departementale/mandats")
@guard(policy.MANDATE_ADD)
def add_mandate() -> Response:
    """An association is mandated; it is told."""
    form = MandateForm()
    department = _steered(form.department.data)
    chosen = queries.organisation(form.organisation.data or "")
    if form.validate_on_submit():
        try:
            operations.set_mandate(
                identity(), department_code=department, organisation_id=chosen.id if chosen else 0, starts_on=form.starts_on.data,
                dispositif_id=next((d.id for d in queries.dispositifs() if d.code == form.dispositif.data), 0), ends_on=form.ends_on.data,
            )  # fmt: skip
        except RuleError as error:
            form.add_error(error)
        else:
            flash("L’association est mandatée, un courriel le lui dit.", "ok")
            return redirect_to("organisations.territory", departement=department)
    return _page(department, adding=form)


@blueprint.post("/organisation-departementale/mandats/<mandate>/fin")
@guard(policy.MANDATE_END, mandate=policy.find_mandate)
def end_mandate(mandate: Mandate) -> Response:
    """A mandate gets its last day; the association is told."""
    form = EndMandateForm()
    form.ends_on.id = f"fin-{mandate.public_id}"  # where its error leads
    if form.validate_on_submit():
        try:
            operations.end_mandate(identity(), mandate=mandate, ends_on=form.ends_on.data)
        except RuleError as error:
            form.add_error(error)
        else:
            flash("La fin du mandat est enregistrée, un courriel le dit à l’association.", "ok")
            return redirect_to("organisations.territory", departement=mandate.department_code)
    return _page(mandate.department_code, ending=form)


@blueprint.post("/organisation-departementale/regles")
@guard(policy.TERRITORY_UPDATE)
def set_rules() -> Response:
    """The rules hold for what is done from now on."""
    form = TerritoryForm()
    department = _steered(form.department.data)
    if form.validate_on_submit():
        figures = {name: form[name].data for name in RULES}
        try:
            operations.set_rules(
                identity(), department_code=department, attribution=Attribution(form.attribution.data), figures=figures
            )
        except RuleError as error:
            form.add_error(error)
        else:
            flash("Les règles du département sont enregistrées.", "ok")
            return redirect_to("organisations.territory", departement=department)
    return _page(department, ruling=form)


def _steered(wanted: str | None) -> str:
    codes = policy.steered(identity())
    if wanted and wanted not in codes:
        raise NotFound
    return wanted or next(iter(codes), "")


def _page(
    department: str,
    *,
    adding: MandateForm | None = None,
    ending: Form | None = None,
    ruling: TerritoryForm | None = None,
) -> Response:
    who = identity()
    rules = queries.rules_of(department)
    adding_form = adding or MandateForm(formdata=None, department=department)
    adding_form.organisation.choices = [("", "Choisir")] + [
        (o.public_id, o.name) for o in queries.associations_in(department)
    ]
    adding_form.dispositif.choices = [("", "Choisir")] + [(d.code, d.label) for d in queries.dispositifs()]
    lines = queries.mandates_in(who, department)
    return render(
        "organisations/territory.html",
        status=422 if adding or ending or ruling else 200,
        department=department,
        departments=[(code, label_of(f"dep:{code}")) for code in policy.steered(who)],
        standing=[line for line in lines if not line.mandate.is_over],
        over=[line for line in lines if line.mandate.is_over],
        rules=rules,
        adding=adding_form,
        ending=ending,
        ruling=ruling or TerritoryForm(formdata=None, obj=rules, department=department),
        failed=adding or ending or ruling,
        crumbs=[("Organisation du département", None)],
    )
