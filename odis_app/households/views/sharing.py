"""Partages: list, new, renew, withdraw; signalling to the DDETS."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, abort, flash, request

from odis_app.access import queries as access_queries
from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.access.models import Grant
from odis_app.access.operations import DEFAULT_DAYS
from odis_app.core import clock
from odis_app.core.permissions import guard
from odis_app.core.web import identity, redirect_to
from odis_app.households import operations, queries
from odis_app.households.forms import RenewForm, ShareForm, SignalForm
from odis_app.households.models import Household
from odis_app.households.policy import HAND_OVER, HOUSEHOLD_SHARE, HOUSEHOLD_SIGNAL, find_household, opens_files
from odis_app.households.queries import cooperation
from odis_app.households.views.page import blueprint, done, file_page, form_page, saved
from odis_app.organisations.queries import organisation, partners_of, steering_service

TAB = "households.shares"


@blueprint.get("/<household>/partages")
@guard(HOUSEHOLD_SHARE, household=find_household)
def shares(household: Household) -> Response:
    """Every share that was given: those that stand, then the others."""
    given = queries.grants_given(household)
    names = queries.organisations_named(g.grantee_org_id for g in given)
    now = clock.now()
    active = [(g, names[g.grantee_org_id]) for g in given if g.revoked_at is None and g.expires_at > now]
    begun = {(g.grantee_org_id, g.purpose, g.granted_at) for g in given}
    ended = [
        (g, names[g.grantee_org_id], _how(g, (g.grantee_org_id, g.purpose, g.revoked_at) in begun))
        for g in given
        if g.revoked_at is not None or g.expires_at <= now
    ]
    service = steering_service(household.department_code)
    return file_page(
        household, "households/shares.html", tab=TAB, active=active, ended=ended, levels=ShareLevel, purposes=SharePurpose, service=service,
        renew=RenewForm(), signal_form=SignalForm(), passations=cooperation.of_household(identity(), household), joins=cooperation.joins(household),
        may_hand_over=identity().can(HAND_OVER, household),
    )  # fmt: skip


def _how(grant: Grant, is_replaced: bool) -> str:
    """« retiré », « terminé », or « prolongé » when the next one begins at that very instant."""
    if grant.revoked_at is None:
        return "terminé"
    return "prolongé" if is_replaced else "retiré"


@blueprint.route("/<household>/partages/nouveau", methods=["GET", "POST"])
@guard(HOUSEHOLD_SHARE, household=find_household)
def share(household: Household) -> Response:
    """Open the file to another organisation."""
    form = ShareForm()
    form.organisation.choices = [
        ("", "Choisir"),
        *((o.public_id, o.name) for o in partners_of(identity()) if opens_files(o.kind)),
    ]
    if form.validate_on_submit():
        partner = organisation(form.organisation.data)
        if partner is not None and saved(
            form,
            household,
            lambda: operations.share_household(
                identity(),
                household=household,
                organisation=partner,
                level=ShareLevel(form.level.data),
                purpose=SharePurpose(form.purpose.data),
                expires_at=form.expires_at,
                motive=form.motive.data,
                max_class=2 if form.health.data else 1,
            ),
        ):
            return done(household, TAB, f"Dossier partagé avec {partner.name}.")
    names = [
        "organisation",
        "level",
        "purpose",
        "expires_on",
        *(["health"] if queries.class2_is_open() else []),
        "motive",
    ]
    return form_page(
        household, form, title="Partager le dossier", tab=TAB, submit="Partager le dossier", sections=[("", names)]
    )


def _grant_of(household: Household, public_id: str) -> Grant:
    found = access_queries.grant(public_id)
    if found is None or found.record_id != household.id:
        abort(404)
    return found


@blueprint.post("/<household>/partages/<share>/prolonger")
@guard(HOUSEHOLD_SHARE, household=find_household)
def renew_share(household: Household, share: str) -> Response:
    """The same share until another day; thirty days more when no day is said."""
    grant = _grant_of(household, share)
    form = RenewForm()
    one_tap = "expires_on" not in request.form
    ends = max(grant.expires_at, clock.now()) + timedelta(days=DEFAULT_DAYS)
    if (one_tap or form.validate_on_submit()) and saved(
        form,
        household,
        lambda: operations.renew_household_share(
            identity(), grant=grant, expires_at=ends if one_tap else form.expires_at
        ),
    ):
        return done(household, TAB, "Partage prolongé de trente jours." if one_tap else "Partage prolongé.")
    return form_page(
        household,
        form,
        title="Prolonger le partage",
        tab=TAB,
        submit="Prolonger le partage",
        sections=[("", ["expires_on"])],
    )


@blueprint.post("/<household>/partages/<share>/retirer")
@guard(HOUSEHOLD_SHARE, household=find_household)
def revoke_share(household: Household, share: str) -> Response:
    """Withdraw a share: the partner reads nothing more from now on."""
    operations.revoke_household_share(identity(), grant=_grant_of(household, share))
    flash("Partage retiré : cette organisation ne lit plus le dossier.", "ok")
    return redirect_to(TAB, household=household.public_id)


@blueprint.route("/<household>/signaler", methods=["GET", "POST"])
@guard(HOUSEHOLD_SIGNAL, household=find_household)
def signal(household: Household) -> Response:
    """Ask the DDETS to arbitrate: it reads the file for thirty days."""
    form = SignalForm()
    if form.validate_on_submit() and saved(
        form,
        household,
        lambda: operations.signal_household(identity(), household=household, motive=form.motive.data or ""),
    ):
        return done(household, TAB, "Dossier signalé à la DDETS.")
    service = steering_service(household.department_code)
    intro = (
        f"{service.name} lira le dossier en entier pendant trente jours, sauf la santé et la sécurité."
        if service
        else ""
    )
    return form_page(
        household,
        form,
        title="Signaler à la DDETS",
        tab=TAB,
        submit="Signaler à la DDETS",
        sections=[(intro, ["motive"])],
    )
