"""A client of the national address base: the GeoJSON search that addok and the State's geocoder answer.

An exact address is of class 3 and leaves the installation here, and only here: who calls asked for it by a button. Neither the address
nor the answer is written anywhere. One call, direct (no proxy, no redirection): three seconds to connect, three to answer, 64 kB at most.
"""

from __future__ import annotations

import json
import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

log = logging.getLogger(__name__)
SECONDS = 3.0
LARGEST = 64 * 1024  # five answers weigh some 3 kB
LIMIT = 5
LONGEST = 200
BUSY = 429
KINDS = {"housenumber", "street", "locality"}  # a whole municipality is no address
# The address base's own key (INSEE code, street, number, suffixes), or its newer identifier.
KEY = re.compile(r"\d[\dAB]\d{3}_[0-9a-z]{4,6}(?:_\d{5}(?:_[0-9a-z]+)*)?|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_POSTCODE, _INSEE = re.compile(r"\d{5}"), re.compile(r"\d[\dAB]\d{3}")


class AddressBaseError(RuntimeError):
    """The address base does not answer, or not what it should; the message says so to the person, in French."""


@dataclass(frozen=True, slots=True)
class FoundAddress:
    """``street`` « 12 Rue du Conte », ``insee`` as the base has it (an arrondissement's code too), ``key`` empty when it has no usable one."""

    street: str
    postcode: str
    city: str
    insee: str
    key: str

    @property
    def line(self) -> str:
        """« 12 Rue du Conte, 44000 Nantes »."""
        return f"{self.street}, {self.postcode} {self.city}"


def search(url: str, text: str, *, insee: str = "") -> list[FoundAddress]:
    """At most five addresses that ``text`` may mean, best first, within the commune ``insee`` when it is given.

    ``url`` is the address of the search itself (ODIS_BAN_URL). Raises AddressBaseError.
    """
    asked = {"q": text[:LONGEST], "limit": str(LIMIT), "autocomplete": "0"} | ({"citycode": insee} if insee else {})
    try:
        status, body = _ask(url, urlencode(asked))
    except (OSError, HTTPException, ValueError) as error:  # what is said of it holds no address
        log.warning("address base: %s", type(error).__name__)
        raise AddressBaseError(
            "La Base adresse nationale ne répond pas. Écrivez l’adresse à la main : rien de ce qui est saisi n’est perdu."
        ) from None
    if status == BUSY:
        log.warning("address base: too many requests")
        raise AddressBaseError(
            "La Base adresse nationale reçoit trop de demandes. Réessayez dans une minute, ou écrivez l’adresse à la main."
        )
    found = _read(body) if status == 200 else None
    if found is None:
        log.warning("address base: answer %s that cannot be read", status)
        raise AddressBaseError(
            "La Base adresse nationale a répondu autre chose que des adresses. Écrivez l’adresse à la main : rien de ce qui est saisi n’est perdu."
        )
    return found


def _ask(url: str, query: str) -> tuple[int, bytes]:
    """(status, body), or OSError, HTTPException: too slow, too large, cut. A redirection is a status like another."""
    parts = urlsplit(url)
    with _connected(parts.scheme, parts.hostname or "", parts.port) as connection:
        end = time.monotonic() + SECONDS
        connection.request("GET", f"{parts.path or '/'}?{query}", headers={"Accept": "application/json"})
        response = connection.getresponse()
        body = response.read(LARGEST + 1)
        if time.monotonic() >= end:
            raise TimeoutError
        if len(body) > LARGEST:
            raise HTTPException
        return response.status, body


@contextmanager
def _connected(scheme: str, host: str, port: int | None) -> Iterator[HTTPConnection]:
    """A connection that is cut when its time is over, however slowly the other side drips."""
    connection: HTTPConnection = (
        HTTPSConnection(host, port, timeout=SECONDS, context=ssl.create_default_context())
        if scheme == "https"
        else HTTPConnection(host, port, timeout=SECONDS)
    )
    try:
        connection.connect()
        cut = threading.Timer(SECONDS, _shut, [connection.sock])
        cut.daemon = True
        cut.start()
        try:
            yield connection
        finally:
            cut.cancel()
    finally:
        connection.close()


def _shut(link: socket.socket) -> None:
    try:
        link.shutdown(socket.SHUT_RDWR)
    except OSError:  # it ended in between
        return


def _read(body: bytes) -> list[FoundAddress] | None:
    """The addresses of a GeoJSON FeatureCollection, those that cannot be used left out; None when it is no such thing."""
    try:
        features = json.loads(body)["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(features, list):
        return None
    return [found for found in map(_address, features[:LIMIT]) if found is not None]


def _address(feature: Any) -> FoundAddress | None:
    told = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(told, dict) or told.get("type") not in KINDS:
        return None
    street, city = _words(told.get("name")), _words(told.get("city"))
    postcode, insee, key = (str(told.get(name) or "") for name in ("postcode", "citycode", "id"))
    if not (street and city and _POSTCODE.fullmatch(postcode) and _INSEE.fullmatch(insee)):
        return None
    found = FoundAddress(street, postcode, city, insee, key if KEY.fullmatch(key) else "")
    return found if len(found.line) <= LONGEST else None


def _words(value: Any) -> str:
    """One line of printable text, or nothing."""
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return text if text.isprintable() else ""
