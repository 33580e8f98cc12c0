"""Reading what the night told of one's own files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, case

from odis_app.access.models import Rapprochement
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.households.models import Household
from odis_app.households.policy import visible_rapprochements

MOST = 100


def rapprochements(identity: Identity) -> Sequence[Row[Any]]:
    """(rapprochement, file) of those one answers for: what waits first, then the newest."""
    waits = case((Rapprochement.answer.is_(None) & Rapprochement.closed_at.is_(None), 0), else_=1)
    statement = visible_rapprochements(identity).add_columns(Household)
    return db.execute(statement.order_by(waits, Rapprochement.id.desc()).limit(MOST)).all()


def waiting(identity: Identity) -> Select[Any]:
    """Those that wait for one's answer, with their file: a line of the work list each."""
    statement = visible_rapprochements(identity).add_columns(Household)
    open_ones = (
        Rapprochement.answer.is_(None),
        Rapprochement.closed_at.is_(None),
        Rapprochement.closes_on >= clock.today(),
    )
    return statement.where(*open_ones).order_by(Rapprochement.closes_on)
