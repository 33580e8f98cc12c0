"""Handing messages to the mail server, and telling what is certain from what is not."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from enum import StrEnum
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

SECONDS = 10
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class Outcome(StrEnum):
    """What became of a message: left, to be tried again, refused for good, or nobody knows."""

    SENT = "sent"
    LATER = "waiting"
    REFUSED = "failed"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Result:
    """``reason`` is a French sentence without address nor name; ``is_down``: the server itself does not serve."""

    outcome: Outcome
    reason: str = ""
    is_down: bool = False


class Post:
    """One connection to the server of ``ODIS_SMTP_URL``, opened at the first message: ``with Post(url) as post: post.hand(…)``.

    ``smtps:`` speaks TLS from the start; ``smtp:`` asks for STARTTLS, and goes without it on this very machine only.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (465 if self._secure else 587)
        self._account, self._secret = unquote(parts.username or ""), unquote(parts.password or "")
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        """Nothing is opened yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say goodbye, whatever happened."""
        self._leave()

    def hand(self, message: EmailMessage, *, before_text: Callable[[], bool]) -> Result:
        """Give one message to one recipient. ``before_text`` is called just before the text leaves; False stops there.

        Until then every fault is certain: nothing left. After it, a broken line leaves a doubt.
        """
        try:
            server = self._server or self._open()
            refused = self._announce(server, message)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            self._leave()
            return Result(Outcome.LATER, _told(error), is_down=True)
        if refused is not None:
            return refused
        if not before_text():
            self._leave()
            return Result(Outcome.LATER, "Un autre envoi est en cours.")
        try:
            code, _ = server.data(message.as_bytes(policy=WIRE))
        except smtplib.SMTPDataError as error:
            return self._answered(error.smtp_code)
        except (smtplib.SMTPException, OSError):
            self._leave()
            return Result(Outcome.UNSURE, "La liaison s’est coupée pendant l’envoi : le courriel est peut-être parti.")
        return Result(Outcome.SENT) if code == 250 else self._answered(code)

    def _open(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._secure:
            self._server = smtplib.SMTP_SSL(self._host, self._port, timeout=SECONDS, context=context)
        else:
            self._server = smtplib.SMTP(self._host, self._port, timeout=SECONDS)
            self._server.ehlo()
            if self._server.has_extn("starttls"):
                self._server.starttls(context=context)
            elif self._account or self._host not in LOCAL:
                raise smtplib.SMTPNotSupportedError("no STARTTLS")
        self._server.ehlo()
        if self._account:
            self._server.login(self._account, self._secret)
        return self._server

    def _announce(self, server: smtplib.SMTP, message: EmailMessage) -> Result | None:
        """Sender and recipient; what the server says when it wants neither, else None. Raises when it does not serve at all."""
        sender, to = (message[name].addresses[0].addr_spec for name in ("From", "To"))
        options = [] if (sender + to).isascii() else ["SMTPUTF8", "BODY=8BITMIME"]
        if options and not server.has_extn("smtputf8"):
            return Result(Outcome.REFUSED, "Le serveur n’accepte pas les accents dans une adresse.")
        code, _ = server.mail(sender, options)
        if code == 250:
            code, _ = server.rcpt(to)
        return None if code in {250, 251} else self._answered(code)

    def _answered(self, code: int) -> Result:
        """A reply that is no yes: 4xx may change, 5xx will not."""
        if self._server is not None:
            try:
                self._server.rset()
            except (smtplib.SMTPException, OSError):
                self._leave()
        if 500 <= code < 600:
            return Result(Outcome.REFUSED, f"Le serveur de courriel a refusé cet envoi (code {code}).")
        return Result(Outcome.LATER, f"Le serveur de courriel demande d’attendre (code {code}).")

    def _leave(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            try:
                server.quit()
            except (smtplib.SMTPException, OSError):
                server.close()


def _told(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "Le serveur de courriel refuse notre compte."
    if isinstance(error, smtplib.SMTPNotSupportedError | ssl.SSLError):
        return "Le serveur de courriel ne propose pas de liaison chiffrée sûre."
    return "Le serveur de courriel ne répond pas."
