"""The trail as people read it: mine, my organisation's, a file's on paper."""

from __future__ import annotations

import io

import pikepdf
import pytest

from odis_app.audit.labels import RESOURCES, VERBS, action_label, functions_label
from odis_app.audit.operations import record_event
from odis_app.core.pdf import check_pdf
from odis_app.core.permissions import REGISTRY
from odis_app.organisations.seeds import Actor
from tests.placements.conftest import complete, open_file
from tests.support.client import StrictClient, text_of
from tests.support.worlds import WorldBuilder


def act(actor: Actor, action: str, summary: str, sensitivity: int = 0) -> None:
    with actor.acting() as identity:
        record_event(identity, action, summary=summary, sensitivity=sensitivity)


@pytest.fixture
def team(world: WorldBuilder) -> tuple[Actor, Actor, Actor]:
    """A social worker, its coordinator, somebody elsewhere."""
    worker = world.actor("association", "44")
    return worker, world.actor("coordination", "44", colleague_of=worker), world.actor("association", "33")


def test_i_read_my_own_acts_and_no_others(client: StrictClient, team: tuple[Actor, Actor, Actor]) -> None:
    worker, boss, _ = team
    act(worker, "place:update", "Mon acte à moi")
    act(boss, "place:update", "Acte de la coordination")
    page = text_of(client.as_(worker).get("/journal-des-acces"))
    assert "Mon acte à moi" in page
    assert "Acte de la coordination" not in page


def test_the_organisation_s_trail_leaves_out_class_three_and_other_organisations(
    client: StrictClient, team: tuple[Actor, Actor, Actor]
) -> None:
    worker, boss, stranger = team
    act(worker, "place:update", "Acte ordinaire")
    act(worker, "member:read", "Acte protégé", sensitivity=3)
    act(stranger, "place:update", "Acte d’ailleurs")
    page = text_of(client.as_(boss).get("/journal-des-acces/organisation"))
    assert "Acte ordinaire" in page
    assert "Acte protégé" not in page
    assert "Acte d’ailleurs" not in page
    client.as_(worker).get("/journal-des-acces/organisation", status=403)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("objet=offer", {"Offre vue"}),
        ("personne=%25", set()),
        ("depuis=2990-01-01", set()),
        ("jusqu=1990-01-01", set()),
        ("depuis=1990-01-01&jusqu=2990-01-01", {"Offre vue", "Place vue"}),
        ("objet=inconnu&depuis=hier", {"Offre vue", "Place vue"}),
    ],
)
def test_filters(client: StrictClient, team: tuple[Actor, Actor, Actor], query: str, shown: set[str]) -> None:
    worker, boss, _ = team
    act(worker, "offer:update", "Offre vue")
    act(worker, "place:update", "Place vue")
    page = text_of(client.as_(boss).get(f"/journal-des-acces/organisation?{query}"))
    assert {words for words in ("Offre vue", "Place vue") if words in page} == shown


def test_the_household_s_copy_names_functions_never_agents(
    client: StrictClient, team: tuple[Actor, Actor, Actor]
) -> None:
    worker, boss, stranger = team
    with worker.acting() as identity:
        household = open_file(identity)
        complete(identity, household)
        public_id, number = household.public_id, household.number
    browser = client.as_(worker)
    browser.get(f"/menages/{public_id}")
    answer = browser.browser.get(f"/menages/{public_id}/consultations.pdf")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert f"consultations-{number}.pdf" in answer.headers["Content-Disposition"]
    assert check_pdf(answer.data) == []
    with pikepdf.open(io.BytesIO(answer.data)) as pdf:
        assert number in str(pdf.docinfo["/Title"])
    client.as_(stranger).get(f"/menages/{public_id}/consultations.pdf", status=404)
    page = text_of(client.as_(boss).get("/journal-des-acces/organisation"))
    assert "Consultations, en PDF" in page


def test_every_resource_of_a_permission_has_a_word() -> None:
    known = {name.partition(":")[0] for name in REGISTRY}
    assert {resource for resource in known if resource not in RESOURCES} == set()


def test_labels() -> None:
    assert action_label("household:read") == "Dossier ménage, consultation"
    assert action_label("nouveau:chose_rare") == "nouveau, chose rare"
    assert functions_label(["operateur"]) == "Opérateur"
    assert functions_label([]) == "sans fonction inscrite"
    assert all(VERBS.values())
