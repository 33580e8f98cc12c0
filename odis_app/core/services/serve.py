"""``odis serve``: everything an installation needs, as one process tree, in the order in which things need each other."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from ipaddress import ip_address

from psycopg import errors
from sqlalchemy.engine import make_url

from odis_app.core import crypto, migrate
from odis_app.core.config import ROOT, SERVICES_FILE, Config, ConfigError
from odis_app.core.services import process, roles, secrets
from odis_app.core.services.postgres import SUPERUSER, Postgres
from odis_app.core.services.process import DirectoryLock, ServiceError
from odis_app.core.services.redis import Redis
from odis_app.core.services.supervisor import Command, Interrupted, Supervisor, interruptions

FIRST_PAGE = 60.0
DEMO, PRODUCTION = "demo", "production"
DEMO_ACCOUNTS = (
    ("association@demo.odis.example", "travailleuse sociale, association mandatée en Loire-Atlantique"),
    ("coordination@demo.odis.example", "coordinatrice de la même association"),
    ("operateur@demo.odis.example", "opérateur, structures en Loire-Atlantique et en Maine-et-Loire"),
    ("aval@demo.odis.example", "opérateur d’aval en Mayenne"),
    ("ddets44@demo.odis.example", "DDETS de Loire-Atlantique"),
    ("ddets53@demo.odis.example", "DDETSPP de Mayenne"),
    ("dihal@demo.odis.example", "pilotage national"),
    ("autre@demo.odis.example", "association de Gironde"),
    ("admin@demo.odis.example", "administration de la plateforme"),
)


def say(message: str) -> None:
    """Tell the operator something, at once."""
    print(message, flush=True)


def serve(config: Config, *, demo: bool) -> int:
    """Run the whole product until it is interrupted; returns the exit code, 0 after a clean stop.

    Raises ServiceError or ConfigError, whose messages are for the operator, when it cannot start.
    """
    config = replace(config, demo=demo, assets="local" if demo else config.assets)
    if demo:
        refuse_demo_outside(config)
    supervisor = Supervisor(say)
    with interruptions():
        try:
            with DirectoryLock(config.data_dir).held(f"processus {os.getpid()}, {config.address}"):
                refuse_taken_port(config.host, config.port)
                try:
                    _start_everything(config, supervisor)
                    supervisor.watch()
                finally:
                    supervisor.stop()
                    (config.data_dir / SERVICES_FILE).unlink(missing_ok=True)
        except Interrupted:
            say("OD&IS est arrêté.")
    return 0


def refuse_demo_outside(config: Config) -> None:
    """Demonstration accounts have a printed password: they never meet another machine, nor another one's database."""
    if not _loopback(config.host):
        raise ConfigError(f"ODIS_HOST : une démonstration n’écoute que sur cette machine, pas sur {config.host}.")
    if config.database_url:
        url = make_url(config.database_url)
        host = url.query.get("host", url.host or "")
        host = host if isinstance(host, str) else host[0]
        if host and not host.startswith("/") and not _loopback(host):
            raise ConfigError(
                f"ODIS_DATABASE_URL : une démonstration n’ouvre pas la base d’une autre machine ({host})."
            )


def refuse_taken_port(host: str, port: int) -> None:
    """Before anything starts: is the address free?"""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise ServiceError(f"Le port {port} est réservé au système. Choisissez-en un de 1024 à 65535.") from error
        except OSError as error:
            raise ServiceError(
                f"Le port {port} est déjà pris sur {host}. Arrêtez ce qui l’occupe, ou choisissez-en un autre : "
                f"make run PORT={port + 1 if port < 65535 else 8001}"
            ) from error


def web_command(config: Config) -> list[str]:
    """The web server's command line. Two threads per process more than cores: pages wait for the database a little."""
    return [
        *(sys.executable, "-m", "gunicorn", "wsgi:app", "--chdir", str(ROOT)),
        *("--bind", f"{f'[{config.host}]' if ':' in config.host else config.host}:{config.port}"),
        *("--workers", str(config.web_workers), "--worker-class", "gthread", "--threads", "4"),
        "--preload",  # loaded once, then forked: a second process costs no start and shares its memory
        *("--timeout", "60", "--graceful-timeout", "5", "--keep-alive", "5", "--no-control-socket"),
        *("--worker-tmp-dir", str(config.data_dir / "run")),
        *("--forwarded-allow-ips", "127.0.0.1", "--log-level", "warning"),
    ]


def _start_everything(config: Config, supervisor: Supervisor) -> None:
    config = _with_services(config, supervisor)
    config.check()
    _write_services(config)
    kind = kind_of(config)
    refuse_other_kind(config.migrate_database_url, kind)
    migrate.upgrade(config.migrate_database_url, identity_key=config.identity_key, instance_kind=kind)
    crypto.check_start(config.database_url, crypto.configure(config.master_key, config.index_key))
    environ = {**os.environ, **config.environment(), "PYTHONUNBUFFERED": "1"}
    _once(config, environ, "territories", ["territories", "load"], "Chargement des territoires…")
    if config.demo:
        _once(config, environ, "demo", ["demo", "load"], "Chargement des données de démonstration…")
    jobs = without(environ, "ODIS_MIGRATE_DATABASE_URL", "ODIS_BACKUP_DATABASE_URL")
    supervisor.start("Le web", Command(web_command(config), without(jobs, "ODIS_WORKER_DATABASE_URL")))
    _wait_for_first_page(config, supervisor)  # the others start after it: the first page comes seconds sooner
    supervisor.start("Le travailleur", Command([sys.executable, "-m", "jobs.worker"], jobs))
    supervisor.start("Le planificateur", Command([sys.executable, "-m", "jobs.scheduler"], jobs))
    _announce(config)


@contextmanager
def services_for_a_command(config: Config, *, fresh: bool = False) -> Iterator[Config]:
    """The installation's services for the time of one command, when ``odis serve`` does not run; its configuration.

    ``fresh``: a new installation is made where there is none.
    """
    embedded = not config.database_url or not config.redis_url
    if not fresh and not config.database_url and not (config.data_dir / "secrets").exists():
        raise ServiceError(
            f"Aucune installation dans {config.data_dir} : lancez d’abord « make run » ou « odis serve »."
        )
    supervisor = Supervisor(say)
    with DirectoryLock(config.data_dir).held(f"commande, processus {os.getpid()}") if embedded else nullcontext():
        try:
            completed = _with_services(config, supervisor)
            completed.check()
            yield completed
        finally:
            supervisor.stop()


def without(environ: dict[str, str], *names: str) -> dict[str, str]:
    """The environment of a process that has no business with the variables ``names``."""
    return {name: value for name, value in environ.items() if name not in names}


def _with_services(config: Config, supervisor: Supervisor) -> Config:
    """The configuration completed by what is embedded: addresses, keys, and the demonstration's password."""
    added = secrets.ensure_keys(config.data_dir, config.environment(), demo=config.demo)
    if config.demo and not config.demo_password:
        added["ODIS_DEMO_PASSWORD"] = secrets.demo_password(config.data_dir)
    if not config.database_url:
        postgres = Postgres(config.data_dir)
        if not (postgres.data / "PG_VERSION").exists():
            say("Premier démarrage : création de la base…")
        supervisor.start("PostgreSQL", postgres)
        added |= roles.prepare(postgres.url(SUPERUSER, "postgres"), config.data_dir).environment()
    else:
        added |= external_addresses(config)
    if not config.redis_url:
        redis = Redis(config.data_dir)
        supervisor.start("Redis", redis)
        added["ODIS_REDIS_URL"] = redis.url
    return Config.from_env(config.environment() | added, services=False)


def external_addresses(config: Config) -> dict[str, str]:
    """The addresses on a server that is not ours: prepared when its role may, as given otherwise."""
    if roles.may_create_roles(config.database_url):
        return roles.prepare(config.database_url, config.data_dir).environment()
    for name in ("worker_database_url", "migrate_database_url"):
        if not getattr(config, name):
            raise ConfigError(
                f"ODIS_{name.upper()} est absente : le rôle de ODIS_DATABASE_URL ne peut pas créer les autres, donnez-les."
            )
    return {}


def kind_of(config: Config) -> str:
    """What this configuration asks of an installation: a demonstration, or a real one."""
    return DEMO if config.demo else PRODUCTION


def refuse_other_kind(migrate_url: str, kind: str) -> None:
    """A demonstration stays one, and a real installation never becomes one (instance.kind, set at creation)."""
    with roles.connect(migrate_url) as connection:
        try:
            row = connection.execute("SELECT value #>> '{}' FROM instance WHERE key = 'kind'").fetchone()
        except errors.UndefinedTable:
            return
    if row and row[0] != kind:
        here = "une démonstration : ajoutez --demo" if row[0] == DEMO else "une installation réelle : retirez --demo"
        raise ServiceError(f"Cette base est {here}, ou donnez un autre dossier par ODIS_DATA_DIR.")


def _once(config: Config, environ: dict[str, str], name: str, command: list[str], message: str) -> None:
    """Run an ``odis`` command that loads data, once per installation."""
    with roles.connect(config.migrate_database_url) as connection:
        if connection.execute("SELECT 1 FROM instance WHERE key = %s", (f"loaded:{name}",)).fetchone():
            return
        say(message)
        whole = [*process.launcher(), "--", sys.executable, "-m", "odis_app.cli", *command]
        done = subprocess.run(whole, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServiceError(f"« odis {' '.join(command)} » a échoué :\n{(done.stdout + done.stderr).strip()}")
        connection.execute(
            "INSERT INTO instance (key, value) VALUES (%s, 'true') ON CONFLICT DO NOTHING", (f"loaded:{name}",)
        )


def _wait_for_first_page(config: Config, supervisor: Supervisor) -> None:
    waiting = process.Patience(FIRST_PAGE)
    while not answers(config.host, config.port):
        supervisor.look()
        if any(child.deaths > 2 for child in supervisor.children):
            raise ServiceError("OD&IS ne démarre pas : la raison est écrite au-dessus.")
        if not waiting.again():
            raise ServiceError("Le web ne répond pas au bout d’une minute.")


def answers(host: str, port: int) -> bool:
    """Whether the web answers something, whatever the page says of its health."""
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("HEAD", "/sante")
        return connection.getresponse().status > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _announce(config: Config) -> None:
    say(f"\nOD&IS est prêt : {config.address}")
    if config.demo:
        say(f"Comptes de démonstration, tous avec le mot de passe {config.demo_password} :")
        for email, who in DEMO_ACCOUNTS:
            say(f"  {email:<31} {who}")
        say(f"La page {config.address}/demo les rassemble, avec la boîte d’envoi.")
    say("Ctrl-C pour arrêter.")


def _write_services(config: Config) -> None:
    """For the commands typed while this runs: addresses with their passwords, readable by this account only."""
    names = ("ODIS_DATABASE_URL", "ODIS_WORKER_DATABASE_URL", "ODIS_MIGRATE_DATABASE_URL", "ODIS_BACKUP_DATABASE_URL")
    kept = {
        name: value for name, value in config.environment().items() if name in {*names, "ODIS_REDIS_URL", "ODIS_DEMO"}
    }
    path = config.data_dir / SERVICES_FILE
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
        json.dump(kept, handle)


def _loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
