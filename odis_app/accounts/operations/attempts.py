"""Tries that are counted: a password, a forgotten password, an access request. Per account, per browser, per network address.

Counters live in PostgreSQL: several web processes share them and a dead Redis empties nothing. They hold keyed fingerprints,
for a day. An address that nobody has counts as any other.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from sqlalchemy import text

from odis_app.core import crypto
from odis_app.core.db import db, unit_of_work
from odis_app.core.errors import RuleError

QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """How many tries during ``during``: of one account from browsers that it does not know, from one that it knows, from one place."""

    code: str
    account: int
    browser: int
    place: int
    during: timedelta = QUARTER


class Kind(Enum):
    """What is tried."""

    PASSWORD = Limit("password", account=5, browser=10, place=30)
    CODE = Limit("code", account=5, browser=10, place=30)
    RESET = Limit("reset", account=30, browser=30, place=30)
    RESET_MAIL = Limit("reset_mail", account=3, browser=3, place=1000, during=HOUR)
    ACCESS = Limit("access", account=10, browser=10, place=30)
    LINK = Limit("link", account=1000, browser=1000, place=10)  # of nobody's account: the network alone counts


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a try comes from. ``browser`` is the mark that this account left on this browser, empty when it never signed in there."""

    place: str
    browser: str = ""


class TooOftenError(RuleError):
    """Too many tries; ``seconds`` until one more is accepted."""

    def __init__(self, seconds: int, *, from_place: bool, of_password: bool = False) -> None:
        minutes = max(1, -(-seconds // 60))
        wait = "1 minute" if minutes == 1 else f"{minutes} minutes"
        why = "Trop d’essais viennent de votre réseau." if from_place else "Trop d’essais pour cette adresse e-mail."
        way_out = " « Mot de passe oublié » vous laisse entrer plus tôt." if of_password else ""
        super().__init__("", f"{why} Attendez {wait}, puis recommencez.{way_out}")
        self.seconds = max(1, seconds)


def fingerprint(use: str, value: str) -> bytes:
    """What the counters keep of an address; without the key, which the database has not, it tells nothing."""
    return hmac.new(crypto.derived_key("tries"), f"{use}|{value}".encode(), hashlib.sha256).digest()


def take(kind: Kind, *, address: str, visitor: Visitor) -> int:
    """Count one try, in a transaction of its own, before it is known whether it succeeds. Raises TooOftenError.

    ``address`` is the e-mail as it was typed, of an account or of nobody. Returns the number that ``forgive`` takes.
    """
    limit = kind.value
    values = {
        "kind": limit.code, "account": fingerprint("account", address.strip().lower()), "place": fingerprint("place", visitor.place),
        "browser": fingerprint("browser", visitor.browser) if visitor.browser else None,
        "most": limit.browser if visitor.browser else limit.account, "most_place": limit.place, "during": limit.during,
    }  # fmt: skip
    statement = text("SELECT * FROM odis.attempt_take(:kind, :account, :place, :browser, :most, :most_place, :during)")
    with unit_of_work(None):
        row = db.execute(statement, values).one()
    if row.attempt is None:
        raise TooOftenError(row.seconds, from_place=row.is_place, of_password=kind is Kind.PASSWORD)
    return int(row.attempt)


def forgive(attempt: int) -> None:
    """The try was a good one: it no longer counts."""
    with unit_of_work(None):
        db.execute(text("SELECT odis.attempt_forgive(:attempt)"), {"attempt": attempt})


def purge() -> int:
    """Forget tries and dead links of more than a day; how many. For the scheduled job. Run twice, the second finds none."""
    return int(db.execute(text("SELECT odis.sign_in_purge()")).scalar_one())
