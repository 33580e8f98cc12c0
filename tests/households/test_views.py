import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.formats import jour_long
from odis_app.households import operations, queries
from odis_app.households.models import Household, Member
from odis_app.households.operations.composition import Person
from tests.households.conftest import Town, open_file, organisation_of
from tests.support.client import StrictClient, text_of
from tests.support.html import parsed
from tests.support.worlds import WorldBuilder, confirmed, owner_unit

TABS = (
    "",
    "/composition",
    "/situation",
    "/besoins",
    "/projet",
    "/partages",
    "/historique",
    "/consultations",
    "/sante",
    "/securite",
)
READS = text("SELECT count(*) FROM audit_events WHERE action = 'household:read'")
FORMS = (
    "/modifier", "/composition/ajouter", "/situation/modifier", "/situation/inscriptions", "/situation/ressources", "/besoins/modifier", "/projet/modifier", "/partages/nouveau", "/signaler",
)  # fmt: skip


@pytest.mark.parametrize("tab", [*TABS, *FORMS])
def test_every_page_of_a_file_answers_its_coordinator_and_nobody_else(
    client: StrictClient, town: Town, family: str, tab: str
) -> None:
    client.as_(confirmed(town.sacha)).get(f"/menages/{family}{tab}")
    for stranger in (town.neighbour, town.elsewhere):
        client.as_(stranger).get(f"/menages/{family}{tab}", status=404)
    for stranger in (town.operator, town.ddets):
        client.as_(stranger).get(f"/menages/{family}{tab}", status=404)
    client.as_(town.admin).get(f"/menages/{family}{tab}", status=404)
    client.as_(None).get(f"/menages/{family}{tab}", status=303)


def test_the_list_tells_how_many_households_and_people(client: StrictClient, town: Town, family: str) -> None:
    page = client.as_(town.camille).get("/menages")
    assert "1 ménage, 3 personnes" in text_of(page)
    assert "Famille Nemounehzadeh" in text_of(page)
    assert "École, collège, lycée" in text_of(page)
    assert "Mayenne, puis Maine-et-Loire" in text_of(page)


def test_an_empty_list_says_what_to_do(client: StrictClient, town: Town) -> None:
    assert "Ouvrir un dossier" in text_of(client.as_(town.camille).get("/menages"))
    assert "Aucun ménage ne correspond" in text_of(client.as_(town.camille).get("/menages?q=introuvable"))
    assert "Aucun ménage dans cette vue" in text_of(client.as_(town.camille).get("/menages?priorite=3"))


def test_a_filter_is_a_chip_that_can_be_removed(client: StrictClient, town: Town, family: str) -> None:
    page = client.as_(town.camille).get("/menages?protection=bpi&referent=moi&departement=44&etape=a_orienter")
    words = text_of(page)
    assert "Statut de protection : BPI" in words
    assert "Référent : Moi" in words
    assert "1 ménage, 3 personnes" in words


def test_a_minimal_share_shows_number_initials_size_and_stage_only(
    client: StrictClient, town: Town, family: str
) -> None:
    with town.camille.acting() as identity:
        household = queries_one(family)
        operations.share_household(
            identity,
            household=household,
            organisation=organisation_of(town.operator),
            level=ShareLevel.MINIMAL,
            purpose=SharePurpose.ORIENTATION,
        )
        number = household.number
    browser = client.as_(town.operator)
    words = text_of(browser.get(f"/menages/{family}"))
    assert number in words
    assert "L. N." in words
    assert "À orienter" in words
    assert "Partage minimal." in words
    for hidden in ("Nemounehzadeh", "maternelle", "Réfugié", "persan"):
        assert hidden not in words
        assert hidden not in text_of(browser.get("/menages"))
    for tab in TABS[1:]:
        browser.get(f"/menages/{family}{tab}", status=403)


def test_a_file_is_never_offered_nor_given_to_who_sees_numbers_only(
    client: StrictClient, town: Town, family: str, world: WorldBuilder
) -> None:
    nation = world.actor("dihal", None)
    page = client.as_(town.camille).get(f"/menages/{family}/partages/nouveau")
    offered = {option["value"] for option in parsed(page.text).select("select[name=organisation] option")}
    with town.camille.acting():
        assert organisation_of(town.operator).public_id in offered
        assert organisation_of(nation).public_id not in offered
    with town.camille.acting() as identity, pytest.raises(RuleError, match="ne lit pas les dossiers"):
        operations.share_household(
            identity,
            household=queries_one(family),
            organisation=organisation_of(nation),
            level=ShareLevel.MINIMAL,
            purpose=SharePurpose.ORIENTATION,
        )


def test_a_full_share_reads_the_file_without_its_protected_blocks(
    client: StrictClient, town: Town, family: str
) -> None:
    with town.camille.acting() as identity:
        operations.share_household(
            identity,
            household=queries_one(family),
            organisation=organisation_of(town.operator),
            level=ShareLevel.FULL,
            purpose=SharePurpose.MOBILITE,
        )
    browser = client.as_(town.operator)
    assert "Famille Nemounehzadeh" in text_of(browser.get(f"/menages/{family}"))
    for tab in ("/composition", "/situation", "/besoins", "/projet"):
        browser.get(f"/menages/{family}{tab}")
    for tab in ("/partages", "/historique", "/consultations", "/sante", "/securite", *FORMS):
        browser.get(f"/menages/{family}{tab}", status=403)


def queries_one(public_id: str) -> Household:
    return db.execute(select(Household).where(Household.public_id == public_id)).scalar_one()


def test_opening_a_file_without_script(client: StrictClient, town: Town) -> None:
    browser = client.as_(town.camille)
    page = browser.get("/menages/nouveau")
    given = {
        "principal-first_name": "Awa",
        "principal-last_name": "Misalu",
        "principal-sex": "f",
        "principal-birth": "1999",
        "dispositif": "1",
    }
    longer = browser.submit(page, {**given, "ajouter": "1"}, status=200)
    assert "Personne 2" in text_of(longer)
    child = {
        "people-0-first_name": "Ali",
        "people-0-last_name": "Misalu",
        "people-0-sex": "m",
        "people-0-birth": "3/09/2020",
        "people-0-link": "enfant_mineur",
    }
    words = text_of(
        browser.submit(longer, {**child, "phone": "06 00 00 00 07", "department": "44"}, follow=True, status=200)
    )
    assert "Famille Misalu" in words
    assert "monoparentale, 1 enfant" in words
    assert "le statut de protection" in words


def test_opening_tells_every_mistake_on_its_field(client: StrictClient, town: Town) -> None:
    browser = client.as_(town.camille)
    page = browser.get("/menages/nouveau")
    answer = browser.submit(
        page, {"principal-birth": "31/02/1990", "principal-first_name": "Rima", "phone": "06"}, status=422
    )
    body = answer.get_data(as_text=True)
    assert "31/02/1990 n’existe pas" in body
    assert "Ce numéro n’est pas complet" in body
    assert 'href="#principal-birth"' in body
    assert 'value="Rima"' in body


def test_sending_the_opening_form_twice_opens_one_file(client: StrictClient, town: Town) -> None:
    browser = client.as_(town.camille)
    page = browser.get("/menages/nouveau")
    given = {
        "principal-first_name": "Awa",
        "principal-last_name": "Misalu",
        "principal-sex": "f",
        "phone": "0600000009",
        "department": "44",
        "dispositif": "1",
    }
    first, second = browser.submit(page, given), browser.submit(page, given)
    assert first.location == second.location
    with town.camille.acting():
        assert db.execute(select(func.count()).select_from(Household)).scalar_one() == 1


def test_a_known_phone_is_told_before_a_second_file_is_opened(client: StrictClient, town: Town, family: str) -> None:
    browser = client.as_(town.camille)
    given = {
        "principal-first_name": "Awa",
        "principal-last_name": "Misalu",
        "principal-sex": "f",
        "phone": "06 00 00 00 01",
        "department": "44",
        "dispositif": "1",
    }
    warned = browser.submit(browser.get("/menages/nouveau"), given, status=422)
    assert "Famille Nemounehzadeh" in text_of(warned)
    browser.submit(warned, {"anyway": "y"})
    other = client.as_(town.neighbour)
    other.submit(other.get("/menages/nouveau"), given)


def test_the_second_editor_is_told_what_changed_and_keeps_their_text(
    client: StrictClient, town: Town, family: str
) -> None:
    camille, sacha = client.as_(town.camille), client.as_(town.sacha)
    address = f"/menages/{family}/projet/modifier"
    mine, theirs = camille.get(address), sacha.get(address)
    sacha.submit(theirs, {"max_rent": "450,00".replace(",", "."), "life_project": "Vivre près de l’école."})
    refused = camille.submit(mine, {"life_project": "Ouvrir un restaurant."}, status=422)
    words = text_of(refused)
    assert "Quelqu’un a modifié ce dossier" in words
    assert "Loyer maximal : 450,00" in words
    assert "Ouvrir un restaurant." in words
    camille.submit(refused, {})
    assert "Ouvrir un restaurant." in text_of(camille.get(f"/menages/{family}/projet"))


def test_sending_any_form_twice_writes_once(client: StrictClient, town: Town, family: str) -> None:
    browser = client.as_(town.camille)
    for path, given in (
        ("modifier", {"phone": "0600000002", "priority": "3"}),
        ("besoins/modifier", {"employment_level": "1", "employment_detail": "cuisine", "source": "fiche"}),
        ("projet/modifier", {"max_rent": "300", "wish_1": "35"}),
        ("situation/modifier", {"agdref": "99 0000 0001", "title_kind": "carte de résident"}),
    ):
        page = browser.get(f"/menages/{family}/{path}")
        browser.submit(page, given)
        with town.camille.acting():
            before = queries_one(family).version
        browser.submit(page, given)
        with town.camille.acting():
            assert queries_one(family).version == before, path


def test_reviewed_in_one_tap_with_and_without_script(client: StrictClient, town: Town, family: str) -> None:
    browser = client.as_(town.camille)
    page = browser.get(f"/menages/{family}")
    browser.submit(page, {}, button="Relu, rien n’a changé")
    fragment = browser.post(f"/menages/{family}/relu", status=200, htmx=True).get_data(as_text=True)
    assert fragment.strip().startswith('<span id="relecture"')
    assert without_tokens(fragment.strip()) in without_tokens(browser.get(f"/menages/{family}").get_data(as_text=True))


def without_tokens(html: str) -> str:
    """The page without the masks of its form tokens, which differ at each reading."""
    return re.sub(r'name="csrf_token" value="[^"]*"', "", html)


def test_members_come_change_and_leave(client: StrictClient, town: Town, family: str) -> None:
    browser = client.as_(town.camille)
    page = browser.get(f"/menages/{family}/composition/ajouter")
    given = {
        "first_name": "Omid",
        "last_name": "Nemounehzadeh",
        "sex": "m",
        "link": "enfant_mineur",
        "birth": "2019",
        "event": "reunification_familiale",
    }
    browser.submit(page, given)
    with town.camille.acting():
        omid = db.execute(select(Member).where(Member.first_name == "Omid")).scalar_one().public_id
        laila = db.execute(select(Member).where(Member.first_name == "Laila")).scalar_one().public_id
    edited = browser.get(f"/menages/{family}/composition/{omid}/modifier")
    browser.submit(edited, {"situation": "ecole", "situation_note": "CE1"})
    assert "À l’école, CE1" in text_of(browser.get(f"/menages/{family}/composition"))
    future = browser.get(f"/menages/{family}/composition/{omid}/depart")
    browser.submit(future, {"happened_on": (clock.today() + timedelta(days=2)).isoformat()}, status=422)
    browser.submit(future, {"event": "depart"})
    browser.submit(future, {"event": "depart"})
    words = text_of(browser.get(f"/menages/{family}/composition"))
    assert "Ont quitté le ménage" in words
    assert "Version 3" in words
    assert "Version 4" not in words
    browser.get(f"/menages/{family}/composition/{laila}/depart", status=404)


def test_a_member_of_another_file_is_not_found_under_this_one(client: StrictClient, town: Town, family: str) -> None:
    with town.camille.acting() as identity:
        other = open_file(identity)
        member = queries.present_members(other.id)[0].public_id
    for end in ("modifier", "depart"):
        client.as_(town.camille).get(f"/menages/{family}/composition/{member}/{end}", status=404)
    client.as_(confirmed(town.sacha)).get(f"/menages/{family}/securite/{member}", status=404)


def test_a_share_is_given_renewed_withdrawn(client: StrictClient, town: Town, family: str) -> None:
    browser, partner = client.as_(town.camille), client.as_(town.operator)
    with town.camille.acting():
        address = organisation_of(town.operator).public_id
    browser.submit(
        browser.get(f"/menages/{family}/partages/nouveau"),
        {"organisation": address, "level": "full", "purpose": "mobilite"},
    )
    partner.get(f"/menages/{family}")
    shares = browser.get(f"/menages/{family}/partages")
    later = (clock.today() + timedelta(days=90)).isoformat()
    browser.submit(shares, {"expires_on": later}, button="Prolonger le partage")
    shares = browser.get(f"/menages/{family}/partages")
    assert jour_long(clock.today() + timedelta(days=90)) in shares.get_data(as_text=True)
    today = jour_long(clock.today()).replace("\u00a0", " ")
    assert f"prolongé le {today}" in text_of(shares)
    assert "retiré le" not in text_of(shares)
    browser.submit(shares, {}, button="Retirer le partage")
    partner.get(f"/menages/{family}", status=404)
    left = text_of(browser.get(f"/menages/{family}/partages"))
    assert "Ce dossier n’est partagé avec personne." in left
    assert f"retiré le {today}" in left


def test_signalling_opens_the_file_to_the_ddets_of_its_departement(
    client: StrictClient, town: Town, family: str
) -> None:
    browser = client.as_(town.camille)
    page = browser.get(f"/menages/{family}/signaler")
    browser.submit(page, {"motive": ""}, status=422)
    browser.submit(page, {"motive": "Deux refus successifs."})
    assert "Famille Nemounehzadeh" in text_of(client.as_(town.ddets).get(f"/menages/{family}"))
    client.as_(town.other_ddets).get(f"/menages/{family}", status=404)


def test_search_by_phone_or_agdref_is_sent_by_post_and_answers_for_one_s_own_organisation(
    client: StrictClient, town: Town, family: str
) -> None:
    browser = client.as_(town.camille)
    browser.submit(browser.get(f"/menages/{family}/situation/modifier"), {"agdref": "9900000001"})
    page = browser.get("/menages/recherche")
    for given in ({"phone": "06.00.00.00.01"}, {"agdref": "99 0000 0001"}):
        assert "Famille Nemounehzadeh" in text_of(browser.submit(page, given, status=200))
    browser.submit(page, {}, status=422)
    neighbour = client.as_(town.neighbour)
    assert "Aucun dossier" in text_of(
        neighbour.submit(neighbour.get("/menages/recherche"), {"phone": "0600000001"}, status=200)
    )
    client.as_(town.ddets).get("/menages/recherche", status=403)
    with owner_unit():
        trail = text("SELECT summary, data FROM audit_events WHERE action = 'household:search' ORDER BY id")
        told = [tuple(row) for row in db.execute(trail)]
    one = ("Recherche par identifiant : 1\xa0dossier trouvé", {"records": [family]})
    assert told == [one, one, ("Recherche par identifiant : 0\xa0dossier trouvé", {"records": []})]


@pytest.mark.parametrize("typed", [{"_reprise": "1"}, {"phone": "12"}])
def test_a_form_that_shows_a_file_again_is_written_down_as_a_read(
    client: StrictClient, town: Town, family: str, typed: dict[str, str]
) -> None:
    browser = client.as_(town.sacha)
    page = browser.get(f"/menages/{family}/modifier")
    with owner_unit():
        before = db.execute(READS).scalar_one()
    browser.submit(page, typed, button="Enregistrer le dossier", status=200 if "_reprise" in typed else 422)
    with owner_unit():
        assert db.execute(READS).scalar_one() == before + 1


def test_reads_are_written_down_and_those_of_class_3_are_not_shown(
    client: StrictClient, town: Town, family: str
) -> None:
    client.as_(town.sacha).get(f"/menages/{family}")
    client.as_(confirmed(town.sacha)).get(f"/menages/{family}/securite")
    mine = client.as_(town.sacha).get("/journal-des-acces")
    assert parsed(mine.text).select_one(f'#acces a[href="/menages/{family}"]')  # which file, for who still sees it
    page = client.as_(town.camille).get(f"/menages/{family}/consultations")
    assert "1 consultation" in text_of(page)
    assert "Suivi du dossier" in text_of(page)


def test_safety_asks_who_one_is_once_more_and_leads_back_to_it(client: StrictClient, town: Town, family: str) -> None:
    camille, page = client.as_(town.camille), f"/menages/{family}/securite"
    assert "Confirmer votre identité pour lire" in text_of(camille.get(f"/menages/{family}"))
    asked = camille.get(page, status=303)
    assert asked.headers["Location"] == f"/compte/confirmer?suite={page}"
    assert "Confirmer mon identité" in text_of(camille.get(asked.headers["Location"]))
    confirmed_client = client.as_(confirmed(town.camille))
    assert "Confirmer votre identité" not in text_of(confirmed_client.get(f"/menages/{family}"))
    confirmed_client.get(page)


def test_the_referent_reads_safety_and_a_colleague_does_not(
    client: StrictClient, town: Town, family: str, world
) -> None:
    colleague = world.actor("association", "44", colleague_of=town.camille)
    with town.camille.acting():
        member = db.execute(select(Member).where(Member.first_name == "Laila")).scalar_one().public_id
    client.as_(confirmed(town.camille)).get(f"/menages/{family}/securite")
    client.as_(colleague).get(f"/menages/{family}/securite", status=403)
    client.as_(colleague).get(f"/menages/{family}/securite/{member}", status=403)
    words = text_of(client.as_(colleague).get(f"/menages/{family}"))
    assert words.count("Rien de saisi, ou rien que vous puissiez voir.") == 2
    camille = client.as_(confirmed(town.camille))
    page = camille.get(f"/menages/{family}/securite/{member}")
    camille.submit(page, {"fvv_teh": "oui", "note": "voisin dangereux", "excluded_departments": ["75"]})
    assert "voisin dangereux" in text_of(camille.get(f"/menages/{family}/securite"))
    assert "voisin dangereux" not in text_of(client.as_(town.camille).get(f"/menages/{family}/historique"))


def test_the_same_words_whether_class_2_is_empty_or_closed(client: StrictClient, town: Town, family: str) -> None:
    words = text_of(client.as_(town.camille).get(f"/menages/{family}"))
    assert "Rien de saisi, ou rien que vous puissiez voir." in words
    assert "ne sont pas recueillis" in text_of(client.as_(town.camille).get(f"/menages/{family}/sante"))
    client.as_(town.camille).get(f"/menages/{family}/sante/modifier", status=404)


def test_people_s_text_never_becomes_markup(client: StrictClient, town: Town) -> None:
    payload = '<b hx-get="/menages">x</b>'
    with town.camille.acting() as identity:
        household = open_file(identity, Person(payload, "Misalu", "f"))
        operations.update_needs(
            identity, household=household, values={"school": (2, payload)}, source=payload, version=None
        )
        address = household.public_id
    for tab in TABS[:-2]:
        assert "<b hx-get" not in client.as_(town.camille).get(f"/menages/{address}{tab}").get_data(as_text=True)


def test_archived_files_leave_the_list_and_come_back(client: StrictClient, town: Town, family: str) -> None:
    browser = client.as_(town.camille)
    browser.submit(browser.get(f"/menages/{family}"), {}, button="Archiver le dossier")
    assert "Ouvrir un dossier" in text_of(browser.get("/menages"))
    assert "Archivé" in text_of(browser.get("/menages?etape=archive"))
    browser.submit(browser.get(f"/menages/{family}"), {}, button="Rouvrir le dossier")
    assert "1 ménage" in text_of(browser.get("/menages"))


def test_deboute_is_hidden_from_the_state(client: StrictClient, town: Town, family: str) -> None:
    with town.camille.acting() as identity:
        household = queries_one(family)
        operations.update_administrative(
            identity, household=household, values={"protection_status": "deboute"}, version=None
        )
        operations.signal_household(identity, household=household, motive="blocage")
    browser = client.as_(town.ddets)
    assert "Débouté" not in browser.get(f"/menages/{family}").get_data(as_text=True)
    assert "Débouté" not in browser.get(f"/menages/{family}/situation").get_data(as_text=True)
    assert "Débouté" not in browser.get("/menages").get_data(as_text=True)
    assert "0 ménage" in text_of(browser.get("/menages?protection=deboute"))
