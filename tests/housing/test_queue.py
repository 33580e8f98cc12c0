"""The queue of offers: deadlines counted by the database as by hand, one page at a time, in as many statements whatever its length."""

from __future__ import annotations

import re
from datetime import timedelta

from bs4 import BeautifulSoup
from sqlalchemy import text

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.housing import operations as do
from odis_app.housing import queries
from odis_app.housing.delays import add_working_days
from odis_app.housing.enums import QualificationStatus
from tests.housing.conftest import values
from tests.support.client import text_of
from tests.support.sql import LIST_LIMIT, recorded
from tests.support.worlds import owner_unit


def declare(actor, days):
    """One offer received so many days ago for each of ``days``; their numbers, in that order."""
    with actor.acting() as identity:
        return [
            do.create_offer(
                identity, values=values(), host=do.Host(name="Jeanne Marqueuse", phone="+33639980001", email="hote@exemple.test"),
                address="1 rue des Essais", units=1, received_on=clock.today() - timedelta(days=n),
            ).number
            for n in days
        ]  # fmt: skip


def numbers(page):
    return re.findall(r"O-44-\d{4}", str(BeautifulSoup(page.get_data(as_text=True), "html.parser").find("tbody")))


def test_the_database_counts_delays_as_they_are_shown(homes, association):
    today, received = clock.today(), (0, 1, 5, 6, 7, 8, 12, 30, 200, 390, 700)
    declare(association, received)
    with owner_unit():
        db.execute(text("UPDATE offers SET called_on = received_on WHERE received_on > CURRENT_DATE - 10"))
        db.execute(text("INSERT INTO territory_rules (department_code, first_call_days, decision_days) VALUES ('44', 3, 7)"))  # fmt: skip
    with association.acting() as identity:
        counts = queries.queue_counts(identity)
        page = queries.queue_page(identity, "", number=1, total=counts.total)
        due = queries.due_by(identity, today + timedelta(days=7), limit=50)
        assert counts.total == queries.count_waiting(identity) == len(received)
    shown = {row.offer.received_on: row.deadline.due_on for row in page.items}
    allowed = {row.offer.received_on: 7 if row.offer.called_on else 3 for row in page.items}
    assert shown == {day: add_working_days(day, allowed[day]) for day in allowed}
    assert [row.deadline.due_on for row in page.items] == sorted(shown.values())
    assert counts.late == sum(day < today for day in shown.values())
    assert counts.today == sum(day == today for day in shown.values())
    within = sorted(day for day in shown.values() if day <= today + timedelta(days=7))
    recent = [(row.offer.received_on, day) for row, day in due.rows if row.offer.received_on > today - timedelta(days=390)]  # fmt: skip
    assert all(shown[received_on] == day for received_on, day in recent)
    assert (due.total, due.late) == (len(within), sum(day < today for day in within))


def test_the_queue_is_turned_by_pages_and_by_stage(homes, association, client):
    expected = declare(association, range(40, 12, -1))
    browser = client.as_(association)
    first, second = browser.get("/offres/a-qualifier"), browser.get("/offres/a-qualifier?page=2")
    assert numbers(first) + numbers(second) == expected
    assert len(numbers(first)) == 25
    fragment = browser.get("/offres/a-qualifier?page=2", htmx=True)
    assert numbers(fragment) == numbers(second)
    assert "<html" not in fragment.get_data(as_text=True)
    assert "Offres 26 à 28 sur 28" in text_of(fragment).replace("\xa0", " ")
    assert numbers(browser.get("/offres/a-qualifier?page=99")) == numbers(second)
    stage = QualificationStatus.RECUE.value
    turned = BeautifulSoup(browser.get(f"/offres/a-qualifier?etape={stage}").get_data(as_text=True), "html.parser")
    assert f"etape={stage}" in turned.find("a", rel="next")["href"]
    assert "Aucune offre" in text_of(browser.get("/offres/a-qualifier?etape=visite_faite"))


def test_one_offer_or_fifty_make_as_many_statements(homes, association, client):
    browser, told = client.as_(association), []
    for more in (1, 49):
        declare(association, [9] * more)
        browser.get("/offres/a-qualifier")
        for url in ("/offres/a-qualifier", "/offres", "/structures"):
            with recorded() as statements:
                browser.get(url)
            assert len(statements) <= LIST_LIMIT, statements.told()
            told.append(len(statements))
    assert told[:3] == told[3:]
