"""/menages/nouveau."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, flash, request, url_for

from odis_app.core.ids import public_id_from
from odis_app.core.permissions import guard
from odis_app.core.web import identity, redirect_to, render
from odis_app.households import operations, queries
from odis_app.households.forms import OpeningForm
from odis_app.households.forms.fields import department_choices
from odis_app.households.forms.file import OTHERS
from odis_app.households.models import Household
from odis_app.households.policy import HOUSEHOLD_CREATE
from odis_app.households.queries.twins import twins_of
from odis_app.households.views.page import blueprint, display_name, saved
from odis_app.organisations.queries import dispositifs


@blueprint.route("/nouveau", methods=["GET", "POST"])
@guard(HOUSEHOLD_CREATE)
def create() -> Response:
    """Open a file: the person who asks, then the others, as many lines as wanted."""
    form = _form()
    if _add_line(form):
        return _page(form, [])
    twins: Sequence[Household] = ()
    if form.validate_on_submit():
        twins = _twins(form)
        opened: list[Household] = []
        if not twins and saved(
            form, None, lambda: opened.append(operations.open_household(identity(), opening=form.opening()))
        ):
            flash(f"Dossier {opened[0].number} ouvert. Complétez-le pour que le ménage puisse être orienté.", "ok")
            return redirect_to("households.show", household=opened[0].public_id)
    return _page(form, twins)


def _form() -> OpeningForm:
    form = OpeningForm()
    form.ensure_key()
    codes = queries.working_departments(identity())
    form.department.choices = department_choices(codes, only=codes)
    form.dispositif.choices = [(d.id, d.label) for d in dispositifs()]
    return form


def _add_line(form: OpeningForm) -> bool:
    """« Ajouter une personne » without script: the form comes back, one blank line longer, nothing saved and nothing judged."""
    if "ajouter" not in request.form:
        return False
    if len(form.people) < OTHERS:
        form.people.append_entry()
    return True


def _twins(form: OpeningForm) -> Sequence[Household]:
    """Files of one's own organisation with the same phone or the same person, unless it was said that this is another household.

    The file that a first sending of this very form opened is not its own twin.
    """
    if form.anyway.data:
        return ()
    found = twins_of(identity(), form.known())
    own = public_id_from(identity().require_org(), form.key.data or "")
    return () if any(h.public_id == own for h in found) else found


def _page(form: OpeningForm, twins: Sequence[Household]) -> Response:
    judged = form.is_submitted() and not form.is_resumed and "ajouter" not in request.form
    crumbs = [("Ménages", url_for("households.index")), ("Nouveau ménage", None)]
    return render(
        "households/new.html",
        status=422 if judged else 200,
        form=form,
        twins=[(twin, display_name(twin)) for twin in twins],
        can_add=len(form.people) < OTHERS,
        added="ajouter" in request.form,
        crumbs=crumbs,
    )
