"""``odis demo``: the demonstration data. ``odis registre``: the register of processing."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext

from odis_app.core.db import unit_of_work
from odis_app.core.services.secrets import demo_password
from odis_app.home import demo as loader
from odis_app.home import register
from odis_app.home.demo.sizes import SIZES
from odis_app.privacy.queries import purposes


@click.group("demo")
def demo() -> None:
    """Données de démonstration, personnes inventées."""


@demo.command("load")
@click.option(
    "--size", type=click.Choice(list(SIZES)), default="small", show_default=True, help="Taille du jeu de données."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Tirage de ce qui s’ajoute au petit jeu : le même donne la même démonstration.")  # fmt: skip
@with_appcontext
def load(size: str, seed: int) -> None:
    """Charger le jeu de démonstration, sans rien faire s’il l’est déjà.

    « department » ajoute 8 000 ménages et 1 600 offres, par l’import. « national » ajoute un pays, par COPY : 200 000 ménages, 110 000 places,
    40 000 offres, 2 000 000 d’entrées de journal, 5 000 comptes dans 1 500 organisations ; ni les budgets mensuels des structures, ni les
    sites, ni les indicateurs, que le produit n’a pas encore.
    """
    config = current_app.config["ODIS"]
    if not config.demo:
        raise click.ClickException("Cette installation n’est pas une démonstration : lancez « odis serve --demo ».")
    try:
        if loader.is_loaded():
            click.echo("La démonstration est déjà chargée.")
            return
    except loader.HalfLoadedError as error:
        raise click.ClickException(str(error)) from error
    loader.load(config.demo_password or demo_password(config.data_dir), size=SIZES[size], seed=seed, say=click.echo)
    click.echo(f"Démonstration chargée ({size}).")


@click.command("registre")
@click.option("--markdown", is_flag=True, help="Écrire tout le registre en Markdown, comme docs/registre.md.")
@with_appcontext
def registre(*, markdown: bool) -> None:
    """Registre des traitements (RGPD, article 30) : les activités, ou tout le registre."""
    with unit_of_work(None, readonly=True):
        click.echo(register.as_markdown(purposes()) if markdown else register.as_text(purposes()))
