"""/relectures: what a second person reads over. /equipe/acces: why a colleague does not see a file."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Response, flash, url_for

from odis_app.access import operations, queries
from odis_app.access.enums import ReviewKind, Verdict
from odis_app.access.forms import DecideForm, ExceptionForm, ExplainForm
from odis_app.access.models import Review, RoleException
from odis_app.access.policy import (
    ACCESS_EXPLAIN,
    EXCEPTION_CHANGE,
    REVIEW_DECIDE,
    REVIEW_LIST,
    REVIEW_READ,
    find_exception,
    find_review,
    offered_permissions,
)
from odis_app.access.sight import UNKNOWN, explain
from odis_app.accounts.models import User
from odis_app.audit.labels import RESOURCES
from odis_app.core.errors import RuleError
from odis_app.core.permissions import Permission, guard
from odis_app.core.web import identity, redirect_to, render
from odis_app.organisations.queries import colleagues

blueprint = Blueprint("access", __name__)


@blueprint.get("/relectures")
@guard(REVIEW_LIST)
def reviews() -> Response:
    """Those that wait for this person, then those that were read over."""
    who = identity()
    return render(
        "access/reviews.html",
        waiting=queries.pending_reviews(who),
        done=queries.decided_reviews(who),
        crumbs=[("À relire", None)],
    )


@blueprint.get("/relectures/<review>")
@guard(REVIEW_READ, review=find_review)
def review(review: Review) -> Response:
    """What was decided, by whom, why; the answer below for who may give it."""
    return _page(review, DecideForm())


def _page(review: Review, form: DecideForm, *, status: int = 200) -> Response:
    joined = queries.join_of(review) if review.kind == ReviewKind.BREAK_GLASS.value else None
    crumbs = [("À relire", url_for("access.reviews")), (review.label, None)]
    return render(
        "access/review.html",
        status=status,
        review=review,
        form=form,
        joined=joined,
        may_decide=identity().can(REVIEW_DECIDE, review),
        crumbs=crumbs,
    )


@blueprint.post("/relectures/<review>/decider")
@guard(REVIEW_DECIDE, review=find_review)
def decide(review: Review) -> Response:
    """Confirm or contest."""
    form = DecideForm()
    if form.validate_on_submit():
        try:
            operations.decide_review(
                identity(), review=review, verdict=Verdict(form.verdict.data), words=form.words.data or ""
            )
        except RuleError as error:
            form.add_error(error)
        else:
            flash(f"Contesté. {review.effect_label}" if review.effect else "Votre relecture est enregistrée.", "ok")
            return redirect_to("access.reviews")
    return _page(review, form, status=422)


@blueprint.route("/equipe/acces", methods=["GET", "POST"])
@guard(ACCESS_EXPLAIN)
def why_not() -> Response:
    """A colleague and a number: plain sentences; a file of somebody else answers as one that does not exist."""
    who, form = identity(), ExplainForm()
    people = {u.public_id: u for u in colleagues(who)}
    form.member.choices = [("", "Choisir"), *((key, _name(u)) for key, u in people.items())]
    answers: list[list[str]] | None = None
    if form.validate_on_submit():
        member = people[form.member.data]
        beside = [e for e in queries.exceptions(who) if e.user_id == member.id]
        found = queries.sights(member.public_id, form.number.data)
        answers = [explain(sight, _name(member), beside) for sight in found] or [[UNKNOWN]]
        operations.note_explained(who)
    status = 422 if form.is_submitted() and answers is None and not form.is_resumed else 200
    crumbs = [("Équipe", url_for("organisations.team")), ("Pourquoi je ne vois pas", None)]
    return render("access/why_not.html", status=status, form=form, answers=answers, crumbs=crumbs)


@blueprint.route("/equipe/droits", methods=["GET", "POST"])
@guard(EXCEPTION_CHANGE)
def exceptions() -> Response:
    """What stands beside the roles, and one more exception."""
    who, form = identity(), ExceptionForm()
    people = {u.public_id: u for u in colleagues(who)}
    form.member.choices = [("", "Choisir"), *((key, _name(u)) for key, u in people.items() if u.id != who.user_id)]
    form.permission.choices = _by_subject(offered_permissions(who))
    if form.validate_on_submit():
        try:
            operations.except_permission(
                who, member=people[form.member.data], permission=form.permission.data, gives=form.gives.data == "oui", motive=form.motive.data,
                until=form.until.data,
            )  # fmt: skip
        except RuleError as error:
            form.add_error(error)
        else:
            flash("C’est enregistré, et vaut dès la prochaine page que cette personne ouvre.", "ok")
            return redirect_to("access.exceptions")
    status = 422 if form.is_submitted() and not form.is_resumed else 200
    names = {u.id: _name(u) for u in people.values()}
    crumbs = [("Équipe", url_for("organisations.team")), ("Droits particuliers", None)]
    return render(
        "access/exceptions.html", status=status, form=form, standing=queries.exceptions(who), names=names, crumbs=crumbs
    )


def _by_subject(offered: Iterable[Permission]) -> dict[str, list[tuple[str, str]]]:
    """The choices of permissions under what they are about, « Choisir » first: sixty lines are read by subject."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for permission in offered:
        subject = permission.name.partition(":")[0]
        groups.setdefault(RESOURCES.get(subject, subject), []).append((permission.name, permission.label))
    return {"": [("", "Choisir")], **dict(sorted(groups.items()))}


def _name(user: User) -> str:
    return f"{user.first_name} {user.last_name}"


@blueprint.post("/equipe/droits/<exception>/retirer")
@guard(EXCEPTION_CHANGE, exception=find_exception)
def withdraw_exception(exception: RoleException) -> Response:
    """Back to what the roles give."""
    operations.withdraw_exception(identity(), exception=exception)
    flash("Retirée : les rôles de cette personne valent seuls.", "ok")
    return redirect_to("access.exceptions")
