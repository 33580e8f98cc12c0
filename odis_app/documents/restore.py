"""``odis restore``: an archive onto an empty installation, proved table by table, then told what was erased and withdrawn since.

Nothing is written before the archive is proved whole. From the first row to the last fact replayed the database says of
itself that it is being restored, and nothing opens it (``crypto.verify_database``): a restoration that was cut is begun again.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from psycopg import sql
from sqlalchemy import text

from odis_app.access import erasures
from odis_app.core import crypto, migrate, streams
from odis_app.core.cli import owner_unit
from odis_app.core.config import Config
from odis_app.core.db import db
from odis_app.core.services import pgtools, roles
from odis_app.core.services.process import ServiceError
from odis_app.documents import archive, keys_backup
from odis_app.documents.archive import Archive, ArchiveError

_NAMED = "SELECT current_database(), shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
# What waited that day may have left since: it never leaves twice, its author reads that it is in doubt and sends it again if need be.
_PUT_MAILS_ASIDE = """UPDATE public.mails SET state = 'unsure', ended_at = now(), sealed = NULL, error = 'Mis de côté par la restauration d’une sauvegarde.'
                      WHERE state IN ('waiting', 'sending', 'handing')"""
# Whoever was signed in that day proves again who they are, and whatever a link opened is asked for again: who holds one today is not known.
# What the tasks were given is judged again when they run.
_VOID = (
    "DELETE FROM private.sessions WHERE kind = 'user'",
    "DELETE FROM private.password_resets",
    "DELETE FROM private.verifications",
    "DELETE FROM private.challenges",
    "UPDATE public.invitations SET expires_at = now() WHERE accepted_at IS NULL AND withdrawn_at IS NULL AND expires_at > now()",
    "UPDATE public.availability_links SET expires_at = now() WHERE used_at IS NULL AND expires_at > now()",
    "DELETE FROM public.access_requests WHERE state = 'unconfirmed'",
)
_HOLDS = """SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname IN ('public', 'private', 'odis') AND c.relkind IN ('r', 'p', 'v', 'm')"""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restoration did: tables found identical, stored files put back, records' keys put back, records erased again, rights withdrawn again by kind."""

    tables: int
    files: int
    keys: int
    keys_wanted: int
    erased: int
    withdrawn: Counter[str]


def check(folder: Path, *, keys_file: Path | None = None) -> Archive:
    """The archive of ``folder``, proved whole and fit for this program. Raises ServiceError; writes nothing."""
    found = archive.read(folder)
    _refuse_unknown_migration(found.manifest.migration)
    archive.verify_parts(found)
    if keys_file is not None and not keys_file.is_file():
        raise ArchiveError(f"{keys_file} n’est pas un fichier de clés : donnez celui qu’a écrit « odis keys backup ».")
    return found


def apply(
    found: Archive, config: Config, say: Callable[[str], None], *, keys_file: Path | None = None, log: Path | None = None
) -> Restored:  # fmt: skip
    """Restore an archive that ``check`` accepted; ``log`` is a copy of « effacements/ » kept elsewhere. Raises ServiceError."""
    _refuse_other_server(found, config)
    _make_room(config.migrate_database_url, config.documents_dir)
    say("Écriture de la base…")
    program, _ = pgtools.tool("pg_restore", max(found.manifest.tool, pgtools.server_major(config.migrate_database_url)))
    with (found.folder / archive.DUMP).open("rb") as sealed:
        pgtools.restore(config.migrate_database_url, program, streams.open_stream(sealed, found.key))
    tables = _compare(found, config)
    say("Copie des fichiers…")
    files = _put_files(found, config)
    migrate.upgrade(config.migrate_database_url, identity_key=config.identity_key)
    wanted = _put_logs(found, config, log)
    keys, erased, withdrawn = _replay(config, keys_file, wanted)
    _say_of_database(config.migrate_database_url, None)
    return Restored(tables, files, keys, len(wanted), erased, withdrawn)


def _refuse_unknown_migration(revision: str) -> None:
    scripts = ScriptDirectory(str(migrate.ROOT / "migrations"))
    try:
        scripts.get_revision(revision)
    except CommandError:
        raise ArchiveError(
            f"Cette sauvegarde vient d’une version plus récente (migration {revision}) : installez cette version, puis restaurez."
        ) from None


def _refuse_other_server(found: Archive, config: Config) -> None:
    if not config.backup_database_url:
        raise ServiceError(
            "ODIS_BACKUP_DATABASE_URL est absente : donnez l’adresse de la base sous le rôle odis_backup."
        )
    here = pgtools.server_major(config.migrate_database_url)
    if here < found.manifest.server:
        raise ArchiveError(
            f"Cette sauvegarde vient de PostgreSQL {found.manifest.server}, ce serveur est un PostgreSQL {here} : "
            "donnez un serveur au moins aussi récent."
        )


def _make_room(url: str, documents: Path) -> None:
    """Refuse a database or a store that holds something; what a cut restoration left is taken away. Then the mark."""
    with roles.connect(url, autocommit=False) as connection:
        name, said = connection.execute(_NAMED).fetchone() or ("", None)
        begun = said == crypto.RESTORING
        held = connection.execute(_HOLDS).fetchone()
        if held and held[0] and not begun:
            raise ServiceError(
                f"La base {name} n’est pas vide : une restauration n’écrase rien. Donnez une base neuve, ou un dossier neuf par ODIS_DATA_DIR."
            )
        if documents.exists() and any(archive.files(documents)) and not begun:
            raise ServiceError(
                f"{documents} n’est pas vide : une restauration n’écrase rien. Donnez un dossier neuf par ODIS_DATA_DIR."
            )
        for schema in ("public", "odis", "private") if begun else ():
            connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))
        if begun:
            connection.execute("CREATE SCHEMA public AUTHORIZATION odis_owner")
            shutil.rmtree(documents, ignore_errors=True)
    _say_of_database(url, crypto.RESTORING)


def _say_of_database(url: str, mark: str | None) -> None:
    with roles.connect(url) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(mark)))


def _compare(found: Archive, config: Config) -> int:
    """Every table has the rows and the hash of the manifest, before anything else is written. Raises ServiceError otherwise."""
    with roles.connect(config.backup_database_url, autocommit=False) as connection:
        here = archive.tables_of(connection)
    differing = sorted(
        name for name in {*here, *found.manifest.tables} if here.get(name) != found.manifest.tables.get(name)
    )
    if differing:
        raise ServiceError(
            f"Après restauration, ces tables diffèrent de la sauvegarde : {', '.join(differing)}. La base reste fermée."
        )
    return len(here)


def _put_files(found: Archive, config: Config) -> int:
    """Stored files; the trail's heads that this machine lacks. What is here already (a more recent head) is kept."""
    names = [name for name in found.manifest.parts if name.partition("/")[0] in {"documents", "ancres"}]
    absent = [name for name in names if not (config.data_dir / name).exists()]
    archive.copy(found.folder, config.data_dir, absent)
    return sum(name.startswith("documents/") for name in absent)


def _put_logs(found: Archive, config: Config, log: Path | None) -> list[tuple[int, str]]:
    """The log of this machine completed by the archive's and by the copy kept elsewhere; (record, key) of all that was saved."""
    for folder in (found.folder / "effacements", *([log] if log else [])):
        erasures.append(config.erasures_dir, erasures.lines(folder))
    lines = (found.folder / archive.RECORDS).read_text(encoding="utf-8").splitlines()
    return [(int(record_id), str(key_id)) for record_id, key_id in map(json.loads, lines)]


def _replay(config: Config, keys_file: Path | None, dumped: list[tuple[int, str]]) -> tuple[int, int, Counter[str]]:
    """(keys put back, records erased again, rights withdrawn again), in one transaction with the end of all that a link or a session opened."""
    here = config.erasures_dir
    with owner_unit():
        count = keys_backup.read(keys_file, here) if keys_file else 0
        erasures.settle(here)
        withdrawn = erasures.withdraw_again(here)
        erased = erasures.replay(here, dumped)
        for statement in (*_VOID, _PUT_MAILS_ASIDE):
            db.execute(text(statement))
    return count, len(erased), withdrawn
