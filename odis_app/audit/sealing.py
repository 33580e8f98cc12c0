"""The seal of the trail: each event is bound to the one before it, per organisation, with a key that the database does not hold.

``digest(n) = HMAC-SHA256(key, digest(n-1) ‖ event n)``; the first of a chain follows the name of the chain. Whoever owns the
database can change an event, not its seal; cutting the end is told by the anchors, written each day outside of the database.
The oldest events go by whole segments (privacy's plans); what a segment ended with is kept, signed with the same key, and the next event follows it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import Select, func, insert, select

from odis_app.audit.models import AuditEvent, AuditSeal, AuditSegment
from odis_app.core import clock
from odis_app.core.crypto import derived_key
from odis_app.core.db import db

log = structlog.get_logger("odis.audit")
SETTLED = timedelta(minutes=10)  # a longer transaction would be sealed at the next round, after younger events
LATE = timedelta(hours=24)
BATCH = 2_000
NOBODY = 0


@dataclass(frozen=True, slots=True)
class Anchor:
    """The head of a chain on a day, kept outside of the database."""

    day: str
    chain: int
    position: int
    digest: str
    events: int


@dataclass(frozen=True, slots=True)
class Break:
    """The first thing that does not hold in a chain. ``event_id`` is None when an anchor has lost its seal."""

    chain: int
    event_id: int | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What ``verify`` found: events that hold, the first break of each chain, the tail without seal, insertions after the fact, events gone at their term."""

    sealed: int
    breaks: list[Break]
    unsealed: int
    oldest_unsealed: datetime | None
    late: list[int]
    ended: int = 0


def _follow(previous: bytes, event: AuditEvent, key: bytes) -> bytes:
    told = {c.key: getattr(event, c.key) for c in AuditEvent.__table__.columns}
    told["at"] = event.at.astimezone(UTC).isoformat()
    words = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hmac.new(key, previous + words.encode(), hashlib.sha256).digest()


def _start(chain: int, key: bytes) -> bytes:
    return hmac.new(key, b"chain %d" % chain, hashlib.sha256).digest()


def seal_pending(*, before: datetime | None = None) -> int:
    """Seal the events that have settled, oldest first; returns how many. Needs the identity of the sealing job."""
    key, limit, count = derived_key("audit"), before or clock.now() - SETTLED, 0
    heads: dict[int, bytes] = {}
    sealed = select(AuditSeal.event_id).where(AuditSeal.event_id == AuditEvent.id).exists()
    pending = select(AuditEvent).where(~sealed, AuditEvent.at < limit).order_by(AuditEvent.id).limit(BATCH)
    while events := db.execute(pending).scalars().all():
        rows = []
        for event in events:
            chain = event.actor_org_id or NOBODY
            previous = heads[chain] if chain in heads else _head(chain, key)
            heads[chain] = _follow(previous, event, key)
            rows.append({"event_id": event.id, "chain": chain, "digest": heads[chain]})
        db.execute(insert(AuditSeal), rows)
        db.expunge_all()
        count += len(rows)
    return count


def _head(chain: int, key: bytes) -> bytes:
    last = select(AuditSeal.digest).where(AuditSeal.chain == chain).order_by(AuditSeal.position.desc()).limit(1)
    found = db.execute(last).scalar_one_or_none()
    if found is None:
        found = db.scalars(
            _segments().where(AuditSegment.chain == chain).with_only_columns(AuditSegment.digest)
        ).first()
    return found if found is not None else _start(chain, key)


def _segments() -> Select[AuditSegment]:
    return select(AuditSegment).order_by(AuditSegment.position.desc())


def _proof(segment: AuditSegment, key: bytes) -> bytes:
    words = f"segment {segment.chain} {segment.position} {segment.events} {segment.digest.hex()}"
    return hmac.new(key, words.encode(), hashlib.sha256).digest()


def end_segment(position: int) -> None:
    """Sign what the events up to the seal at ``position``, of the same chain, end with: they may then go, together. Needs the identity of the erasures."""
    head = db.execute(select(AuditSeal.chain, AuditSeal.digest).where(AuditSeal.position == position)).one()
    gone = select(func.count()).where(AuditSeal.chain == head.chain, AuditSeal.position <= position)
    segment = AuditSegment(
        position=position, chain=head.chain, digest=head.digest, events=db.execute(gone).scalar_one()
    )
    segment.proof = _proof(segment, derived_key("audit"))
    db.add(segment)
    db.flush()


def anchor(folder: Path, day: date) -> int:
    """Append the head of every chain to ``<folder>/<year>-<month>.jsonl``, once per ``day``; returns how many heads were written.

    The folder is to be copied elsewhere by the installation (docs/exploitation.md): that copy is what tells a cut tail.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(known.day == day.isoformat() for known in anchors(folder)):
        return 0
    last = select(AuditSeal.chain, func.max(AuditSeal.position).label("position"), func.count().label("events"))
    heads = last.group_by(AuditSeal.chain).subquery()
    statement = select(AuditSeal.chain, AuditSeal.position, AuditSeal.digest, heads.c.events)
    rows = db.execute(statement.join(heads, heads.c.position == AuditSeal.position).order_by(AuditSeal.chain)).all()
    lines = [Anchor(day.isoformat(), r.chain, r.position, r.digest.hex(), r.events) for r in rows]
    with (folder / f"{day:%Y-%m}.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(line)) + "\n" for line in lines)
    for line in lines:
        log.info("anchored", chain=line.chain, position=line.position, digest=line.digest)
    return len(lines)


def anchors(folder: Path) -> Iterator[Anchor]:
    """Every anchor kept, oldest first."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield Anchor(**json.loads(line))


def verify(folder: Path) -> Verdict:
    """Read the whole trail again. Needs an identity that reads every event (the installation's own)."""
    breaks: dict[int, Break] = {}
    sealed, late = 0, []
    heads: dict[int, bytes] = {}
    key = derived_key("audit")
    ended, gone = _ended(key, breaks, heads)
    for seal, event in _links():
        sealed += 1
        if seal.chain in breaks:
            continue
        found = _judged(seal, event, heads.get(seal.chain) or _start(seal.chain, key), key)
        if found is not None:
            breaks[seal.chain] = found
            continue
        heads[seal.chain] = seal.digest
        if event is not None and seal.sealed_at - event.at > LATE:
            late.append(event.id)
    for lost in _lost_anchors(folder, ended):
        breaks.setdefault(lost.chain, lost)
    without = ~select(AuditSeal.event_id).where(AuditSeal.event_id == AuditEvent.id).exists()
    tail = db.execute(select(func.count(), func.min(AuditEvent.at)).where(without)).one()
    return Verdict(sealed, sorted(breaks.values(), key=lambda b: b.chain), tail[0], tail[1], late, gone)


def _ended(key: bytes, breaks: dict[int, Break], heads: dict[int, bytes]) -> tuple[dict[int, int], int]:
    """The last seal that each chain was relieved of, and how many events went: those whose signature holds; the others break their chain."""
    ended: dict[int, int] = {}
    events = 0
    for segment in db.scalars(_segments()).all():
        if not hmac.compare_digest(_proof(segment, key), segment.proof):
            breaks[segment.chain] = Break(
                segment.chain, None, "la fin signée de ses mois effacés n’est pas celle qui a été écrite"
            )
            continue
        events += segment.events
        if segment.chain not in ended:
            ended[segment.chain], heads[segment.chain] = segment.position, segment.digest
    return ended, events


def _links() -> Iterator[tuple[AuditSeal, AuditEvent | None]]:
    statement = select(AuditSeal, AuditEvent).outerjoin(AuditEvent, AuditEvent.id == AuditSeal.event_id)
    last = 0
    while rows := db.execute(
        statement.where(AuditSeal.position > last).order_by(AuditSeal.position).limit(BATCH)
    ).all():
        for row in rows:
            yield row[0], row[1]
        last = rows[-1][0].position
        db.expunge_all()


def _judged(seal: AuditSeal, event: AuditEvent | None, previous: bytes, key: bytes) -> Break | None:
    if event is None:
        return Break(seal.chain, seal.event_id, f"l’événement {seal.event_id} a été effacé")
    if not hmac.compare_digest(_follow(previous, event, key), seal.digest):
        when = event.at.astimezone(clock.PARIS)
        return Break(
            seal.chain,
            event.id,
            f"l’événement {event.id} ({event.action}, {when:%d/%m/%Y %H:%M}) n’est plus celui qui a été scellé, ou son sceau a changé",
        )
    return None


def _lost_anchors(folder: Path, ended: dict[int, int]) -> Iterator[Break]:
    known = [kept for kept in anchors(folder) if kept.position > ended.get(kept.chain, 0)]
    statement = select(AuditSeal.position, AuditSeal.digest).where(
        AuditSeal.position.in_({anchor.position for anchor in known})
    )
    there = {row.position: row.digest.hex() for row in db.execute(statement)}
    for kept in known:
        if there.get(kept.position) != kept.digest:
            yield Break(
                kept.chain,
                None,
                f"le sceau ancré le {kept.day} n’est plus dans la base : la fin a été coupée ou réécrite",
            )
