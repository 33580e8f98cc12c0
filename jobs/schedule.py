"""The schedule, as data. A run is known by its name and the instant it was due: it happens once, whoever plans it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from jobs.queues import NUIT, RAPIDE
from odis_app.core.clock import PARIS

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Schedule:
    """One line of the schedule: ``every`` so often (counted from a fixed instant), or ``at`` an hour of Paris each day.

    ``weekday`` (0 Monday) keeps one day of the week, ``day`` one day of the month (1–28).
    """

    name: str
    label: str
    task: str
    queue: str = NUIT
    every: timedelta | None = None
    at: time | None = None
    weekday: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        """Refuse a line that would never be due, or ambiguously."""
        if (self.every is None) == (self.at is None):
            raise ValueError(f"{self.name}: give either every or at")
        if self.every is not None and (
            self.every < timedelta(minutes=1) or self.weekday is not None or self.day is not None
        ):
            raise ValueError(f"{self.name}: every is a minute at least, on all days")
        if self.day is not None and not 1 <= self.day <= 28:
            raise ValueError(f"{self.name}: day is from 1 to 28")

    def last_slot(self, now: datetime) -> datetime:
        """The latest instant, not after ``now``, at which this was due (aware, UTC)."""
        if self.every is not None:
            return now - (now - EPOCH) % self.every
        assert self.at is not None
        day = now.astimezone(PARIS).date()
        while True:
            due = datetime.combine(day, self.at, PARIS).astimezone(UTC)
            if due <= now and self.weekday in {None, day.weekday()} and self.day in {None, day.day}:
                return due
            day -= timedelta(days=1)


SCHEDULE = (
    Schedule("seal-audit", "Sceau du journal des accès", "jobs.audit.seal", every=timedelta(hours=1)),
    Schedule(
        "purge-sessions",
        "Suppression des sessions expirées",
        "jobs.maintenance.purge_sessions",
        every=timedelta(hours=1),
    ),
    Schedule(
        "purge-attempts",
        "Oubli des essais de connexion de plus d’un jour",
        "jobs.accounts.purge",
        every=timedelta(hours=1),
    ),
    Schedule("passations", "Passations dont le jour est venu", "jobs.households.move_passations", at=time(0, 10)),
    Schedule("rapprochements", "Rapprochements entre organismes", "jobs.households.rapprochements", at=time(1, 10)),
    Schedule(
        "joins",
        "Rattachements en urgence : courriels et relectures qui tardent",
        "jobs.households.tell_joins",
        queue=RAPIDE,
        every=timedelta(minutes=10),
    ),
    Schedule("refresh-stages", "Étapes des dossiers recalculées", "jobs.households.refresh_stages", at=time(0, 20)),
    Schedule(
        "scan-documents",
        "Analyse des documents en quarantaine",
        "jobs.documents.scan",
        queue=RAPIDE,
        every=timedelta(minutes=10),
    ),
    Schedule(
        "entrance",
        "Rappels des invitations et des demandes d’accès",
        "jobs.organisations.entrance",
        queue=RAPIDE,
        every=timedelta(minutes=10),
    ),
    Schedule(
        "remind-operators",
        "Rappels des places sans nouvelle",
        "jobs.housing.remind_operators",
        queue=RAPIDE,
        at=time(9, 0),
    ),
    Schedule(
        "send-mails",
        "Envoi des courriels",
        "jobs.notifications.send",
        queue=RAPIDE,
        every=timedelta(minutes=5),
    ),
    Schedule(
        "purge-imports", "Suppression des brouillons d’import anciens", "jobs.maintenance.purge_imports", at=time(3, 5)
    ),
    Schedule(
        "warn-erasures", "Avertissements avant effacement, copies périmées", "jobs.privacy.nightly", at=time(2, 40)
    ),
    Schedule(
        "write-withdrawals",
        "Droits retirés écrits hors de la base",
        "jobs.privacy.settle",
        queue=RAPIDE,
        every=timedelta(minutes=5),
    ),
    Schedule("run-erasures", "Effacements approuvés", "jobs.privacy.erase", every=timedelta(minutes=30)),
    Schedule(
        "purge-exports", "Suppression des exports de plus de 48 heures", "jobs.exports.purge", every=timedelta(hours=1)
    ),
    Schedule("purge-reports", "Suppression des bilans anciens", "jobs.reports.purge", at=time(3, 25)),
    Schedule("purge-jobs", "Suppression des travaux anciens", "jobs.maintenance.purge_jobs", at=time(3, 15)),
    Schedule(
        "expire-orientations",
        "Fin des propositions sans réponse",
        "jobs.placements.expire_orientations",
        queue=RAPIDE,
        every=timedelta(minutes=5),
    ),
)
