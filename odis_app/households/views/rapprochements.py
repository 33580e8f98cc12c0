"""/rapprochements: « un autre organisme suit peut-être une personne de ce dossier », and one's answer."""

from __future__ import annotations

from flask import Blueprint, Response, flash, url_for

from odis_app.access.models import Rapprochement
from odis_app.core.forms import Form
from odis_app.core.permissions import guard
from odis_app.core.web import identity, redirect_to, render
from odis_app.households import operations, policy
from odis_app.households.policy import find_rapprochement, visible_record
from odis_app.households.queries.rapprochements import rapprochements
from odis_app.households.views.page import display_name, saved

blueprint = Blueprint("rapprochements", __name__, url_prefix="/rapprochements")


class AnswerForm(Form):
    """Nothing to fill in: the button is the answer."""


@blueprint.get("")
@guard(policy.RAPPROCHEMENT_LIST)
def index() -> Response:
    """Those of the files that one answers for, the newest first."""
    crumbs = [("Ménages", url_for("households.index")), ("Rapprochements", None)]
    return render("households/rapprochements.html", rows=rapprochements(identity()), crumbs=crumbs)


@blueprint.get("/<rapprochement>")
@guard(policy.RAPPROCHEMENT_READ, rapprochement=find_rapprochement)
def show(rapprochement: Rapprochement) -> Response:
    """What is known, which is little, and the answer."""
    return _page(rapprochement, AnswerForm())


@blueprint.post("/<rapprochement>/accepter")
@guard(policy.RAPPROCHEMENT_ANSWER, rapprochement=find_rapprochement)
def accept(rapprochement: Rapprochement) -> Response:
    """Be put in touch, if the other accepts too."""
    return _answer(rapprochement, accepts=True)


@blueprint.post("/<rapprochement>/refuser")
@guard(policy.RAPPROCHEMENT_ANSWER, rapprochement=find_rapprochement)
def refuse(rapprochement: Rapprochement) -> Response:
    """Nothing follows, and the other is not told which of the two."""
    return _answer(rapprochement, accepts=False)


def _answer(rapprochement: Rapprochement, *, accepts: bool) -> Response:
    form = AnswerForm()
    linked: list[bool] = []
    act = operations.answer_rapprochement
    if not form.validate_on_submit() or not saved(
        form, None, lambda: linked.append(act(identity(), rapprochement=rapprochement, accepts=accepts))
    ):
        return _page(rapprochement, form, status=422)
    said = "Réponse enregistrée. Vous saurez ici si l’autre organisme accepte aussi."
    if linked[0]:
        said = "Vous avez accepté tous les deux. Voici qui joindre."
    flash(said if accepts else "Réponse enregistrée. Rien d’autre ne se passe.", "ok")
    return redirect_to("rapprochements.show", rapprochement=rapprochement.public_id)


def _page(rapprochement: Rapprochement, form: AnswerForm, *, status: int = 200) -> Response:
    household = visible_record(identity(), rapprochement.household_id)
    assert household is not None  # one's own file: the loader has just judged it
    crumbs = [
        ("Ménages", url_for("households.index")),
        ("Rapprochements", url_for("rapprochements.index")),
        (household.number, None),
    ]
    return render(
        "households/rapprochement.html", status=status, rapprochement=rapprochement, household=household, name=display_name(household), form=form, crumbs=crumbs
    )  # fmt: skip
