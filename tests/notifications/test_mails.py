"""A mail leaves once, or its row says why not: on a real server, in every temper."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from jobs.runner import perform
from odis_app.core import clock
from odis_app.core import db as core_db
from odis_app.core.db import db, unit_of_work
from odis_app.core.identity import ANONYMOUS
from odis_app.notifications.messages import KINDS, mail_kind
from odis_app.notifications.operations import send_mail
from odis_app.notifications.rendering import message_of, words_of
from odis_app.organisations.messages import INVITATION
from tests.notifications.conftest import Office, Sender, free_port, url_of
from tests.support.client import StrictClient, text_of
from tests.support.worlds import WorldBuilder

TO = "lou@essai.example"
FIELDS = {"inviter": "Sacha Témoin", "organisation": "Association Essai", "roles": "Travail social", "until": "5 décembre 2026",
          "link": "/invitation/jeton-d-essai"}  # fmt: skip


def write(**changed: Any) -> str:
    with unit_of_work(None) as unit:
        return send_mail(unit.identity, to=TO, template=INVITATION, context=FIELDS | changed)


def row(admin: psycopg.Connection) -> dict[str, Any]:
    cursor = admin.cursor(row_factory=psycopg.rows.dict_row).execute("SELECT * FROM mails")
    found = cursor.fetchall()
    assert len(found) == 1
    return found[0]


def hurry(admin: psycopg.Connection) -> None:
    """The pause before the next attempt, or the lease of a dead worker, is over."""
    admin.execute("UPDATE mails SET due_at = now() - interval '1 second' WHERE ended_at IS NULL")


def test_it_leaves_with_both_parts_and_is_forgotten(sender: Sender, real: psycopg.Connection, office: Office) -> None:
    public_id = write()
    assert sender.run() == {"sent": 1, "waiting": 0, "failed": 0, "unsure": 0}
    (message,) = office.received
    assert office.recipients == [TO]
    assert (message["To"], message["Subject"]) == (TO, "Votre invitation dans OD&IS")
    assert message["Message-ID"].startswith(f"<{public_id}@")
    assert message["Auto-Submitted"] == "auto-generated"
    plain, html = (part.get_content() for part in message.iter_parts())
    link = f"{sender.config.address}/invitation/jeton-d-essai"
    assert link in plain
    assert f'href="{link}"' in html
    assert "Sacha Témoin vous invite" in plain
    assert (row(real)["state"], row(real)["sealed"]) == ("sent", None)


def test_it_is_never_sent_twice(sender: Sender, real: psycopg.Connection, office: Office) -> None:
    write()
    sender.run()
    hurry(real)
    assert sender.run()["sent"] == 0
    assert len(office.received) == 1


def test_a_transaction_that_fails_sends_nothing(sender: Sender, office: Office) -> None:
    def write_and_fail() -> None:
        with unit_of_work(None) as unit:
            send_mail(unit.identity, to=TO, template=INVITATION, context=FIELDS)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    sender.run()
    assert office.received == []


def test_the_server_is_down_then_back(
    sender: Sender, real: psycopg.Connection, database: Flask, office: Office
) -> None:
    write()
    dead = Sender(database, f"smtp://127.0.0.1:{free_port()}")
    assert dead.run()["waiting"] == 1
    assert dead.run()["waiting"] == 0  # not before its pause is over
    found = row(real)
    assert (found["state"], found["attempts"], found["error"]) == (
        "waiting",
        1,
        "Le serveur de courriel ne répond pas.",
    )
    hurry(real)
    assert sender.run()["sent"] == 1
    assert len(office.received) == 1


def test_a_server_that_is_down_is_asked_once_a_run(real: psycopg.Connection, database: Flask) -> None:
    write()
    write()
    Sender(database, f"smtp://127.0.0.1:{free_port()}").run()
    assert [a for (a,) in real.execute("SELECT attempts FROM mails ORDER BY id")] == [1, 0]


@pytest.mark.parametrize(
    ("recipient", "text", "state", "error"),
    [
        ("450 patience", "250 OK", "waiting", "Le serveur de courriel demande d’attendre (code 450)."),
        ("550 inconnu", "250 OK", "failed", "Le serveur de courriel a refusé cet envoi (code 550)."),
        ("250 OK", "451 patience", "waiting", "Le serveur de courriel demande d’attendre (code 451)."),
        ("250 OK", "554 refus", "failed", "Le serveur de courriel a refusé cet envoi (code 554)."),
    ],
)
def test_what_the_server_answers_is_kept(
    sender: Sender, real: psycopg.Connection, office: Office, recipient: str, text: str, state: str, error: str
) -> None:
    office.recipient, office.text = recipient, text
    write()
    write()  # a refusal of one stops nobody else
    tally = sender.run()
    assert tally[state] == 2
    assert real.execute("SELECT DISTINCT state, error FROM mails").fetchall() == [(state, error)]


def test_a_line_cut_during_the_text_leaves_a_doubt_and_no_second_mail(
    sender: Sender, real: psycopg.Connection, office: Office
) -> None:
    office.text = "cut"
    write()
    assert sender.run()["unsure"] == 1
    assert row(real)["state"] == "unsure"
    office.text = "250 OK"
    hurry(real)
    sender.run()
    assert len(office.received) == 1


def test_a_worker_killed_before_the_text_loses_nothing(
    sender: Sender, real: psycopg.Connection, office: Office
) -> None:
    write()
    real.execute("UPDATE mails SET state = 'sending', attempts = 1")
    hurry(real)
    assert sender.run()["sent"] == 1
    assert len(office.received) == 1


def test_a_worker_killed_during_the_text_doubles_nothing(
    sender: Sender, real: psycopg.Connection, office: Office
) -> None:
    write()
    real.execute("UPDATE mails SET state = 'handing', attempts = 1")
    hurry(real)
    assert sender.run() == {"sent": 0, "waiting": 0, "failed": 0, "unsure": 0}
    assert (row(real)["state"], office.received) == ("unsure", [])


def test_a_slow_worker_that_wakes_up_sends_nothing(real: psycopg.Connection, database: Flask) -> None:
    public_id = write()
    real.execute("UPDATE mails SET state = 'sending', attempts = 2")  # another has it by now
    core_db.configure("app", database.config["ODIS"].worker_database_url)
    with unit_of_work(None):
        handed = db.execute(text("SELECT odis.mail_hand(:id, CAST(1 AS smallint))"), {"id": public_id}).scalar()
    core_db.configure("app", database.config["ODIS"].database_url)
    assert handed is False


def test_without_server_it_waits_then_is_given_up(
    real: psycopg.Connection, database: Flask, sender: Sender, office: Office
) -> None:
    write()
    assert Sender(database, "").run()["waiting"] == 0
    assert row(real)["state"] == "waiting"
    real.execute("UPDATE mails SET useful_until = now() - interval '1 second'")
    sender.run()
    assert (row(real)["state"], row(real)["sealed"], office.received) == ("expired", None, [])


def test_a_password_never_travels_in_clear(
    real: psycopg.Connection, database: Flask, server: Controller, office: Office
) -> None:
    write()
    Sender(database, url_of(server, "compte:secret@")).run()
    assert row(real)["error"] == "Le serveur de courriel ne propose pas de liaison chiffrée sûre."
    assert office.received == []


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """(certificate, key) of this machine, signed by nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    day = clock.now()
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(day - timedelta(days=1))
        .not_valid_after(day + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public, private = tmp_path / "public.pem", tmp_path / "private.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return public, private


@pytest.fixture
def ciphered(office: Office, certificate: tuple[Path, Path]) -> Iterator[Controller]:
    """The same server, that demands STARTTLS and an account."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    def knows(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"compte", b"mot de passe"), handled=False)

    running = Controller(
        office, hostname="127.0.0.1", port=free_port(), tls_context=context, require_starttls=True, authenticator=knows, auth_required=True
    )  # fmt: skip
    running.start()
    yield running
    running.stop(no_assert=True)


def test_with_starttls_and_an_account_it_leaves(
    real: psycopg.Connection, database: Flask, ciphered: Controller, office: Office, certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    write()
    assert Sender(database, url_of(ciphered, "compte:mot%20de%20passe@")).run()["sent"] == 1
    assert len(office.received) == 1


def test_a_wrong_account_is_told(
    real: psycopg.Connection, database: Flask, ciphered: Controller, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    write()
    Sender(database, url_of(ciphered, "compte:autre@")).run()
    assert (row(real)["state"], row(real)["error"]) == ("waiting", "Le serveur de courriel refuse notre compte.")


def test_a_server_that_nobody_vouches_for_gets_nothing(
    real: psycopg.Connection, database: Flask, ciphered: Controller, office: Office
) -> None:
    write()
    Sender(database, url_of(ciphered, "compte:mot%20de%20passe@")).run()
    assert row(real)["error"] == "Le serveur de courriel ne propose pas de liaison chiffrée sûre."
    assert office.received == []


def test_the_job_that_the_mail_asked_for_sends_it(
    real: psycopg.Connection, database: Flask, sender: Sender, office: Office
) -> None:
    write()
    (job_id,) = [i for (i,) in real.execute("SELECT job_id FROM outbox WHERE task = 'jobs.notifications.send'")]
    core_db.configure("app", sender.config.worker_database_url)
    before, database.config["ODIS"] = database.config["ODIS"], sender.config
    try:
        with database.app_context():
            assert perform("jobs.notifications.send", job_id) == "done"
    finally:
        database.config["ODIS"] = before
        core_db.configure("app", sender.config.database_url)
    assert len(office.received) == 1


def test_the_row_tells_nothing_to_who_reads_the_database(real: psycopg.Connection, database: Flask) -> None:
    write()
    said = str(row(real))
    assert "essai.example" not in said
    assert "jeton" not in said


def test_only_who_runs_the_organisation_sees_where_its_mails_are(world: WorldBuilder) -> None:
    boss = world.actor("admin_organisation", "44")
    worker = world.actor("association", "44", colleague_of=boss)
    elsewhere = world.actor("admin_organisation", "44")
    with boss.acting() as identity:
        send_mail(identity, to=TO, template=INVITATION, context=FIELDS)
    seen = {}
    for name, actor in {"boss": boss, "worker": worker, "elsewhere": elsewhere}.items():
        with actor.acting():
            seen[name] = db.execute(text("SELECT count(*) FROM mails")).scalar_one()
    assert seen == {"boss": 1, "worker": 0, "elsewhere": 0}


def test_the_web_can_neither_take_nor_settle_a_mail(real: psycopg.Connection, database: Flask) -> None:
    for call in (
        "odis.mail_claim(interval '1 minute')",
        "odis.mail_hand('x', 1::smallint)",
        "odis.mail_sweep(interval '1 day')",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), unit_of_work(None):
            db.execute(text(f"SELECT * FROM {call}"))


@pytest.mark.parametrize(
    "to",
    ["", "lou", "lou@essai.example, autre@essai.example", "lou@essai.example\nBcc: x@y.example", "a" * 250 + "@b.fr"],
)
def test_only_one_plain_address_is_written_to(database: Flask, to: str) -> None:
    with pytest.raises(ValueError, match="one e-mail address"), unit_of_work(None):
        send_mail(ANONYMOUS, to=to, template=INVITATION, context=FIELDS)


def test_a_mail_says_its_declared_fields_and_no_other(database: Flask) -> None:
    with pytest.raises(ValueError, match="the fields are"), unit_of_work(None):
        send_mail(ANONYMOUS, to=TO, template=INVITATION, context=FIELDS | {"household": "Famille"})
    with pytest.raises(ValueError, match="a link is a path"), unit_of_work(None):
        send_mail(ANONYMOUS, to=TO, template=INVITATION, context=FIELDS | {"link": "https://ailleurs.example"})
    with pytest.raises(ValueError, match="declared twice"):
        mail_kind("invitation", subject="", page="", fields=set())


def test_every_mail_is_written_twice_and_escapes_what_people_typed(app: Flask) -> None:
    assert KINDS
    for kind in KINDS.values():
        context = {name: "/lien" if name == "link" else f"<b>{name}</b>" for name in kind.fields}
        words = words_of(app.jinja_env, kind, context, address="https://odis.example")
        for name in kind.fields - {"link"}:
            assert f"<b>{name}</b>" in words.text, f"{kind.name}: the text forgets {name}"
            assert f"&lt;b&gt;{name}&lt;/b&gt;" in words.html, f"{kind.name}: the page forgets {name}"
        assert ("link" not in kind.fields) or (
            "https://odis.example/lien" in words.text and 'href="https://odis.example/lien"' in words.html
        )
        assert "{" not in words.text
        assert message_of(words, to=TO, sender="odis@odis.example", public_id="x")["Subject"] == kind.subject


def test_a_demonstration_keeps_its_mails_and_shows_them(client: StrictClient, office: Office, database: Flask) -> None:
    assert "Aucun courriel" in text_of(client.get("/demo/courriels"))
    public_id = write()
    assert Sender(database, "smtp://127.0.0.1:1").run()["waiting"] == 0  # nothing leaves, whatever the server
    listed = client.get("/demo/courriels")
    assert TO in text_of(listed)
    page = client.get(f"/demo/courriels/{public_id}")
    assert "Sacha Témoin vous invite à rejoindre Association Essai" in text_of(page)
    assert 'href="/invitation/jeton-d-essai"' in page.get_data(as_text=True)
    client.get("/demo/courriels/inconnu", status=404)


def test_elsewhere_than_on_a_demonstration_the_mailbox_is_empty(real: psycopg.Connection, client: StrictClient) -> None:
    write()
    assert "Aucun courriel" in text_of(client.get("/demo/courriels"))
