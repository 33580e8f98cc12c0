"""« Sécurité de l’organisation » : a second factor for a whole team, from a day; a colleague who lost their phone."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from odis_app.core import clock
from odis_app.core.config import libpq
from odis_app.core.db import db
from odis_app.core.formats import jour_long
from odis_app.organisations.seeds import Actor
from tests.organisations.conftest import Team, events, mailbox, told
from tests.support.client import StrictClient, text_of
from tests.support.worlds import confirmed, owner_unit

PAGE = "/equipe/securite"


def ask(client: StrictClient, when: str, since: str = "", *, status: int = 303):
    return client.submit(client.get(PAGE), {"when": when, "since": since}, action=PAGE, status=status)


def give_factor(actor: Actor) -> None:
    """As if this person had added one."""
    with owner_unit():
        db.execute(text("UPDATE users SET second_factor_since = now() WHERE id = :id"), {"id": actor.user_id})


def in_days(days: int) -> str:
    return (clock.today() + timedelta(days=days)).isoformat()


def test_the_rule_is_changed_after_a_renewed_proof_only(client: StrictClient, team: Team) -> None:
    assert "Confirmer votre identité" in text_of(ask(client.as_(team.boss), "aujourdhui", status=401))
    ask(client.as_(confirmed(team.boss)), "date", in_days(7))
    assert told("SELECT second_factor_from FROM organisations WHERE id = :id", id=team.boss.org_id) == (
        clock.today() + timedelta(days=7)
    )
    assert events("organisation:security") == 1


@pytest.mark.parametrize("days", [-1, 1, 6])
def test_a_team_has_a_week_to_get_ready(client: StrictClient, team: Team, days: int) -> None:
    assert "sept jours au moins" in text_of(ask(client.as_(confirmed(team.boss)), "date", in_days(days), status=422))


def test_a_day_is_asked_for(client: StrictClient, team: Team) -> None:
    assert "Écrivez à partir de quel jour." in text_of(ask(client.as_(confirmed(team.boss)), "date", status=422))


def test_the_database_wants_the_same(database: Flask, team: Team) -> None:
    boss = confirmed(team.boss)
    with psycopg.connect(libpq(database.config["ODIS"].database_url)) as connection:
        for actor, days, expected in (
            (boss, 3, False),
            (team.boss, 9, False),
            (confirmed(team.lead), 9, False),
            (boss, 9, True),
        ):
            connection.execute("SELECT set_config('odis.token', %s, true)", (actor.token,))
            answer = connection.execute("SELECT odis.second_factor_require(current_date + %s)", (days,)).fetchone()
            assert answer == (expected,)


def test_before_the_day_home_says_so_and_everything_opens(client: StrictClient, team: Team) -> None:
    ask(client.as_(confirmed(team.boss)), "date", in_days(9))
    day = jour_long(clock.today() + timedelta(days=9)).replace("\u00a0", " ")
    worker = client.as_(team.worker)
    assert f"À partir du {day}" in text_of(worker.get("/"))
    worker.get("/menages")
    give_factor(team.worker)
    assert f"À partir du {day}" not in text_of(client.as_(team.worker).get("/"))
    assert f"À partir du {day}" not in text_of(client.as_(team.elsewhere).get("/"))


def test_from_the_day_nothing_opens_but_one_s_own_account(client: StrictClient, team: Team) -> None:
    ask(client.as_(confirmed(team.boss)), "aujourdhui")
    worker = client.as_(team.worker)
    for path in ("/", "/menages", "/offres", "/equipe"):
        assert worker.get(path, status=303).headers["Location"] == "/compte/securite"
    assert worker.get("/menages", htmx=True, status=204).headers["HX-Redirect"] == "/compte/securite"
    worker.post("/menages/nouveau", {"first_name": "Inventée"})
    assert told("SELECT count(*) FROM households") == 0
    assert "Une étape avant de continuer." in text_of(worker.get("/compte/securite"))
    worker.get("/compte")
    worker.get("/mentions-legales")
    give_factor(team.worker)
    worker.get("/menages")


def test_a_shared_demonstration_account_keeps_working(client: StrictClient, team: Team) -> None:
    ask(client.as_(confirmed(team.boss)), "aujourdhui")
    with owner_unit():
        db.execute(text("UPDATE users SET is_demo = true"))
    client.as_(team.worker).get("/menages")


def test_the_team_says_who_has_one(client: StrictClient, team: Team) -> None:
    give_factor(team.worker)
    said = text_of(client.as_(team.boss).get("/equipe"))
    assert "Second facteur" in said
    assert "Téléphone perdu" in said
    page = text_of(client.as_(team.boss).get(PAGE))
    assert "2 personnes sans second facteur" in page.replace("\u00a0", " ")


def test_a_lost_phone(client: StrictClient, team: Team) -> None:
    give_factor(team.worker)
    path = (
        f"/equipe/membres/{told('SELECT public_id FROM users WHERE id = :id', id=team.worker.user_id)}/second-facteur"
    )
    client.as_(team.lead).post(path, status=403)
    client.as_(team.boss).post(path, status=401)
    client.as_(confirmed(team.elsewhere)).post(path, status=404)
    client.as_(confirmed(team.boss)).post(path)
    assert told("SELECT second_factor_since FROM users WHERE id = :id", id=team.worker.user_id) is None
    assert client.as_(team.worker).get("/menages", status=303).headers["Location"].startswith("/connexion")
    assert len(mailbox("factor_reset")) == 1
    assert events("account:factor_reset") == 1


def test_somebody_who_works_elsewhere_too_is_not_this_organisation_s_alone(client: StrictClient, team: Team) -> None:
    give_factor(team.worker)
    with owner_unit():
        db.execute(
            text("INSERT INTO memberships (user_id, organisation_id, role) VALUES (:who, :org, 'coordinateur')"),
            {"who": team.worker.user_id, "org": team.elsewhere.org_id},
        )
    path = (
        f"/equipe/membres/{told('SELECT public_id FROM users WHERE id = :id', id=team.worker.user_id)}/second-facteur"
    )
    boss = client.as_(confirmed(team.boss))
    boss.post(path)
    assert "travaille aussi pour une autre organisation" in text_of(boss.get("/equipe"))
    assert told("SELECT second_factor_since FROM users WHERE id = :id", id=team.worker.user_id) is not None
