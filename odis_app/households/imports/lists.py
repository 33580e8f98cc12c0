"""Cells that hold several things, each with its own words: languages and how they are spoken, resources and amounts, registrations and days."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from odis_app.core.text import fold
from odis_app.exchange.cells import Cell, cell_text, is_blank
from odis_app.exchange.kinds import Values
from odis_app.exchange.values import CellError, CellWarning, Context, choice, day, money
from odis_app.exchange.values.base import quote
from odis_app.households.enums import Language, ResourceKind
from odis_app.households.imports.cells import SCHEMES, language, scheme
from odis_app.households.operations.languages import Spoken

# The longest first: « lu seulement » before « lu ». A word of level in a cell of languages is never the name of a language.
_SPOKEN = {
    "maternelle": "langue maternelle, maternelle, natif, native, langue mere",
    "courant": "couramment, courant, bilingue, tres bien, bien, fluide, b2, c1, c2",
    "moyen": "se debrouille, intermediaire, assez bien, moyen, moyenne, correct, a2, b1",
    "notions": "quelques mots, quelques notions, notions, notion, un peu, debutant, debutante, faible, a1",
}
_WRITTEN = {
    "non": "ni lu ni ecrit, ne lit pas, pas lu, non lu, non ecrit, oral seulement, a l oral, oral",
    "lit_ecrit": "lu et ecrit, lit et ecrit, lu ecrit, lit ecrit, lu parle ecrit, ecrit",
    "lit": "lu seulement, lu, lit",
}
_RESOURCE_WORDS = {
    "allocation demandeur d’asile": "ada", "salaires": "salaire", "emploi": "salaire", "paie": "salaire", "chômage": "are", "France Travail": "are", "pôle emploi": "are",
    "CAF": "prestations_familiales", "allocations familiales": "prestations_familiales", "AF": "prestations_familiales", "PF": "prestations_familiales", "AL": "apl",
    "APL": "apl", "ALS": "apl", "ALF": "apl", "pension de retraite": "retraite", "prime": "prime_activite", "bourse": "bourse", "stage": "bourse", "autre": "autre",
}  # fmt: skip
_CARE = re.compile(r"\b(?:aah|aeeh|invalidite|indemnites? journalieres?|ij|handicap\w*|maladie|pch)\b")
_NO_RESOURCE = {"aucune", "aucun", "sans", "sans ressource", "sans ressources", "pas de ressources", "0"}
_OUTSIDE = r"(?![^(]*\))"  # not between brackets
_TONGUES = re.compile(rf"(?:[,;/|\n+&]|\bet\b){_OUTSIDE}", re.IGNORECASE)
_SUMS = re.compile(rf"(?:[;|\n+&]|,(?!\d)|/(?!\s*(?:mois|m\b))|\bet\b){_OUTSIDE}", re.IGNORECASE)
_STAYS = re.compile(rf"[;|\n+]{_OUTSIDE}")
_AMOUNT = re.compile(r"^(?P<kind>[^\d]*?)[\s:=(]*(?P<sum>\d[\d\s.,]*(?:€|euros?|eur)?[^()]*)\)?$", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}")
_LEAD = re.compile(r"\(([^)]*)\)")
_LINKING = re.compile(
    r"\b(?:depuis|inscrits?|inscrites?|dès|à partir|jusqu['’]?|du|au|le|de)\b['’]?(?=\s|:|$)|[:,–-]\s*$", re.IGNORECASE
)

_resource = choice(dict(ResourceKind.choices()), _RESOURCE_WORDS)
_money, _day = money(99_999), day(2000)


def _phrases(words: dict[str, str]) -> list[tuple[str, str]]:
    listed = [(phrase, code) for code, phrases in words.items() for phrase in phrases.split(", ")]
    return sorted(listed, key=lambda one: -len(one[0]))


_SPOKEN_PHRASES, _WRITTEN_PHRASES = _phrases(_SPOKEN), _phrases(_WRITTEN)


def languages(cell: Cell, context: Context) -> object:
    """Codes of ``Language``, ``[code, spoken, written]`` where the level is told, and as written the languages that the list does not have."""
    found: list[object] = []
    unknown: list[str] = []
    levels: list[str] = []
    for piece in _pieces(cell, _TONGUES):
        code, spoken, written, rest = _tongue(piece, context)
        if not code:
            unknown.append(piece)
        if code and (rest or (written and not spoken) or (code == Language.FR.value and spoken)):
            levels.append(piece)
        told = [code, spoken, written] if code and spoken and code != Language.FR.value else code or piece
        known = next((n for n, one in enumerate(found) if _name(one) == _name(told)), None)
        if known is None:
            found.append(told)
        elif isinstance(told, list):
            found[known] = told
    said = [f"{', '.join(unknown)} : hors de la liste des langues, gardé avec le projet de vie."] if unknown else []
    if levels:
        said.append(
            f"{', '.join(levels)} : le niveau n’est pas repris. Dites comment la langue est parlée : « maternelle », « courant », « se débrouille » ou « notions » ; "
            "le français a sa colonne « Niveau de français »."
        )
    return CellWarning(found, " ".join(said)) if said else found or None


def _tongue(piece: str, context: Context) -> tuple[str, str, str, str]:
    """(code, spoken, written, words that are no level) of « arabe (courant, lu et écrit) », « anglais : notions », « dari »."""
    name, bracket, inside = piece.replace("–", "-").partition("(")
    if not bracket:
        name, bracket, inside = _split_level(piece)
    rest = fold(inside)
    found = []
    for phrases in (_WRITTEN_PHRASES, _SPOKEN_PHRASES):
        hit = next(((p, code) for p, code in phrases if re.search(rf"\b{p}\b", rest)), None)
        found.append(hit[1] if hit else "")
        rest = " ".join(re.sub(rf"\b{hit[0]}\b", " ", rest).split()) if hit else rest
    value = language(name.strip(" :-"), context)
    value = value.value if isinstance(value, CellWarning) else value
    return (value if isinstance(value, str) else ""), found[1], found[0], rest


def _split_level(piece: str) -> tuple[str, str, str]:
    """« anglais : notions », « arabe courant », « peul langue maternelle »: the name, then the level."""
    name, mark, inside = piece.partition(":")
    if mark:
        return name, mark, inside
    words = piece.replace("-", " ").split()
    for cut in range(1, len(words)):
        tail = fold(" ".join(words[cut:]))
        if any(tail == phrase for phrase, _code in [*_SPOKEN_PHRASES, *_WRITTEN_PHRASES]):
            return " ".join(words[:cut]), " ", tail
    return piece, "", ""


def _name(told: object) -> str:
    return str(told[0]) if isinstance(told, list) else str(told)


_CODES = {language.value for language in Language}


def languages_of(values: Values) -> list[str]:
    """The languages of a line that one may talk in: a few words are none."""
    told = _listed(values["languages"])
    return [_name(one) for one in told if _name(one) in _CODES and not (isinstance(one, list) and one[1] == "notions")]


def unlisted_of(values: Values) -> list[str]:
    """The languages of a line that the list does not have."""
    return [one for one in _listed(values["languages"]) if isinstance(one, str) and one not in _CODES]


def spoken_of(values: Values) -> tuple[Spoken, ...]:
    """The languages of a line whose level is told: those of its person."""
    return tuple(
        Spoken(one[0], one[1], one[2] or None) for one in _listed(values["languages"]) if isinstance(one, list)
    )


def resources(cell: Cell, context: Context) -> object:
    """[[code of ``ResourceKind``, euros a month or None], …]: « RSA 635, prestations familiales 140,50 € »."""
    if fold(cell_text(cell)) in _NO_RESOURCE:
        return None
    found: dict[str, Decimal | None] = {}
    care: list[str] = []
    for piece in _pieces(cell, _SUMS):
        if _CARE.search(fold(piece)):
            care.append(piece)
            continue
        parts = _AMOUNT.match(piece)
        kind = _resource(parts["kind"].strip() or "autre" if parts else piece, context)
        amount = _money(parts["sum"].strip(), context) if parts else None
        for read in (kind, amount):
            if isinstance(read, CellError):
                return read
        code = str(kind.value if isinstance(kind, CellWarning) else kind)
        if code in found:
            return CellError(
                f"{quote(cell, 60)} : « {ResourceKind.label_of(code)} » est écrit deux fois. Gardez un seul montant."
            )
        found[code] = amount if isinstance(amount, Decimal) else None
    told = [[code, amount] for code, amount in found.items()]
    if care:
        return CellWarning(told or None, "cette ressource touche à la santé : elle n’est pas reprise.")
    return told or None


def resources_of(values: Values) -> dict[str, Decimal | None]:
    """{kind: euros a month, or None}; the column of the amount completes the only resource told without one."""
    found: dict[str, Decimal | None] = dict(_listed(values["resources"]))
    amount = values["resources_amount"]
    if isinstance(amount, Decimal):
        bare = [code for code, known in found.items() if known is None]
        found[bare[0] if bare else ResourceKind.AUTRE.value] = amount
    return found


def check_amount(values: Values) -> str:
    """Why the column of the amount says nothing of a resource; empty when it does."""
    told, amount = _listed(values["resources"]), values["resources_amount"]
    bare = [code for code, known in told if known is None]
    if amount is None or not told or len(bare) == 1:
        return ""
    if bare:
        return "plusieurs ressources et un seul montant : écrivez chaque montant dans la case des ressources, par exemple « RSA 635, salaire 400 »."
    return "chaque ressource a déjà son montant : videz cette case, ou celle des ressources."


def registrations(cell: Cell, context: Context) -> object:
    """[[code of the scheme, first day, last day or None, lead], …]: « AGIR depuis le 01/03/2026 (France Horizon) »."""
    found: list[list[object]] = []
    for piece in _pieces(cell, _STAYS):
        read = _registration(piece, context)
        if isinstance(read, CellError):
            return read
        if read not in found:
            found.append(read)
    for position, one in enumerate(found):
        if any(one[0] == other[0] and _meet(one, other) for other in found[position + 1 :]):
            return CellError(
                f"{quote(cell, 60)} : « {SCHEMES[str(one[0])]} » est écrit deux fois aux mêmes dates. Gardez-en une."
            )
    return found or None


def _registration(piece: str, context: Context) -> list[object] | CellError:
    leads = [words.strip() for words in _LEAD.findall(piece) if not _DAY.search(words)]
    bare = re.sub(r"[()]", " ", piece)
    for words in leads:
        bare = bare.replace(words, " ", 1)
    days = [_day(text, context) for text in _DAY.findall(bare)]
    name = _LINKING.sub(" ", _DAY.sub(" ", bare)).strip(" ,:-–'’à")
    code = scheme(name, context)
    if isinstance(code, CellWarning):
        code = code.value
    for read in (code, *days):
        if isinstance(read, CellError):
            return read
    if code is None or not days:
        return CellError(
            f"{quote(piece, 60)} : écrivez le dispositif et le jour de l’inscription, par exemple « AGIR depuis le 01/03/2026 »."
        )
    if len(days) > 2:
        return CellError(f"{quote(piece, 60)} a {len(days)} dates : deux au plus, le début et la fin.")
    first, last = days[0], days[1] if len(days) > 1 else None
    if not isinstance(first, date) or not (last is None or isinstance(last, date)):
        return CellError(f"{quote(piece, 60)} : écrivez des jours entiers, par exemple 01/03/2026.")
    if first > context.today:
        return CellError(
            f"{quote(piece, 60)} commence dans l’avenir : une inscription commence aujourd’hui au plus tard."
        )
    if last is not None and last < first:
        return CellError(f"{quote(piece, 60)} finit avant de commencer : corrigez l’une des deux dates.")
    return [str(code), first, last, " ".join(leads)[:120]]


def registrations_of(values: Values) -> list[tuple[str, date, date | None, str]]:
    """(code of the scheme, first day, last day, lead) of each."""
    return [(code, first, last, lead) for code, first, last, lead in _listed(values["enrolments"])]


def own_scheme_told(values: Values, own: str, today: date) -> bool:
    """Whether a cell of other registrations says again the file's own, which begins ``today``."""
    return any(
        code == own and (last is None or last >= today) for code, _first, last, _lead in registrations_of(values)
    )


def _meet(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return bool(one[1] <= (other[2] or date.max) and other[1] <= (one[2] or date.max))


def _pieces(cell: Cell, separators: re.Pattern[str]) -> Iterator[str]:
    """The parts of a cell, as they are written, without the blank ones."""
    text = cell if isinstance(cell, str) else cell_text(cell)
    for part in separators.split(text):
        piece = cell_text(part)
        if piece and not is_blank(piece):
            yield piece


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
