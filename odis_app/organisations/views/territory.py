"""/organisation-departementale: who matches and who qualifies, for what, until when; the rules and the words of a territory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from flask import Response, flash, request
from werkzeug.exceptions import NotFound

from odis_app.core.errors import RuleError
from odis_app.core.forms import Form
from odis_app.core.permissions import guard
from odis_app.core.web import identity, redirect_to, render
from odis_app.organisations import operations, policy, queries
from odis_app.organisations.enums import Attribution
from odis_app.organisations.forms import EndMandateForm, MandateForm, QualifierForm, TerritoryForm, words_form
from odis_app.organisations.models import Mandate, Organisation, Qualifier
from odis_app.organisations.operations.territory import RULES
from odis_app.organisations.views.base import blueprint
from odis_app.organisations.words import terms, words_of
from odis_app.territories.queries import label_of

UNSIGNED = {"csrf": False}  # several forms on a page: the page's one token is checked by the application itself


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
    return _added("adding", form, operations.set_mandate, "L’association est mandatée, un courriel le lui dit.")


@blueprint.post("/organisation-departementale/mandats/<mandate>/fin")
@guard(policy.MANDATE_END, mandate=policy.find_mandate)
def end_mandate(mandate: Mandate) -> Response:
    """A mandate gets its last day; the association is told."""
    said = "La fin du mandat est enregistrée, un courriel le dit à l’association."
    return _ended(mandate, lambda day: operations.end_mandate(identity(), mandate=mandate, ends_on=day), said)


@blueprint.post("/organisation-departementale/qualification")
@guard(policy.QUALIFIER_ADD)
def add_qualifier() -> Response:
    """An organisation visits the offers and decides; it is told."""
    form = QualifierForm(prefix="qualif", meta=UNSIGNED)
    said = "L’organisation qualifie les offres de ce dispositif, un courriel le lui dit."
    return _added("naming", form, operations.set_qualifier, said)


@blueprint.post("/organisation-departementale/qualification/<qualifier>/fin")
@guard(policy.QUALIFIER_END, qualifier=policy.find_qualifier)
def end_qualifier(qualifier: Qualifier) -> Response:
    """It gets its last day; the organisation is told."""
    said = "La fin est enregistrée, un courriel le dit à l’organisation."
    return _ended(qualifier, lambda day: operations.end_qualifier(identity(), qualifier=qualifier, ends_on=day), said)


@blueprint.post("/organisation-departementale/mots")
@guard(policy.TERRITORY_UPDATE)
def set_words() -> Response:
    """How the département says the words of the product."""
    listed = terms()
    form = words_form(listed)()
    department = _steered(form.department.data)
    if form.validate_on_submit():
        said = {term.key: form[term.field].data or "" for term in listed}
        try:
            operations.set_words(identity(), department_code=department, said=said)
        except RuleError as error:
            form.add_error(error)
        else:
            flash("Les mots du département sont enregistrés.", "ok")
            return redirect_to("organisations.territory", departement=department)
    return _page(department, saying=form)


def _added(name: str, form: Form, act: Callable[..., object], said: str) -> Response:
    department = _steered(form.department.data)
    chosen = queries.organisation(form.organisation.data or "")
    if form.validate_on_submit():
        try:
            act(
                identity(), department_code=department, organisation_id=chosen.id if chosen else 0, starts_on=form.starts_on.data,
                dispositif_id=next((d.id for d in queries.dispositifs() if d.code == form.dispositif.data), 0), ends_on=form.ends_on.data,
            )  # fmt: skip
        except RuleError as error:
            form.add_error(error)
        else:
            flash(said, "ok")
            return redirect_to("organisations.territory", departement=department)
    return _page(department, **{name: form})


def _ended(office: Mandate | Qualifier, act: Callable[[date], object], said: str) -> Response:
    form = EndMandateForm()
    form.ends_on.id = f"fin-{office.public_id}"  # where its error leads
    if form.validate_on_submit():
        try:
            act(form.ends_on.data)
        except RuleError as error:
            form.add_error(error)
        else:
            flash(said, "ok")
            return redirect_to("organisations.territory", departement=office.department_code)
    return _page(office.department_code, ending=form)


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
    adding: Form | None = None,
    naming: Form | None = None,
    ending: Form | None = None,
    ruling: Form | None = None,
    saying: Form | None = None,
) -> Response:
    who, failed = identity(), adding or naming or ending or ruling or saying
    rules, listed = queries.rules_of(department), terms()
    said = words_of(department)
    typed = {term.field: said.get(term.key, "") for term in listed}
    return render(
        "organisations/territory.html",
        status=422 if failed else 200,
        department=department,
        departments=[(code, label_of(f"dep:{code}")) for code in policy.steered(who)],
        mandates=_split(queries.mandates_in(who, department)),
        qualifiers=_split(queries.qualifiers_in(who, department)),
        rules=rules,
        terms=listed,
        said=said,
        adding=_offered(
            adding or MandateForm(formdata=None, department=department), queries.associations_in(department)
        ),
        naming=_offered(
            naming or QualifierForm(prefix="qualif", meta=UNSIGNED, formdata=None, department=department),
            queries.qualifying_in(department),
        ),
        ruling=ruling or TerritoryForm(formdata=None, obj=rules, department=department),
        saying=saying or words_form(listed)(formdata=None, data={**typed, "department": department}),
        saying_failed=saying is not None,
        failed=failed,
        crumbs=[("Organisation du département", None)],
    )


def _offered(form: Form, organisations: Sequence[Organisation]) -> Form:
    form.organisation.choices = [("", "Choisir")] + [(o.public_id, o.name) for o in organisations]
    form.dispositif.choices = [("", "Choisir")] + [(d.code, d.label) for d in queries.dispositifs()]
    return form


def _split(lines: list[queries.MandateLine]) -> dict[str, list[queries.MandateLine]]:
    """Those in force and to come, and those that are over."""
    return {
        "standing": [line for line in lines if not line.mandate.is_over],
        "over": [line for line in lines if line.mandate.is_over],
    }
