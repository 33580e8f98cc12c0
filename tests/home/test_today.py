"""What waits for whom: each role's home page, its links, its empty states, its statements."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import update

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.permissions import Role
from odis_app.home.queries.work import Found, WorkItem, when, work_list
from odis_app.households.models import Household, HouseholdAdministrative
from odis_app.households.operations import signal_household
from odis_app.housing.models import Offer, Place
from tests.home.conftest import Day
from tests.households.conftest import open_file
from tests.support.client import StrictClient, text_of
from tests.support.sql import FILE_LIMIT, recorded
from tests.support.worlds import WorldBuilder, owner_unit


def links(page, text: str) -> list[str]:
    """Addresses of the links whose words hold ``text``."""
    soup = BeautifulSoup(page.get_data(as_text=True), "html.parser")
    return [str(a["href"]) for a in soup.find_all("a") if text in " ".join(a.get_text(" ").split())]


def set_household(public_id: str, **values: object) -> None:
    with owner_unit():
        db.execute(update(Household).where(Household.public_id == public_id).values(**values))


def test_a_social_worker_reads_her_files_with_one_button_each(client: StrictClient, day: Day) -> None:
    page = client.as_(day.camille).get("/")
    text = text_of(page)
    assert "Sans solution au" in text
    assert "Dossier à compléter" in text
    assert links(page, "Voir les offres") == [f"/menages/{day.family}/appariement"]
    assert "Fraîcheur de mes 2 dossiers" in text
    assert links(page, "1")  # counts are links


def test_the_list_says_what_is_late_first(client: StrictClient, day: Day) -> None:
    with owner_unit():
        household = db.query(Household).filter_by(public_id=day.family).one()
        db.execute(
            update(HouseholdAdministrative).where(HouseholdAdministrative.household_id == household.id)
            .values(title_valid_until=clock.today() - timedelta(days=3))
        )  # fmt: skip
    page = client.as_(day.camille).get("/")
    text = text_of(page)
    assert "Titre de séjour échu" in text
    assert "dont 1 en retard" in text
    assert text.index("En retard (1)") < text.index("Aujourd’hui (")


def test_a_title_that_ends_within_ninety_days_is_told_and_no_later(client: StrictClient, day: Day) -> None:
    with owner_unit():
        for public_id, days in ((day.family, 89), (day.draft, 95)):
            household = db.query(Household).filter_by(public_id=public_id).one()
            ends = clock.today() + timedelta(days=days)
            db.execute(
                update(HouseholdAdministrative)
                .where(HouseholdAdministrative.household_id == household.id)
                .values(title_valid_until=ends)
            )
    page = client.as_(day.camille).get("/")
    assert links(page, "Voir la situation") == [f"/menages/{day.family}/situation"]


def test_a_colleague_s_files_are_in_the_team_s_list_only(client: StrictClient, day: Day) -> None:
    with owner_unit():
        db.execute(update(Household).values(referent_user_id=day.sacha.user_id))
    browser = client.as_(day.camille)
    mine = text_of(browser.get("/"))
    assert "Rien ne vous attend cette semaine" in mine
    assert "Nemounehzadeh" in text_of(browser.get("/?dossiers=equipe"))
    assert "Nemounehzadeh" in text_of(client.as_(day.sacha).get("/"))


def test_the_filter_keeps_one_kind_of_object(client: StrictClient, day: Day) -> None:
    offer = day.homes.offer(day.camille)
    with owner_unit():
        db.execute(update(Offer).values(received_on=clock.today() - timedelta(days=40)))
    browser = client.as_(day.camille)
    assert offer.number in text_of(browser.get("/"))
    places = text_of(browser.get("/?afficher=places"))
    assert offer.number in places
    assert links(browser.get("/?afficher=places"), "Compléter") == []
    assert offer.number not in text_of(browser.get("/?afficher=menages"))


def test_an_offer_beyond_its_delay_is_late(client: StrictClient, day: Day) -> None:
    day.homes.offer(day.camille)
    with owner_unit():
        db.execute(update(Offer).values(received_on=clock.today() - timedelta(days=40)))
    text = text_of(client.as_(day.camille).get("/?afficher=places"))
    assert "En retard (1)" in text
    assert "Appeler l’hébergeur" in text


def test_a_silent_file_is_told_once_and_counted_beside(client: StrictClient, day: Day) -> None:
    set_household(day.family, reviewed_at=clock.now() - timedelta(days=45))
    page = client.as_(day.camille).get("/")
    assert links(page, "Relire") == [f"/menages/{day.family}"]
    soup = BeautifulSoup(page.get_data(as_text=True), "html.parser")
    row = next(tr for tr in soup.find_all("tr") if "Plus de 30 jours" in tr.get_text())
    assert row.find("a").get_text() == "1"
    listed = client.as_(day.camille).get(row.find("a")["href"])
    assert "1 ménage" in text_of(listed)


def test_every_link_of_the_stages_opens_the_list_that_it_counts(client: StrictClient, day: Day) -> None:
    browser = client.as_(day.camille)
    soup = BeautifulSoup(browser.get("/").get_data(as_text=True), "html.parser")
    table = soup.find(id="t-etapes").find_parent("section")
    rows = [(int(tr.find("a").get_text()), tr.find("a")["href"]) for tr in table.find_all("tr") if tr.find("a")]
    assert len(rows) == 2
    for count, url in rows:
        assert f"{count} ménage" in text_of(browser.get(url))


def test_an_operator_confirms_from_home_in_one_tap(client: StrictClient, day: Day) -> None:
    place = day.homes.place(day.operator)
    with owner_unit():
        db.execute(update(Place).values(confirmed_at=clock.now() - timedelta(days=20)))
    browser = client.as_(day.operator)
    page = browser.get("/")
    assert f'action="/places/{place.public_id}/confirmer"' in page.get_data(as_text=True)
    line = browser.post(f"/places/{place.public_id}/confirmer", status=200, htmx=True)
    assert f'id="place-{place.public_id}"' in line.get_data(as_text=True)
    assert f'id="place-{place.public_id}"' in page.get_data(as_text=True)
    assert "Toutes vos places sont à jour" in text_of(browser.get("/"))


def test_an_operator_without_place_is_told_what_to_do(client: StrictClient, day: Day) -> None:
    page = client.as_(day.operator).get("/")
    assert links(page, "Déclarer une place") == ["/places/nouveau"]
    assert "Aucune proposition n’attend votre réponse" in text_of(page)


def test_the_ddets_reads_why_a_file_is_signalled_and_no_name_of_others(client: StrictClient, day: Day) -> None:
    with day.camille.acting() as identity:
        signal_household(
            identity,
            household=db.query(Household).filter_by(public_id=day.family).one(),
            motive="Aucune offre adaptée depuis deux mois",
        )
    page = client.as_(day.ddets).get("/")
    text = text_of(page)
    assert "Aucune offre adaptée depuis deux mois" in text
    assert links(page, "Arbitrer") == [f"/menages/{day.family}"]
    assert day.draft not in page.get_data(as_text=True)
    assert "Nemounehzadeh" not in text
    assert links(page, "Suivi des dossiers")


def test_the_ddets_s_stages_open_the_tracking_that_they_count(client: StrictClient, day: Day) -> None:
    browser = client.as_(day.ddets)
    soup = BeautifulSoup(browser.get("/").get_data(as_text=True), "html.parser")
    table = soup.find(id="t-etapes").find_parent("section")
    for tr in (tr for tr in table.find_all("tr") if tr.find("td")):
        assert f"{tr.find('a').get_text()} dossier" in text_of(browser.get(tr.find("a")["href"]))


@pytest.mark.parametrize("part", ["dihal", "admin", "admin_organisation"])
def test_those_who_hold_no_file_see_no_file(client: StrictClient, world: WorldBuilder, day: Day, part: str) -> None:
    actor = world.actor(part, None if part != "admin_organisation" else "44")
    text = text_of(client.as_(actor).get("/"))
    expected = {
        "dihal": "Aucune donnée agrégée n’est publiée",
        "admin": "Santé de l’installation",
        "admin_organisation": "L’équipe",
    }
    assert expected[part] in text
    assert "Nemounehzadeh" not in text
    assert "M-44-" not in text


def test_a_role_without_part_is_told_where_to_go(client: StrictClient, world: WorldBuilder) -> None:
    actor = world.actor("association", "44", roles=(Role.COLLECTIVITE,))
    page = client.as_(actor).get("/")
    assert "Rien n’attend ici pour votre rôle" in text_of(page)
    assert "/recherche" in links(page, "Chercher")


def test_nothing_of_the_neighbour_s_files(client: StrictClient, day: Day) -> None:
    text = text_of(client.as_(day.elsewhere).get("/?dossiers=equipe"))
    assert "Nemounehzadeh" not in text
    assert "M-44-" not in text


def test_home_stays_within_its_statements(client: StrictClient, day: Day, world: WorldBuilder) -> None:
    day.homes.offer(day.camille)
    day.homes.place(day.operator)
    for actor in (
        day.camille,
        day.sacha,
        day.operator,
        day.ddets,
        world.actor("dihal", None),
        world.actor("admin", None),
    ):
        browser = client.as_(actor)
        browser.get("/")
        with recorded() as statements:
            browser.get("/")
        assert len(statements) <= FILE_LIMIT, statements.told()


def test_the_counts_hold_the_lines_that_are_not_shown(client: StrictClient, day: Day) -> None:
    with day.camille.acting() as identity:
        for _ in range(8):
            open_file(identity)
    with owner_unit():
        db.execute(
            update(Household)
            .where(Household.status == "brouillon")
            .values(status_since=clock.today() - timedelta(days=20))
        )
    page = client.as_(day.camille).get("/")
    text = text_of(page)
    assert "10 choses à faire, dont 9 en retard" in text
    assert "Ménages (10)" in text
    assert len(links(page, "Compléter")) == 6
    assert links(page, "Dossiers à compléter : 3 de plus") == ["/menages?etape=brouillon&referent=moi"]


def test_lines_fall_into_their_groups_and_the_same_page_is_named_once() -> None:
    today = date(2026, 11, 17)

    def item(days: int, urgency: int = 0, endpoint: str = "a", number: int = 0) -> WorkItem:
        return WorkItem(
            due=today + timedelta(days=days),
            title=f"dans {days}",
            folder="household",
            endpoint=endpoint,
            values={"n": number},
            action="Ouvrir",
            urgency=urgency,
        )

    items = [
        item(8, number=1),
        item(7, number=2),
        item(0, number=3),
        item(-1, number=4),
        item(-5, number=4),
        item(-2, urgency=3, number=5),
    ]
    found = work_list([Found(items)], today)
    assert [(name, [i.values["n"] for i in lines]) for name, _, lines in found.groups] == [
        ("late", [5, 4]),
        ("today", [3]),
        ("week", [2]),
    ]
    assert (found.total, found.late) == (4, 2)
    assert when(item(-5), today)[0] == "5\u00a0jours"
    assert when(item(1), today)[0] == "demain"
    assert when(item(2), today)[0] == "jeu. 19"
