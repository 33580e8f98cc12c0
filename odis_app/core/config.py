"""The configuration: everything an installation may decide, read once from the environment and never changed.

Keys. ``ODIS_SECRET_KEY`` and ``ODIS_IDENTITY_KEY`` are generated in ``<data>/secrets`` when absent. The keys that make
personal data readable (``ODIS_MASTER_KEY``, ``ODIS_INDEX_KEY``) are never generated beside the data they protect: they
must be given, directly or as files, and be kept apart from the backups. The demonstration alone, whose people are
invented, has its own in ``<data>/secrets``, so that ``make run`` writes nothing outside ``var/``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
SERVICES_FILE = "run/services.json"
YES, NO = {"1", "oui", "true", "yes"}, {"", "0", "non", "false", "no"}


class ConfigError(RuntimeError):
    """A variable is absent or cannot be understood; the message names it, in French, for the operator."""


def _text(value: str) -> str:
    return value


def _flag(value: str) -> bool:
    if value.lower() not in YES | NO:
        raise ValueError("écrivez 1 ou 0")
    return value.lower() in YES


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not value.isdecimal() or not low <= int(value) <= high:
            raise ValueError(f"écrivez un nombre entier de {low} à {high}")
        return int(value)

    return parse


def _among(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"écrivez {' ou '.join(choices)}")
        return value

    return parse


def _address(*schemes: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if urlsplit(value).scheme not in schemes:
            raise ValueError(f"écrivez une adresse qui commence par {' ou '.join(f'{s}:' for s in schemes)}")
        return value.rstrip("/") if value.startswith("http") else value

    return parse


def _folder(value: str) -> Path:
    return Path(value).expanduser().resolve()


def _hexadecimal(value: str) -> str:
    if len(bytes.fromhex(value)) != 32:
        raise ValueError("écrivez 64 chiffres hexadécimaux")
    return value


def _issuer(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname == "127.0.0.1"):
        raise ValueError("écrivez une adresse qui commence par https:")
    return value.rstrip("/")


def _outside(value: str) -> str:
    parts = urlsplit(value)
    here = (parts.scheme, parts.hostname) == ("http", "127.0.0.1")
    if parts.query or not parts.hostname or not (parts.scheme == "https" or here):
        raise ValueError("écrivez une adresse qui commence par https:, sans point d’interrogation")
    return value


def _sorted_hashes(value: str) -> str:
    path = Path(value).expanduser().resolve()
    try:
        with path.open("rb") as file:
            first = file.readline(200)
    except OSError as error:
        raise ValueError("écrivez le chemin d’un fichier lisible") from error
    if not re.fullmatch(rb"[0-9A-Fa-f]{40}(:\d+)?\r?\n", first):
        raise ValueError("écrivez le chemin d’un fichier dont chaque ligne commence par une empreinte SHA-1")
    return str(path)


def _database(value: str) -> str:
    parsed = _address("postgresql", "postgres", "postgresql+psycopg")(value)
    return "postgresql+psycopg:" + parsed.partition(":")[2]


def libpq(url: str) -> str:
    """The address as libpq and ``psycopg.connect`` read it (SQLAlchemy's names the driver)."""
    return url.replace("postgresql+psycopg:", "postgresql:", 1)


def _var(name: str, doc: str, parse: Callable[[str], Any], default: Any, *, shown: str = "") -> Any:
    return field(default=default, metadata={"variable": name, "doc": doc, "parse": parse, "shown": shown})


_KEY = "base64 de 32 octets ; exigée hors démonstration"


@dataclass(frozen=True, kw_only=True)
class Config:
    """One installation. Built by ``from_env``; tests may build it directly."""

    data_dir: Path = _var("ODIS_DATA_DIR", "dossier des données : bases embarquées, secrets, documents", _folder, ROOT / "var", shown="`var/`")  # fmt: skip
    database_url: str = _var("ODIS_DATABASE_URL", "base PostgreSQL (15 ou plus) que le web ouvre ; avec `odis serve`, un rôle qui peut créer des rôles convient aussi", _database, "", shown="PostgreSQL embarqué")  # fmt: skip
    worker_database_url: str = _var("ODIS_WORKER_DATABASE_URL", "la même base, sous le rôle `odis_worker`", _database, "", shown="déduite")  # fmt: skip
    migrate_database_url: str = _var("ODIS_MIGRATE_DATABASE_URL", "la même base, sous le rôle `odis_migrate` ; inutile au web", _database, "", shown="déduite")  # fmt: skip
    backup_database_url: str = _var("ODIS_BACKUP_DATABASE_URL", "la même base, sous le rôle `odis_backup` ; seulement pour sauvegarder", _database, "", shown="déduite")  # fmt: skip
    redis_url: str = _var("ODIS_REDIS_URL", "Redis des files d’attente et des compteurs", _address("redis", "rediss", "unix"), "", shown="Redis embarqué")  # fmt: skip
    host: str = _var("ODIS_HOST", "adresse sur laquelle le web écoute", _text, "127.0.0.1")
    port: int = _var("PORT", "port du web", _between(1, 65535), 8000)
    base_url: str = _var("ODIS_BASE_URL", "adresse publique, pour les liens des courriels", _address("http", "https"), "", shown="`http://<adresse>:<port>`")  # fmt: skip
    web_workers: int = _var("ODIS_WEB_WORKERS", "processus du web", _between(1, 64), 2)
    trusted_proxies: int = _var("ODIS_TRUSTED_PROXIES", "nombre de relais de confiance devant le web (`X-Forwarded-*`)", _between(0, 5), 0)  # fmt: skip
    assets: str = _var("ODIS_ASSETS", "`cdn` ou `local` : d’où viennent les fichiers tiers des pages d’équipe", _among("cdn", "local"), "cdn", shown="`cdn`, `local` en démonstration")  # fmt: skip
    demo: bool = _var("ODIS_DEMO", "1 pour une installation de démonstration", _flag, False, shown="0")
    demo_password: str = _var("ODIS_DEMO_PASSWORD", "mot de passe des comptes de démonstration", _text, "", shown="tiré au sort")  # fmt: skip
    secret_key: str = _var("ODIS_SECRET_KEY", "clé des cookies signés", _text, "", shown="tirée au sort")
    identity_key: str = _var("ODIS_IDENTITY_KEY", "clé sous laquelle les sessions sont frappées, 64 chiffres hexadécimaux", _hexadecimal, "", shown="tirée au sort")  # fmt: skip
    master_key: str = _var("ODIS_MASTER_KEY", f"clé de chiffrement, `1:<clé>`, {_KEY}", _text, "", shown="aucune")
    index_key: str = _var("ODIS_INDEX_KEY", f"clé des index aveugles, {_KEY}", _text, "", shown="aucune")
    smtp_url: str = _var("ODIS_SMTP_URL", "serveur de courriel, `smtp://compte:mot-de-passe@serveur:587`", _address("smtp", "smtps"), "", shown="aucun : les courriels restent dans la boîte d’envoi")  # fmt: skip
    mail_from: str = _var("ODIS_MAIL_FROM", "expéditeur des courriels", _text, "ne-pas-repondre@odis.example")
    clamav: str = _var("ODIS_CLAMAV", "antivirus des fichiers déposés, `serveur:port` ou socket", _text, "", shown="aucun")  # fmt: skip
    proconnect_issuer: str = _var("ODIS_PROCONNECT_ISSUER", "adresse du fournisseur OpenID Connect (ProConnect), sans `/` final", _issuer, "", shown="aucun : le bouton est absent")  # fmt: skip
    proconnect_client_id: str = _var("ODIS_PROCONNECT_CLIENT_ID", "identifiant de cette installation chez ce fournisseur", _text, "", shown="aucun")  # fmt: skip
    proconnect_client_secret: str = _var("ODIS_PROCONNECT_CLIENT_SECRET", "son secret", _text, "", shown="aucun")  # fmt: skip
    proconnect_acr: str = _var("ODIS_PROCONNECT_ACR", "niveaux de garantie (`acr`) acceptés, séparés par des blancs", _text, "eidas1 eidas2 eidas3")  # fmt: skip
    ban_url: str = _var("ODIS_BAN_URL", "recherche d’adresses de la Base adresse nationale : l’adresse complète de sa recherche (`https://…/search`), en GeoJSON", _outside, "", shown="aucune : les adresses s’écrivent à la main")  # fmt: skip
    breached_passwords: str = _var("ODIS_BREACHED_PASSWORDS", "fichier de mots de passe divulgués : une empreinte SHA-1 par ligne, trié", _sorted_hashes, "", shown="aucun : la liste livrée suffit à démarrer")  # fmt: skip
    log_level: str = _var("ODIS_LOG_LEVEL", "`debug`, `info`, `warning` ou `error`", _among("debug", "info", "warning", "error"), "info")  # fmt: skip

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, services: bool = True) -> Config:
        """Read every variable; a ``NAME_FILE`` variable names a file that holds the value of ``NAME``.

        What is absent is looked for among the secrets of the data directory and, when no database is given, among its
        running embedded services. With ``services=False`` these are left alone, and addresses and keys may still be
        missing: they are about to be created. Raises ConfigError, which names the variable.
        """
        given = dict(os.environ if environ is None else environ)
        data_dir = _folder(given.get("ODIS_DATA_DIR", "").strip() or str(ROOT / "var"))
        found = {**_secrets(data_dir), **_given_files(given), **{k: v for k, v in given.items() if v.strip()}}
        if services and "ODIS_DATABASE_URL" not in found:
            found = {**running_services(data_dir), **found}
        values: dict[str, Any] = {"data_dir": data_dir}
        for item in fields(cls):
            value = found.get(item.metadata["variable"], "").strip()
            if value and item.name != "data_dir":
                values[item.name] = _parsed(item.metadata["variable"], value, item.metadata["parse"])
        if values.get("demo") and "assets" not in values:
            values["assets"] = "local"
        config = cls(**values)
        if services:
            config.check()
        return config

    def check(self) -> None:
        """Raise ConfigError for the first thing without which the application cannot serve."""
        for name in ("database_url", "redis_url", "secret_key", "identity_key", "master_key", "index_key"):
            if not getattr(self, name):
                raise ConfigError(
                    f"{variable_of(name)} est absente. Donnez-la, ou lancez « odis serve » qui démarre ce qui manque."
                )

    @property
    def address(self) -> str:
        """The public address, without a final slash."""
        return self.base_url or f"http://{self.host}:{self.port}"

    @property
    def has_proconnect(self) -> bool:
        """Whether ProConnect is set up: all of its three variables."""
        return bool(self.proconnect_issuer and self.proconnect_client_id and self.proconnect_client_secret)

    @property
    def documents_dir(self) -> Path:
        """Where stored files live."""
        return self.data_dir / "documents"

    @property
    def anchors_dir(self) -> Path:
        """Where the heads of the trail's seals are written each day, to be copied elsewhere."""
        return self.data_dir / "ancres"

    @property
    def erasures_dir(self) -> Path:
        """Where what was erased is written down, to be copied elsewhere: a restored backup is told it again."""
        return self.data_dir / "effacements"

    def environment(self) -> dict[str, str]:
        """The variables that make ``from_env`` build this very configuration in another process."""
        named = {item.metadata["variable"]: getattr(self, item.name) for item in fields(self)}
        return {
            name: str(int(value) if isinstance(value, bool) else value) for name, value in named.items() if value != ""
        }

    def __repr__(self) -> str:
        return f"Config(data_dir={str(self.data_dir)!r}, demo={self.demo})"  # no password, no key


def variable_of(name: str) -> str:
    """The variable that sets a field of Config."""
    return str(next(item.metadata["variable"] for item in fields(Config) if item.name == name))


def variables_table() -> str:
    """The variables as the Markdown table of ``docs/exploitation.md``."""
    rows = ["| variable | rôle | par défaut |", "|---|---|---|"]
    for item in fields(Config):
        default = item.metadata["shown"] or f"`{item.default}`"
        rows.append(f"| `{item.metadata['variable']}` | {item.metadata['doc']} | {default} |")
    return "\n".join(rows)


def _parsed(name: str, value: str, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(value)
    except ValueError as error:
        reason = str(error) if "écrivez" in str(error) else "valeur illisible"
        raise ConfigError(f"{name} ne convient pas : {reason}.") from error


def _given_files(given: Mapping[str, str]) -> dict[str, str]:
    """Values of the variables given as files (``ODIS_MASTER_KEY_FILE=/run/secrets/…``)."""
    values = {}
    for item in fields(Config):
        name = item.metadata["variable"]
        path = given.get(f"{name}_FILE", "").strip()
        if path:
            try:
                values[name] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ConfigError(f"{name}_FILE : le fichier {path} ne peut pas être lu ({error.strerror}).") from error
    return values


def _secrets(data_dir: Path) -> dict[str, str]:
    """The secrets that the installation generated for itself."""
    try:
        return {path.name: path.read_text(encoding="utf-8").strip() for path in (data_dir / "secrets").glob("ODIS_*")}
    except OSError as error:
        raise ConfigError(
            f"ODIS_DATA_DIR : les secrets de {data_dir} ne peuvent pas être lus ({error.strerror})."
        ) from error


def running_services(data_dir: Path) -> dict[str, str]:
    """The addresses of the services that ``odis serve`` runs on ``data_dir``, as variables; none when it does not run."""
    path = data_dir / SERVICES_FILE
    if not path.exists():
        return {}
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found
