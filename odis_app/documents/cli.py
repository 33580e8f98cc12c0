"""``odis keys``: the keys of the installation and of its records (docs/exploitation.md, « Les clés »)."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import func, select, text

from odis_app.access import erasures
from odis_app.access.enums import Withdrawal
from odis_app.access.models import RecordKey
from odis_app.core import crypto
from odis_app.core.cli import owner_unit
from odis_app.core.config import Config
from odis_app.core.db import configure, db, dispose
from odis_app.core.formats import pluriel
from odis_app.documents import backup as backups
from odis_app.documents import keys_backup, resealing
from odis_app.documents.storage import Store, StoreError

FIND = """SELECT id FROM households WHERE public_id = :name UNION SELECT id FROM structures WHERE public_id = :name
          UNION SELECT id FROM offers WHERE public_id = :name"""


@click.command("backup")
@click.argument("folder", metavar="DOSSIER", type=click.Path(path_type=Path))
@click.option("--keys", "keys_folder", metavar="DOSSIER", type=click.Path(path_type=Path, file_okay=False), help="Écrire aussi les clés des dossiers, du même instant, dans un autre lieu.")  # fmt: skip
@with_appcontext
def backup_command(*, folder: Path, keys_folder: Path | None) -> None:
    """Sauvegarder la base et les fichiers dans DOSSIER, qui ne doit pas exister. Aucune clé n’y est écrite."""
    folder, keys_folder = folder.absolute(), keys_folder.absolute() if keys_folder else None
    if keys_folder and keys_folder.is_relative_to(folder):
        raise click.ClickException(
            "Les clés des dossiers se gardent à part : donnez à --keys un dossier hors de la sauvegarde."
        )
    written = backups.write(folder, _config(), keys_folder=keys_folder)
    tables, parts = written.manifest.tables, written.manifest.parts
    click.echo(f"{folder} : {len(tables)} tables, {sum(found.rows for found in tables.values())} lignes.")
    sizes = [size for name, (size, _) in parts.items() if name.startswith("documents/")]
    click.echo(f"{len(sizes)} fichiers, {sum(sizes)} octets.")
    if written.manifest.missing:
        click.echo(
            f"À regarder : {len(written.manifest.missing)} fichiers que la base nomme ne sont pas dans documents/."
        )
    if written.keys:
        click.echo(
            f"{written.keys_count} clés de dossiers dans {written.keys} : gardez-les à part, trente jours au plus."
        )
    else:
        click.echo("Les clés des dossiers n’y sont pas : « odis keys backup » les écrit, dans un autre lieu.")


@click.group("keys")
def keys() -> None:
    """Clés : état, rotation, sauvegarde à part, effacements rejoués."""


@keys.command("status")
@with_appcontext
def status() -> None:
    """Dire quelles clés servent et ce qu’une rotation aurait à faire ; code 1 s’il reste à faire."""
    with owner_unit():
        current = crypto.keyring().current
        click.echo(
            f"Clés données : versions {', '.join(map(str, sorted(crypto.keyring().masters)))} ; la {current} scelle."
        )
        per_master = select(RecordKey.master, func.count()).group_by(RecordKey.master).order_by(RecordKey.master)
        for master, count in db.execute(per_master):
            click.echo(f"{count} clés de dossiers sous la version {master}.")
        left = resealing.pending()
        erased = erasures.settle(_config().erasures_dir)
    if erased:
        click.echo(f"{erased} effacements et retraits recopiés dans le journal hors de la base.")
    _finish(left)


@keys.command("rotate")
@click.option(
    "--record", "record", metavar="IDENTIFIANT", help="Changer la clé d’un seul dossier (la fin de son adresse)."
)
@click.option("--batch", type=click.IntRange(1, 10_000), default=resealing.BATCH, help="Valeurs par transaction.")
@with_appcontext
def rotate(*, record: str | None, batch: int) -> None:
    """Mettre sous la clé la plus récente tout ce qu’une autre a scellé. Se relance où elle s’est arrêtée."""
    store = Store(_config().documents_dir)
    with _owner():
        if record is not None:
            click.echo(f"{_rotate_record(record, store)} valeurs et fichiers sous une nouvelle clé.")
            return
        left = resealing.rotate_master(store, click.echo, batch=batch)
    _finish(left)
    click.echo(f"Vérifié. Retirez les autres versions de ODIS_MASTER_KEY : la {crypto.keyring().current} suffit.")


def _rotate_record(name: str, store: Store) -> int:
    with owner_unit():
        found = db.execute(text(FIND), {"name": name}).scalar_one_or_none()
    with _owner():
        try:
            return resealing.rotate_record(int(found or 0), store)
        except LookupError:
            raise click.ClickException("Aucun dossier à cette adresse, ou sa clé est détruite.") from None
        except (crypto.UnreadableError, StoreError) as error:
            raise click.ClickException(
                f"Rien n’est changé, une valeur de ce dossier ne se lit pas : {error}."
            ) from None


@keys.command("backup")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--keep", type=click.IntRange(1, 365), default=keys_backup.KEPT_DAYS, help="Jours gardés (30).")
@with_appcontext
def backup(*, folder: Path, keep: int) -> None:
    """Écrire les clés des dossiers, scellées, dans DOSSIER, à part de la base ; les copies trop anciennes sont supprimées."""
    with owner_unit():
        path, count = keys_backup.write(folder)
    gone = keys_backup.forget_old(folder, keep)
    click.echo(f"{count} clés dans {path} ; {gone} copies de plus de {keep} jours supprimées.")


@keys.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@with_appcontext
def restore(*, file: Path) -> None:
    """Remettre les clés de FICHIER que la base n’a plus ; celles des dossiers effacés restent détruites."""
    with owner_unit():
        count = keys_backup.read(file, _config().erasures_dir)
    click.echo(f"{count} clés remises.")
    _replayed()


@keys.command("replay")
@with_appcontext
def replay() -> None:
    """Après une restauration faite à la main : rejouer ce qui a été effacé et retiré depuis la sauvegarde."""
    _replayed()


def _replayed() -> None:
    with owner_unit():
        folder = _config().erasures_dir
        erasures.settle(folder)
        withdrawn = erasures.withdraw_again(folder)
        back = erasures.replay(folder)
    click.echo(f"{len(back)} effacements rejoués ; {told_withdrawals(withdrawn)}.")


def told_withdrawals(withdrawn: Counter[str]) -> str:
    """« 3 retraits rejoués (partages : 2, rôles : 1) »."""
    each = ", ".join(f"{kind.label} : {withdrawn[kind.value]}" for kind in Withdrawal if withdrawn[kind.value])
    return pluriel(withdrawn.total(), "retrait rejoué", "retraits rejoués") + (f" ({each})" if each else "")


def _finish(left: resealing.Left) -> None:
    for where, count in left.values.items():
        click.echo(f"À sceller de nouveau : {where}, {count} valeurs.")
    for where in left.unreadable:
        click.echo(f"ILLISIBLE : {where}.")
    if not left.is_nothing:
        sys.exit(1)
    click.echo("Tout est sous la clé en cours.")


def _config() -> Config:
    config: Config = current_app.config["ODIS"]
    return config


@contextmanager
def _owner() -> Iterator[None]:
    """The owner's engine, for units of work opened one after the other."""
    crypto.check_start(_config().database_url, crypto.keyring())
    configure(resealing.ENGINE, _config().migrate_database_url, pool_size=1)
    try:
        yield
    finally:
        dispose(resealing.ENGINE)
