"""The operator's thirty seconds: from the mail to the thanks, on a phone, without a password, in fewer than five gestures."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from odis_app.accounts.operations import Minter
from odis_app.core import db as core_db
from odis_app.core.db import db, token_hash, unit_of_work
from odis_app.core.ids import new_public_id, new_token
from odis_app.housing.operations import remind_operators
from tests.e2e.conftest import People, Products
from tests.e2e.product import Product
from tests.support.browser import PHONE, Mode

pytestmark = pytest.mark.browser
OPERATOR, LIST = "operateur@demo.odis.example", "/disponibilites"
OLD = "UPDATE places SET confirmed_at = now() - interval '20 days' WHERE structure_id IS NOT NULL"
WEEK_AGO = "UPDATE availability_links SET sent_on = sent_on - 7"
AS_BEFORE = "UPDATE occupancies SET released_at = now() WHERE kind = 'stay' AND NOT followed AND lower(during) >= current_date - 1"
MARKS = ("SELECT first_name FROM members", "SELECT last_name FROM members", "SELECT number FROM households")


def remind(product: Product) -> int:
    """What the job of a working day does, whatever today is; how many mails."""
    core_db.configure("reminder", product.config.worker_database_url, pool_size=1)
    try:
        token = new_token()
        with unit_of_work(None, engine_name="reminder"):
            minted = text("SELECT odis.mint_system_token(:hash, :public_id, 'system:remind-operators', 5)")
            db.execute(minted, {"hash": token_hash(token), "public_id": new_public_id()})
        with unit_of_work(token, engine_name="reminder") as unit:
            return remind_operators(unit.identity, Minter(product.config.identity_key))
    finally:
        core_db.dispose("reminder")


@pytest.mark.parametrize("mode", list(Mode))
def test_the_operator_answers_from_the_mail(products: Products, people: People, mode: Mode) -> None:
    product = products("incidents")
    with product.database() as behind:
        behind.execute(WEEK_AGO)
        behind.execute(AS_BEFORE)
        behind.execute(OLD)
        names = {str(row[0]) for mark in MARKS for row in behind.execute(mark).fetchall()}
    assert remind(product) > 0
    who = people(product, viewport=PHONE, mode=mode).go("/demo/courriels")
    rows = who.page.locator("main tr").filter(has_text=OPERATOR).filter(has_text="Vos places attendent")
    mails = [row.get_by_role("link").get_attribute("href") or "" for row in rows.all()]
    free = who.page.locator("main fieldset").filter(has_text=re.compile("Disponible"))
    for mail in mails:  # each of a structure; looking at its list uses nothing up
        told = who.go(mail).text()
        before = who.gestures
        told += who.follow("Ouvrir le lien du courriel").text()
        assert who.path() == LIST
        assert not {name for name in names if re.search(rf"\b{re.escape(name)}\b", told)}
        if free.count():
            break
    lines = who.page.locator("main fieldset")
    count, number = lines.count(), re.search(r"P-\w+-\d+", lines.first.inner_text())
    assert number is not None
    if mode is not Mode.NO_SCRIPT:  # two gestures more, to say that one of them changed
        who.unfold(re.compile("^Changer"), within=free.first).tick("Occupée", within=free.first)
    who.press("Enregistrer").reads("Merci, vos places sont à jour")
    assert who.gestures - before < 5
    with product.database() as behind:
        fresh = behind.execute(
            "SELECT number FROM places WHERE structure_id IS NOT NULL AND confirmed_at > now() - interval '5 minutes'"
        )
        said = {row[0] for row in fresh.fetchall()}
    assert number[0] in said
    assert len(said) == count
    who.go(LIST, status=410).reads("Ce lien n’est plus valable")
    who.go("/connexion")
    assert product.faults() == []
