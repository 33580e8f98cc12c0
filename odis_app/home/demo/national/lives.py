"""The life of a file: where it stands, and the dated facts that lead there, from which the product computes the stage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Any

from odis_app.home.demo.national.drawing import Weighted, ago, within
from odis_app.households.enums import FactKind
from odis_app.households.operations.many import PlannedFact
from odis_app.placements.enums import ExitReason

DRAFT, COMPLETE, WAITING, PROPOSED, CONFIRMED, ENTERED, FOLLOWED, LEFT, ARCHIVED = range(9)
STAGES = Weighted(
    (DRAFT, COMPLETE, WAITING, PROPOSED, CONFIRMED, ENTERED, FOLLOWED, LEFT, ARCHIVED), (6, 8, 28, 5, 2, 1, 29, 14, 7)
)
REFUSED = timedelta(days=3)  # a host's refusal, after the proposal
HOUSED = frozenset({PROPOSED, CONFIRMED, ENTERED, FOLLOWED, LEFT})
EXITS = Weighted(
    (
        ExitReason.LOGEMENT_SOCIAL, ExitReason.LOGEMENT_PRIVE, ExitReason.IML, ExitReason.MOBILITE, ExitReason.STRUCTURE, ExitReason.FAMILLE,
        ExitReason.PERTE_CONTACT, ExitReason.RUPTURE_HOTE, ExitReason.SANS_SOLUTION,
    ),
    (35, 15, 10, 8, 8, 7, 6, 6, 5),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Life:
    """The days of a file; what did not happen is None. ``fell``: a proposal that came to nothing."""

    stage: int
    opened: date
    complete: date | None = None
    dated: date | None = None
    fell: date | None = None
    proposed: date | None = None
    confirmed: date | None = None
    entered: date | None = None
    left: date | None = None
    archived: date | None = None
    exit: ExitReason | None = None

    def facts(self, subject: str, fallen: str) -> list[PlannedFact]:
        """As the product records them; ``subject`` and ``fallen`` are the public ids of the proposal and of the one that fell."""
        outcome = {"outcome": self.exit.outcome.value, "waits_again": self.exit.waits_again} if self.exit else {}
        told: tuple[tuple[FactKind, date | None, str, dict[str, Any]], ...] = (
            (FactKind.OPENED, self.opened, "", {}), (FactKind.COMPLETED, self.complete, "", {}), (FactKind.NEED_DATED, self.dated, "", {}),
            (FactKind.PROPOSED, self.fell, fallen, {}), (FactKind.PROPOSAL_ENDED, self.fell and self.fell + REFUSED, fallen, {}),
            (FactKind.PROPOSED, self.proposed, subject, {}), (FactKind.CONFIRMED, self.confirmed, subject, {}),
            (FactKind.ENTERED, self.entered, subject, {}), (FactKind.EXITED, self.left, subject, outcome), (FactKind.ARCHIVED, self.archived, "", {}),
        )  # fmt: skip
        return [PlannedFact(kind.value, day, about, data) for kind, day, about, data in told if day is not None]


def live(draw: Random, today: date) -> Life:
    """A life, drawn."""
    stage = STAGES.pick(draw)
    if stage == DRAFT:
        return Life(stage, ago(today, within(draw, 0, 60)))
    if stage == COMPLETE:
        complete = ago(today, within(draw, 0, 200))
        return Life(stage, complete - timedelta(days=within(draw, 0, 20)), complete)
    if stage in {WAITING, ARCHIVED}:
        return _waiting(draw, today, stage)
    return _housed(draw, today, stage)


def without_fall(life: Life) -> Life:
    """No place was there to be proposed."""
    return replace(life, fell=None)


def waiting_instead(life: Life) -> Life:
    """No place could be given: the household still waits."""
    return Life(WAITING, life.opened, life.complete, life.dated)


def _waiting(draw: Random, today: date, stage: int) -> Life:
    dated = ago(today, within(draw, 5, 420) + 200 * (stage == ARCHIVED))
    complete = dated - timedelta(days=within(draw, 0, 15))
    opened = complete - timedelta(days=within(draw, 0, 30))
    fell = dated + timedelta(days=within(draw, 0, (today - dated).days - 4)) if draw.random() < 0.12 else None
    return Life(
        stage, opened, complete, dated, fell, archived=ago(today, within(draw, 0, 150)) if stage == ARCHIVED else None
    )


def _housed(draw: Random, today: date, stage: int) -> Life:
    left = entered = confirmed = None
    if stage == PROPOSED:
        proposed = ago(today, within(draw, 0, 4))
    elif stage == CONFIRMED:
        confirmed = ago(today, within(draw, 0, 4))
        proposed = confirmed - timedelta(days=within(draw, 1, 5))
    else:
        if stage == LEFT:
            left = ago(today, within(draw, 1, 600))
            entered = left - timedelta(days=within(draw, 20, 400))
        else:
            entered = ago(today, within(draw, 0, 6) if stage == ENTERED else within(draw, 8, 600))
        confirmed = entered - timedelta(days=within(draw, 1, 10))
        proposed = confirmed - timedelta(days=within(draw, 1, 5))
    dated = proposed - timedelta(days=within(draw, 1, 90))
    complete = dated - timedelta(days=within(draw, 0, 15))
    opened = complete - timedelta(days=within(draw, 0, 30))
    return Life(
        stage,
        opened,
        complete,
        dated,
        None,
        proposed,
        confirmed,
        entered,
        left,
        exit=EXITS.pick(draw) if left else None,
    )
