"""Départements and communes as people write them."""

from __future__ import annotations

import re

from rapidfuzz import fuzz, process

from odis_app.core.text import fold
from odis_app.exchange.cells import Cell, cell_text, is_blank

from .base import CellError, CellWarning, Context, quote
from .numbers import pieces, several

_CODE = re.compile(r"(?:d(?:e?pt|epartement|ep)?\s*\.?\s*)?\(?(0?\d{1,2}|2[abAB]|9[78]\d)\)?", re.IGNORECASE)
_NAME_CODE = re.compile(r"(.+?)\s*[-–(,]?\s*\(?\b(\d{1,3}|2[abAB])\)?\s*")
_CODE_NAME = re.compile(r"\(?(\d{1,3}|2[abAB])\)?\s*[-–:,.]?\s*(\D.+)")
_SAINT = re.compile(r"\b(st|ste|sts|stes)\b\.?", re.IGNORECASE)
_SAINTS = {"st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes"}
_FAR_LARGER = 10  # among homonyms, a town ten times larger than the next is meant by who writes no département
_POSTAL = re.compile(r"(?<!\d)(\d{5}|2[abAB]\d{3}|\d{2}\s\d{3})(?!\d)")


def departement(cell: Cell, context: Context) -> object:
    """A département's code as text (« 01 », « 2A », « 974 ») from its number, its name or both."""
    if is_blank(cell):
        return None
    text = cell_text(cell)
    if isinstance(cell, bool) or not isinstance(cell, (str, int, float)):
        return CellError(f"{quote(cell)} n’est pas un département. Écrivez par exemple 44 ou Loire-Atlantique.")
    if found := _CODE.fullmatch(text):
        return _by_code(found[1], cell, context)
    names = context.departement_codes
    if fold(text) in names:
        return names[fold(text)]
    for pattern, code_group, name_group in ((_NAME_CODE, 2, 1), (_CODE_NAME, 1, 2)):
        found = pattern.fullmatch(text)
        if found:
            by_code = _by_code(found[code_group], cell, context)
            by_name = names.get(fold(found[name_group]))
            if by_name and by_name == by_code:
                return by_code
            if by_name and not isinstance(by_code, CellError):
                return CellError(f"{quote(cell)} : le numéro et le nom ne désignent pas le même département.")
    return _suggest_departement(cell, names, context)


def _by_code(text: str, cell: Cell, context: Context) -> object:
    code = text.upper().zfill(2) if len(text) < 3 else text.upper().removeprefix("0")
    if code == "20":
        return CellError("« 20 » : écrivez 2A (Corse-du-Sud) ou 2B (Haute-Corse).")
    if code in context.departements:
        return code
    return CellError(f"{quote(cell)} n’est pas un numéro de département.")


def _suggest_departement(cell: Cell, names: dict[str, str], context: Context) -> object:
    near = process.extractOne(fold(cell_text(cell)), names.keys(), scorer=fuzz.ratio, score_cutoff=75)
    if near:
        code = names[near[0]]
        return CellError(f"{quote(cell)} n’est pas reconnu. Vouliez-vous dire {context.departements[code]} ({code}) ?")
    return CellError(f"{quote(cell)} n’est pas un département. Écrivez par exemple 44 ou Loire-Atlantique.")


_several_departements = several(departement, most=101)


def departements(cell: Cell, context: Context) -> object:
    """A list of département codes: « 44, 49 et 53 », « 44-49-53 », « Sarthe / Mayenne », 44.49 (a comma read as decimal)."""
    if isinstance(cell, str) and re.fullmatch(r"\s*\d{1,3}(?:\s*[-\s.]\s*\d{1,3})+\s*", cell):
        cell = re.sub(r"[-\s.]+", ",", cell.strip())
    elif isinstance(cell, float) and abs(cell) < 1e9:
        cell = ",".join(pieces(cell))
    return _several_departements(cell, context)


def commune(
    cell: Cell, context: Context, postal_key: str = "postal_code", departement_key: str = "departement"
) -> object:
    """A commune's INSEE code from its name, alone or with its postal code or its département (« 44000 Nantes », « Nantes (44) »).

    The row's own postal code and département columns tell homonyms apart.
    """
    if is_blank(cell):
        return None
    text = cell_text(cell)
    found = _POSTAL.search(text)
    hint = re.sub(r"\s", "", found[1]).upper() if found else ""
    name = (text[: found.start()] + " " + text[found.end() :]) if found else text
    name = re.sub(r"\bcedex\b.*|\bfrance\b\s*$", " ", name, flags=re.IGNORECASE)
    if bracket := re.search(r"[(,]\s*([^(),]+?)\s*\)?\s*$", name):
        code = departement(bracket[1], context)
        name = (
            name[: bracket.start()]
            if not isinstance(code, (CellError, CellWarning)) or name[bracket.start()] == "("
            else name
        )
        hint = hint or (code if isinstance(code, str) else "")
    name = _SAINT.sub(lambda match: _SAINTS[match[1].lower()], name).strip(" -,.()")
    if not hint:
        hint = _hint_of_siblings(context, postal_key, departement_key)
    return _resolve(name, hint, cell, context)


def _hint_of_siblings(context: Context, postal_key: str, departement_key: str) -> str:
    postal = re.sub(r"\s", "", cell_text(context.siblings.get(postal_key)))
    if re.fullmatch(r"[0-9]{4,5}", postal):
        return postal.zfill(5)
    code = departement(context.siblings.get(departement_key), context)
    return code if isinstance(code, str) else ""


def _resolve(name: str, hint: str, cell: Cell, context: Context) -> object:
    matches = context.find_communes(name or hint, hint)
    exact = [match for match in matches if match.exact]
    if len(exact) > 1:
        wished = departements(context.siblings.get("departements"), context)
        exact = [match for match in exact if isinstance(wished, list) and match.departement in wished] or exact
    if len(exact) == 1:
        return exact[0].code
    if exact:
        first, second = sorted(exact, key=lambda match: -match.population)[:2]
        if first.population > _FAR_LARGER * second.population:
            return CellWarning(first.code, f"{quote(cell)} est lu {first.name} ({first.departement}) : vérifiez.")
        listed = ", ".join(f"{match.name} ({match.departement})" for match in exact[:4])
        return CellError(
            f"{quote(cell)} : plusieurs communes possibles, {listed}. Ajoutez le code postal ou le département."
        )
    if matches:
        return CellError(
            f"{quote(cell)} n’est pas reconnu. Vouliez-vous dire {matches[0].name} ({matches[0].departement}) ?"
        )
    return CellError(f"{quote(cell)} n’est pas une commune connue. Écrivez son nom et son code postal.")
