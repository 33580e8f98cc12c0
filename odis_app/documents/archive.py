"""An archive of the whole installation: a folder, what it holds, and the proof that nobody changed it.

``manifeste.json`` names every part with its size and SHA-256, and every table with its rows and its hash; ``manifeste.hmac``
proves the manifest itself. The dump of the database is sealed (``core.streams``) and the key of both is sealed by the master
key, which is in no archive: a stolen archive tells nothing, an altered one is refused before anything is written.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import psycopg

from odis_app.core import crypto
from odis_app.core.services.process import ServiceError

FORMAT = 1
MANIFEST, PROOF, DUMP, RECORDS = "manifeste.json", "manifeste.hmac", "base.dump", "dossiers.jsonl"
FOLDERS = ("documents", "ancres", "effacements")
# Not in the dump: what proves identities is a secret of the installation, and the records' keys have their own short-lived backup.
WITHOUT = ("private.keys", "public.record_keys")
_BLOCK = 1 << 20
_SAME_TEXT = "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1"
_TABLES = """SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind = 'r' AND n.nspname IN ('public', 'private', 'odis') ORDER BY 1, 2"""


class ArchiveError(ServiceError):
    """The archive cannot be used; the message is a French sentence for the operator, and nothing was written."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a table held: how many rows, and the SHA-256 of them all, whatever their order."""

    rows: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What an archive says of itself. ``parts``: path within the folder → (bytes, SHA-256); ``missing``: stored files already lost."""

    made_at: str
    migration: str
    server: int
    tool: int
    checks: Mapping[str, str]
    master: int
    key: str
    tables: Mapping[str, Content]
    parts: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive whose manifest is proved, with the key of its dump."""

    folder: Path
    manifest: Manifest
    key: bytes = field(repr=False)


def tables_of(connection: psycopg.Connection[Any]) -> dict[str, Content]:
    """Every table of the database that an archive holds, as the transaction of ``connection`` sees it (a role that no wall stops)."""
    connection.execute(_SAME_TEXT)
    names = [f"{schema}.{table}" for schema, table in connection.execute(_TABLES)]
    return {name: _content(connection, name) for name in names if name not in WITHOUT}


def _content(connection: psycopg.Connection[Any], name: str) -> Content:
    schema, table = name.split(".")
    quoted = psycopg.sql.Identifier(schema, table)
    hashes = psycopg.sql.SQL("SELECT sha256(convert_to(t::text, 'UTF8')) AS h FROM {} t").format(quoted)
    whole = psycopg.sql.SQL(
        "SELECT count(*), encode(sha256(coalesce(string_agg(h, '' ORDER BY h), '')), 'hex') FROM ({}) AS rows"
    ).format(hashes)
    row = connection.execute(whole).fetchone()
    assert row is not None
    return Content(*row)


def seal_key(secret: bytes, made_at: str) -> str:
    """The archive's key under the current master key, for its manifest."""
    return base64.b64encode(crypto.seal(secret, crypto.place("backup", "key", made_at))).decode()


def write_manifest(folder: Path, manifest: Manifest, key: bytes) -> None:
    """Write the manifest and its proof: the last act of a backup."""
    content = json.dumps(asdict(manifest), ensure_ascii=False, indent=1, sort_keys=True).encode()
    for name, data in ((MANIFEST, content), (PROOF, _proof(key, content).encode())):
        with create(folder / name) as file:
            file.write(data)


def read(folder: Path) -> Archive:
    """The archive in ``folder``, its manifest proved. Raises ArchiveError: absent, unknown, altered, or of another installation's keys."""
    try:
        content, proof = (
            (folder / MANIFEST).read_bytes(),
            (folder / PROOF).read_text(encoding="ascii", errors="replace"),
        )
    except OSError:
        raise ArchiveError(f"{folder} n’est pas une sauvegarde entière : son manifeste manque.") from None
    try:
        told = json.loads(content)
        if told.get("format") != FORMAT:
            raise ArchiveError(
                f"Cette sauvegarde est d’un format inconnu ({told.get('format')}) : installez la version qui l’a écrite."
            )
        tables = {name: Content(**found) for name, found in told.pop("tables").items()}
        parts = {name: (int(size), str(sha)) for name, (size, sha) in told.pop("parts").items()}
        manifest = Manifest(**told | {"tables": tables, "parts": parts, "missing": tuple(told["missing"])})
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ArchiveError("Le manifeste de cette sauvegarde est illisible. Prenez-en une autre.") from None
    _refuse_other_keys(manifest)
    try:
        key = crypto.unseal(base64.b64decode(manifest.key), crypto.place("backup", "key", manifest.made_at))
    except ValueError:
        key = b""
    if not hmac.compare_digest(_proof(key, content), proof.strip()):
        raise ArchiveError("Le manifeste de cette sauvegarde a été modifié. Rien n’est restauré : prenez-en une autre.")
    return Archive(folder, manifest, key)


def _refuse_other_keys(manifest: Manifest) -> None:
    mine = crypto.keyring().checks()
    wanted = {f"master:{manifest.master}": f"ODIS_MASTER_KEY, version {manifest.master},", "index": "ODIS_INDEX_KEY"}
    for name, label in wanted.items():
        if mine.get(name) != manifest.checks.get(name):
            raise ArchiveError(
                f"{label} n’est pas celle de cette sauvegarde. Donnez la clé de l’installation sauvegardée."
            )


def verify_parts(archive: Archive) -> None:
    """Read every part again. Raises ArchiveError for the first that differs, is absent, or is not in the manifest."""
    wanted = archive.manifest.parts
    for name in sorted(set(files(archive.folder)) - {MANIFEST, PROOF} - set(wanted)):
        raise ArchiveError(f"{name} n’est pas dans le manifeste de cette sauvegarde. Rien n’est restauré.")
    for name, (size, sha256) in wanted.items():
        path = archive.folder / name
        if not path.is_file():
            raise ArchiveError(f"{name} manque dans cette sauvegarde. Rien n’est restauré : prenez-en une autre.")
        if (size, sha256) != measure(path):
            raise ArchiveError(f"{name} a été modifié depuis la sauvegarde. Rien n’est restauré : prenez-en une autre.")


def measure(path: Path) -> tuple[int, str]:
    """(bytes, SHA-256) of a file."""
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def files(folder: Path) -> Iterator[str]:
    """Every file under ``folder``, as a path within it; files still being written (``.part``) are left out."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".part":
            yield path.relative_to(folder).as_posix()


def copy(source: Path, target: Path, names: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Copy files (600, folders 700), down to the disk; what was copied, measured. One that has just gone is left out."""
    copied = {}
    for name in names:
        digest = hashlib.sha256()
        try:
            file = (source / name).open("rb")
        except FileNotFoundError:
            continue
        aside = target / f"{name}.part"
        aside.unlink(missing_ok=True)  # of a copy that was cut
        with file, create(aside) as written:
            while block := file.read(_BLOCK):
                digest.update(block)
                written.write(block)
            copied[name] = (written.tell(), digest.hexdigest())
        aside.rename(target / name)
    return copied


def create(path: Path) -> BinaryIO:
    """A new file that its owner alone reads, in folders that its owner alone enters."""
    for folder in (*reversed(path.parent.parents), path.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def settle(folder: Path) -> None:
    """Everything under ``folder`` down to the disk."""
    for path in (*folder.rglob("*"), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _proof(key: bytes, content: bytes) -> str:
    return hmac.new(
        hmac.new(key, b"odis backup manifest", hashlib.sha256).digest(), content, hashlib.sha256
    ).hexdigest()
