"""/equipe: who works here and as what, who is invited; inviting, changing roles, removing."""

from __future__ import annotations

from flask import Response, flash

from odis_app.accounts.models import User
from odis_app.core.errors import RuleError
from odis_app.core.permissions import guard
from odis_app.core.slots import slot
from odis_app.core.web import identity, redirect_to, render
from odis_app.organisations import operations, policy, queries
from odis_app.organisations.forms import InviteForm, RolesForm
from odis_app.organisations.models import Invitation
from odis_app.organisations.views.base import blueprint, minter, role_choices


@blueprint.get("/equipe")
@guard(policy.TEAM_READ)
def team() -> Response:
    """Members, roles, last sign-in, invitations that wait."""
    return _page()


@blueprint.route("/equipe/inviter", methods=["GET", "POST"])
@guard(policy.TEAM_INVITE)
def invite() -> Response:
    """An address and roles; the mail leaves at once."""
    who, form = identity(), InviteForm()
    form.roles.choices = role_choices(policy.grantable_roles(who))
    if form.validate_on_submit():
        try:
            operations.invite(who, minter(), email=form.email.data or "", roles=form.chosen)
        except RuleError as error:
            form.add_error(error)
        else:
            flash(f"L’invitation est écrite à {form.email.data}. Le lien est valable 14 jours.", "ok")
            return redirect_to("organisations.team")
    status = 422 if form.is_submitted() and not form.is_resumed else 200
    crumbs = [("Équipe", "/equipe"), ("Inviter", None)]
    return render("organisations/invite.html", form=form, status=status, crumbs=crumbs)


@blueprint.post("/equipe/invitations/<invitation>/renvoyer")
@guard(policy.TEAM_RENEW, invitation=policy.find_invitation)
def renew(invitation: Invitation) -> Response:
    """Another link, good for fourteen days; the former is dead."""
    operations.renew_invitation(identity(), minter(), invitation=invitation)
    flash(f"Une nouvelle invitation est écrite à {invitation.email}. L’ancien lien ne sert plus.", "ok")
    return redirect_to("organisations.team")


@blueprint.post("/equipe/invitations/<invitation>/retirer")
@guard(policy.TEAM_RENEW, invitation=policy.find_invitation)
def withdraw(invitation: Invitation) -> Response:
    """The link is dead at once."""
    operations.withdraw_invitation(identity(), invitation=invitation)
    flash(f"L’invitation de {invitation.email} est retirée : son lien ne sert plus.", "ok")
    return redirect_to("organisations.team")


@blueprint.post("/equipe/membres/<colleague>/roles")
@guard(policy.TEAM_UPDATE, colleague=policy.find_member)
def change_roles(colleague: User) -> Response:
    """The ticked roles replace the former ones; the person signs in again."""
    form = RolesForm()
    form.validate()
    try:
        operations.set_roles(identity(), member=colleague, roles=form.chosen)
    except RuleError as error:
        return _page(error.message)
    flash(
        f"Les rôles de {colleague.name} sont changés. Ses sessions sont fermées : ses droits valent à la prochaine connexion.",
        "ok",
    )
    return redirect_to("organisations.team")


@blueprint.post("/equipe/membres/<colleague>/retirer")
@guard(policy.TEAM_UPDATE, colleague=policy.find_member)
def remove(colleague: User) -> Response:
    """Every role ends; the sessions close."""
    try:
        operations.remove_member(identity(), member=colleague)
    except RuleError as error:
        return _page(error.message)
    flash(f"{colleague.name} ne fait plus partie de l’équipe. Ses sessions sont fermées.", "ok")
    return redirect_to("organisations.team")


def _page(problem: str = "") -> Response:
    who = identity()
    return render(
        "organisations/team.html",
        status=422 if problem else 200,
        problem=problem,
        team=queries.team(who),
        invitations=queries.open_invitations(who),
        choices=role_choices(policy.roles_of(who.org_kind)),
        may_update=who.can(policy.TEAM_UPDATE),
        runs_security=who.can(policy.SECURITY_READ),
        tools=slot("team.tools").entries(who),
        takes_in=policy.takes_in,
        requests=len(queries.waiting_requests(who)) if who.can(policy.ACCESS_DECIDE) else 0,
        convention_is_current=not who.can(policy.CONVENTION_ACCEPT) or queries.convention_accepted(who) is not None,
        crumbs=[("Équipe", None)],
    )
