"""/orientations/departement: what the DDETS reads of the proposals of its département, and its refusal."""

from __future__ import annotations

from flask import Response, flash, url_for

from odis_app.core.permissions import guard
from odis_app.core.web import identity, redirect_to, render
from odis_app.organisations.enums import Attribution
from odis_app.organisations.queries import rules_of
from odis_app.placements import operations, policy
from odis_app.placements.forms import RefuseForStateForm
from odis_app.placements.policy import SteeredProposal
from odis_app.placements.views.page import attempt, blueprint, countdown


@blueprint.get("/orientations/departement")
@guard(policy.ORIENTATION_STEER)
def steered() -> Response:
    """The proposals that may still be refused, then those that were."""
    who = identity()
    found = policy.steered_proposals(who)
    has_say = who.org_kind == "ddets" and any(
        rules_of(code).attribution == Attribution.ASSOCIATION_DDETS.value for code in who.departments
    )
    return render(
        "placements/steered.html",
        open=[p for p in found if p.is_open],
        refused=[p for p in found if not p.is_open],
        has_say=has_say,
        countdown=countdown,
    )


@blueprint.get("/orientations/departement/<orientation>")
@guard(policy.ORIENTATION_STEER, orientation=policy.find_steered)
def show_steered(orientation: SteeredProposal) -> Response:
    """One proposal: numbers, size, delays, and the refusal."""
    return _page(orientation, RefuseForStateForm(formdata=None))


@blueprint.post("/orientations/departement/<orientation>/refuser")
@guard(policy.ORIENTATION_STEER_REFUSE, orientation=policy.find_steered)
def refuse_steered(orientation: SteeredProposal) -> Response:
    """The DDETS refuses: the place is free again at once, both sides are told."""
    form, who = RefuseForStateForm(), identity()
    if not attempt(
        form,
        lambda: operations.refuse_for_state(
            who, proposal=orientation, motif=form.motif.data, comment=form.comment.data or ""
        ),
    ):
        return _page(orientation, form, status=422)
    flash("Le refus est enregistré, la place est rendue. Les deux organisations en sont averties.", "ok")
    return redirect_to("placements.show_steered", orientation=orientation.public_id)


def _page(proposal: SteeredProposal, form: RefuseForStateForm, *, status: int = 200) -> Response:
    crumbs = [
        ("Orientations", url_for("placements.index")),
        ("Département", url_for("placements.steered")),
        (proposal.place_number, None),
    ]
    return render(
        "placements/steered_one.html", status=status, p=proposal, form=form, countdown=countdown, crumbs=crumbs
    )
