"""The pages of the journal and of the documents: rights, forms with and without htmx, inert payloads."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select
from werkzeug.test import TestResponse

from odis_app.audit.models import AuditEvent
from odis_app.core.db import db
from odis_app.documents import operations as documents
from odis_app.documents.operations import Upload
from odis_app.journal.enums import Audience
from tests.documents.conftest import PDF
from tests.journal.conftest import Circle, public_id_of
from tests.support.client import StrictClient, text_of

Write = Callable[..., str]
PAYLOADS = (
    '<img src=x onerror="alert(1)"><script>alert(2)</script>',
    '<div hx-get="/deconnexion" hx-trigger="load" hx-swap-oob="true" id="contenu">x</div>',
    "{{ 7 * 7 }} {% raw %}",
)


def journal(circle: Circle) -> str:
    return f"/{circle.path}/journal"


def pdf(name: str = "Attestation é.pdf", data: bytes = PDF) -> tuple[io.BytesIO, str]:
    return io.BytesIO(data), name


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("author", 200), ("colleague", 200), ("coordinator", 200), ("partner", 200), ("chosen", 200), ("state", 200),
        ("minimal", 403), ("state_without", 404), ("other", 404), ("expired", 404), ("revoked", 404), ("national", 404), ("admin", 404),
    ],
)  # fmt: skip
def test_who_opens_the_pages(client: StrictClient, circle: Circle, name: str, status: int) -> None:
    browser = client.as_(circle[name])
    for page in ("journal", "documents"):
        browser.get(f"/{circle.path}/{page}", status=status)
        browser.post(f"/{circle.path}/{page}", {}, status=422 if status == 200 else status)


def test_unknown_sections_are_no_address(client: StrictClient, circle: Circle) -> None:
    browser = client.as_(circle["author"])
    browser.get(f"/inconnu/{circle.path.partition('/')[2]}/journal", status=404)
    browser.get("/menages/0000000000000000/journal", status=404)


def test_a_note_written_without_script_is_there_for_its_partner(client: StrictClient, circle: Circle) -> None:
    author = client.as_(circle["author"])
    page = author.get(journal(circle))
    assert "Des faits, pas de diagnostic ni d’opinion" in text_of(page)
    done = author.submit(
        page,
        {"body": "Appel de la CAF.\nRéponse lundi.", "audience": "partenaires", "medium": "telephone"},
        action=journal(circle),
        follow=True,
        status=200,
    )
    assert "Note enregistrée." in text_of(done)
    assert "Appel de la CAF. Réponse lundi." in text_of(client.as_(circle["partner"]).get(journal(circle)))
    assert "Appel de la CAF" not in text_of(client.as_(circle["state"]).get(journal(circle)))


def test_a_note_for_chosen_people_ticks_boxes(client: StrictClient, circle: Circle) -> None:
    author = client.as_(circle["author"])
    page = author.get(journal(circle))
    author.submit(
        page,
        {"body": "Pour vous seule.", "audience": "choisis", "readers": [public_id_of(circle["chosen"])]},
        action=journal(circle),
    )
    assert "Pour vous seule." in text_of(client.as_(circle["chosen"]).get(journal(circle)))
    for name in ("colleague", "partner", "state"):
        assert "Pour vous seule." not in text_of(client.as_(circle[name]).get(journal(circle)))


def test_what_is_refused_says_where_and_keeps_what_was_typed(client: StrictClient, circle: Circle) -> None:
    author = client.as_(circle["author"])
    page = author.get(journal(circle))
    back = author.submit(page, {"body": "À garder", "audience": "choisis"}, action=journal(circle), status=422)
    assert "Choisissez au moins une personne" in text_of(back)
    assert "À garder" in text_of(back)
    old = author.submit(
        page, {"body": "À garder", "happened_at": "1825-05-01T10:00"}, action=journal(circle), status=422
    )
    assert "postérieure à 2000" in text_of(old)


def test_under_htmx_the_journal_comes_back_with_the_note(client: StrictClient, circle: Circle) -> None:
    author = client.as_(circle["author"])
    for view, root in (("", "od-cols"), ("carte", "")):
        answer = author.post(
            journal(circle),
            {"body": f"Note {view}.", "audience": "partenaires", "medium": "", "vue": view},
            status=200,
            htmx=True,
        )
        fragment = BeautifulSoup(answer.get_data(as_text=True), "html.parser")
        top, *beside = fragment.find_all(recursive=False)
        assert [(tag["id"], tag["hx-swap-oob"]) for tag in beside] == [("onglet-journal", "true")], "the tab counts too"
        assert top["id"] == "journal"
        assert root in top.get("class", [""])
        assert f"Note {view}." in top.get_text()
        assert top.find(attrs={"data-odis-announce": True}).get_text() == "Note enregistrée."
        assert top.find("textarea").get_text().strip() == "", "the form is ready for the next note"
        assert top.find("button", id="noter"), "htmx gives the focus back to the button of the same id"
    refused = author.post(journal(circle), {"body": "", "audience": "partenaires", "medium": ""}, status=422, htmx=True)
    assert (
        BeautifulSoup(refused.get_data(as_text=True), "html.parser")
        .find(id="journal")
        .find(attrs={"data-odis-focus": True})
    )


def test_the_same_form_sent_twice_writes_once_and_stores_once(client: StrictClient, circle: Circle) -> None:
    author = client.as_(circle["author"])
    page = author.get(journal(circle))
    for _ in range(2):
        author.submit(
            page, {"body": "Une seule fois.", "audience": "partenaires", "files": pdf()}, action=journal(circle)
        )
    assert text_of(author.get(journal(circle))).count("Une seule fois.") == 1
    assert text_of(author.get(f"/{circle.path}/documents")).count("Attestation é.pdf") == 1


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_people_type_stays_text(client: StrictClient, circle: Circle, payload: str) -> None:
    unchecked = StrictClient(
        client.app, checked=False
    )  # what is typed looks like our own marks: this test judges them itself
    author = unchecked.as_(circle["author"])
    page = author.get(journal(circle))
    author.submit(
        page, {"body": payload, "audience": "partenaires", "files": pdf(f"{payload}.pdf")}, action=journal(circle)
    )
    entry = _entry(author.get(journal(circle)))
    unchecked.as_(circle["coordinator"]).post(f"{journal(circle)}/{entry}/masquer", {"reason": payload})
    browser = unchecked.as_(circle["partner"])
    for address in (journal(circle), f"/{circle.path}", f"/{circle.path}/documents"):
        soup = BeautifulSoup(browser.get(address).get_data(as_text=True), "html.parser")
        assert not soup.find("script", src=False)
        assert not soup.find("img", src="x")
        assert not soup.find(attrs={"hx-get": "/deconnexion"})
        for node in soup.find_all(string=lambda s: "alert(1)" in s or "7 * 7" in s or "hx-swap-oob" in s):
            assert node.find_parent(attrs={"hx-disable": True}), f"{address}: typed text outside hx-disable"
    told = BeautifulSoup(browser.get(journal(circle)).get_data(as_text=True), "html.parser").get_text()
    assert payload.split(maxsplit=1)[0] in told


def _entry(page: TestResponse) -> str:
    item = BeautifulSoup(page.get_data(as_text=True), "html.parser").select_one("li[id^=note-]")
    assert item is not None
    return str(item["id"]).removeprefix("note-")


def test_editing_tells_what_changed_and_keeps_both_texts(client: StrictClient, circle: Circle, write: Write) -> None:
    entry = write("author", Audience.PARTENAIRES, body="Avant")
    author = client.as_(circle["author"])
    address = f"{journal(circle)}/{entry}/modifier"
    first, second = author.get(address), author.get(address)
    author.submit(first, {"body": "Texte du premier onglet"}, action=address)
    told = author.submit(second, {"body": "Texte du second onglet"}, action=address, status=422)
    assert "a changé pendant que vous écriviez" in text_of(told)
    assert "Texte du premier onglet" in text_of(told)
    assert "Texte du second onglet" in text_of(told)
    author.submit(told, {}, action=address)
    page = text_of(author.get(journal(circle)))
    assert "Texte du second onglet" in page
    assert "modifiée le" in page
    assert "Texte du premier onglet" in text_of(author.get(address)), "the former text stays in the revisions"


def test_edit_and_moderation_pages_are_for_who_may(client: StrictClient, circle: Circle, write: Write) -> None:
    entry = write("partner", Audience.PARTENAIRES)
    expected = {
        "partner": (200, 403),
        "coordinator": (403, 200),
        "author": (403, 403),
        "chosen": (403, 403),
        "state": (404, 404),
        "other": (404, 404),
    }
    for name, statuses in expected.items():
        for act, status in zip(("modifier", "masquer"), statuses, strict=True):
            client.as_(circle[name]).get(f"{journal(circle)}/{entry}/{act}", status=status)


def test_an_entry_has_one_address(client: StrictClient, circle: Circle, write: Write) -> None:
    from tests.journal.conftest import _opening

    entry = write("author", Audience.PARTENAIRES)
    with circle["author"].acting() as identity:
        from odis_app.households.operations import open_household

        other = open_household(identity, opening=_opening()).public_id
    client.as_(circle["author"]).get(f"/menages/{other}/journal/{entry}/modifier", status=404)


def test_moderation_shows_who_why_and_no_text(client: StrictClient, circle: Circle, write: Write) -> None:
    entry = write("partner", Audience.PARTENAIRES, body="Propos déplacés")
    coordinator = client.as_(circle["coordinator"])
    address = f"{journal(circle)}/{entry}/masquer"
    page = coordinator.get(address)
    assert "Écrivez pourquoi" in text_of(coordinator.submit(page, {"reason": ""}, action=address, status=422))
    coordinator.submit(page, {"reason": "Opinion sur une personne."}, action=address)
    for name in ("author", "partner", "coordinator"):
        told = text_of(client.as_(circle[name]).get(journal(circle)))
        assert "Propos déplacés" not in told
        assert "Motif : Opinion sur une personne." in told
    coordinator.get(address, status=403)


def test_an_attachment_is_given_through_its_guard_only(client: StrictClient, circle: Circle) -> None:
    author = client.as_(circle["author"])
    page = author.get(journal(circle))
    author.submit(page, {"body": "Voir la pièce.", "audience": "partenaires", "files": pdf()}, action=journal(circle))
    link = BeautifulSoup(author.get(journal(circle)).get_data(as_text=True), "html.parser").select_one("a[download]")[
        "href"
    ]
    given = client.as_(circle["partner"]).get(link)
    assert given.get_data() == PDF
    assert given.headers["Content-Disposition"].startswith("attachment;")
    assert "filename*=UTF-8''Attestation%20%C3%A9.pdf" in given.headers["Content-Disposition"]
    assert given.headers["X-Content-Type-Options"] == "nosniff"
    assert given.headers["Cache-Control"] == "no-store"
    for name in ("state", "minimal", "other", "expired", "revoked", "admin"):
        client.as_(circle[name]).get(link, status=404)
    with circle["author"].acting():
        reads = db.execute(select(AuditEvent.actor_user_id).where(AuditEvent.action == "document:read")).scalars().all()
    assert reads == [circle["partner"].user_id]


def test_a_document_is_deposited_then_withdrawn(client: StrictClient, circle: Circle) -> None:
    address = f"/{circle.path}/documents"
    author = client.as_(circle["author"])
    author.submit(author.get(address), {"files": pdf("bail.pdf"), "audience": "partenaires"}, action=address)
    page = author.get(address)
    assert "bail.pdf" in text_of(page)
    back = author.submit(page, {}, button="Retirer le document", follow=True, status=200)
    assert "Document retiré." in text_of(back)
    assert "bail.pdf" not in text_of(author.get(address))


@pytest.mark.parametrize(
    ("data", "name", "sentence"),
    [
        (b"MZ\x90\x00" + bytes(300), "facture.pdf", "son contenu est un programme"),
        (b"", "vide.pdf", "est vide"),
        (b"%PDF-1.4" + bytes(20 * 1024 * 1024), "gros.pdf", "dépasse 20 Mo"),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence_and_nothing_is_kept(
    client: StrictClient, circle: Circle, data: bytes, name: str, sentence: str
) -> None:
    address = f"/{circle.path}/documents"
    author = client.as_(circle["author"])
    back = author.submit(
        author.get(address), {"files": pdf(name, data), "audience": "partenaires"}, action=address, status=422
    )
    assert sentence in text_of(back)
    assert "Aucun document" in text_of(back)
    page = author.get(journal(circle))
    kept = author.submit(
        page,
        {"body": "Texte à garder", "audience": "partenaires", "files": pdf(name, data)},
        action=journal(circle),
        status=422,
    )
    assert sentence in text_of(kept)
    assert "Texte à garder" in text_of(kept)


def test_beyond_what_the_server_reads_the_answer_is_a_page_with_the_way_out(
    client: StrictClient, circle: Circle
) -> None:
    author = client.as_(circle["author"])
    page = author.get(f"/{circle.path}/documents")
    back = author.submit(
        page, {"files": pdf("film.pdf", b"%PDF" + bytes(22 * 1024 * 1024)), "audience": "partenaires"}, status=413
    )
    assert "Fichier trop lourd" in text_of(back)


def test_a_lost_file_is_a_pause_not_a_crash(client: StrictClient, circle: Circle) -> None:
    with circle["author"].acting() as identity:
        document = documents.store_document(
            identity, **circle.place, upload=Upload("a.pdf", io.BytesIO(PDF)), audience=Audience.PARTENAIRES
        )
        key, public_id = document.storage_key, document.public_id
    (client.app.config["ODIS"].documents_dir / key).unlink()
    client.as_(circle["author"]).get(f"/documents/{public_id}", status=503)


def test_the_file_shows_the_card_and_the_tabs_with_their_counts(
    client: StrictClient, circle: Circle, write: Write
) -> None:
    write("author", Audience.PARTENAIRES, body="Dernière nouvelle")
    page = client.as_(circle["partner"]).get(f"/{circle.path}")
    soup = BeautifulSoup(page.get_data(as_text=True), "html.parser")
    assert "Dernière nouvelle" in soup.find(id="journal").get_text()
    tabs = {" ".join(a.get_text().split()): a["href"] for a in soup.select(".od-tabs a")}
    assert tabs["Journal 1"] == journal(circle)
    assert tabs["Documents"] == f"/{circle.path}/documents"
    minimal = client.as_(circle["minimal"]).get(f"/{circle.path}")
    assert "Dernière nouvelle" not in text_of(minimal)
