"""The part of a form where an exact address is typed: its commune, the address, its key in the national base, and a search for it.

Two buttons of the form itself, without JavaScript: « Chercher cette adresse » sends it outside, « Reprendre » copies an answer into the
fields. Neither saves anything.
"""

from __future__ import annotations

import json
from typing import Any

from flask import current_app, request

from odis_app.audit.operations import record_event
from odis_app.core.forms import RESUMED
from odis_app.core.identity import Identity
from odis_app.territories import ban, queries
from odis_app.territories.ban import AddressBaseError, FoundAddress

BUTTON = "adresse-bouton"
SEARCH = "chercher"
SHORTEST = 4
STAYS_HERE = "Ce lieu est tenu secret : son adresse n’est envoyée nulle part. Écrivez-la à la main."
UNCLEAR = "Cette proposition ne convient plus. Cherchez de nouveau, ou écrivez l’adresse à la main."


class AddressSearch:
    """What the block shows of a search: ``message`` or ``found``; of a choice, ``chosen``. ``is_on``: this installation has a service."""

    def __init__(self) -> None:
        self.is_on = bool(_url())
        self.message = ""
        self.found: list[tuple[FoundAddress, str]] = []  # with the value of its button
        self.chosen = ""


def _url() -> str:
    return str(current_app.config["ODIS"].ban_url)


def pressed() -> bool:
    """Whether the form came by one of the two buttons: it is then shown again, and nothing is saved."""
    return BUTTON in request.form and not request.form.get(RESUMED)


def answer(identity: Identity, form: Any, *, secret: bool, record_id: int | None = None) -> AddressSearch:
    """Do what the button asked on ``form`` (fields ``commune``, ``address``, ``ban_id`` when the key is kept). ``secret``: nothing ever leaves.

    A search is written down as an event, without the address.
    """
    asked, block = request.form.get(BUTTON, ""), AddressSearch()
    if asked == SEARCH:
        _search(identity, form, block, secret=secret, record_id=record_id)
    elif asked:
        _choose(form, block, asked)
    return block


def _search(identity: Identity, form: Any, block: AddressSearch, *, secret: bool, record_id: int | None) -> None:
    text = " ".join((form.address.data or "").split())
    if not block.is_on:
        return
    if secret:
        block.message = STAYS_HERE
        return
    if len(text) < SHORTEST:
        block.message = "Écrivez d’abord un numéro et une rue, par exemple « 12 rue des Lilas »."
        return
    record_event(
        identity, "address:search", record_id=record_id, sensitivity=1,
        summary="Adresse cherchée dans la Base adresse nationale, hors d’OD&IS",
    )  # fmt: skip
    try:
        found = ban.search(_url(), text, insee=form.commune.data or "")
    except AddressBaseError as error:
        block.message = str(error)
        return
    block.found = [(one, _packed(one)) for one in found if queries.current_code(one.insee)]
    if not block.found:
        block.message = (
            "Aucune adresse ne correspond. Vérifiez le numéro, la rue et la commune, ou gardez ce que vous avez écrit."
        )


def _packed(found: FoundAddress) -> str:
    return json.dumps([found.line, found.insee, found.key], ensure_ascii=False)


def _choose(form: Any, block: AddressSearch, asked: str) -> None:
    """Fill the fields with an answer, which the browser gives back and is read as anything typed."""
    try:
        line, insee, key = (str(part) for part in json.loads(asked))
    except (ValueError, TypeError):
        block.message = UNCLEAR
        return
    commune = queries.current_code(insee)
    if commune is None or not line.isprintable() or len(line) > ban.LONGEST or (key and not ban.KEY.fullmatch(key)):
        block.message = UNCLEAR
        return
    form.commune.process_data(commune)
    form.commune.candidates = []
    form.address.data, block.chosen = line, line
    if "ban_id" in form:
        form.ban_id.data = key
