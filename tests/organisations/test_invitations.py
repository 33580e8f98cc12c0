"""From the invitation to the home page; and everything that kills a link."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from odis_app.accounts.operations import hash_password
from odis_app.core.db import db, token_hash, unit_of_work
from odis_app.core.permissions import Role
from odis_app.organisations import seeds
from odis_app.organisations.enums import OrganisationKind
from odis_app.organisations.policy import ROLES_OF_KIND, roles_of
from tests.organisations.conftest import PHRASE, Rounds, Team, account, events, invite, link, mailbox, told
from tests.support.client import StrictClient, text_of
from tests.support.html import parsed
from tests.support.worlds import WorldBuilder, owner_unit

LetPass = Callable[[str, str, timedelta], None]
DEAD = "Ce lien n’est plus valable"


def answer(client: StrictClient, path: str, *, status: int = 303, **typed: str) -> StrictClient:
    """Follow the link on a new browser, fill the form, send it."""
    browser = client.as_(None)
    browser.get(path, status=303)
    browser.submit(browser.get("/invitation"), account(**typed), action="/invitation", status=status)
    return browser


def test_somebody_invited_lands_at_home(client: StrictClient, team: Team) -> None:
    path = invite(client, team.boss, "Lou@Essai.example", "travailleur_social", "coordinateur")
    browser = client.as_(None)
    arrived = browser.get(path, status=303)
    assert arrived.headers["Location"] == "/invitation"  # the secret is no longer in the address
    page = browser.get("/invitation")
    assert "Admin_organisation Fictif 1 vous invite dans OD&IS. Vos rôles : Travail social, Coordination." in text_of(
        page
    )
    assert "Charte d’utilisation" in text_of(page)
    home = browser.submit(page, account(), action="/invitation", follow=True, status=200)
    assert home.request.path == "/"
    assert "Lou Fictif" in text_of(home)
    said = text_of(browser.get("/compte"))
    assert "Travail social, Coordination" in said
    assert "lou@essai.example" in said
    assert mailbox("welcome")[0].to == "lou@essai.example"
    assert [events(a) for a in ("team:invite", "team:accept", "session:open")] == [1, 1, 1]
    assert told("SELECT document || ' ' || version FROM acceptances") == "charte 2026-11"


def test_then_one_signs_in_as_everybody(client: StrictClient, team: Team) -> None:
    answer(client, invite(client, team.boss))
    browser = client.as_(None)
    browser.submit(browser.get("/connexion"), {"email": "LOU@essai.example", "password": PHRASE})
    browser.get("/menages")


def test_opening_the_link_consumes_nothing_and_answering_does(client: StrictClient, team: Team) -> None:
    path = invite(client, team.boss)
    for _ in range(2):
        client.as_(None).get(path, status=303)
    answer(client, path)
    again = client.as_(None)
    again.get(path, status=303)
    assert DEAD in text_of(again.get("/invitation", status=410))


def test_every_dead_link_gets_the_same_page(client: StrictClient, team: Team, let_pass: LetPass) -> None:
    pages = set()
    used = invite(client, team.boss, "a@essai.example")
    answer(client, used)
    withdrawn = invite(client, team.boss, "b@essai.example")
    boss = client.as_(team.boss)
    boss.submit(boss.get("/equipe"), {}, button="Retirer l’invitation")
    replaced = invite(client, team.boss, "c@essai.example")
    boss.submit(boss.get("/equipe"), {}, button="Renvoyer")
    expired = invite(client, team.boss, "d@essai.example")
    let_pass("invitations", "expires_at", timedelta(days=15))
    for path in (used, withdrawn, replaced, expired, "/invitation/" + "x" * 43, "/invitation/court"):
        browser = client.as_(None)
        browser.get(path, status=303)
        pages.add(text_of(browser.get("/invitation", status=410)))
    assert len(pages) == 1
    assert DEAD in pages.pop()


def test_inviting_again_in_place_kills_the_former_link_and_gives_another(
    client: StrictClient, team: Team, let_pass: LetPass
) -> None:
    first = invite(client, team.boss)
    let_pass("invitations", "expires_at", timedelta(days=15))
    boss = client.as_(team.boss)
    assert "Échue" in text_of(boss.get("/equipe"))
    boss.submit(boss.get("/equipe"), {}, button="Renvoyer")
    second = link("invitation")
    assert second != first
    assert told("SELECT count(*) FROM invitations") == 1
    answer(client, second)


def test_the_database_keeps_no_secret(client: StrictClient, team: Team) -> None:
    secret = invite(client, team.boss).rpartition("/")[2]
    kept = told("SELECT row_to_json(i)::text FROM invitations i")
    assert secret not in kept
    assert told("SELECT token_hash FROM invitations") == token_hash(secret)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"password": "court", "again": "court"}, "12 caractères au moins"),
        ({"again": "une autre phrase de passe"}, "Les deux écritures du mot de passe diffèrent."),
        ({"password": "lou@essai.example", "again": "lou@essai.example"}, "différent de l’actuel, de votre nom et de votre adresse"),
        ({"first_name": " "}, "Écrivez votre prénom."),
        ({"charter": None}, "Lisez la charte, puis cochez cette case."),
    ],
)  # fmt: skip
def test_what_is_missing_is_told_and_nothing_is_made(
    client: StrictClient, team: Team, typed: dict[str, str], sentence: str
) -> None:
    browser = client.as_(None)
    browser.get(invite(client, team.boss), status=303)
    page = browser.submit(browser.get("/invitation"), account(**typed), action="/invitation", status=422)
    assert sentence in text_of(page)
    assert told("SELECT count(*) FROM users WHERE email = 'lou@essai.example'") == 0


def known(email: str = "lou@essai.example", *, has_charter: bool = False) -> None:
    """Lou works elsewhere already."""
    with owner_unit():
        other = seeds.create_organisation(
            name="Toits Essai", short_name="Toits", kind=OrganisationKind.OPERATEUR, department="49"
        )
        seeds.create_user(
            email=email, first_name="Lou", last_name="Gabarit", organisation_id=other.id, roles=(Role.OPERATEUR,),
            password_hash=hash_password(PHRASE), has_charter=has_charter,
        )  # fmt: skip


def test_who_has_an_account_gives_its_password_and_works_in_both(client: StrictClient, team: Team) -> None:
    known()
    browser = client.as_(None)
    browser.get(invite(client, team.boss, "LOU@essai.example"), status=303)
    page = browser.get("/invitation")
    assert "Vous avez déjà un compte" in text_of(page)
    wrong = browser.submit(page, {"password": "autre chose de long", "charter": "y"}, action="/invitation", status=422)
    assert "Ce n’est pas le mot de passe de ce compte." in text_of(wrong)
    browser.submit(page, {"password": PHRASE, "charter": "y"}, action="/invitation")
    said = text_of(browser.get("/compte"))
    assert "Toits Essai" in said
    assert "Organisation admin_organisation1" in said
    assert told("SELECT count(*) FROM users WHERE lower(email) = 'lou@essai.example'") == 1


def test_the_function_demands_the_secret_and_the_proof(client: StrictClient, team: Team) -> None:
    secret = invite(client, team.boss).rpartition("/")[2]
    call = text("SELECT odis.invite_accept(:hash, :proof, 'x', 'Lou', 'Fictif', 'hash', 'v')")
    with unit_of_work(None):
        assert db.execute(call, {"hash": token_hash(secret), "proof": b"forged"}).scalar_one() is None
    assert told("SELECT count(*) FROM users WHERE first_name = 'Lou'") == 0


def test_a_coordinator_takes_in_the_team_but_no_administrator(client: StrictClient, team: Team) -> None:
    lead = client.as_(team.lead)
    page = text_of(lead.get("/equipe/inviter"))
    assert "Travail social" in page
    assert "Administration de l’organisation" not in page
    lead.submit(
        lead.get("/equipe/inviter"),
        {"email": "x@essai.example", "roles": ["admin_organisation"]},
        action="/equipe/inviter",
        status=422,
    )
    with team.lead.acting() as identity, pytest.raises(ProgrammingError, match="row-level security"):
        db.execute(
            text("""INSERT INTO invitations (public_id, organisation_id, email, roles, invited_by_id, token_hash, expires_at)
                    VALUES ('x', :org, 'x@essai.example', '{admin_organisation}', :me, 'x', now() + interval '1 day')"""),
            {"org": identity.org_id, "me": identity.user_id},
        )


def test_the_wall_refuses_a_role_that_the_organisation_does_not_give(team: Team) -> None:
    with team.boss.acting() as identity, pytest.raises(ProgrammingError, match="row-level security"):
        db.execute(
            text("""INSERT INTO invitations (public_id, organisation_id, email, roles, invited_by_id, token_hash, expires_at)
                    VALUES ('x', :org, 'x@essai.example', '{admin_plateforme}', :me, 'x', now() + interval '1 day')"""),
            {"org": identity.org_id, "me": identity.user_id},
        )


def test_a_neighbour_sees_and_touches_nothing(client: StrictClient, team: Team) -> None:
    invite(client, team.boss)
    public_id = told("SELECT public_id FROM invitations")
    other = client.as_(team.elsewhere)
    assert "lou@essai.example" not in text_of(other.get("/equipe"))
    for act in ("renvoyer", "retirer"):
        other.post(f"/equipe/invitations/{public_id}/{act}", status=404)
    with team.elsewhere.acting():
        assert db.execute(text("SELECT count(*) FROM invitations")).scalar_one() == 0


def test_a_coordinator_leaves_an_administrator_s_invitation_alone(client: StrictClient, team: Team) -> None:
    invite(client, team.boss, "x@essai.example", "coordinateur")
    public_id = told("SELECT public_id FROM invitations")
    client.as_(team.lead).post(f"/equipe/invitations/{public_id}/retirer", status=403)
    client.as_(team.worker).get("/equipe", status=403)


def test_nobody_is_invited_twice(client: StrictClient, team: Team) -> None:
    invite(client, team.boss)
    boss = client.as_(team.boss)
    page = boss.submit(
        boss.get("/equipe/inviter"), {"email": "LOU@essai.example", "roles": ["travailleur_social"]}, action="/equipe/inviter", status=422
    )  # fmt: skip
    assert "Une invitation attend déjà à cette adresse." in text_of(page)
    mine = told("SELECT email FROM users WHERE id = :id", id=team.worker.user_id)
    page = boss.submit(
        boss.get("/equipe/inviter"),
        {"email": mine, "roles": ["travailleur_social"]},
        action="/equipe/inviter",
        status=422,
    )
    assert "Cette personne travaille déjà ici." in text_of(page)


@pytest.mark.parametrize(
    ("email", "roles", "sentence"),
    [("lou", ["operateur"], "n’est pas complète"), ("l@e.fr", [], "Choisissez au moins un rôle.")],
)
def test_an_invitation_that_says_too_little(
    client: StrictClient, team: Team, email: str, roles: list[str], sentence: str
) -> None:
    boss = client.as_(team.boss)
    page = boss.submit(
        boss.get("/equipe/inviter"), {"email": email, "roles": roles}, action="/equipe/inviter", status=422
    )
    assert sentence in text_of(page)


def test_every_mistake_of_an_invitation_is_told_at_once_in_the_order_of_the_page(
    client: StrictClient, team: Team
) -> None:
    boss = client.as_(team.boss)
    page = boss.submit(boss.get("/equipe/inviter"), {}, action="/equipe/inviter", status=422)
    assert [line.get_text() for line in parsed(page.text).select(".od-summary li")] == [
        "Écrivez l’adresse e-mail de la personne.",
        "Choisissez au moins un rôle.",
    ]
    assert len(parsed(page.text).select("fieldset .form-check input[name=roles]")) > 1  # boxes, as on every other page


def test_what_a_new_account_lacks_is_told_in_the_order_of_the_page(client: StrictClient, team: Team) -> None:
    browser = client.as_(None)
    browser.get(invite(client, team.boss), status=303)
    page = browser.submit(browser.get("/invitation"), {}, action="/invitation", status=422)
    told_of = [str(line["href"]) for line in parsed(page.text).select(".od-summary a")]
    assert told_of == ["#first_name", "#last_name", "#password", "#again", "#charter"]


def test_after_a_week_one_reminder_leaves_with_the_same_link(
    client: StrictClient, team: Team, rounds: Rounds, let_pass: LetPass
) -> None:
    path = invite(client, team.boss)
    assert rounds.run()["reminded"] == 0
    let_pass("invitations", "sent_at expires_at", timedelta(days=7))
    assert [rounds.run()["reminded"], rounds.run()["reminded"]] == [1, 0]
    assert link("invitation_reminder") == path
    answer(client, path)


def test_nobody_is_reminded_the_day_before_the_end(
    client: StrictClient, team: Team, rounds: Rounds, let_pass: LetPass
) -> None:
    invite(client, team.boss)
    let_pass("invitations", "sent_at expires_at", timedelta(days=13))
    assert rounds.run()["reminded"] == 0


def test_ended_invitations_are_forgotten_after_ninety_days(
    client: StrictClient, team: Team, rounds: Rounds, let_pass: LetPass
) -> None:
    invite(client, team.boss)
    let_pass("invitations", "expires_at", timedelta(days=14 + 89))
    assert rounds.run()["forgotten"] == 0
    let_pass("invitations", "expires_at", timedelta(days=2))
    assert rounds.run()["forgotten"] == 1


def test_the_database_and_the_code_give_the_same_roles_to_each_kind(world: WorldBuilder) -> None:
    with unit_of_work(None):
        said = {
            k: set(db.execute(text("SELECT odis.roles_of_kind(:k)"), {"k": k.value}).scalar_one())
            for k in OrganisationKind
        }
    assert said == {k: {r.value for r in roles_of(k.value)} for k in OrganisationKind}
    assert set(ROLES_OF_KIND) == set(OrganisationKind)


def test_an_account_that_was_closed_is_not_opened_again_by_an_invitation(client: StrictClient, team: Team) -> None:
    known()
    with owner_unit():
        db.execute(text("UPDATE users SET deactivated_at = now() WHERE email = 'lou@essai.example'"))
    browser = client.as_(None)
    browser.get(invite(client, team.boss), status=303)
    browser.submit(browser.get("/invitation"), {"password": PHRASE, "charter": "y"}, action="/invitation", status=422)
    assert (
        told("SELECT count(*) FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.email = 'lou@essai.example'")
        == 1
    )
