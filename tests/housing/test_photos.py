"""The photos of an offer: added with the host's agreement, bare of what the camera knew, read by its own organisation alone."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select, text

from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.permissions import Role
from odis_app.documents import operations as documents
from odis_app.documents.models import Document
from odis_app.documents.operations import Upload
from odis_app.housing import operations as do
from odis_app.housing.models import Offer
from odis_app.housing.operations.photos import FULL, MAX_PHOTOS
from odis_app.housing.policy import visible_photos
from tests.documents.conftest import picture
from tests.support.clamav import clamav, closed_port
from tests.support.client import text_of
from tests.support.worlds import owner_unit

__all__ = ["clamav"]

CAPTION = "Chambre / lit, vue de la porte"


@pytest.fixture
def offer(homes, association):
    return homes.offer(association, stage="validated")


@pytest.fixture
def qualifier(world, association):
    return world.actor("association", colleague_of=association, roles=[Role.QUALIFICATEUR_OFFRES])


@pytest.fixture
def installation(app):
    config = app.config["ODIS"]
    yield lambda **changes: documents.configure(replace(config, **changes))
    documents.configure(config)


def put(actor, offer, data=None, caption=CAPTION):
    """A photo added behind the pages: its public id."""
    with actor.acting() as identity:
        upload = Upload("photo.jpg", io.BytesIO(data or picture()))
        return do.add_photo(
            identity, offer=db.get_one(Offer, offer.id), upload=upload, caption=caption, agreed=True
        ).public_id


def send(browser, offer, data=None, name="IMG_2041.jpg", status=303, **changes):
    """What the form sends, as it is filled."""
    values = {"photo": (io.BytesIO(data or picture()), name), "caption": CAPTION, "agreed": "y"} | changes
    values = {key: value for key, value in values.items() if value is not None}
    return browser.post(f"/offres/{offer.public_id}/photos", values, status=status)


def sheet(page):
    return BeautifulSoup(page.get_data(as_text=True), "html.parser").find(attrs={"aria-labelledby": "t-photos"})


def images(page):
    found = sheet(page)
    return [] if found is None else found.find_all("img")


def actions(offer):
    with owner_unit():
        said = text("SELECT action FROM audit_events WHERE record_id = :id AND action LIKE 'offer:photo%' ORDER BY id")
        return list(db.execute(said, {"id": offer.id}).scalars())


def test_a_qualifier_adds_a_photo_and_everybody_inside_sees_it_bare(offer, qualifier, association, client):
    assert b"MARQUEUR-APPAREIL" in picture()
    browser = client.as_(qualifier)
    assert "Aucune photo." in text_of(browser.get(f"/offres/{offer.public_id}"))
    answer = send(browser, offer)
    assert answer.headers["Location"].endswith(f"/offres/{offer.public_id}#t-photos")
    page = client.as_(association).get(f"/offres/{offer.public_id}")
    (shown,) = images(page)
    assert (shown["alt"], shown["loading"]) == (CAPTION, "lazy")
    assert "img-src 'self'" in page.headers["Content-Security-Policy"]
    sent = client.as_(association).get(shown["src"])
    assert sent.mimetype == "image/jpeg"
    assert sent.headers["Cache-Control"] == "no-store"
    assert sent.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert b"MARQUEUR-APPAREIL" not in sent.data
    assert b"Exif" not in sent.data
    assert actions(offer) == ["offer:photo_add"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"caption": ""}, "Écrivez ce que montre la photo"),
        ({"agreed": None}, "Demandez son accord à l’hébergeur"),
        ({"photo": None}, "Choisissez une photo."),
        ({"data": b"MZ\x90\x00" + bytes(200), "name": "chambre.jpg"}, "« chambre.jpg » n’est pas une photo"),
        ({"data": b"\xff\xd8\xff\xe0" + bytes(200)}, "ne peut pas être lue"),
    ],
)
def test_a_refusal_says_why_and_keeps_what_was_typed(offer, qualifier, client, changes, said):
    page = send(client.as_(qualifier), offer, status=422, **changes)
    assert said in text_of(page).replace("\xa0", " ")
    form = sheet(page)
    assert form.find("details", open=True) is not None
    assert form.find(id="caption")["value"] == changes.get("caption", CAPTION)
    assert form.find(id="agreed").has_attr("checked") == ("agreed" not in changes)
    assert (images(page), actions(offer)) == ([], [])


def test_it_waits_for_the_antivirus_then_is_shown(offer, qualifier, client, installation, clamav):
    installation(clamav=closed_port())
    photo, browser = put(qualifier, offer), client.as_(qualifier)
    page = browser.get(f"/offres/{offer.public_id}")
    assert "En cours d’analyse" in sheet(page).get_text()
    assert images(page) == []
    browser.get(f"/offres/photos/{photo}", status=404)
    installation(clamav=clamav)
    with qualifier.acting() as identity:
        waiting = db.execute(select(Document).where(Document.public_id == photo)).scalar_one()
        documents.scan_document(identity, document=waiting)
    assert len(images(browser.get(f"/offres/{offer.public_id}"))) == 1


def test_nobody_else_sees_that_there_are_photos(world, offer, qualifier, association, client):
    photo = put(qualifier, offer)
    outside = {
        "ddets": world.actor("ddets", "44"),
        "mandated": world.actor("association", "44"),
        "unmandated": world.actor("association", "44", mandated=False),
        "operator": world.actor("operateur", "44"),
    }
    for name, actor in outside.items():
        browser = client.as_(actor)
        browser.get(f"/offres/photos/{photo}", status=404)
        browser.post(f"/offres/photos/{photo}/retirer", status=404)
        if name in {"ddets", "mandated"}:
            assert sheet(browser.get(f"/offres/{offer.public_id}")) is None, name
            send(browser, offer, status=403)
        with actor.acting() as identity:
            assert list(db.execute(text("SELECT id FROM documents")).scalars()) == [], name
        with owner_unit():
            assert db.execute(visible_photos(identity)).scalars().all() == [], name
    with association.acting(), owner_unit():
        assert db.execute(text("SELECT count(*) FROM documents")).scalar_one() == 1


def test_who_reads_without_qualifying_neither_adds_nor_removes(world, offer, qualifier, association, client):
    photo = put(qualifier, offer)
    reader = world.actor("association", colleague_of=association, roles=[Role.TRAVAILLEUR_SOCIAL])
    browser = client.as_(reader)
    page = browser.get(f"/offres/{offer.public_id}")
    assert len(images(page)) == 1
    assert sheet(page).find("form") is None
    send(browser, offer, status=403)
    browser.post(f"/offres/photos/{photo}/retirer", status=403)
    with reader.acting():
        changed = db.execute(text("UPDATE documents SET deleted_at = now() RETURNING id")).scalars().all()
    assert changed == []


def test_whoever_may_edit_the_offer_takes_a_photo_off(world, offer, qualifier, association, client):
    photo = put(association, offer)
    browser = client.as_(qualifier)  # another one than who added it
    page = browser.submit(
        browser.get(f"/offres/{offer.public_id}"), {}, action=f"/offres/photos/{photo}/retirer", follow=True, status=200
    )
    assert "Photo retirée." in text_of(page)
    assert images(page) == []
    browser.get(f"/offres/photos/{photo}", status=404)
    assert actions(offer) == ["offer:photo_add", "offer:photo_remove"]


def test_no_more_than_eight(offer, qualifier, client):
    for _ in range(MAX_PHOTOS):
        put(qualifier, offer)
    with pytest.raises(RuleError) as refusal:
        put(qualifier, offer)
    assert (refusal.value.field, refusal.value.message) == ("photo", FULL)
    page = client.as_(qualifier).get(f"/offres/{offer.public_id}")
    assert len(images(page)) == MAX_PHOTOS
    assert "8 photos au plus" in text_of(page).replace("\xa0", " ")
