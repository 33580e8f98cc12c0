"""A real mail server on this machine, whose temper each test chooses, and the sender as a worker runs it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import psycopg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask

from odis_app.core import db as core_db
from odis_app.core.config import libpq
from odis_app.notifications.delivery import send_due


@dataclass
class Office:
    """What the server says at each step: a reply such as « 250 OK »; « cut » closes the line without a word."""

    recipient: str = "250 OK"
    text: str = "250 OK"
    received: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
            self.recipients.append(address)
        return self.recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        message = message_from_bytes(bytes(envelope.content or b""), policy=default)
        assert isinstance(message, EmailMessage)
        self.received.append(message)
        if self.text == "cut":
            server.transport.close()
        return self.text


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def server(office: Office) -> Iterator[Controller]:
    """The server, on a port of its own; it speaks without TLS, which the product accepts on this very machine only."""
    running = Controller(office, hostname="127.0.0.1", port=free_port())
    running.start()
    yield running
    running.stop(no_assert=True)


def free_port() -> int:
    """A port that nobody listens to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def url_of(server: Controller, account: str = "") -> str:
    return f"smtp://{account}127.0.0.1:{server.port}"


class Sender:
    """The job, in this process, under the workers' role."""

    def __init__(self, app: Flask, url: str) -> None:
        self.app, self.config = app, replace(app.config["ODIS"], smtp_url=url)

    def run(self) -> dict[str, int]:
        core_db.configure("app", self.config.worker_database_url)
        try:
            with self.app.app_context():
                return send_due(self.config, self.app.jinja_env)
        finally:
            core_db.configure("app", self.config.database_url)


@pytest.fixture
def real(database: Flask, admin_url: str) -> Iterator[psycopg.Connection]:
    """The same database, of an installation that is no demonstration; the connection looks behind the walls."""
    with psycopg.connect(libpq(admin_url), autocommit=True) as admin:
        admin.execute("UPDATE instance SET value = '\"production\"' WHERE key = 'kind'")
        yield admin
        admin.execute("UPDATE instance SET value = '\"demo\"' WHERE key = 'kind'")


@pytest.fixture
def sender(real: psycopg.Connection, database: Flask, server: Controller) -> Sender:
    return Sender(database, url_of(server))
