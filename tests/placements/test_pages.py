"""The pages, as the two sides and everybody else meet them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.households.operations.sharing import signal_household
from odis_app.placements import operations as do
from odis_app.placements.enums import EndedBy
from tests.placements.conftest import MARK, NAMES, Town, found, stay
from tests.support.client import StrictClient, text_of
from tests.support.worlds import owner_unit


def iso(days: int = 0) -> str:
    return (clock.today() + timedelta(days=days)).isoformat()


def test_from_the_proposal_to_the_exit_without_javascript(town: Town, client: StrictClient) -> None:
    camille, operator = client.as_(town.camille), client.as_(town.operator)
    page = camille.get(f"/menages/{town.household}/proposer/{town.place}")
    assert "Ce que lira l’hébergeur" in text_of(page)
    answer = camille.submit(page, {"starts_on": iso(), "ends_on": iso(90), "message": "Arrivée à 18 h."})
    address = answer.headers["Location"]
    listed = operator.get("/orientations")
    assert "Ménage de 2 personnes" in text_of(listed)
    read = text_of(operator.get(address))
    assert "Accord attendu" in read
    assert not any(name in read for name in (*NAMES, "M-44-"))
    operator.submit(operator.get("/orientations"), {}, button="Accepter")
    assert "On attend la réponse du ménage." in text_of(camille.get(address))
    assert MARK not in text_of(camille.get(address))
    camille.submit(camille.get(address), {}, button="Enregistrer l’accord du ménage")
    assert MARK in text_of(camille.get(address))
    assert NAMES[1] in text_of(operator.get(address))
    stays = operator.get("/hebergements")
    assert "Entrée prévue" in text_of(stays)
    with town.operator.acting():
        there = f"/hebergements/{stay(address.rsplit('/', 1)[1]).public_id}"
    operator.submit(
        operator.get(there), {"entered_on": iso(), "title": "convention_occupation"}, button="Enregistrer l’entrée"
    )
    operator.submit(operator.get(there), {"ends_on": iso(200)}, button="Prolonger le séjour")
    assert "Prolongé" in text_of(camille.get(there))
    assert "Logement" in text_of(camille.get(f"/menages/{town.household}"))
    assert "Convention d’occupation" in text_of(camille.get(f"/menages/{town.household}/logement"))
    operator.submit(
        operator.get(there),
        {"exited_on": iso(), "reason": "logement_social", "destination": "Laval"},
        button="Enregistrer la sortie",
    )
    assert "logement social, vers Laval" in text_of(camille.get(there))
    empty = camille.submit(camille.get(there), {"destination": ""}, button="Noter la destination", status=422)
    assert "Choisissez une commune, ou écrivez une précision." in text_of(empty)
    camille.submit(camille.get(there), {"destination": "Cholet"}, button="Noter la destination")
    assert "logement social, vers Cholet" in text_of(camille.get(there))
    assert "destination" not in text_of(operator.get(there))
    assert town.status() == "sorti"


def test_a_refusal_wants_a_motif(town: Town, client: StrictClient) -> None:
    orientation, operator = town.propose(), client.as_(town.operator)
    page = operator.get(f"/orientations/{orientation}")
    refused = operator.submit(page, {}, button="Refuser la proposition", status=422)
    assert "Choisissez un motif dans la liste." in text_of(refused)
    operator.submit(page, {"motif": "dates", "comment": "Travaux."}, button="Refuser la proposition")
    read = text_of(client.as_(town.camille).get(f"/orientations/{orientation}"))
    assert "Refusée par l’hébergeur" in read
    assert "Motif : dates." in read


def test_the_second_to_answer_a_dead_proposal_reads_why(town: Town, client: StrictClient) -> None:
    orientation, operator = town.propose(), client.as_(town.operator)
    page = operator.get(f"/orientations/{orientation}")
    with town.camille.acting() as identity:
        do.cancel(identity, orientation=found(orientation), motif="besoin_change")
    answer = operator.submit(page, {}, button="Accepter pour l’hébergeur", status=422)
    assert "Cette proposition n’attend plus de réponse : annulée." in text_of(answer)


def test_read_is_said_by_the_page_once(town: Town, client: StrictClient) -> None:
    orientation, operator = town.propose(), client.as_(town.operator)
    operator.submit(operator.get(f"/orientations/{orientation}"), {}, button="Marquer comme lue")
    assert "Lue par l’hébergeur" in text_of(client.as_(town.camille).get(f"/orientations/{orientation}"))
    assert "Marquer comme lue" not in text_of(operator.get(f"/orientations/{orientation}"))


def test_another_choice_than_the_first_wants_a_motif(town: Town, client: StrictClient) -> None:
    camille, question = client.as_(town.camille), "Pourquoi cette place plutôt que la première de la liste"
    pages = [f"/menages/{town.household}/proposer/{place}" for place in (town.place, town.another_place())]
    (asking,) = [page for page in pages if question in text_of(camille.get(page))]
    refused = camille.post(asking, {"starts_on": iso()}, status=422)
    assert "Écrivez pourquoi cette place" in text_of(refused)
    sent = camille.post(asking, {"starts_on": iso(), "override_motif": "Près de l’école."})
    address = sent.headers["Location"]
    assert "Près de l’école." in text_of(camille.get(address))
    assert "Près de l’école." not in text_of(client.as_(town.operator).get(address))


@pytest.mark.parametrize(
    ("admitted", "told"), [(1, "La place est tenue jusqu’à la réponse."), (2, "La place n’est pas tenue")]
)
def test_what_is_said_once_proposed_is_what_happens_to_the_place(
    town: Town, client: StrictClient, admitted: int, told: str
) -> None:
    with owner_unit():
        rules = "INSERT INTO territory_rules (department_code, proposals_per_place) VALUES ('53', :n)"
        db.execute(text(rules), {"n": admitted})
    answer = client.as_(town.camille).post(
        f"/menages/{town.household}/proposer/{town.place}", {"starts_on": iso()}, follow=True, status=200
    )
    assert told in text_of(answer)


def test_nobody_else_finds_anything(town: Town, client: StrictClient) -> None:
    orientation = town.entered()
    with town.camille.acting():
        placement = stay(orientation).public_id
    for stranger in town.strangers:
        browser = client.as_(stranger)
        for address in (
            f"/orientations/{orientation}",
            f"/hebergements/{placement}",
            f"/menages/{town.household}/logement",
        ):
            browser.get(address, status=404)
        with stranger.acting():
            for table in ("orientations", "placements", "orientation_choices", "orientation_refusals"):
                assert db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0


def test_the_ddets_reads_what_was_given_to_it_in_full_and_writes_nothing(town: Town, client: StrictClient) -> None:
    orientation, ddets = town.propose(), client.as_(town.ddets)
    ddets.get(f"/orientations/{orientation}", status=404)
    with town.camille.acting() as identity:
        signal_household(identity, household=town.file(), motive="Sans place adaptée.")
    assert "Accord attendu" in text_of(ddets.get(f"/orientations/{orientation}"))
    ddets.post(f"/orientations/{orientation}/annuler", {"motif": "erreur"}, status=403)
    with pytest.raises(PermissionError), town.ddets.acting() as identity:
        do.refuse(identity, orientation=found(orientation), party=EndedBy.HEBERGEUR, motif="dates")


def test_a_refusal_is_judged_on_its_page(town: Town, client: StrictClient) -> None:
    orientation = town.propose()
    with town.camille.acting() as identity:
        do.refuse(identity, orientation=found(orientation), party=EndedBy.MENAGE, motif="cout")
    sacha = client.as_(town.sacha)
    sacha.submit(sacha.get(f"/orientations/{orientation}"), {"recevable": "non"}, button="Juger non recevable")
    assert "Jugé non recevable" in text_of(sacha.get(f"/orientations/{orientation}"))
    client.as_(town.camille).post(f"/orientations/{orientation}/recevabilite", {"recevable": "oui"}, status=403)


@pytest.mark.parametrize("address", ["/orientations", "/hebergements"])
def test_empty_lists_say_what_would_be_there(town: Town, client: StrictClient, address: str) -> None:
    assert "dans cette vue" in text_of(client.as_(town.neighbour).get(address))
    client.as_(town.admin).get(address, status=403)


def test_every_view_of_the_lists_opens(town: Town, client: StrictClient) -> None:
    town.entered()
    camille = client.as_(town.camille)
    for view in ("a_repondre", "en_cours", "recues", "envoyees", "confirmees", "terminees", "toutes"):
        camille.get(f"/orientations?vue={view}&departement=53")
        camille.get(f"/orientations?vue={view}", htmx=True)
    for view in ("attendus", "presents", "bientot", "sortis", "tous"):
        camille.get(f"/hebergements?vue={view}")


def test_columns_sort_both_ways_and_nonsense_does_no_harm(town: Town, client: StrictClient) -> None:
    late = town.propose(place=town.another_place(), start=20)
    soon = town.propose(household=town.another_file(), start=2)
    camille = client.as_(town.camille)

    def shown(address: str) -> list[str]:
        page = camille.get(address).get_data(as_text=True)
        return sorted((late, soon), key=page.index)

    assert shown("/orientations?vue=toutes&tri=sejour") == [soon, late]
    assert shown("/orientations?vue=toutes&tri=-sejour") == [late, soon]
    assert shown("/orientations?vue=toutes&tri=-envoyee") == [soon, late]
    assert shown("/orientations?vue=toutes&tri=toit") == shown("/orientations?vue=toutes")
    confirmed = [town.confirmed(household=town.another_file(), place=town.another_place(), start=n) for n in (3, 40)]
    with town.camille.acting():
        stays = [stay(orientation).public_id for orientation in confirmed]
    page = camille.get("/hebergements?vue=tous&tri=-entree").get_data(as_text=True)
    assert sorted(stays, key=page.index) == stays[::-1]
