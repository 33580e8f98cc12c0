"""A stolen session that proved nothing a second time, a job's token, a former member: what each still opens, in bare SQL."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from odis_app.core import clock
from odis_app.core.db import db, token_hash, unit_of_work
from odis_app.core.ids import new_public_id, new_token
from odis_app.core.permissions import Role
from odis_app.organisations import seeds
from odis_app.organisations.enums import OrganisationKind
from odis_app.organisations.seeds import Actor
from tests.security.bare import refused, trying, value
from tests.security.region import Region
from tests.support.worlds import owner_unit

MINT = "SELECT odis.mint_job_token(:hash, :public_id, 60)"


def unconfirmed(actor: Actor) -> Actor:
    """The same person in another session, stolen, say: it never proved anything a second time."""
    token = new_token()
    copied = "kind, user_id, org_id, org_kind, roles, level, departments, device, idle, absolute_until, expires_at"
    with owner_unit():
        db.execute(
            text(
                f"INSERT INTO private.sessions (token_hash, public_id, {copied}) SELECT :new, :public_id, {copied} FROM private.sessions WHERE token_hash = :old"
            ),
            {"new": token_hash(token), "public_id": new_public_id(), "old": token_hash(actor.token)},
        )
    return Actor(actor.user_id, actor.org_id, token)


def as_job(actor: Actor) -> Actor:
    """The identity of a job that this session asked for, in the hands of who asked."""
    token = new_token()
    with actor.acting():
        assert value(MINT, hash=token_hash(token), public_id=new_public_id())
    return Actor(actor.user_id, actor.org_id, token)


# ── A renewed proof ─────────────────────────────────────────────────────────


def test_a_job_is_confirmed_as_much_as_who_asked_for_it(region: Region) -> None:
    """A stolen session mints itself a job's token: class 3 stays closed, and so do the factors of colleagues."""
    coordinator, admin = region.people["own", "co"], region.people["own", "ao"]
    hidden = "SELECT count(*) FROM member_safety"
    with trying(as_job(coordinator)):
        assert value(hidden) > 0
    stolen = unconfirmed(coordinator)
    for actor in (stolen, as_job(stolen), as_job(as_job(stolen))):
        with trying(actor):
            assert value("SELECT count(*) FROM members") > 0
            assert value(hidden) == 0
            assert not value("SELECT odis.is_confirmed()")
    with trying(as_job(unconfirmed(admin))):
        assert not value("SELECT odis.second_factor_require(current_date + 9)")
    with trying(as_job(admin)):
        assert not value("SELECT odis.member_reset_factors('x')")


def test_a_file_is_joined_by_who_has_just_proved_who_they_are(region: Region) -> None:
    """Break-glass: the database itself asks for the renewed proof."""
    with owner_unit():
        number, born = db.execute(
            text(
                "SELECT h.number, m.birth_date FROM households h JOIN members m ON m.household_id = h.id AND m.link = 'demandeur_principal' WHERE h.id = :h"
            ),
            {"h": region.numbers["housed"]},
        ).one()
        tried = "SELECT count(*) FROM file_joins WHERE actor_user_id = :who"
    joining = region.people["neighbour", "ts"]
    ask = "SELECT odis.join_file(:id, :number, :born, 'danger', 'x')"
    for actor in (unconfirmed(joining), as_job(unconfirmed(joining))):
        with trying(actor):
            assert value(ask, id=new_public_id(), number=number, born=born) is None
        with actor.acting():
            value(ask, id=new_public_id(), number=number, born=born)
    with owner_unit():
        assert value(tried, who=joining.user_id) == 0
        assert (
            value("SELECT count(*) FROM grants WHERE grantee_org_id = :org AND revoked_at IS NULL", org=joining.org_id)
            == 0
        )


# ── Who stays, who leaves ───────────────────────────────────────────────────


@pytest.mark.parametrize(
    "leaving",
    [
        "UPDATE users SET deactivated_at = now() WHERE id = :user",
        "UPDATE organisations SET deactivated_at = now() WHERE id = :org",
        "UPDATE memberships SET starts_on = current_date - 9, ends_on = current_date - 1 WHERE user_id = :user AND organisation_id = :org",
        "DELETE FROM memberships WHERE user_id = :user AND organisation_id = :org",
        "UPDATE memberships SET starts_on = current_date + 1 WHERE user_id = :user AND organisation_id = :org",
    ],
)
def test_a_former_member_has_no_session_left(region: Region, leaving: str) -> None:
    """However somebody leaves, what they had opened closes in the same transaction, the tokens of their jobs too."""
    with owner_unit():
        organisation = seeds.create_organisation(
            name="Départ", short_name="Départ", kind=OrganisationKind.ASSOCIATION, department="44", areas=("44",)
        ).id
        user = seeds.create_user(
            email=f"{new_public_id()}@test.odis.example",
            first_name="Former",
            last_name="Fictif",
            organisation_id=organisation,
            roles=(Role.COORDINATEUR,),
        ).id
    actor = seeds.open_actor(
        seeds.World(region.app.extensions["odis_minter"]), "former", user_id=user, organisation_id=organisation
    )
    job = as_job(actor)
    with owner_unit():
        db.execute(text(leaving), {"user": user, "org": organisation})
    for who in (actor, job):
        with unit_of_work(who.token) as unit:
            assert not unit.identity.is_signed_in
            assert value("SELECT odis.org()") is None
            assert value("SELECT odis.user_id()") is None


def test_a_membership_that_ended_this_night_opens_nothing_this_morning(region: Region) -> None:
    """A session opened the evening before lasts twelve hours at most, but never longer than the role that it was opened with."""
    with owner_unit():
        organisation = seeds.create_organisation(
            name="Minuit", short_name="Minuit", kind=OrganisationKind.ASSOCIATION, department="44", areas=("44",)
        ).id
        user = seeds.create_user(
            email=f"{new_public_id()}@test.odis.example",
            first_name="Former",
            last_name="Fictif",
            organisation_id=organisation,
            roles=(Role.COORDINATEUR,),
        ).id
        db.execute(text("UPDATE memberships SET ends_on = current_date WHERE user_id = :user"), {"user": user})
    seeds.open_actor(
        seeds.World(region.app.extensions["odis_minter"]), "former", user_id=user, organisation_id=organisation
    )
    with owner_unit():
        last = value("SELECT max(absolute_until) FROM private.sessions WHERE user_id = :user", user=user)
    assert last.astimezone(clock.PARIS).date() <= clock.today() + timedelta(days=1)


def test_nobody_brings_back_a_role_that_ended(region: Region) -> None:
    """Whoever administers an organisation changes roles through one function, which never touches their own."""
    admin = region.people["own", "ao"]
    with owner_unit():
        db.execute(
            text(
                "INSERT INTO memberships (user_id, organisation_id, role, starts_on, ends_on) VALUES (:user, :org, 'coordinateur', '2020-01-01', '2021-01-01')"
            ),
            {"user": admin.user_id, "org": admin.org_id},
        )
    with trying(admin):
        for change in ("ends_on = NULL", "ends_on = current_date", "starts_on = current_date, ends_on = NULL"):
            assert refused(
                f"UPDATE memberships SET {change} WHERE user_id = odis.user_id() AND role = 'coordinateur' RETURNING id"
            ), change
