"""One permission more or less for a colleague, for a time: the application honours it, the database is not widened."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from odis_app.access.models import RoleException
from odis_app.access.operations import except_permission, withdraw_exception
from odis_app.accounts.models import User
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.permissions import Role, with_exceptions
from odis_app.households.policy import HEALTH_READ, HOUSEHOLD_SHARE
from odis_app.organisations.seeds import Actor
from tests.support.client import StrictClient
from tests.support.html import parsed
from tests.support.worlds import WorldBuilder, open_class2, owner_unit


@pytest.fixture
def worker(world: WorldBuilder) -> Actor:
    return world.actor("association", "44")


@pytest.fixture
def admin(world: WorldBuilder, worker: Actor) -> Actor:
    return world.actor("admin_organisation", "44", colleague_of=worker)


def change(admin: Actor, member: Actor, name: str, *, gives: bool, days: int = 30) -> int:
    with admin.acting() as identity:
        return except_permission(
            identity, member=db.get_one(User, member.user_id), permission=name, gives=gives, motive="Remplacement de Dominique.",
            until=clock.today() + timedelta(days=days),
        ).id  # fmt: skip


def who(actor: Actor) -> Identity:
    with actor.acting() as identity:
        return identity


def test_a_permission_taken_away_is_gone_at_the_next_request_and_comes_back(worker: Actor, admin: Actor) -> None:
    assert who(worker).can(HOUSEHOLD_SHARE)
    taken = change(admin, worker, HOUSEHOLD_SHARE.name, gives=False)
    assert not who(worker).can(HOUSEHOLD_SHARE)
    with admin.acting() as identity:
        withdraw_exception(identity, exception=db.get_one(RoleException, taken))
    assert who(worker).can(HOUSEHOLD_SHARE)
    change(admin, worker, HOUSEHOLD_SHARE.name, gives=False)
    with owner_unit():
        past = clock.now() - timedelta(minutes=1)
        db.execute(update(RoleException).values(at=past - timedelta(days=1), expires_at=past))
    assert who(worker).can(HOUSEHOLD_SHARE)
    with owner_unit():
        told = db.execute(
            text("SELECT action, data ->> 'permission' FROM audit_events WHERE action LIKE 'permission:%' ORDER BY id")
        ).all()
    assert [tuple(row) for row in told] == [
        ("permission:update", "household:share"), ("permission:withdraw", "household:share"), ("permission:update", "household:share"),
    ]  # fmt: skip


def test_a_permission_given_opens_no_class_that_the_roles_close(
    world: WorldBuilder, worker: Actor, admin: Actor
) -> None:
    open_class2()
    operator = world.actor("operateur", "44", colleague_of=worker)
    assert not who(operator).can(HEALTH_READ)
    change(admin, operator, HEALTH_READ.name, gives=True)
    given = who(operator)
    assert given.can(HEALTH_READ)
    assert (given.level, given.roles) == (1, (Role.OPERATEUR.value,))
    with operator.acting():
        assert db.execute(text("SELECT odis.level()")).scalar_one() == 1


def test_nothing_of_the_state_nor_of_the_platform_is_added() -> None:
    held = frozenset({"household:read"})
    assert with_exceptions(held, ["+home:platform", "+invented:thing", "+household:share"]) == held | {
        "household:share"
    }
    assert with_exceptions(held, ["+household:share", "-household:share", "-household:read"]) == frozenset()


def test_who_gives_what_and_until_when(world: WorldBuilder, worker: Actor, admin: Actor) -> None:
    for member, name, days in (
        (admin, "household:share", 30),
        (worker, "home:steering", 30),
        (worker, "household:share", -1),
        (worker, "household:share", 400),
    ):
        with pytest.raises(RuleError):
            change(admin, member, name, gives=True, days=days)
    sql = """INSERT INTO role_exceptions (public_id, organisation_id, user_id, permission, gives, motive, author_user_id, author_label, expires_at)
             VALUES (:id, :org, :user, 'household:share', true, 'x', :me, 'Moi', now() + interval '1 day')"""
    stranger = world.actor("association", "44")
    for actor, member in ((worker, admin), (admin, stranger), (stranger, worker)):
        values = {"id": "c" * 16, "org": worker.org_id, "user": member.user_id, "me": actor.user_id}
        with actor.acting(), pytest.raises(DBAPIError, match="row-level security"), db.begin_nested():
            db.execute(text(sql), values)
    change(admin, worker, "household:share", gives=False)
    with stranger.acting():
        assert db.execute(select(RoleException.id)).all() == []
    with worker.acting(), pytest.raises(DBAPIError, match="permission denied"), db.begin_nested():
        db.execute(update(RoleException).values(gives=True))
    with worker.acting():  # one's own, to know it; nothing to change
        assert (
            db.execute(
                update(RoleException)
                .values(withdrawn_at=clock.now(), withdrawn_by_label="Moi")
                .returning(RoleException.id)
            ).all()
            == []
        )


def test_the_page(client: StrictClient, worker: Actor, admin: Actor) -> None:
    with owner_unit():
        someone = db.get_one(User, worker.user_id).public_id
    asked = client.as_(admin)
    typed = {
        "member": someone,
        "gives": "non",
        "permission": "household:share",
        "until": (clock.today() + timedelta(days=9)).isoformat(),
    }
    for tool in ("/equipe/droits", "/equipe/acces"):
        assert f'href="{tool}"' in asked.get("/equipe").text
    offered = parsed(asked.get("/equipe/droits").text).select("select[name=permission] optgroup[label] option")
    assert "household:share" in {option["value"] for option in offered}
    assert not any(str(option["value"]).startswith(("account:", "charter:")) for option in offered)
    asked.post("/equipe/droits", typed, status=422)
    asked.post("/equipe/droits", typed | {"motive": "Remplacement de Dominique."})
    page = asked.get("/equipe/droits").text
    assert "Retirée : Partager un dossier ménage" in page
    with owner_unit():
        exception = db.execute(select(RoleException.public_id)).scalar_one()
    client.as_(worker).get("/equipe/droits", status=403)
    asked.post(f"/equipe/droits/{exception}/retirer")
    assert "Aucun droit particulier" in asked.get("/equipe/droits").text
