"""Lists of offers and of places that leave: by the same way as a list of files, without an exact address, a host only to whom may read it."""

from __future__ import annotations

import io

import pytest
import pyzipper
from bs4 import BeautifulSoup
from openpyxl import load_workbook
from sqlalchemy import select, text

from odis_app.access.models import Review
from odis_app.core.db import db
from odis_app.core.permissions import Role
from odis_app.reports import exports
from odis_app.reports.export_homes import OFFERS, PLACES
from odis_app.reports.export_kinds import KINDS
from odis_app.reports.models import ListExport
from tests.housing.conftest import MARK, Homes
from tests.support.client import text_of
from tests.support.workers import run_job
from tests.support.worlds import confirmed, owner_unit

FORMULA = "=HYPERLINK(1)"


@pytest.fixture
def homes(database):
    return Homes()


def left(app, browser, address):
    """Ask at ``address`` for the list, make it, open it: its titles, then its rows."""
    asked = browser.submit(browser.get(address), {}, button="Préparer l’export").headers["Location"]
    with owner_unit():
        job = db.execute(select(ListExport.job_id).order_by(ListExport.id.desc()).limit(1)).scalar_one()
    assert run_job(app, "jobs.exports.run", job) == "done"
    shown = browser.submit(browser.get(asked), {}, button="Afficher le mot de passe", status=200)
    password = BeautifulSoup(shown.data, "html.parser").find(id="mot-de-passe").get_text()
    with pyzipper.AESZipFile(io.BytesIO(browser.get(f"{asked}/fichier").data)) as archive:
        archive.setpassword(password.encode())
        book = load_workbook(io.BytesIO(archive.read(archive.namelist()[0])))
    titles, watermark, *rows = book.worksheets[0].iter_rows(values_only=True)
    assert str(watermark[0]).startswith("Exporté le")
    return titles, [dict(zip(titles, row, strict=True)) for row in rows]


def test_offers_leave_as_they_are_filtered_and_hosts_only_for_their_own(world, homes, client, database):
    association = world.actor("coordination", "44")
    offer = homes.offer(association, host=FORMULA, stage="validated", rent=250)
    homes.offer(association, commune="44184", specialised_fvv_teh=True, stage="validated")
    mine = client.as_(association)
    for swapped in (False, True):
        page = BeautifulSoup(mine.get("/offres?q=nantes", htmx=swapped).data, "html.parser")
        assert page.find("a", string="Exporter cette liste")["href"] == "/offres/exporter?q=nantes"
    titles, (line,) = left(database, mine, "/offres/exporter?q=nantes")
    assert titles == tuple(column.title for column in OFFERS)
    assert (line["Numéro"], line["Commune"], line["Étape"], line["Reste à payer par mois"]) == (offer.number, "Nantes (44)", "Validée", 250)  # fmt: skip
    assert line["Hébergeur"] == f"'{FORMULA}"
    state = client.as_(world.actor("ddets", "44"))
    _titles, lines = left(database, state, "/offres/exporter")
    assert not any(one["Hébergeur"] for one in lines)
    assert [one["Commune"] for one in lines] == ["Lieu tenu secret", "Nantes (44)"]
    assert not any(word in str(lines) for word in (MARK, "3363998", "hote@", "Marqueu"))


def test_places_leave_with_their_state_and_a_secret_one_with_its_number(world, homes, client, database):
    operator = world.actor("operateur", "44")
    place, secret = homes.place(operator), homes.place(operator, secret=True)
    mine = client.as_(operator)
    assert "Exporter cette liste" in text_of(mine.get("/places?perimetre=territoire"))
    titles, lines = left(database, mine, "/places/exporter?perimetre=mes&tri=numero")
    assert titles == tuple(column.title for column in PLACES)
    told = {line["Numéro"]: (line["Nom"], line["Commune"], line["Département"], line["État"]) for line in lines}
    assert told == {
        place.number: ("Studio d’essai", "Nantes (44)", "44", "Disponible"),
        secret.number: ("Lieu tenu secret", "Lieu tenu secret", "44", "Disponible"),
    }
    assert MARK not in str(lines)  # neither the address nor the real name of a secret structure
    homes.place(operator, structure=homes.structure(operator), specialised_fvv_teh=True)
    _titles, lines = left(database, client.as_(world.actor("ddets", "44")), "/places/exporter?perimetre=territoire")
    holders = {(line["Nom"] == "Lieu tenu secret", line["Structure ou offre"]) for line in lines}
    assert (False, "Foyer d’essai") in holders
    assert not [holder for hidden, holder in holders if hidden and holder and not holder.startswith("Structure S-")]
    with owner_unit():
        said = db.execute(
            text("SELECT DISTINCT action, record_id FROM audit_events WHERE action LIKE '%_export'")
        ).all()
    assert [tuple(row) for row in said] == [("place:export", None)]


def test_places_add_up_over_two_days_apart_from_other_lists(world, homes, client, monkeypatch):
    monkeypatch.setattr(exports, "LARGE", 1)
    coordination = world.actor("coordination", "44")
    homes.offer(coordination, stage="validated")
    mine = client.as_(coordination)
    for kind in ("offres", "places"):  # one of each: neither is large
        mine.submit(mine.get(f"/{kind}/exporter"), {}, button="Préparer l’export")
    page = mine.get("/places/exporter")
    assert "vous avez déjà exporté 1 place en 48 heures" in text_of(page).replace("\xa0", " ")
    assert "Confirmer votre identité" in text_of(mine.submit(page, {}, button="Préparer l’export", status=401))
    with confirmed(coordination).acting() as identity:
        filters = KINDS["places"].filters(scope="mes")
        again = exports.request_export(identity, kind=KINDS["places"], filters=filters)
        assert (again.lines, again.lines_48h) == (1, 2)
        assert db.execute(select(Review.label)).scalar_one().replace("\xa0", " ") == "1 place, 2 en 48 heures"
        assert "48 heures comptent 2 places" in exports.waits_for_somebody(again)
    assert "1 place, demandé" in text_of(mine.get("/exports")).replace("\xa0", " ")


def test_a_landlord_and_a_case_worker_export_no_list_of_homes(world, client):
    bailleur, social = (
        world.actor("operateur", roles=[Role.BAILLEUR]),
        world.actor("association", roles=[Role.TRAVAILLEUR_SOCIAL]),
    )
    for actor in (bailleur, social):
        for address in ("/offres/exporter", "/places/exporter"):
            client.as_(actor).get(address, status=403)
