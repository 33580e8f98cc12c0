"""What is asked of a household beyond what presses: languages of each person, registrations, resources, papers of the right to housing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.households import operations, queries
from odis_app.households.enums import HouseholdEvent
from odis_app.households.models import Household, HouseholdIdentity, Member
from odis_app.households.nationalities import Nationality
from odis_app.households.operations import Registration, Spoken
from odis_app.organisations.models import Dispositif
from tests.households.conftest import Town
from tests.support.client import StrictClient, text_of
from tests.support.worlds import owner_unit

Find = Callable[[Identity, str], Household]
DAY = timedelta(days=1)


def languages(household: Household) -> list[str]:
    """The household's own list: what matching, the sheets and the list of files read."""
    return db.get_one(HouseholdIdentity, household.id).languages


def people(household: Household) -> dict[str, Member]:
    return {m.first_name: m for m in queries.present_members(household.id)}


def speak(identity: Identity, household: Household, name: str, *spoken: Spoken) -> None:
    member = people(household)[name]
    operations.change_member(
        identity, household=household, member=member, values={}, languages=list(spoken), version=None
    )


def scheme(code: str) -> int:
    return db.scalars(select(Dispositif.id).where(Dispositif.code == code)).one()


def test_the_households_languages_follow_those_of_its_people(town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        assert languages(household) == ["fa"]
        speak(identity, household, "Laila", Spoken("ps", "courant", "lit"), Spoken("en", "notions"))
        assert languages(household) == ["fa", "ps"]  # a few words are no language to talk in
        speak(identity, household, "Farid", Spoken("ps", "moyen"), Spoken("tr", "maternelle"))
        assert languages(household) == ["fa", "ps", "tr"]
        speak(identity, household, "Laila")
        assert languages(household) == ["fa", "ps", "tr"]  # Farid still speaks it
        farid = people(household)["Farid"]
        operations.close_member(
            identity,
            household=household,
            member=farid,
            event=HouseholdEvent.DEPART,
            happened_on=clock.today(),
            version=None,
        )
        assert languages(household) == ["fa"]  # ticked for the household, and nobody took it away


def test_a_language_is_told_once_and_french_has_its_own_scale(town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        for wrong in ([Spoken("ps", "courant"), Spoken("ps", "notions")], [Spoken("fr", "courant")]):
            with pytest.raises(RuleError):
                speak(identity, household, "Laila", *wrong)
        assert not queries.languages_of(household)


def test_a_member_form_writes_its_details_and_their_history(client: StrictClient, town: Town, family: str) -> None:
    browser = client.as_(town.camille)
    with town.camille.acting():
        laila = db.scalars(select(Member.public_id).where(Member.first_name == "Laila")).one()
    address = f"/menages/{family}/composition/{laila}/modifier"
    page = browser.get(address)
    assert "Plus de détails" in text_of(page)
    unsaid = browser.submit(page, {"tongue_1": "ti"}, status=422)
    assert "Choisissez comment cette langue est parlée." in text_of(unsaid)
    told = {
        "tongue_1": "ti", "spoken_1": "maternelle", "written_1": "lit_ecrit", "nationality": "ERI", "family_situation": "marie", "french_written": "A1",
        "education_level": "NV4", "mobility": "transports",
    }  # fmt: skip
    browser.submit(page, told)
    again = browser.get(address)
    assert 'name="tongue_2"' in again.get_data(as_text=True)  # one more line to fill
    words = text_of(browser.get(f"/menages/{family}/composition"))
    for shown in (
        "tigrigna (langue maternelle, lu et écrit)",
        "Érythrée",
        "Mariée",
        "Baccalauréat",
        "Transports en commun",
    ):
        assert shown in words
    history = text_of(browser.get(f"/menages/{family}/historique"))
    assert "Laila Nemounehzadeh, nationalité : Érythrée" in history
    assert "Laila Nemounehzadeh, langues : tigrigna (langue maternelle, lu et écrit)" in history
    before = version_of(town, family)
    browser.submit(again, {})
    assert version_of(town, family) == before
    browser.submit(again, {"tongue_1": "", "spoken_1": "", "written_1": ""})
    assert "tigrigna" not in text_of(browser.get(f"/menages/{family}/composition"))


def version_of(town: Town, family: str) -> int:
    with town.camille.acting():
        return db.scalars(select(Household.version).where(Household.public_id == family)).one()


def test_a_nationality_is_a_code_that_the_base_checks(town: Town, family: str) -> None:
    assert Nationality.label_of("XXA") == "Apatride"
    assert all(len(one.value) == 3 and one.value.isupper() for one in Nationality)
    with owner_unit(), pytest.raises(IntegrityError):
        db.execute(text("UPDATE members SET nationality = 'Syrienne'"))


def test_a_file_opens_with_its_registration_and_others_are_added(
    client: StrictClient, town: Town, family: str, file_of: Find
) -> None:
    browser = client.as_(town.camille)
    address = f"/menages/{family}/situation/inscriptions"
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        (first,) = queries.enrolments(household)
        assert (first.dispositif_id, first.ends_on) == (household.dispositif_id, None)
        agir, mobility = scheme("agir"), scheme("mobilite_nationale")
    page = browser.get(address)
    undated = browser.submit(page, {"scheme_2": str(agir)}, status=422)
    assert "Donnez le jour de l’inscription." in text_of(undated)
    start = (clock.today() - 30 * DAY).isoformat()
    browser.submit(page, {"scheme_2": str(agir), "starts_2": start, "lead_2": "Opérateur AGIR"})
    words = text_of(browser.get(f"/menages/{family}/situation"))
    assert "Chef de file : Opérateur AGIR" in words
    assert "dispositif du dossier" in words
    assert "Deux accompagnements" not in words
    browser.submit(browser.get(address), {"scheme_3": str(mobility), "starts_3": start})
    words = text_of(browser.get(f"/menages/{family}/situation"))
    assert "se chevauchent : deux accompagnements suivent ce ménage en même temps" in words
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        told = [Registration(e.dispositif_id, e.starts_on, e.ends_on, e.lead) for e in queries.enrolments(household)]
        ended = [
            r if r.dispositif_id != agir else Registration(agir, r.starts_on, clock.today() - DAY, r.lead) for r in told
        ]
        operations.update_enrolments(identity, household=household, wanted=ended, version=None)
        assert queries.overlaps(queries.enrolments(household), clock.today()) == []
    assert "Inscription" in text_of(browser.get(f"/menages/{family}/historique"))


def test_registrations_that_make_no_sense_are_refused(town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        (first,) = queries.enrolments(household)
        own = Registration(first.dispositif_id, first.starts_on)
        agir, today = scheme("agir"), clock.today()
        for wrong in (
            [Registration(agir, today)],
            [own, Registration(agir, today + DAY)],
            [own, Registration(agir, today, today - DAY)],
            [own, Registration(agir, today - 9 * DAY), Registration(agir, today - 3 * DAY)],
        ):
            with pytest.raises(RuleError):
                operations.update_enrolments(identity, household=household, wanted=wrong, version=None)
        twice = [own, Registration(agir, today - 9 * DAY, today - 5 * DAY), Registration(agir, today - 3 * DAY)]
        operations.update_enrolments(identity, household=household, wanted=twice, version=None)
        assert len(queries.enrolments(household)) == 3


def test_the_file_may_not_lose_its_own_scheme_on_the_page(client: StrictClient, town: Town, family: str) -> None:
    browser = client.as_(town.camille)
    page = browser.get(f"/menages/{family}/situation/inscriptions")
    refused = browser.submit(page, {"scheme_1": ""}, status=422)
    assert "est le dispositif du dossier" in text_of(refused)


def test_resources_are_told_with_or_without_their_amount(
    client: StrictClient, town: Town, family: str, file_of: Find
) -> None:
    browser = client.as_(town.camille)
    page = browser.get(f"/menages/{family}/situation/ressources")
    assert "Entre 0 et 99 999 €." in text_of(browser.submit(page, {"rsa_amount": "-3"}, status=422))
    browser.submit(page, {"rsa_amount": "645,50 €", "apl_has": "y"})  # an amount says by itself that there is one
    with town.camille.acting() as identity:
        found = {r.kind: r.amount for r in queries.resources(file_of(identity, family))}
        assert found == {"rsa": Decimal("645.50"), "apl": None}
    words = text_of(browser.get(f"/menages/{family}/situation"))
    assert "montant non donné" in words
    browser.submit(browser.get(f"/menages/{family}/situation/ressources"), {"apl_has": None})
    with town.camille.acting() as identity:
        assert [r.kind for r in queries.resources(file_of(identity, family))] == ["rsa"]
    assert "Aide au logement" in text_of(browser.get(f"/menages/{family}/historique"))


def test_resources_never_tell_an_illness_or_a_handicap(client: StrictClient, town: Town, family: str) -> None:
    words = text_of(client.as_(town.camille).get(f"/menages/{family}/situation/ressources"))
    for revealing in ("AAH", "adulte handicapé", "indemnités journalières", "invalidité"):
        assert revealing not in words


def test_the_right_to_housing_and_the_diet_are_told(client: StrictClient, town: Town, family: str) -> None:
    browser = client.as_(town.camille)
    browser.submit(
        browser.get(f"/menages/{family}/situation/modifier"),
        {"housing_right": "dalo", "housing_right_on": "2026-03-04"},
    )
    assert "Reconnu prioritaire DALO" in text_of(browser.get(f"/menages/{family}/situation"))
    browser.submit(browser.get(f"/menages/{family}/projet/modifier"), {"diet": ["vegetarien", "sans_porc"]})
    assert "Végétarien, sans porc" in text_of(browser.get(f"/menages/{family}/projet"))
    assert "Régime alimentaire : Végétarien, Sans porc" in text_of(browser.get(f"/menages/{family}/historique"))


def test_the_job_aimed_at_is_told_in_words_with_its_rome_code(client: StrictClient, town: Town, family: str) -> None:
    browser = client.as_(town.camille)
    with town.camille.acting():
        laila = db.scalars(select(Member.public_id).where(Member.first_name == "Laila")).one()
    address = f"/menages/{family}/composition/{laila}/modifier"
    for wrong in ("Z2204", "K220", "22040"):
        refused = browser.submit(browser.get(address), {"rome_code": wrong}, status=422)
        assert "n’est pas un code ROME" in text_of(refused)
    browser.submit(browser.get(address), {"target_job": "Agent d’entretien", "rome_code": " k 2204 "})
    assert "Métier visé : Agent d’entretien (K2204)" in text_of(browser.get(f"/menages/{family}/composition"))
    assert "code rome : K2204" in text_of(browser.get(f"/menages/{family}/historique"))
    with owner_unit(), pytest.raises(IntegrityError):
        db.execute(text("UPDATE members SET rome_code = 'K22' WHERE public_id = :id"), {"id": laila})


def test_the_request_to_the_si_siao_has_its_state_and_its_days(client: StrictClient, town: Town, family: str) -> None:
    browser = client.as_(town.camille)
    page = browser.get(f"/menages/{family}/situation/modifier")
    told = {
        "si_siao_number": "123456",
        "si_siao_state": "a_completer",
        "si_siao_on": "2026-10-02",
        "si_siao_asked_on": "2026-09-20",
    }
    browser.submit(page, told)
    words = text_of(browser.get(f"/menages/{family}/situation"))
    for shown in ("123456", "À compléter", "2 octobre 2026", "20 septembre 2026"):
        assert shown in words
    assert "Demande SI-SIAO : À compléter" in text_of(browser.get(f"/menages/{family}/historique"))
    with owner_unit(), pytest.raises(IntegrityError):
        db.execute(text("UPDATE household_administrative SET si_siao_state = 'perdue'"))
