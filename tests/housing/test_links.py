"""The link of a reminder: what it opens, what it changes, all that it does not open, and everything that kills it."""

from __future__ import annotations

import json
from datetime import timedelta
from importlib import import_module
from threading import Barrier, Thread

from sqlalchemy import text

from odis_app.core import clock
from odis_app.core.db import db, token_hash, unit_of_work
from odis_app.core.requests import COOKIE
from odis_app.housing import operations as do
from odis_app.housing import queries
from odis_app.housing.enums import PlaceState, UnavailabilityMotif
from odis_app.housing.models import Place
from odis_app.housing.operations import links
from odis_app.notifications.rendering import words_of
from tests.housing.conftest import MARK
from tests.housing.households import open_file
from tests.housing.reminding import aged, lived_in, opened, reminders, secret_of, state_of
from tests.support.client import text_of

DEAD = "Ce lien n’est plus valable"
LIST = "/disponibilites"


def test_thirty_seconds(homes, operator, client, remind, behind):
    structure = homes.structure(operator)
    places = [aged(operator, homes.place(operator, structure=structure)) for _ in range(3)]
    assert remind() == {"reminded": 1, "forgotten": 0}
    mail = reminders()[0]
    assert mail.context["structure"] == "Foyer d’essai"
    assert mail.context["places"].replace("\xa0", " ") == "3 places"
    browser = client.as_(None)
    arrived = browser.get(mail.context["link"], status=303)
    assert arrived.headers["Location"] == LIST  # the secret is no longer in the address
    page = browser.get(LIST)
    assert [place.number in text_of(page) for place in places] == [True] * 3
    thanks = browser.submit(page, {}, action=LIST, follow=True, status=200)
    assert thanks.request.path == "/disponibilites/enregistrees"
    for place in places:
        assert state_of(operator, place).place.confirmed_at > clock.now() - timedelta(minutes=5)
        assert state_of(operator, place).place.confirmed_by_label == "Operateur Fictif 1"
    told = behind(
        "SELECT action, actor_kind, actor_user_id, actor_org_id, summary, record_id FROM audit_events WHERE actor_kind = 'link'"
    )
    assert (
        told
        == [
            (
                "place:confirm",
                "link",
                operator.user_id,
                operator.org_id,
                "Rien n’a changé, par le lien d’un rappel",
                structure.id,
            )
        ]
        * 3
    )


def test_each_answer_does_what_the_signed_in_operator_would(homes, operator, client, remind):
    structure = homes.structure(operator)
    free, taken, away, back = (aged(operator, homes.place(operator, structure=structure)) for _ in range(4))
    with operator.acting() as identity:
        do.change_availability(
            identity,
            place=db.get_one(Place, back.id),
            state=PlaceState.INDISPONIBLE,
            motif="travaux",
            on=clock.today() - timedelta(days=5),
        )
    aged(operator, back)
    remind()
    browser = opened(client)
    day = clock.today() + timedelta(days=10)
    page = browser.get(LIST)
    assert "Indisponible : travaux" in text_of(page)
    typed = {
        f"{taken.public_id}-state": "occupee", f"{back.public_id}-state": "disponible",
        f"{away.public_id}-state": "indisponible", f"{away.public_id}-motif": "incident", f"{away.public_id}-until": day.isoformat(),
    }  # fmt: skip
    browser.submit(page, typed, action=LIST)
    assert [state_of(operator, p).state for p in (free, taken, away, back)] == [
        PlaceState.DISPONIBLE, PlaceState.OCCUPEE, PlaceState.INDISPONIBLE, PlaceState.DISPONIBLE,
    ]  # fmt: skip
    assert (state_of(operator, away).motif, state_of(operator, away).until) == ("incident", day)
    with operator.acting() as identity:
        (kept,) = queries.occupancies_of(identity, db.get_one(Place, back.id))
        assert kept.during.upper == clock.today()  # it ended today; its past is kept


def test_the_mail_and_the_page_hold_nothing_of_a_household(homes, operator, association, client, remind, database):
    structure = homes.structure(operator)
    place = aged(operator, homes.place(operator, structure=structure))
    household = lived_in(homes, association, operator, place)
    aged(operator, place)
    remind()
    mail = reminders()[0]
    words = words_of(database.jinja_env, mail.kind, mail.context, address="https://odis.example")
    page = opened(client).get(LIST)
    said = text_of(page)
    assert "Occupée" in said
    assert "Se libère" not in said
    leaving = (clock.today() + timedelta(days=9)).day
    marks = ("Essai0", "Fictif", household.number, household.public_id, "ménage", "/menages", MARK, f"le {leaving} ")
    for source in (words.text, words.html, page.get_data(as_text=True).split("<main")[1].split("</main")[0]):
        assert [mark for mark in marks if mark in source] == []
    assert "mast-nav" not in page.get_data(as_text=True)
    assert "Déconnexion" not in said


def test_a_secret_structure_is_its_number_and_its_places_too(homes, operator, client, remind, database):
    place = aged(operator, homes.place(operator, secret=True))
    remind()
    mail = reminders()[0]
    assert mail.context["structure"].startswith("S-44-")
    words = words_of(database.jinja_env, mail.kind, mail.context, address="https://odis.example")
    page = opened(client).get(LIST)
    assert place.number in text_of(page)
    for source in (words.text, words.html, page.get_data(as_text=True)):
        assert [w for w in ("Foyer", "Studio", MARK, "Nantes") if w in source] == []


def test_opening_consumes_nothing_and_saving_does(homes, operator, client, remind):
    aged(operator, homes.place(operator))
    remind()
    for _ in range(3):  # a mail server, a preview, a robot: each follows the link and reads the page
        opened(client).get(LIST)
    browser = opened(client)
    browser.submit(browser.get(LIST), {}, action=LIST)
    assert DEAD in text_of(browser.get(LIST, status=410))
    assert "Connectez-vous, puis ouvrez « Mes places »" in text_of(opened(client).get(LIST, status=410))


def test_every_dead_link_gets_the_same_page(world, homes, operator, client, remind, behind):
    pages = set()
    aged(operator, homes.place(operator))
    remind()
    good, now = opened(client), "UPDATE availability_links SET"
    page = good.get(LIST)
    for kill, mend in (
        (f"{now} expires_at = now()", f"{now} expires_at = now() + interval '1 day'"),
        (f"{now} used_at = now()", f"{now} used_at = NULL"),
        ("UPDATE users SET deactivated_at = now()", "UPDATE users SET deactivated_at = NULL"),
        ("UPDATE organisations SET deactivated_at = now()", "UPDATE organisations SET deactivated_at = NULL"),
        (
            "UPDATE memberships SET ends_on = current_date - 1, starts_on = current_date - 9",
            "UPDATE memberships SET ends_on = NULL",
        ),
        ("UPDATE memberships SET role = 'admin_organisation'", "UPDATE memberships SET role = 'operateur'"),
    ):
        behind(kill)
        browser = opened(client)
        pages.add(browser.get(LIST, status=410).get_data(as_text=True).split("<main")[1])
        behind(mend)
        opened(client).get(LIST)  # nothing was consumed: it serves again
    never = client.as_(None)
    never.get(f"/disponibilites/{'x' * 43}", status=303)
    pages.add(never.get(LIST, status=410).get_data(as_text=True).split("<main")[1])
    pages.add(client.as_(None).get(LIST, status=410).get_data(as_text=True).split("<main")[1])
    assert len(pages) == 1
    behind(f"{now} expires_at = now()")
    good.submit(page, {}, action=LIST, status=410)
    assert behind("SELECT count(*) FROM audit_events WHERE actor_kind = 'link'") == [(0,)]


def test_two_clicks_at_once_and_one_wins(homes, operator, client, remind, database, behind):
    place = aged(operator, homes.place(operator))
    remind()
    secret, ends, together = secret_of(), [], Barrier(2)

    def click(state):
        with database.app_context():
            together.wait()
            try:
                with unit_of_work(None):
                    links.answer_by_link(
                        database.extensions["odis_minter"],
                        secret=secret,
                        answers={place.public_id: links.Answer(state)},
                    )
                ends.append("written")
            except Exception as error:
                ends.append(str(error))

    clicks = [Thread(target=click, args=(state,)) for state in ("occupee", "disponible")]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert sorted(ends) == sorted(["written", links.DEAD])
    assert behind("SELECT count(*) FROM audit_events WHERE actor_kind = 'link'") == [(1,)]


def test_what_is_wrong_is_said_on_its_line_and_nothing_is_written(homes, operator, association, client, remind):
    structure = homes.structure(operator)
    stays, held, away, later, fine = (aged(operator, homes.place(operator, structure=structure)) for _ in range(5))
    lived_in(homes, association, operator, stays)
    homes.reserve(association, held, open_file(association), subject="orientation00002")
    homes.reserve(association, later, open_file(association), days=20, subject="orientation00003")
    for place in (stays, held, later):
        aged(operator, place)
    remind()
    browser = opened(client)
    page = browser.get(LIST)
    typed = {
        f"{stays.public_id}-state": "disponible",
        f"{held.public_id}-state": "occupee",
        f"{later.public_id}-state": "occupee",
    }
    wrong = browser.submit(page, typed, action=LIST, status=422)
    said = text_of(wrong)
    assert "Rien n’est enregistré : 3 réponses sont à revoir" in said
    assert "La sortie de cette place s’enregistre depuis le dossier" in said
    assert "Cette place est réservée" in said
    assert "déjà prise à partir d’un jour à venir" in said
    assert state_of(operator, fine).place.confirmed_at < clock.now() - timedelta(days=19)
    assert state_of(operator, stays).state is PlaceState.EN_LIBERATION
    typed = {f"{away.public_id}-state": "indisponible", f"{away.public_id}-until": clock.today().isoformat()}
    assert "Choisissez pourquoi" in text_of(browser.submit(page, typed, action=LIST, status=422))
    typed[f"{away.public_id}-motif"] = "travaux"
    assert "La fin doit être après aujourd’hui" in text_of(browser.submit(page, typed, action=LIST, status=422))
    typed[f"{away.public_id}-until"] = "demain"
    browser.submit(page, typed, action=LIST, status=422)
    browser.submit(page, {f"{fine.public_id}-state": "partie"}, action=LIST, status=422)
    browser.submit(page, {}, action=LIST)  # the link still served


def test_a_place_of_another_list_is_not_touched(world, homes, operator, client, remind, database, behind):
    mine, beside, foreign = (
        aged(operator, homes.place(operator)),
        aged(operator, homes.place(operator)),
        homes.place(world.actor("operateur", "44")),
    )
    remind()
    mail = next(m for m in reminders() if mine.number in text_of(opened(client, m).get(LIST)))
    assert beside.number not in text_of(opened(client, mail).get(LIST))
    for other in (beside, foreign):
        with unit_of_work(None):
            answers = {
                mine.public_id: links.Answer(links.SAME),
                other.public_id: links.Answer("indisponible", "travaux"),
            }
            wrong = links.answer_by_link(database.extensions["odis_minter"], secret=secret_of(mail), answers=answers)
        assert list(wrong) == [other.public_id]
    assert behind("SELECT count(*) FROM occupancies") == [(0,)]
    assert behind("SELECT count(*) FROM availability_links WHERE used_at IS NOT NULL") == [(0,)]


def test_nothing_by_sql_without_the_secret_and_the_proof(homes, operator, client, remind, database, behind):
    place = aged(operator, homes.place(operator))
    remind()
    digest = token_hash(secret_of())
    answers = json.dumps([{"place": place.public_id, "state": "occupee", "motif": "", "until": None, "id": "x" * 16}])
    other = json.dumps([{"place": place.public_id, "state": "disponible", "motif": "", "until": None, "id": "x" * 16}])
    proof = database.extensions["odis_minter"].proof(f"availability|{digest.hex()}|{other}")
    save = text("SELECT problem FROM odis.availability_save(:hash, :proof, :answers, '')")
    with unit_of_work(None):
        assert db.execute(text("SELECT count(*) FROM availability_links")).scalar_one() == 0
        assert db.execute(text("SELECT count(*) FROM places")).scalar_one() == 0
        assert db.execute(text("SELECT * FROM odis.availability_peek(:hash)"), {"hash": token_hash("x")}).all() == []
        assert len(db.execute(text("SELECT * FROM odis.availability_peek(:hash)"), {"hash": digest}).all()) == 1
        for wrong in (b"", proof):  # the proof is of those answers and no other
            assert db.execute(save, {"hash": digest, "proof": wrong, "answers": answers}).scalars().all() == ["dead"]
    with operator.acting():  # not even for the person it was sent to
        assert db.execute(text("SELECT count(*) FROM availability_links")).scalar_one() == 0
    with unit_of_work(None, engine_name="worker"):  # a worker is not the scheduled job
        due = text("SELECT count(*) FROM odis.availability_due(interval '1 day', interval '0 days')")
        assert db.execute(due).scalar_one() == 0
        assert db.execute(text("SELECT count(*) FROM availability_links")).scalar_one() == 0
    assert behind("SELECT count(*) FROM occupancies") == [(0,)]


def test_the_link_opens_nothing_else(homes, operator, client, remind):
    place = aged(operator, homes.place(operator))
    remind()
    browser = opened(client)
    browser.get(LIST)
    for path in ("/places", f"/places/{place.public_id}", "/menages", "/compte", "/"):
        assert browser.get(path, status=303).headers["Location"].startswith("/connexion")
    assert browser.browser.get_cookie(COOKIE) is None


def test_bad_links_are_counted_by_network_and_good_ones_are_not(homes, operator, client, remind):
    aged(operator, homes.place(operator))
    remind()
    for _ in range(12):
        opened(client).get(LIST)
    for n in range(11):
        guess = client.as_(None)
        guess.get(f"/disponibilites/{n:043d}", status=303)
        answer = guess.get(LIST, status=410 if n < 10 else 429)
    assert "Trop d’essais viennent de votre réseau" in text_of(answer)
    assert int(answer.headers["Retry-After"]) > 0
    elsewhere = opened(client)
    elsewhere.get(LIST, environ_overrides={"REMOTE_ADDR": "203.0.113.9"})


def test_the_state_on_the_link_is_that_of_the_signed_in_list(homes, operator, association, remind):
    structure = homes.structure(operator)
    places = [aged(operator, homes.place(operator, structure=structure)) for _ in range(6)]
    lived_in(homes, association, operator, places[0])
    homes.reserve(association, places[1], open_file(association), subject="orientation00004")
    homes.reserve(association, places[2], open_file(association), days=40, subject="orientation00005")
    with operator.acting() as identity:
        for place, state in ((places[3], PlaceState.INDISPONIBLE), (places[4], PlaceState.OCCUPEE)):
            do.change_availability(
                identity,
                place=db.get_one(Place, place.id),
                state=state,
                motif="travaux" if state is PlaceState.INDISPONIBLE else "",
            )
    for place in places:
        aged(operator, place)
    remind()
    with unit_of_work(None, readonly=True):
        seen = {p.public_id: p.state for p in links.list_by_link(secret_of()).places}
    signed_in = {p.public_id: state_of(operator, p).state for p in places}
    assert signed_in[places[0].public_id] is PlaceState.EN_LIBERATION
    assert seen == signed_in | {places[0].public_id: PlaceState.OCCUPEE}


def test_a_long_list_shows_the_oldest_news_and_says_how_many_there_are(homes, operator, client, remind, behind):
    place = aged(operator, homes.place(operator), days=16)
    copied = (
        "owner_org_id, structure_id, label, opened_on, department_code, commune_code, dispositif_id, kind, capacity"
    )
    behind(
        f"INSERT INTO places (public_id, number, confirmed_at, {copied}) SELECT 'copie' || lpad(n::text, 11, '0'), 'P-44-9' || n, "
        f"now() - interval '1 month', {copied} FROM places, generate_series(1, 60) AS n WHERE id = {place.id}"
    )
    remind()
    browser = opened(client)
    page = browser.get(LIST)
    assert "Les 60 places les plus anciennes sont ici, sur 61" in text_of(page)
    assert place.number not in text_of(page)
    browser.submit(page, {}, action=LIST)
    assert state_of(operator, place).place.confirmed_at < clock.now() - timedelta(days=15)
    assert behind("SELECT count(*) FROM places WHERE confirmed_at > now() - interval '5 minutes'") == [(60,)]


def test_the_database_knows_the_same_motifs():
    migration = import_module("migrations.versions.0019_availability_links")
    assert ", ".join(f"'{motif.value}'" for motif in UnavailabilityMotif) == migration.MOTIFS


def test_occupied_said_of_a_place_where_a_household_stays_changes_nothing(
    homes, operator, association, remind, database
):
    place = aged(operator, homes.place(operator))
    lived_in(homes, association, operator, place)
    aged(operator, place)
    remind()
    with unit_of_work(None):
        answers = {place.public_id: links.Answer("occupee")}
        assert links.answer_by_link(database.extensions["odis_minter"], secret=secret_of(), answers=answers) == {}
    row = state_of(operator, place)
    assert (row.state, row.until) == (PlaceState.EN_LIBERATION, clock.today() + timedelta(days=9))
    assert row.place.confirmed_at > clock.now() - timedelta(minutes=5)
