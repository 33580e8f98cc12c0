"""Encryption of columns: AES-256-GCM bound to its place, and blind indexes bound to an organisation.

A sealed value is ``owner (1 byte) ‖ version (1) ‖ nonce (12) ‖ ciphertext ‖ tag (16)``: owner 0 is a master key of the
installation, 1 the key of the record that the value belongs to (``access.keys``, wrapped by a master key). What it is bound
to (``place``) and its two first bytes are authenticated, so that a ciphertext moved to another table, column or row is
refused. Master keys come from the environment:

- ``ODIS_MASTER_KEY``: ``1:<base64 of 32 bytes>``, several separated by commas during a rotation; the highest version seals;
- ``ODIS_INDEX_KEY``: base64 of 32 other bytes, for the blind indexes only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

KEY_BYTES = 32
NONCE_BYTES = 12
HEADER_BYTES = 2
MOST_VERSIONS = 255
INSTALLATION, RECORD = 0, 1
NEW_KEY = "Pour créer une clé : python -m odis_app.core.crypto"
# What the database says of itself between the first row of a restoration and the last erasure replayed: nothing opens it.
RESTORING = "odis : restauration en cours"
_SAID_OF_DATABASE = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
_process: dict[str, Keyring] = {}


class KeyProblemError(RuntimeError):
    """The installation's keys are absent, malformed or not those that sealed its data; the message is for the operator."""


class UnreadableError(ValueError):
    """A sealed value was altered, moved from its place, or sealed with a key that is not here."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """The key of one record, in clear: it lives as long as a unit of work. Its repr does not show it."""

    version: int
    secret: bytes

    def __repr__(self) -> str:
        return f"DataKey(version={self.version})"


@dataclass(frozen=True)
class Keyring:
    """The installation's keys: ``masters`` by version, and the index key. Its repr shows no key."""

    masters: Mapping[int, bytes]
    index: bytes

    def __repr__(self) -> str:
        return f"Keyring(versions={sorted(self.masters)})"

    @property
    def current(self) -> int:
        """The version that seals."""
        return max(self.masters)

    def checks(self) -> dict[str, str]:
        """A fingerprint of each key, safe to store: it tells a wrong key before it writes anything."""
        named = {f"master:{version}": key for version, key in self.masters.items()} | {"index": self.index}
        return {name: hmac.new(key, b"odis key check", hashlib.sha256).hexdigest()[:32] for name, key in named.items()}


def load_keyring(environ: Mapping[str, str] | None = None) -> Keyring:
    """Read the keys from ``environ`` (the process's own by default); raises KeyProblemError with a sentence."""
    environ = os.environ if environ is None else environ
    masters: dict[int, bytes] = {}
    for part in _required(environ, "ODIS_MASTER_KEY").split(","):
        version, separator, encoded = part.strip().partition(":")
        if not separator or not version.isdecimal() or not 1 <= int(version) <= MOST_VERSIONS:
            raise KeyProblemError(f"ODIS_MASTER_KEY doit s’écrire « 1:clé en base64 ». {NEW_KEY}")
        if int(version) in masters:
            raise KeyProblemError(f"ODIS_MASTER_KEY donne deux fois la version {version}. Gardez une clé par version.")
        masters[int(version)] = _decode("ODIS_MASTER_KEY", encoded)
    index = _decode("ODIS_INDEX_KEY", _required(environ, "ODIS_INDEX_KEY"))
    if index in masters.values():
        raise KeyProblemError(f"ODIS_INDEX_KEY doit être une autre clé que ODIS_MASTER_KEY. {NEW_KEY}")
    return Keyring(masters, index)


def verify_checks(keyring: Keyring, stored: Mapping[str, str]) -> dict[str, str]:
    """Compare the keys with the fingerprints that the database kept; return those still to be stored.

    Raises KeyProblemError when a key differs, or when a version that sealed data is no longer given.
    """
    mine = keyring.checks()
    for name, fingerprint in stored.items():
        label = "ODIS_INDEX_KEY" if name == "index" else f"ODIS_MASTER_KEY, version {name.partition(':')[2]},"
        if name not in mine:
            raise KeyProblemError(f"{label} manque : des données de cette base en dépendent. Remettez cette clé.")
        if not hmac.compare_digest(mine[name], fingerprint):
            raise KeyProblemError(f"{label} n’est pas la clé de cette base. Remettez celle de l’installation.")
    return {name: fingerprint for name, fingerprint in mine.items() if name not in stored}


def configure(master_key: str, index_key: str) -> Keyring:
    """Give this process its keys, as the configuration read them; raises KeyProblemError with a sentence."""
    _process["keys"] = load_keyring({"ODIS_MASTER_KEY": master_key, "ODIS_INDEX_KEY": index_key})
    return _process["keys"]


def keyring() -> Keyring:
    """The keyring of this process: what ``configure`` gave, else the environment's."""
    if "keys" not in _process:
        _process["keys"] = load_keyring()
    return _process["keys"]


def derived_key(use: str) -> bytes:
    """32 bytes for one use, drawn from the index key: it never changes during the installation's life, unlike the master key."""
    return hmac.new(keyring().index, b"odis key for " + use.encode(), hashlib.sha256).digest()


def verify_database(connection: Connection, keys: Keyring | None = None) -> None:
    """Refuse to go on with keys that are not those of this database; the first start stores their fingerprints.

    Call it at start-up, before anything is sealed. Raises KeyProblemError with a sentence.
    """
    if connection.execute(text(_SAID_OF_DATABASE)).scalar() == RESTORING:
        raise KeyProblemError(
            "La restauration de cette base n’est pas finie : relancez « odis restore » jusqu’au bout."
        )
    rows = connection.execute(text("SELECT name, fingerprint FROM key_checks")).all()
    keys = keys or keyring()
    missing = verify_checks(keys, {row.name: row.fingerprint for row in rows})
    known = connection.execute(text("SELECT to_regprocedure('odis.masters_in_use()') IS NOT NULL")).scalar_one()
    if known:  # not in a database that waits for the migration of the records' keys
        for version in connection.execute(text("SELECT odis.masters_in_use()")).scalars():
            if version not in keys.masters:
                raise KeyProblemError(_lost(version))
    for name, fingerprint in missing.items():
        connection.execute(text("SELECT odis.key_check_add(:name, :value)"), {"name": name, "value": fingerprint})


def check_start(url: str, keys: Keyring) -> None:
    """Refuse to start on the database of ``url`` with other keys than its own. A database that does not answer is told elsewhere."""
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    try:
        with engine.begin() as connection:
            verify_database(connection, keys)
    except OperationalError:
        return
    finally:
        engine.dispose()


def _lost(version: int) -> str:
    return f"ODIS_MASTER_KEY, version {version}, manque : les clés de dossiers de cette base en dépendent. Remettez cette clé."


def place(table: str, column: str, row: int | str) -> str:
    """Where a sealed value lives; ``row`` is the row's public id (or id)."""
    return f"{table}|{column}|{row}"


def seal(plaintext: str | bytes, where: str, *, keys: Keyring | None = None, key: DataKey | None = None) -> bytes:
    """Encrypt ``plaintext`` for the place ``where`` (see ``place``): with ``key``, a record's own, else with the current master."""
    data = plaintext.encode() if isinstance(plaintext, str) else plaintext
    if key is None:
        keys = keys or keyring()
        header, secret = bytes((INSTALLATION, keys.current)), keys.masters[keys.current]
    else:
        header, secret = bytes((RECORD, key.version)), key.secret
    nonce = secrets.token_bytes(NONCE_BYTES)
    return header + nonce + AESGCM(secret).encrypt(nonce, data, _aad(where, header))


def unseal(sealed: bytes, where: str, *, keys: Keyring | None = None, key: DataKey | None = None) -> bytes:
    """Decrypt what ``seal`` made for the same place; ``key`` is for what a record's own key sealed. Raises UnreadableError."""
    header, nonce, body = (
        sealed[:HEADER_BYTES],
        sealed[HEADER_BYTES:][:NONCE_BYTES],
        sealed[HEADER_BYTES + NONCE_BYTES :],
    )
    if len(header) < HEADER_BYTES:
        raise UnreadableError("cut")
    version = key_version(sealed)
    if is_of_record(sealed):
        if key is None or key.version != version:
            raise UnreadableError(f"sealed with the record's key, version {version}, which is not here")
        secret = key.secret
    else:
        masters = (keys or keyring()).masters
        if header[0] != INSTALLATION or version not in masters:
            raise UnreadableError(f"sealed with key version {version}, which is not here")
        secret = masters[version]
    try:
        return AESGCM(secret).decrypt(nonce, body, _aad(where, header))
    except (InvalidTag, ValueError) as error:
        raise UnreadableError(f"altered, or not sealed for {where}") from error


def is_of_record(sealed: bytes) -> bool:
    """Whether a record's own key sealed a value, rather than a master key."""
    return sealed[:1] == bytes((RECORD,))


def key_version(sealed: bytes) -> int:
    """The version of the key that sealed a value: a rotation re-seals those that are not the current one."""
    return sealed[1]


def blind_index(value: str, *, org_id: int, column: str, keys: Keyring | None = None) -> bytes:
    """A keyed fingerprint (32 bytes) of a normalised ``value``, different in each organisation and column.

    AGDREF numbers and phones are few enough to be tried one by one: without the key the index tells nothing, and
    two organisations cannot compare theirs.
    """
    keys = keys or keyring()
    scoped = hmac.new(keys.index, f"{org_id}|{column}".encode(), hashlib.sha256).digest()
    return hmac.new(scoped, value.encode(), hashlib.sha256).digest()


def new_key() -> str:
    """A fresh key, base64 of 32 random bytes."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _aad(where: str, header: bytes) -> bytes:
    owner = "record|" if header[0] == RECORD else ""
    return f"{where}|{owner}{header[1]}".encode()


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise KeyProblemError(f"{name} est absente : l’application ne démarre pas sans sa clé. {NEW_KEY}")
    return value


def _decode(name: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyProblemError(f"{name} n’est pas du base64. {NEW_KEY}") from error
    if len(key) != KEY_BYTES:
        raise KeyProblemError(f"{name} compte {len(key)} octets au lieu de {KEY_BYTES}. {NEW_KEY}")
    return key


if __name__ == "__main__":
    print(new_key())
