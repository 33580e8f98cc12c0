"""The command line ``odis …``: the four process commands here, the others in the packages that they serve."""

from __future__ import annotations

import os
import signal
import sys
from base64 import b64decode
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click
from flask import Flask
from flask.cli import FlaskGroup

from odis_app.core.config import ROOT, Config, ConfigError, running_services
from odis_app.core.crypto import KeyProblemError, check_start, configure, new_key
from odis_app.core.db import WideRoleError, prove_role
from odis_app.core.db import configure as configure_database
from odis_app.core.services.process import DirectoryLock, ServiceError

WITHOUT_DATABASE = {"match", "permissions"}
_services = ExitStack()  # embedded services started for one command, stopped at its end


def _application() -> Flask:
    """The application for a package's command; embedded services are started for its time when none runs."""
    from odis_app import create_app

    words = sys.argv[1:]
    alone = not words or "--help" in words or words[0] in WITHOUT_DATABASE
    return create_app(_nowhere() if alone else _configuration())


def _nowhere() -> Config:
    """For help and for commands on files: an application whose database is never opened, with keys of the moment."""
    config = Config.from_env(services=False)
    return replace(
        config,
        database_url=config.database_url or "postgresql+psycopg:///odis",
        redis_url=config.redis_url or "unix:///nowhere",
        secret_key=config.secret_key or new_key(),
        identity_key=config.identity_key or b64decode(new_key()).hex(),
        master_key=config.master_key or f"1:{new_key()}",
        index_key=config.index_key or new_key(),
    )


def _configuration() -> Config:
    config = Config.from_env(services=False)
    if DirectoryLock(config.data_dir).taken():
        if not config.database_url:
            return Config.from_env()
        config = replace(
            config, redis_url=config.redis_url or running_services(config.data_dir).get("ODIS_REDIS_URL", "")
        )
    from odis_app.core.services import serve

    completed = _services.enter_context(serve.services_for_a_command(config))
    os.environ.update(completed.environment())  # for the programs that the command itself starts
    return completed


@click.group(
    cls=FlaskGroup, create_app=_application, add_default_commands=False, load_dotenv=False, add_version_option=False
)
def main_group() -> None:
    """OD&IS : accueillir, héberger, accompagner."""


@main_group.command("serve", with_appcontext=False)
@click.option("--demo", is_flag=True, help="Données et comptes de démonstration, sur cette machine seulement.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port du web (8000, ou la variable PORT).")
@click.option("--with-parent", is_flag=True, hidden=True, help="S’arrêter quand le processus parent s’arrête.")
def serve_command(*, demo: bool, port: int | None, with_parent: bool) -> None:
    """Tout démarrer : les services embarqués si aucun n’est donné, les migrations, le web, le travailleur, le planificateur."""
    from odis_app.core.services import launch, serve

    if with_parent:
        launch.die_with_parent(signal.SIGTERM)
    config = Config.from_env(services=False)
    sys.exit(serve.serve(replace(config, port=port or config.port), demo=demo or config.demo))


@main_group.command("web", with_appcontext=False)
def web_command() -> None:
    """Le serveur web seul."""
    from odis_app.core.services.serve import web_command as command

    config = Config.from_env()
    configure_database("app", config.database_url)
    prove_role()
    check_start(config.database_url, configure(config.master_key, config.index_key))
    _become(command(config))


@main_group.command("worker", with_appcontext=False)
def worker_command() -> None:
    """Un travailleur seul, qui exécute les tâches des files."""
    Config.from_env()
    _become([sys.executable, "-m", "jobs.worker"])


@main_group.command("scheduler", with_appcontext=False)
def scheduler_command() -> None:
    """Le planificateur seul, qui met en file ce qui est prévu."""
    Config.from_env()
    _become([sys.executable, "-m", "jobs.scheduler"])


@main_group.command("restore", with_appcontext=False)
@click.argument("folder", metavar="DOSSIER", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--keys", "keys_file", metavar="FICHIER", type=click.Path(path_type=Path), help="Les clés des dossiers, écrites par « odis keys backup ».")  # fmt: skip
@click.option("--erasures", "log", metavar="DOSSIER", type=click.Path(path_type=Path, exists=True, file_okay=False), help="La copie de effacements/ gardée ailleurs : ce qui a été effacé ou retiré depuis l’est de nouveau.")  # fmt: skip
def restore_command(*, folder: Path, keys_file: Path | None, log: Path | None) -> None:
    """Remettre la sauvegarde DOSSIER dans une installation vide, et y rejouer ce qui a été effacé et retiré depuis."""
    from odis_app import create_app
    from odis_app.access.enums import Withdrawal
    from odis_app.core.services import serve
    from odis_app.documents import restore
    from odis_app.documents.cli import told_withdrawals

    config = Config.from_env(services=False)
    configure(config.master_key, config.index_key)
    found = restore.check(folder.absolute(), keys_file=keys_file)
    with serve.services_for_a_command(config, fresh=True) as completed, create_app(completed).app_context():
        done = restore.apply(found, completed, click.echo, keys_file=keys_file, log=log)
    click.echo(
        f"Sauvegarde du {found.manifest.made_at[:16].replace('T', ' à ')} (UTC) : {done.tables} tables identiques, {done.files} fichiers."
    )
    click.echo(f"{done.erased} effacements rejoués ; {done.keys} clés de dossiers remises sur {done.keys_wanted}.")
    click.echo(f"{told_withdrawals(done.withdrawn)}. Ce qui a été retiré puis rendu depuis la sauvegarde reste retiré.")
    click.echo(
        "Toutes les sessions et tous les liens envoyés sont sans effet : chacun se reconnecte, les invitations se relancent."
    )
    if count := done.withdrawn[Withdrawal.PASSWORD.value]:
        click.echo(
            f"{count} comptes ont changé de mot de passe ou renforcé leur connexion depuis : ces personnes passent par « Mot de passe oublié »."
        )
    if done.keys < done.keys_wanted - done.erased:
        click.echo(
            "Les autres dossiers sont illisibles tant que « odis keys restore FICHIER » n’a pas remis leurs clés."
        )
    click.echo("Vérifiez ensuite : odis audit verify, puis ouvrez un dossier et un document.")


def _become(command: list[str]) -> None:
    """Replace this process, with a complete environment: files of secrets are read once, here."""
    os.chdir(ROOT)
    os.execve(command[0], command, {**os.environ, **Config.from_env().environment()})  # noqa: S606  no shell is wanted


def main() -> None:
    """The console script. What is wrong with the installation is a sentence on standard error and exit code 2."""
    try:
        with _services:
            main_group(prog_name="odis")
    except (ConfigError, KeyProblemError, ServiceError, WideRoleError) as error:
        print(f"odis : {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
