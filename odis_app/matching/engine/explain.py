"""Why, in French: the score criterion by criterion, the exclusions by rule, the concession."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from odis_app.matching.engine.codes import Code
from odis_app.matching.engine.facts import Household, Offer, bedrooms_needed
from odis_app.matching.engine.policy import Criterion, Policy
from odis_app.matching.engine.score import days_available

SAFETY_SENTENCE: Final = "Contrainte de sécurité"
"""All that a reader without the right on class 3 learns of a safety code."""

NEARLY_FULL: Final = 0.75
"""Under this share of the capacity, the summary says that the place is larger than needed."""

_ORDINALS: Final = ("premier", "deuxième", "troisième", "quatrième", "cinquième", "sixième", "septième", "huitième")
_FEMININE: Final = frozenset({Criterion.LOCATION, Criterion.SIZE, Criterion.LANGUAGE, Criterion.DURATION})

_CONCESSIONS: Final = {
    Code.H02: "Décaler l’entrée ou accepter une durée plus courte",
    Code.H05: "Accepter moins de chambres",
    Code.H06: "Accepter un logement moins accessible",
    Code.H09: "Venir sans les animaux",
    Code.H10: "Accepter d’autres habitudes de tabac",
    Code.H13: "Accepter un département hors des vœux",
    Code.H14: "Accepter un loyer plus élevé",
}
_TO_CHECK: Final = {
    Code.H07: "Distance au soin indispensable inconnue : à vérifier avant de proposer",
    Code.H18: "Distance à l’école indispensable inconnue : à vérifier avant de proposer",
}


@dataclass(frozen=True, kw_only=True)
class Labels:
    """French names of départements, employment areas and languages; a code without a name is shown as it is."""

    departments: Mapping[str, str] = field(default_factory=dict)
    employment_areas: Mapping[str, str] = field(default_factory=dict)
    languages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One criterion: the fact, the agreement in [0, 1] (None: unknown) and the points out of `weight`."""

    criterion: Criterion
    fact: str
    agreement: float | None
    weight: float

    @property
    def points(self) -> float:
        """Points brought to the score; 0 when the criterion is left out."""
        return self.weight * (self.agreement or 0.0)

    @property
    def agreement_text(self) -> str:
        """« 83 % », or « inconnu »."""
        return "inconnu" if self.agreement is None else f"{_number(100 * self.agreement, 0)}\u00a0%"

    @property
    def points_text(self) -> str:
        """« 16,7 / 20 », or « hors calcul »."""
        if self.agreement is None:
            return "hors calcul"
        return f"{_number(self.points, 1)}\u00a0/\u00a0{_weight(self.weight)}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """The lines of a pair in the order of the criteria, and one sentence."""

    lines: tuple[Line, ...]
    summary: str

    @property
    def points(self) -> float:
        """Points over the known criteria; the score is their share of `possible`."""
        return sum(line.points for line in self.lines)

    @property
    def possible(self) -> float:
        """Weight of the known criteria."""
        return sum(line.weight for line in self.lines if line.agreement is not None)

    @property
    def total_text(self) -> str:
        """« 62,7 points sur 86 possibles »."""
        return f"{_number(self.points, 1)} points sur {_weight(self.possible)} possibles"


def explain(
    household: Household, offer: Offer, criteria: Mapping[Criterion, float], policy: Policy, labels: Labels
) -> Explanation:
    """Explain a pair from its criteria as `shortlist` gives them: unknown ones absent."""
    facts = {
        Criterion.LOCATION: _location,
        Criterion.SIZE: _size,
        Criterion.EMPLOYMENT_AREA: _employment_area,
        Criterion.LANGUAGE: _language,
        Criterion.DURATION: _duration,
        Criterion.LIFESTYLE: _lifestyle,
    }
    lines = tuple(
        Line(
            criterion,
            facts[criterion](household, offer, labels) if criterion in criteria else _unknown(criterion),
            criteria.get(criterion),
            policy.weights[criterion],
        )
        for criterion in Criterion
    )
    return Explanation(lines, _summary(household, offer, criteria, labels))


def exclusion_sentence(code: Code, *, reads_class_3: bool, household: Household | None = None) -> str:
    """Why a candidate is excluded, with the household's figures when it is given.

    A safety code says nothing more than `SAFETY_SENTENCE` to a reader without the right on class 3.
    """
    if code.is_safety and not reads_class_3:
        return SAFETY_SENTENCE
    if household is not None:
        if code is Code.H04:
            return f"Trop petit pour {_count(household.size, 'personne')}"
        if code is Code.H05:
            return f"Moins de {_count(bedrooms_needed(household), 'chambre')}"
        if code is Code.H06:
            return _accessibility(household)
    return code.sentence


def counts_by_sentence(counts: Mapping[Code, int], *, reads_class_3: bool, household: Household) -> dict[str, int]:
    """Counts by sentence, in the order of the codes. For counts where each candidate is under one code only.

    Without the right on class 3 the safety codes are one line, whose place is always the last.
    """
    shown: dict[str, int] = {}
    for code in sorted(counts, key=lambda code: (code.is_safety and not reads_class_3, list(Code).index(code))):
        sentence = exclusion_sentence(code, reads_class_3=reads_class_3, household=household)
        shown[sentence] = shown.get(sentence, 0) + counts[code]
    return shown


def concession_sentence(code: Code, opens: int) -> str:
    """« Accepter un département hors des vœux ouvrirait 9 offres de plus. » Raises KeyError on any other code."""
    return f"{_CONCESSIONS[code]} ouvrirait {_count(opens, 'offre')} de plus."


def to_check_sentence(code: Code) -> str:
    """What has to be verified before proposing. Raises KeyError on a code that is never uncertain."""
    return _TO_CHECK[code]


def _location(household: Household, offer: Offer, labels: Labels) -> str:
    department = offer.department or ""
    name = labels.departments.get(department, department) or "Département inconnu"
    return f"{name}, {_wish(household, offer)}"


def _wish(household: Household, offer: Offer) -> str:
    """« premier vœu », « hors des vœux » or « aucun vœu exprimé »."""
    wishes = list(household.departments)
    if not wishes:
        return "aucun vœu exprimé"
    if offer.department not in wishes:
        return "hors des vœux"
    rank = wishes.index(offer.department)
    return f"{_ORDINALS[rank]} vœu" if rank < len(_ORDINALS) else f"{rank + 1}ᵉ vœu"


def _size(household: Household, offer: Offer, _labels: Labels) -> str:
    return f"{_count(household.size, 'personne')} pour {_count(offer.capacity, 'place')}"


def _employment_area(household: Household, offer: Offer, labels: Labels) -> str:
    found = labels.employment_areas.get(offer.employment_area or "", offer.employment_area or "")
    wanted = labels.employment_areas.get(household.employment_area or "", household.employment_area or "")
    same = household.employment_area == offer.employment_area
    return f"{found}, comme souhaité" if same else f"{found}, souhait {wanted}"


def _language(household: Household, offer: Offer, labels: Labels) -> str:
    shared = _shared_languages(household, offer, labels)
    return f"{', '.join(shared)} en commun" if shared else "aucune langue commune"


def _shared_languages(household: Household, offer: Offer, labels: Labels) -> list[str]:
    """Names of the languages in common, in the household's order, each once."""
    shared = [language for language in dict.fromkeys(household.languages) if language in set(offer.languages)]
    return [labels.languages.get(language, language) for language in shared]


def _duration(household: Household, offer: Offer, _labels: Labels) -> str:
    asked = household.min_days or 0
    wanted = f"{asked} demandé{'s' if asked > 1 else ''}"
    days = _days(household, offer)
    return "sans date de fin" if days is None else f"{_count(days, 'jour')} pour {wanted}"


def _days(household: Household, offer: Offer) -> int | None:
    """Days available from the entry to the end, both included; None when there is no end."""
    if offer.available_to is None:
        return None
    start = max(offer.available_from or household.need_from, household.need_from)
    return max(0, days_available(start.toordinal(), offer.available_to.toordinal()))


def _lifestyle(household: Household, offer: Offer, _labels: Labels) -> str:
    smoke = "tabac permis" if offer.smoking_allowed else "tabac non permis"
    if household.animals:
        return f"{smoke}, animaux acceptés" if offer.accepts_animals else f"{smoke}, animaux non acceptés"
    return f"{smoke}, animaux présents" if offer.animals_present else f"{smoke}, aucun animal"


def _summary(household: Household, offer: Offer, criteria: Mapping[Criterion, float], labels: Labels) -> str:
    """One sentence: wish, size, employment area, language, then the duration when it is short."""
    parts = [_wish(household, offer) if Criterion.LOCATION in criteria else "département inconnu"]
    fit = criteria.get(Criterion.SIZE, 0.0)
    if fit == 1:
        parts.append("taille exacte")
    elif Criterion.SIZE in criteria:
        parts.append("plus grand que nécessaire" if fit < NEARLY_FULL else "taille proche")
    if Criterion.EMPLOYMENT_AREA in criteria:
        parts.append("même bassin d’emploi" if criteria[Criterion.EMPLOYMENT_AREA] else "autre bassin d’emploi")
    if Criterion.LANGUAGE in criteria:
        shared = _shared_languages(household, offer, labels)
        parts.append(f"{shared[0]} parlé" if shared else "aucune langue commune")
    else:
        parts.append("langues non renseignées")
    if criteria.get(Criterion.DURATION, 1.0) < 1:
        parts.append(f"durée courte ({_count(_days(household, offer) or 0, 'jour')})")
    sentence = ", ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _accessibility(household: Household) -> str:
    """H06 in the words of the need."""
    if household.wheelchair:
        return "Non accessible en fauteuil roulant"
    return "Ni rez-de-chaussée ni ascenseur"


def _unknown(criterion: Criterion) -> str:
    ending = "e" if criterion in _FEMININE else ""
    return f"inconnu{ending}, laissé{ending} hors du calcul"


def _count(number: int, noun: str) -> str:
    """« 1 place », « 6 places »."""
    return f"{number} {noun}{'s' if number > 1 else ''}"


def _number(value: float, decimals: int) -> str:
    """A number with a decimal comma."""
    return f"{value:.{decimals}f}".replace(".", ",")


def _weight(value: float) -> str:
    """A weight without useless decimals."""
    return _number(value, 0) if float(value).is_integer() else _number(value, 1)
