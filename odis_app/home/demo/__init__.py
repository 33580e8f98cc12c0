"""Loading the demonstration: accounts as the installation, then each package's seeds as the people who would do it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from flask import current_app
from sqlalchemy import func, select, text

from odis_app.accounts.models import User
from odis_app.core.cli import owner_unit
from odis_app.core.db import db
from odis_app.home.demo import national
from odis_app.home.demo.sizes import SIZES, National, Size, fill
from odis_app.organisations.seeds import World, accept_conventions, load_accounts, open_sessions

# In the order in which life happens; each module has ``load(world)``.
SEEDS = ("structures", "households", "housing", "placements", "journal", "privacy")


class HalfLoadedError(RuntimeError):
    """A former loading was interrupted: the demonstration must be forgotten before it is loaded again."""


def is_loaded() -> bool:
    """Whether the demonstration is there, whole. Raises HalfLoadedError when it was interrupted."""
    with owner_unit():
        whole = db.execute(text("SELECT EXISTS (SELECT 1 FROM instance WHERE key = 'demo')")).scalar_one()
        started = db.execute(select(func.count()).select_from(User).where(User.is_demo)).scalar_one()
    if started and not whole:
        raise HalfLoadedError(
            "Le chargement de la démonstration a été interrompu. Lancez « make reset », puis « make run »."
        )
    return bool(whole)


def load(
    password: str,
    *,
    only: tuple[str, ...] = SEEDS,
    size: Size | National = SIZES["small"],
    seed: int = 1,
    say: Callable[[str], None] = lambda _sentence: None,
) -> World:
    """Load everything on an empty demonstration; dates are relative to today, the same for everybody today with the same size and seed.

    ``say`` is told how far a long loading is, in French.
    """
    minter = current_app.extensions["odis_minter"]
    with owner_unit():
        world = load_accounts(minter, password)
        db.execute(
            text(
                'INSERT INTO instance (key, value) VALUES (\'class2\', \'{"open": true, "reason": "Démonstration, personnes inventées"}\')'
            )
        )
    open_sessions(world)
    accept_conventions(world)
    for name in only:
        import_module(f"odis_app.{name}.seeds").load(world)
    if isinstance(size, National):
        national.fill(world, size, seed=seed, password=password, say=say)
    else:
        fill(world, size, seed=seed)
    with owner_unit():
        db.execute(text("INSERT INTO instance (key, value) VALUES ('demo', 'true')"))
    return world
