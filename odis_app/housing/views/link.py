"""/disponibilites: what the link of a reminder opens, for who has no session: the places of one structure, and nothing else."""

from __future__ import annotations

from flask import Blueprint, Response, current_app

from odis_app.accounts import visitors
from odis_app.accounts.operations.attempts import Kind, TooOftenError
from odis_app.core import links
from odis_app.core.db import unit_of_work
from odis_app.core.errors import RuleError
from odis_app.core.permissions import public
from odis_app.core.web import redirect_to, render
from odis_app.housing.forms import ConfirmForm, LinkedPlaceForm
from odis_app.housing.operations import links as operations
from odis_app.housing.operations.links import LinkedList
from odis_app.housing.views.places import STATES

blueprint = Blueprint("availability", __name__, url_prefix="/disponibilites")
ENDPOINT = "availability.answer"
SIGN_IN = "Connectez-vous, puis ouvrez « Mes places » : la même liste s’y met à jour d’un geste. Un autre lien vous est envoyé au prochain rappel."


@blueprint.get("/<secret>")
@public
def open_link(secret: str) -> Response:
    """Take the secret out of the address at once. Nothing is consumed."""
    return links.arrive(secret, ENDPOINT)


@blueprint.route("", methods=["GET", "POST"])
@public
def answer() -> Response:
    """The list, « Rien n’a changé » everywhere until somebody says otherwise; one button uses the link up."""
    secret = links.kept()
    try:
        found = _found(secret)
    except RuleError as error:
        return _dead(error)
    form = ConfirmForm()
    lines = {place.public_id: LinkedPlaceForm(prefix=f"{place.public_id}-") for place in found.places}
    if form.validate_on_submit():
        try:
            if _written(secret, lines):
                response = redirect_to("availability.done")
                links.forget(response, ENDPOINT)
                return response
        except RuleError as error:
            return _dead(error)
    return _page(found, form, lines)


@blueprint.get("/enregistrees")
@public
def done() -> Response:
    """The same thanks for everybody; it says nothing of the list."""
    return render("housing/link_done.html")


def _found(secret: str) -> LinkedList:
    """Raises RuleError for a dead link, TooOftenError when too many came from this network."""
    if not secret:
        raise RuleError("", operations.DEAD)
    with visitors.attempt(Kind.LINK, visitors.place()):
        return operations.list_by_link(secret)


def _written(secret: str, lines: dict[str, LinkedPlaceForm]) -> bool:
    """Whether everything is written; else each mistake is on its line. A place declared since the page was read is left alone."""
    said = {place: line for place, line in lines.items() if line.state.raw_data}
    valid = [line.validate() for line in said.values()]  # all of them: every mistake is told at once
    if not all(valid):
        return False
    answers = {place: line.answer() for place, line in said.items()}
    with unit_of_work(None):  # its own transaction: what was said stays, even when the answer is lost on its way
        wrong = operations.answer_by_link(current_app.extensions["odis_minter"], secret=secret, answers=answers)
    for place, refusal in wrong.items():
        lines[place].add_error(refusal)
    return not wrong


def _page(found: LinkedList, form: ConfirmForm, lines: dict[str, LinkedPlaceForm]) -> Response:
    problems = [
        (target or lines[place.public_id].state.id, f"{place.title} : {message}")
        for place in found.places
        for target, message in lines[place.public_id].error_list
    ]
    problems += form.error_list
    return render(
        "housing/link.html",
        status=422 if form.is_submitted() else 200,
        found=found,
        form=form,
        lines=lines,
        states=STATES,
        problems=problems,
    )


def _dead(error: RuleError) -> Response:
    """The page says why only to who knocked too often."""
    return links.dead_link(error.message if isinstance(error, TooOftenError) else SIGN_IN, ENDPOINT)
