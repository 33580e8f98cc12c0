"""/relectures: what a second person reads over. /equipe/acces: why a colleague does not see a file."""

from __future__ import annotations

from flask import Blueprint, Response, flash, url_for

from odis_app.access import operations, queries
from odis_app.access.enums import ReviewKind, Verdict
from odis_app.access.forms import DecideForm, ExplainForm
from odis_app.access.models import Review
from odis_app.access.policy import ACCESS_EXPLAIN, REVIEW_DECIDE, REVIEW_LIST, REVIEW_READ, find_review
from odis_app.access.sight import UNKNOWN, explain
from odis_app.core.errors import RuleError
from odis_app.core.permissions import guard
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
            closed = review.kind == ReviewKind.BREAK_GLASS.value and form.verdict.data == Verdict.CONTESTED.value
            flash("Contesté : cet accès est fermé." if closed else "Votre relecture est enregistrée.", "ok")
            return redirect_to("access.reviews")
    return _page(review, form, status=422)


@blueprint.route("/equipe/acces", methods=["GET", "POST"])
@guard(ACCESS_EXPLAIN)
def why_not() -> Response:
    """A colleague and a number: plain sentences; a file of somebody else answers as one that does not exist."""
    who, form = identity(), ExplainForm()
    people = {u.public_id: f"{u.first_name} {u.last_name}" for u in colleagues(who)}
    form.member.choices = [("", "Choisir"), *people.items()]
    answers: list[list[str]] | None = None
    if form.validate_on_submit():
        found = queries.sights(form.member.data, form.number.data)
        answers = [explain(sight, people[form.member.data]) for sight in found] or [[UNKNOWN]]
        operations.note_explained(who)
    status = 422 if form.is_submitted() and answers is None and not form.is_resumed else 200
    crumbs = [("Équipe", url_for("organisations.team")), ("Pourquoi je ne vois pas", None)]
    return render("access/why_not.html", status=status, form=form, answers=answers, crumbs=crumbs)
