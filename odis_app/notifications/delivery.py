"""The sender: takes due mails one by one, each in short transactions of its own, so that none is lost and none leaves twice."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from jinja2 import Environment
from sqlalchemy import Row, text

from odis_app.core import crypto
from odis_app.core.config import Config
from odis_app.core.db import db, unit_of_work
from odis_app.notifications.messages import KINDS
from odis_app.notifications.operations import wake_sender
from odis_app.notifications.rendering import message_of, words_of
from odis_app.notifications.sealing import opened
from odis_app.notifications.smtp import Outcome, Post, Result

LEASE = timedelta(minutes=10)  # much longer than a worker may run
KEPT_DAYS = 90
BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))  # then every four hours
BUDGET_SECONDS = 30  # half of what the queue allows: the rest is for another run


@dataclass(slots=True)
class Tally:
    """How many mails left, wait, were refused, or are in doubt."""

    sent: int = 0
    waiting: int = 0
    failed: int = 0
    unsure: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count one."""
        setattr(self, outcome.value, getattr(self, outcome.value) + 1)


def send_due(config: Config, jinja: Environment) -> dict[str, int]:
    """Send every mail that is due, as the workers' role; a mute server is left alone until the next run.

    Returns the counts of ``Tally``. Run twice, or by two workers at once, each mail is taken by one of them.
    """
    with unit_of_work():
        db.execute(text("SELECT * FROM odis.mail_sweep(make_interval(days => :days))"), {"days": KEPT_DAYS})
    tally, end = Tally(), time.monotonic() + BUDGET_SECONDS
    if config.smtp_url:
        with Post(config.smtp_url) as post:
            while (claimed := _claim()) is not None:
                result = _send(post, claimed, config, jinja)
                _settle(claimed, result)
                tally.add(result.outcome)
                if result.is_down:
                    break
                if time.monotonic() > end:
                    wake_sender()
                    break
    return {"sent": tally.sent, "waiting": tally.waiting, "failed": tally.failed, "unsure": tally.unsure}


def _claim() -> Row[Any] | None:
    with unit_of_work():
        return db.execute(text("SELECT * FROM odis.mail_claim(:lease)"), {"lease": LEASE}).first()


def _send(post: Post, claimed: Row[Any], config: Config, jinja: Environment) -> Result:
    kind = KINDS.get(claimed.template)
    if kind is None:
        return Result(Outcome.REFUSED, "Ce courriel n’existe plus dans cette version.")
    try:
        to, context = opened(claimed.public_id, claimed.sealed)
    except crypto.UnreadableError:
        return Result(Outcome.REFUSED, "Le contenu ne peut plus être déchiffré.")
    words = words_of(jinja, kind, context, address=config.address)
    message = message_of(words, to=to, sender=config.mail_from, public_id=claimed.public_id)
    return post.hand(message, before_text=lambda: _hand(claimed))


def _hand(claimed: Row[Any]) -> bool:
    statement = text("SELECT odis.mail_hand(:wanted, CAST(:attempt AS smallint))")
    with unit_of_work():
        return bool(db.execute(statement, {"wanted": claimed.public_id, "attempt": claimed.attempt}).scalar_one())


def _settle(claimed: Row[Any], result: Result) -> None:
    delay = BACKOFF[min(claimed.attempt, len(BACKOFF)) - 1] if result.outcome is Outcome.LATER else timedelta()
    statement = text("SELECT odis.mail_settle(:wanted, CAST(:attempt AS smallint), :outcome, :reason, :delay)")
    values = {"wanted": claimed.public_id, "attempt": claimed.attempt, "outcome": result.outcome.value}
    with unit_of_work():
        db.execute(statement, values | {"reason": result.reason, "delay": delay})
