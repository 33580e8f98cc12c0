"""The page Équipe: who is there, roles that change, people who leave; the charter and the convention."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from odis_app.core.db import db
from odis_app.core.permissions import Role
from odis_app.organisations import seeds, texts
from odis_app.organisations.enums import OrganisationKind
from odis_app.organisations.seeds import Actor
from tests.organisations.conftest import Team, events, told
from tests.support.client import StrictClient, text_of
from tests.support.worlds import WorldBuilder, owner_unit


def public_id(actor: Actor) -> str:
    return str(told("SELECT public_id FROM users WHERE id = :id", id=actor.user_id))


def member_path(actor: Actor, act: str) -> str:
    return f"/equipe/membres/{public_id(actor)}/{act}"


def roles_of(actor: Actor) -> set[str]:
    found = told(
        """SELECT coalesce(array_agg(role), '{}') FROM memberships WHERE user_id = :id
            AND current_date BETWEEN starts_on AND coalesce(ends_on, 'infinity')""",
        id=actor.user_id,
    )
    return set(found)


def test_the_page_says_who_works_here_as_what_and_since_when(client: StrictClient, team: Team) -> None:
    with team.worker.acting() as identity:
        from odis_app.accounts.operations import record_sign_in

        record_sign_in(identity)
    said = text_of(client.as_(team.boss).get("/equipe"))
    assert "3 personnes" in said.replace("\u00a0", " ")
    assert "Travail social, Qualification des offres" in said
    assert said.count("Aucune connue") == 2
    assert "Organisation admin_organisation4" not in said


def test_a_coordinator_reads_the_team_and_changes_nobody(client: StrictClient, team: Team) -> None:
    lead = client.as_(team.lead)
    assert "Changer les rôles" not in text_of(lead.get("/equipe"))
    lead.post(member_path(team.worker, "roles"), {"roles": ["coordinateur"]}, status=403)
    lead.post(member_path(team.worker, "retirer"), status=403)


def test_roles_that_change_close_the_sessions(client: StrictClient, team: Team) -> None:
    worker = client.as_(team.worker)
    worker.get("/menages")
    boss = client.as_(team.boss)
    boss.post(member_path(team.worker, "roles"), {"roles": ["operateur"]})
    assert worker.get("/menages", status=303).headers["Location"].startswith("/connexion")
    assert roles_of(team.worker) == {"operateur"}
    boss.post(member_path(team.worker, "roles"), {"roles": ["operateur", "travailleur_social"]})
    assert roles_of(team.worker) == {"operateur", "travailleur_social"}
    assert events("team:update") == 2


def test_somebody_removed_reads_nothing_from_that_second(client: StrictClient, team: Team) -> None:
    worker = client.as_(team.worker)
    boss = client.as_(team.boss)
    boss.post(member_path(team.worker, "retirer"))
    worker.get("/menages", status=303)
    assert roles_of(team.worker) == set()
    assert "2 personnes" in text_of(boss.get("/equipe")).replace("\u00a0", " ")
    boss.post(member_path(team.worker, "retirer"), status=404)
    assert events("team:remove") == 1


@pytest.mark.parametrize("roles", [[], ["admin_plateforme"], ["ddets"], ["inventé"]])
def test_roles_that_do_not_exist_here_are_refused(client: StrictClient, team: Team, roles: list[str]) -> None:
    before = roles_of(team.worker)
    client.as_(team.boss).post(member_path(team.worker, "roles"), {"roles": roles}, status=422)
    assert roles_of(team.worker) == before


def test_nobody_changes_their_own_roles_nor_a_neighbour_s(client: StrictClient, team: Team) -> None:
    boss = client.as_(team.boss)
    for act in ("roles", "retirer"):
        boss.post(member_path(team.boss, act), {"roles": ["coordinateur"]}, status=403)
        boss.post(member_path(team.elsewhere, act), {"roles": ["coordinateur"]}, status=404)


def test_the_function_refuses_what_the_page_refuses(team: Team) -> None:
    call = text("SELECT odis.member_set_roles(:who, :roles)")
    tries = [
        (team.worker, team.worker, ["coordinateur"]),  # no administrator
        (team.lead, team.worker, ["coordinateur"]),
        (team.boss, team.boss, ["coordinateur"]),  # oneself
        (team.boss, team.elsewhere, ["coordinateur"]),  # somebody else's
        (team.boss, team.worker, ["admin_plateforme"]),  # not of this kind
    ]
    for who, target, roles in tries:
        with who.acting():
            assert db.execute(call, {"who": public_id(target), "roles": roles}).scalar_one() is False
    assert roles_of(team.worker) == {"travailleur_social", "qualificateur_offres"}


def newcomer(world: WorldBuilder) -> Actor:
    """Somebody who has not accepted the charter."""
    with owner_unit():
        organisation = seeds.create_organisation(
            name="Association Neuve",
            short_name="Neuve",
            kind=OrganisationKind.ASSOCIATION,
            department="44",
            areas=("44",),
        )
        user = seeds.create_user(
            email="noa@essai.example", first_name="Noa", last_name="Fictif", organisation_id=organisation.id,
            roles=(Role.TRAVAILLEUR_SOCIAL,), has_charter=False,
        )  # fmt: skip
    return seeds.open_actor(world.world, "noa", user_id=user.id, organisation_id=organisation.id)


def test_a_new_charter_is_asked_at_the_next_page_then_no_more(client: StrictClient, world: WorldBuilder) -> None:
    browser = client.as_(newcomer(world))
    for path in ("/", "/menages?q=x"):
        assert browser.get(path, status=303).headers["Location"].startswith("/charte?suite=")
    browser.get("/mentions-legales")  # public pages stay open
    page = browser.get("/menages?q=x", follow=True)
    assert "Je ne recopie pas un dossier hors d’OD&IS" in text_of(page)
    browser.submit(page, {}, action="/charte", status=422)
    done = browser.submit(page, {"accepted": "y"}, action="/charte")
    assert done.headers["Location"] == "/menages?q=x"
    browser.get("/menages")
    assert "Vous avez accepté cette version." in text_of(browser.get("/charte"))
    assert events("charter:accept") == 1
    assert told("SELECT version FROM acceptances") == texts.current(texts.CHARTER).version


def test_a_charter_that_changed_meanwhile_is_not_accepted_unread(client: StrictClient, world: WorldBuilder) -> None:
    browser = client.as_(newcomer(world))
    page = browser.submit(browser.get("/charte"), {"accepted": "y", "version": "2020-01"}, action="/charte", status=422)
    assert "Le texte a changé" in text_of(page)
    assert told("SELECT count(*) FROM acceptances") == 0


def test_the_way_back_is_one_of_ours(client: StrictClient, world: WorldBuilder) -> None:
    browser = client.as_(newcomer(world))
    done = browser.submit(browser.get("/charte?suite=//ailleurs.example/"), {"accepted": "y"}, action="/charte")
    assert done.headers["Location"] == "/"


def test_what_is_being_sent_is_never_stopped_by_the_charter(client: StrictClient, world: WorldBuilder) -> None:
    browser = client.as_(newcomer(world))
    gone = browser.post("/deconnexion")
    assert "/charte" not in gone.headers["Location"]
    browser.get("/charte", status=303)  # signed out for good: the next page asks who one is


@pytest.fixture
def closed(world: WorldBuilder) -> Actor:
    """The first person of an organisation that has not accepted its convention."""
    with owner_unit():
        organisation = seeds.create_organisation(
            name="Association Neuve", short_name="Neuve", kind=OrganisationKind.ASSOCIATION, department="44", areas=("44",), activated=False
        )  # fmt: skip
        user = seeds.create_user(
            email="noa@essai.example", first_name="Noa", last_name="Fictif", organisation_id=organisation.id,
            roles=(Role.COORDINATEUR, Role.ADMIN_ORGANISATION),
        )  # fmt: skip
    return seeds.open_actor(world.world, "noa", user_id=user.id, organisation_id=organisation.id)


def test_without_its_convention_an_organisation_holds_no_file(client: StrictClient, closed: Actor) -> None:
    browser = client.as_(closed)
    assert browser.get("/", status=303).headers["Location"] == "/convention"
    browser.post("/menages/nouveau", status=403)
    with closed.acting() as identity:
        assert (identity.roles, identity.level) == (("admin_organisation",), -1)


def test_the_convention_opens_the_organisation_under_another_session(client: StrictClient, closed: Actor) -> None:
    browser = client.as_(closed)
    page = browser.get("/convention")
    assert "article 26" in text_of(page)
    browser.submit(page, {"accepted": "y"}, action="/convention", status=422)
    browser.submit(page, {"accepted": "y", "signed_as": "Directrice"}, action="/convention")
    browser.get("/menages")
    assert "a changé, ou n’a pas encore été acceptée" not in text_of(browser.get("/equipe"))
    assert "Convention de mon organisation" in text_of(browser.get("/compte"))
    again = text_of(browser.get("/convention"))
    assert ", Directrice, le " in again  # who accepted, as what, when; nothing more to sign
    assert "Accepter la convention" not in again
    assert (
        told("SELECT signed_as || ' ' || version FROM acceptances")
        == f"Directrice {texts.current(texts.CONVENTION).version}"
    )
    assert told("SELECT activated_at IS NOT NULL FROM organisations WHERE short_name = 'Neuve'")
    assert events("convention:accept") == 1
    with closed.acting() as identity:  # the session that accepted is no more
        assert not identity.is_signed_in


def test_only_the_administration_accepts_the_convention(client: StrictClient, team: Team) -> None:
    client.as_(team.worker).get("/convention", status=403)
    with team.worker.acting():
        assert db.execute(text("SELECT odis.convention_accept('v', 'moi')")).scalar_one() is False


def test_every_text_is_read_whole() -> None:
    for name in (texts.CHARTER, texts.CONVENTION):
        text_ = texts.current(name)
        lines = (texts.FOLDER / f"{name}-{text_.version}.md").read_text(encoding="utf-8").splitlines()
        assert sum(len(block.lines) for block in text_.blocks) + 1 == len([line for line in lines if line])
        assert "#" not in text_.title
    with pytest.raises(LookupError):
        texts.current("inconnu")
