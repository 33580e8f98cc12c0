"""A visitor asks for an access: found by name, confirmed by mail, answered by who may, and nothing told to who tries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from odis_app.core.db import db, token_hash, unit_of_work
from odis_app.core.permissions import Role
from odis_app.organisations.seeds import Actor
from tests.organisations.conftest import Rounds, Team, account, events, link, mailbox, told
from tests.support.client import StrictClient, text_of
from tests.support.html import parsed
from tests.support.worlds import WorldBuilder

LetPass = Callable[[str, str, timedelta], None]
WHO = {"first_name": "Lou", "last_name": "Fictif", "email": "lou@essai.example", "job": "Bénévole"}
NEW = {"new_name": "Association Toute Neuve", "new_kind": "association", "new_department": "44"}
FORM = "/demande-d-acces/personne"


def name_of(actor: Actor) -> str:
    return str(told("SELECT name FROM organisations WHERE id = :id", id=actor.org_id))


def ask(client: StrictClient, actor: Actor | None = None, **typed: Any) -> StrictClient:
    """A request for the actor's organisation, found by its name; without actor, for a new one."""
    browser = client.as_(None)
    if actor is None:
        browser.submit(browser.get(FORM), WHO | NEW | typed, action=FORM)
        return browser
    wanted = name_of(actor)
    public_id = told("SELECT public_id FROM organisations WHERE id = :id", id=actor.org_id)
    page = browser.get(FORM, query_string={"organisation": public_id, "nom": wanted})
    browser.submit(page, WHO | typed, action=FORM)
    return browser


def confirm(client: StrictClient) -> None:
    """Follow the link of the last mail, press the button."""
    browser = client.as_(None)
    browser.get(link("access_confirm"), status=303)
    browser.submit(browser.get("/demande-d-acces/confirmer"), {}, action="/demande-d-acces/confirmer")
    assert "Votre adresse est confirmée" in text_of(browser.get("/demande-d-acces/confirmer"))


def state() -> str:
    return str(told("SELECT state FROM access_requests"))


def approve(client: StrictClient, actor: Actor, *roles: str, status: int = 303) -> Any:
    browser = client.as_(actor)
    page = browser.get("/demandes-d-acces")
    return browser.submit(page, {"roles": list(roles)}, button="Accepter la demande", status=status)


def take_up(client: StrictClient) -> StrictClient:
    """The visitor follows the link of the yes, and gets in."""
    browser = client.as_(None)
    browser.get(link("access_approved"), status=303)
    browser.submit(browser.get("/invitation"), account(), action="/invitation")
    return browser


def test_an_organisation_is_found_by_three_letters_of_its_name(client: StrictClient, team: Team) -> None:
    page = client.as_(None).get("/demande-d-acces", query_string={"nom": "ADMÍN_organisation1"})
    assert "Organisation admin_organisation1 (44)" in text_of(page)
    assert "fictif" not in text_of(page).lower()  # nobody who works there
    assert "au moins 3 lettres" in text_of(client.get("/demande-d-acces?nom=ad"))
    assert "Aucune organisation de ce nom" in text_of(client.get("/demande-d-acces?nom=%25%25%25"))


def test_from_the_request_to_the_home_page(client: StrictClient, team: Team, rounds: Rounds) -> None:
    asked = ask(client, team.boss)
    assert "Vérifiez votre courriel" in text_of(asked.get("/demande-d-acces/envoyee"))
    assert "Aucune demande" in text_of(
        client.as_(team.boss).get("/demandes-d-acces")
    )  # not before the address is confirmed
    confirm(client)
    assert rounds.run()["told"] == 1
    mine = told("SELECT email FROM users WHERE id = :id", id=team.boss.user_id)
    assert [m.to for m in mailbox("access_waiting")] == [mine]
    assert "1 demande d’accès attend votre réponse" in text_of(client.as_(team.boss).get("/equipe")).replace(
        "\u00a0", " "
    )
    approve(client, team.boss, "travailleur_social")
    browser = take_up(client)
    assert "Travail social" in text_of(browser.get("/compte"))
    assert [events(a) for a in ("access:ask", "access:confirm", "access:approve", "team:accept")] == [1, 1, 1, 1]


def test_a_request_belongs_to_who_decides(client: StrictClient, team: Team, world: WorldBuilder) -> None:
    ask(client, team.boss)
    confirm(client)
    public_id = told("SELECT public_id FROM access_requests")
    for stranger in (team.elsewhere, world.actor("ddets", "44")):
        browser = client.as_(stranger)
        assert "Lou Fictif" not in text_of(browser.get("/demandes-d-acces"))
        for act in ("accepter", "refuser"):
            browser.post(
                f"/demandes-d-acces/{public_id}/{act}", {"roles": ["coordinateur"], "reason": "Non"}, status=404
            )
        with stranger.acting():
            assert db.execute(text("SELECT count(*) FROM access_requests")).scalar_one() == 0
    client.as_(team.lead).get("/demandes-d-acces", status=403)
    assert state() == "waiting"


def test_the_function_refuses_who_may_not_decide(client: StrictClient, team: Team) -> None:
    ask(client, team.boss)
    confirm(client)
    public_id = told("SELECT public_id FROM access_requests")
    call = text("SELECT odis.access_approve(:wanted, '{coordinateur}', 'x', 'x', interval '8 days', 'y', '')")
    for actor in (team.elsewhere, team.lead, team.worker):
        with actor.acting():
            assert db.execute(call, {"wanted": public_id}).scalar_one() is None


def test_known_or_not_an_address_gets_the_same_answer(client: StrictClient, team: Team) -> None:
    known = told("SELECT email FROM users WHERE id = :id", id=team.worker.user_id)
    pages = {
        text_of(ask(client, team.boss, email=email).get("/demande-d-acces/envoyee"))
        for email in (known, "inconnu@essai.example")
    }
    assert len(pages) == 1
    assert {m.kind.name for m in mailbox()} == {"access_confirm"}
    assert len(mailbox()) == 2


def test_a_stranger_cannot_fill_somebody_s_mailbox(client: StrictClient, team: Team) -> None:
    for number in range(5):
        ask(client, None, new_name=f"Association Neuve {number}")
    assert len(mailbox()) == 3


def test_asking_again_what_waits_already_changes_nothing(client: StrictClient, team: Team) -> None:
    ask(client, team.boss)
    confirm(client)
    ask(client, team.boss)
    assert (len(mailbox("access_confirm")), state()) == (1, "waiting")


def test_who_waits_too_long_is_recalled_at_three_and_ten_days(
    client: StrictClient, team: Team, rounds: Rounds, let_pass: LetPass
) -> None:
    ask(client, team.boss)
    confirm(client)
    told_each_day = []
    for _ in range(12):
        told_each_day.append(rounds.run()["told"])
        let_pass("access_requests", "confirmed_at", timedelta(days=1))
    assert told_each_day == [1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    assert len(mailbox("access_waiting")) == 3


def test_a_yes_that_is_not_taken_up_in_eight_days_is_dead(client: StrictClient, team: Team, let_pass: LetPass) -> None:
    ask(client, team.boss)
    confirm(client)
    approve(client, team.boss, "travailleur_social")
    let_pass("invitations", "expires_at", timedelta(days=8, minutes=1))
    browser = client.as_(None)
    browser.get(link("access_approved"), status=303)
    browser.get("/invitation", status=410)


def test_a_no_has_its_reason(client: StrictClient, team: Team) -> None:
    ask(client, team.boss)
    confirm(client)
    boss = client.as_(team.boss)
    page = boss.get("/demandes-d-acces")
    assert "la personne le lira" in text_of(boss.submit(page, {"reason": " "}, button="Refuser la demande", status=422))
    page = boss.submit(page, {"reason": "Mot. " * 80}, button="Refuser la demande", status=422)
    assert "Lou Fictif : 300 caractères au plus." in text_of(page)
    assert text_of(page).count("Mot.") == 80  # what was written comes back, unfolded, to be shortened
    assert parsed(page.text).select_one("details.od-sure[open] textarea")
    boss.submit(page, {"reason": "Vous ne travaillez pas chez nous."}, button="Refuser la demande")
    assert mailbox("access_refused")[0].context["reason"] == "Vous ne travaillez pas chez nous."
    assert (state(), events("access:refuse")) == ("refused", 1)
    public_id = told("SELECT public_id FROM access_requests")
    boss.post(
        f"/demandes-d-acces/{public_id}/accepter", {"roles": ["travailleur_social"]}, status=422
    )  # answered already


@pytest.mark.parametrize("roles", [(), ("admin_plateforme",), ("ddets",)])
def test_a_yes_gives_roles_of_the_organisation(client: StrictClient, team: Team, roles: tuple[str, ...]) -> None:
    ask(client, team.boss)
    confirm(client)
    assert "Choisissez au moins un rôle." in text_of(approve(client, team.boss, *roles, status=422))
    assert state() == "waiting"


def test_roles_ticked_for_a_new_organisation_come_back_when_the_administration_is_missing(
    client: StrictClient, world: WorldBuilder
) -> None:
    ddets = world.actor("ddets", "44")
    ask(client)
    confirm(client)
    page = approve(client, ddets, "coordinateur", status=422)
    assert "cochez ce rôle" in text_of(page)
    assert "Loire-Atlantique" in text_of(page)
    ticked = [box["value"] for box in parsed(page.text).select("details[open] input[name=roles][checked]")]
    assert ticked == ["coordinateur"]


def test_a_new_organisation_is_let_in_by_the_ddets_and_opened_by_its_convention(
    client: StrictClient, world: WorldBuilder, rounds: Rounds
) -> None:
    ddets, elsewhere = world.actor("ddets", "44"), world.actor("ddets", "53")
    admin = world.actor("admin", None)
    ask(client)
    confirm(client)
    rounds.run()
    addresses = {told("SELECT email FROM users WHERE id = :id", id=a.user_id) for a in (ddets, admin)}
    assert {m.to for m in mailbox("access_waiting")} == addresses
    assert "Lou Fictif" not in text_of(client.as_(elsewhere).get("/demandes-d-acces"))
    assert "Lou Fictif" in text_of(client.as_(admin).get("/demandes-d-acces"))
    assert "en a l’administration" in text_of(approve(client, ddets, "coordinateur", status=422))
    approve(client, ddets, "coordinateur", "admin_organisation")
    browser = take_up(client)
    assert browser.get("/", status=303).headers["Location"] == "/convention"
    browser.submit(browser.get("/convention"), {"accepted": "y", "signed_as": "Présidente"}, action="/convention")
    browser.get("/menages")
    assert "Association Toute Neuve" in text_of(browser.get("/compte"))
    found = text_of(client.get("/demande-d-acces?nom=toute neuve"))
    assert "Association Toute Neuve (44)" in found


def test_an_organisation_that_is_not_open_is_not_offered(client: StrictClient, world: WorldBuilder) -> None:
    ddets = world.actor("ddets", "44")
    ask(client)
    confirm(client)
    approve(client, ddets, "admin_organisation")
    assert "Aucune organisation" in text_of(client.get("/demande-d-acces?nom=toute neuve"))


def test_a_service_of_the_state_is_let_in_by_the_platform_alone(client: StrictClient, world: WorldBuilder) -> None:
    ddets, admin = world.actor("ddets", "44"), world.actor("admin", None)
    ask(client, None, new_kind="ddets", new_name="DDETS Inventée")
    confirm(client)
    assert "DDETS Inventée" not in text_of(client.as_(ddets).get("/demandes-d-acces"))
    with ddets.acting():
        assert db.execute(text("SELECT count(*) FROM access_requests")).scalar_one() == 0
    approve(client, admin, "ddets", "admin_organisation")


def test_an_organisation_that_exists_is_not_made_twice(client: StrictClient, team: Team) -> None:
    browser = client.as_(None)
    typed = WHO | NEW | {"new_name": name_of(team.boss).upper()}
    page = browser.submit(browser.get(FORM), typed, action=FORM, status=422)
    assert "Cette organisation est déjà dans OD&IS." in text_of(page)
    assert mailbox() == []


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"email": "lou"}, "n’est pas complète"),
        ({"new_name": "ab"}, "Écrivez le nom de l’organisation"),
        ({"new_kind": "plateforme"}, "Choisissez ce qu’est l’organisation."),
        ({"new_department": "999"}, "Choisissez le département"),
        ({"first_name": ""}, "Écrivez votre prénom."),
        ({"message": "x" * 301}, "300 caractères au plus."),
    ],
)
def test_a_request_that_says_too_little(
    client: StrictClient, database: Any, typed: dict[str, str], sentence: str
) -> None:
    page = client.submit(client.get(FORM), WHO | NEW | typed, action=FORM, status=422)
    assert sentence in text_of(page)
    assert told("SELECT count(*) FROM access_requests") == 0


def test_a_confirmation_is_good_for_two_days(
    client: StrictClient, team: Team, rounds: Rounds, let_pass: LetPass
) -> None:
    ask(client, team.boss)
    let_pass("access_requests", "created_at", timedelta(days=2, minutes=1))
    browser = client.as_(None)
    browser.get(link("access_confirm"), status=303)
    assert "Ce lien n’est plus valable" in text_of(browser.get("/demande-d-acces/confirmer", status=410))
    assert rounds.run()["forgotten"] == 1


def test_the_database_keeps_no_secret_of_the_request(client: StrictClient, team: Team) -> None:
    ask(client, team.boss)
    secret = link("access_confirm").rpartition("/")[2]
    assert told("SELECT token_hash FROM access_requests") == token_hash(secret)
    with unit_of_work(None):
        assert db.execute(text("SELECT count(*) FROM access_requests")).scalar_one() == 0


def test_where_nobody_runs_the_organisation_the_platform_is_told(
    client: StrictClient, world: WorldBuilder, rounds: Rounds
) -> None:
    lonely = world.actor("association", "44", roles=(Role.TRAVAILLEUR_SOCIAL,))
    admin = world.actor("admin", None)
    ask(client, lonely)
    confirm(client)
    rounds.run()
    assert [m.to for m in mailbox("access_waiting")] == [
        told("SELECT email FROM users WHERE id = :id", id=admin.user_id)
    ]
    approve(client, admin, "coordinateur")
    assert "Coordination" in text_of(take_up(client).get("/compte"))
