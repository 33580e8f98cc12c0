"""The words of the product, and how each département says them: a closed list, so that a word never means two things."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from odis_app.core.db import db
from odis_app.core.formats import NBSP
from odis_app.core.identity import Identity
from odis_app.organisations.models import Dispositif, TerritoryWord

LONGEST_WORD = 60
MEANINGS = {
    "menage": ("Ménage", "Une personne seule, un couple ou une famille qui cherche un logement stable."),
    "referent": ("Personne référente", "Qui suit le dossier d’un ménage dans son organisation."),
    "hebergeur": ("Hébergeur", "Une personne, une commune ou une entreprise qui propose un logement."),
    "offre": ("Offre", "Ce que propose un hébergeur, à qualifier avant toute proposition à un ménage."),
    "qualification": ("Qualification", "L’appel, la visite à deux, les garde-fous et la décision sur une offre."),
    "structure": ("Structure", "Un centre, une résidence ou un hôtel, tenu par un opérateur."),
    "place": ("Place", "Un logement ou une chambre qu’un ménage occupe seul."),
    "orientation": ("Orientation", "La proposition d’une place à un ménage, que les deux côtés acceptent ou non."),
    "hebergement": ("Hébergement", "Le séjour d’un ménage dans une place, de l’entrée à la sortie."),
    "passation": ("Passation", "Le dossier d’un ménage qui change d’organisation."),
    "bilan": ("Bilan", "Un document daté, en PDF, avec ses chiffres en tableur."),
}
SCHEME = "Dispositif"


@dataclass(frozen=True, slots=True)
class Term:
    """One word that a département may say its own way; ``meaning`` is empty for the name of a dispositif."""

    key: str
    label: str
    meaning: str = ""

    @property
    def field(self) -> str:
        """Its field in a form."""
        return f"mot_{self.key.replace(':', '_')}"


def scheme_term(code: str) -> str:
    """The key of a dispositif's name."""
    return f"dispositif:{code}"


def terms() -> list[Term]:
    """The closed list: the words of the product, then the names of the dispositifs."""
    schemes = db.execute(select(Dispositif).order_by(Dispositif.position)).scalars()
    told = [Term(key, label, meaning) for key, (label, meaning) in MEANINGS.items()]
    return told + [Term(scheme_term(scheme.code), scheme.label) for scheme in schemes]


def words_of(department_code: str) -> dict[str, str]:
    """Term → word, for what a département says its own way."""
    statement = select(TerritoryWord.term, TerritoryWord.label).where(TerritoryWord.department_code == department_code)
    return {row.term: row.label for row in db.execute(statement)}


def local_words(who: Identity) -> dict[str, list[tuple[str, str]]]:
    """Term → (département, word), for the départements where somebody works."""
    statement = select(TerritoryWord).where(TerritoryWord.department_code.in_(who.departments))
    found: dict[str, list[tuple[str, str]]] = {}
    for word in db.execute(statement.order_by(TerritoryWord.department_code)).scalars():
        found.setdefault(word.term, []).append((word.department_code, word.label))
    return found


def sentence(key: str, said: list[tuple[str, str]]) -> str:
    """« Ici, « offre » se dit « accueil ». »; each département is named when they differ."""
    meant = MEANINGS[key][0].lower() if key in MEANINGS else SCHEME.lower()
    different = {word for _department, word in said}
    if len(different) == 1:
        return f"Ici, {_quoted(meant)} se dit {_quoted(said[0][1])}."
    told = ", ".join(f"{_quoted(word)} ({department})" for department, word in said)
    return f"{_quoted(meant.capitalize())} se dit {told}."


def _quoted(word: str) -> str:
    return f"«{NBSP}{word}{NBSP}»"  # a quotation mark never stays alone at the end of a line
