"""How hard a password is to guess, said to who chooses it: advice in French, no rule. What is refused is ``check_new_password``'s alone.

The estimate is zxcvbn's, which knows English words and names, keys in a row, dates; the product's own list adds the French ones.
``static/js/odis.js`` says the same five words while one types, by an estimate of its own: a password leaves with its form alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from wtforms import PasswordField

from odis_app.accounts.operations import SHORTEST_PASSWORD
from odis_app.accounts.operations.breached import common_words, is_common

LEVELS = ("très faible", "faible", "moyen", "bon", "très bon")
READ = 72  # characters that the estimate looks at: more change nothing, and its work grows with their square
GOOD, ADVICE = "Difficile à deviner.", "Ajoutez un ou deux mots sans rapport."
ONE_WORD = re.compile(
    r"[\W\d_]*[^\W\d_]{1,14}[\W\d_]*"
)  # « tournesol2024! »: in whichever language, thieves have its list
_SEEN = {
    "spatial": "des touches qui se suivent",
    "repeat": "une répétition",
    "sequence": "une suite comme « abc » ou « 123 »",
    "regex": "une année",
    "date": "une date",
    "passwords": "un mot de passe courant",
    "surnames": "un nom",
    "male_names": "un prénom",
    "female_names": "un prénom",
}


@dataclass(frozen=True, slots=True)
class Strength:
    """From 0 to 4 (``LEVELS``), and why, in a sentence."""

    score: int
    why: str

    @property
    def label(self) -> str:
        """« moyen »."""
        return LEVELS[self.score]

    @property
    def sentence(self) -> str:
        """« Il est moyen. Ajoutez un ou deux mots sans rapport. »: after « Votre mot de passe est changé. »."""
        return f"Il est {self.label}. {self.why}"


def estimate(password: str) -> Strength:
    """How hard ``password`` is to guess for who does not know its owner."""
    from zxcvbn import zxcvbn  # type: ignore[import-untyped]  # its lists weigh 20 MB: only where a password is chosen

    found = zxcvbn(password[:READ], user_inputs=common_words())
    score = 0 if is_common(password) else int(found["score"])
    if len(password) < SHORTEST_PASSWORD:
        return Strength(min(score, 1), f"Il a moins de {SHORTEST_PASSWORD} caractères.")
    if score > 2 and ONE_WORD.fullmatch(password):
        return Strength(2, f"C’est un seul mot. {ADVICE}")
    if score > 2:
        return Strength(score, GOOD)
    longest = max(found["sequence"], key=lambda match: len(match["token"]))
    kind = longest.get("dictionary_name", longest["pattern"])
    seen = "" if kind == "bruteforce" else _SEEN.get(kind, "un mot courant")
    return Strength(score, f"On y reconnaît {seen}. {ADVICE}" if seen else ADVICE)


class ChosenPasswordField(PasswordField):  # type: ignore[misc]  # WTForms has no types
    """A password that somebody chooses: the answer to its form says how strong it is."""

    @property
    def strength(self) -> Strength | None:
        """Of what was sent; None while nothing was."""
        return estimate(self.data) if self.data else None
