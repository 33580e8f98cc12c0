"""Explanations in French, and what a reader without the right on class 3 may learn."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odis_app.matching.engine.codes import CONCESSION_CODES, SAFETY_CODES, UNVERIFIED_CODES, Code
from odis_app.matching.engine.constraints import FROM_COLUMNS, PairFacts
from odis_app.matching.engine.explain import (
    SAFETY_SENTENCE,
    Labels,
    concession_sentence,
    counts_by_sentence,
    exclusion_sentence,
    explain,
    to_check_sentence,
)
from odis_app.matching.engine.facts import Offers
from odis_app.matching.engine.policy import Criterion, Policy
from odis_app.matching.engine.shortlist import shortlist

from .samples import FAMILY, HOME
from .strategies import households, offer_lists

LABELS = Labels(departments={"53": "Mayenne", "44": "Loire-Atlantique"}, languages={"en": "anglais", "fa": "dari"})
POLICY = Policy()


def explained(household, offer):
    """The explanation of a feasible pair, and its score."""
    (pair,) = shortlist(household, Offers.build([offer]), POLICY, FROM_COLUMNS).ranked
    return explain(household, offer, pair.criteria, POLICY, LABELS), pair.score


def lines(household, offer):
    """Fact, agreement and points of each criterion, as read."""
    explanation, _score = explained(household, offer)
    return {line.criterion: (line.fact, line.agreement_text, line.points_text) for line in explanation.lines}


def test_a_perfect_pair_in_one_sentence():
    explanation, _score = explained(FAMILY, HOME)
    assert explanation.summary == "Premier vœu, taille exacte, même bassin d’emploi, anglais parlé."


def test_each_criterion_tells_its_fact_its_agreement_and_its_points():
    """The mock-up's second line, fact by fact."""
    offer = replace(
        HOME, capacity=6, languages=(), employment_area="Château-Gontier", smoking_allowed=True, animals_present=True
    )
    assert lines(FAMILY, offer) == {
        Criterion.LOCATION: ("Mayenne, premier vœu", "100\u00a0%", "34,0\u00a0/\u00a034"),
        Criterion.SIZE: ("5 personnes pour 6 places", "83\u00a0%", "16,7\u00a0/\u00a020"),
        Criterion.EMPLOYMENT_AREA: ("Château-Gontier, souhait Laval", "0\u00a0%", "0,0\u00a0/\u00a016"),
        Criterion.LANGUAGE: ("inconnue, laissée hors du calcul", "inconnu", "hors calcul"),
        Criterion.DURATION: ("sans date de fin", "100\u00a0%", "8,0\u00a0/\u00a08"),
        Criterion.LIFESTYLE: ("tabac permis, animaux présents", "50\u00a0%", "4,0\u00a0/\u00a08"),
    }
    explanation, _score = explained(FAMILY, offer)
    assert explanation.total_text == "62,7 points sur 86 possibles"
    assert explanation.summary == "Premier vœu, taille proche, autre bassin d’emploi, langues non renseignées."


@pytest.mark.parametrize(
    ("household", "offer", "criterion", "fact"),
    [
        ({}, {"department": "44"}, Criterion.LOCATION, "Loire-Atlantique, hors des vœux"),
        ({"departments": ()}, {}, Criterion.LOCATION, "Mayenne, aucun vœu exprimé"),
        ({"departments": ("1", "53")}, {}, Criterion.LOCATION, "Mayenne, deuxième vœu"),
        ({"departments": (*"12345678", "53")}, {}, Criterion.LOCATION, "Mayenne, 9ᵉ vœu"),
        ({}, {"department": "61"}, Criterion.LOCATION, "61, troisième vœu"),
        ({}, {"department": None}, Criterion.LOCATION, "inconnue, laissée hors du calcul"),
        ({}, {"employment_area": None}, Criterion.EMPLOYMENT_AREA, "inconnu, laissé hors du calcul"),
        ({}, {}, Criterion.EMPLOYMENT_AREA, "Laval, comme souhaité"),
        ({"languages": ("fa", "en", "fa")}, {"languages": ("en", "fa")}, Criterion.LANGUAGE, "dari, anglais en commun"),
        ({}, {"languages": ("de",)}, Criterion.LANGUAGE, "aucune langue commune"),
        ({}, {"available_to": date(2027, 3, 10)}, Criterion.DURATION, "100 jours pour 90 demandés"),
        ({"min_days": 1}, {"available_to": date(2026, 12, 2)}, Criterion.DURATION, "2 jours pour 1 demandé"),
        ({"animals": True}, {"accepts_animals": True}, Criterion.LIFESTYLE, "tabac non permis, animaux acceptés"),
    ],
)
def test_facts(household, offer, criterion, fact):
    assert lines(replace(FAMILY, **household), replace(HOME, **offer))[criterion][0] == fact


def test_a_short_stay_in_a_large_home_without_common_language():
    offer = replace(HOME, department="44", capacity=8, languages=("de",), available_to=date(2027, 3, 10))
    explanation, _score = explained(FAMILY, offer)
    assert explanation.summary == (
        "Hors des vœux, plus grand que nécessaire, même bassin d’emploi, aucune langue commune, "
        "durée courte (100 jours)."
    )


@given(households(), offer_lists())
def test_the_points_of_the_lines_make_the_score(household, rows):
    for pair in shortlist(household, Offers.build(rows), POLICY, FROM_COLUMNS).ranked:
        explanation = explain(household, rows[pair.index], pair.criteria, POLICY, LABELS)
        assert 100 * explanation.points / explanation.possible == pytest.approx(pair.score, abs=1e-6)
        assert [line.agreement for line in explanation.lines] == [pair.criteria.get(name) for name in Criterion]


@pytest.mark.parametrize("code", list(Code))
def test_a_safety_code_says_nothing_more_without_class_3(code):
    without = exclusion_sentence(code, reads_class_3=False, household=FAMILY)
    assert (without == SAFETY_SENTENCE) == (code in SAFETY_CODES)
    assert exclusion_sentence(code, reads_class_3=True) == code.sentence


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (Code.H04, "Trop petit pour 5 personnes"),
        (Code.H05, "Moins de 3 chambres"),
        (Code.H06, "Ni rez-de-chaussée ni ascenseur"),
        (Code.H13, "Département hors des vœux, vœu exclusif"),
    ],
)
def test_an_exclusion_carries_the_figures_of_the_household(code, sentence):
    assert exclusion_sentence(code, reads_class_3=False, household=FAMILY) == sentence


def test_an_exclusion_names_the_wheelchair():
    household = replace(FAMILY, wheelchair=True)
    assert (
        exclusion_sentence(Code.H06, reads_class_3=False, household=household) == "Non accessible en fauteuil roulant"
    )


@given(households(), offer_lists(), st.data())
def test_the_shortlist_is_the_same_for_all_and_only_words_differ(household, rows, data):
    safe = np.array(data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))), dtype=bool)
    answer = shortlist(household, Offers.build(rows), POLICY, PairFacts(safety_ok=safe))
    shown = counts_by_sentence(answer.first_counts, reads_class_3=True, household=household)
    hidden = counts_by_sentence(answer.first_counts, reads_class_3=False, household=household)
    assert sum(shown.values()) == sum(hidden.values()) == answer.total - answer.feasible
    renamed = {SAFETY_SENTENCE if text == Code.SAFETY.sentence else text: count for text, count in shown.items()}
    assert renamed == hidden


def test_safety_codes_of_files_are_one_line_without_class_3():
    counts = {Code.H08: 2, Code.H09: 1, Code.H12: 3, Code.H17: 4}
    hidden = counts_by_sentence(counts, reads_class_3=False, household=FAMILY)
    assert list(hidden.items()) == [("Animaux non acceptés", 1), (SAFETY_SENTENCE, 9)]
    assert len(counts_by_sentence(counts, reads_class_3=True, household=FAMILY)) == 4


def test_every_concession_and_every_check_has_its_sentence():
    assert concession_sentence(Code.H13, 9) == "Accepter un département hors des vœux ouvrirait 9 offres de plus."
    assert concession_sentence(Code.H02, 1).endswith(" ouvrirait 1 offre de plus.")
    assert all(concession_sentence(code, 2) for code in CONCESSION_CODES)
    assert all("à vérifier avant de proposer" in to_check_sentence(code) for code in UNVERIFIED_CODES)
    for code in SAFETY_CODES:
        with pytest.raises(KeyError):
            concession_sentence(code, 1)
