"""Writing a mail: a sealed row beside what causes it; it leaves after the commit, or not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from odis_app.core.db import after_commit, db
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.core.outbox import Departure, leave
from odis_app.notifications.messages import LINK, MailKind
from odis_app.notifications.sealing import closed

ADDRESS = re.compile(r"[^@\s<>,;:\"\\]+@[^@\s<>,;:\"\\]+")
TASK, QUEUE = "jobs.notifications.send", "rapide"


def send_mail(identity: Identity, *, to: str, template: MailKind, context: Mapping[str, Any]) -> str:
    """Write one mail in the present unit of work; it leaves once, after the commit. Returns its public id.

    ``identity`` is who causes it: a person, ANONYMOUS, or the identity of a scheduled job; the database itself keeps whose
    it is. ``to`` is one address; ``context`` holds exactly the fields of ``template``, as JSON can carry them: never
    anything of a household; ``link`` is a path (« /invitation/… »). Raises ValueError for another shape.
    """
    del identity
    if not ADDRESS.fullmatch(to) or len(to) > 254:
        raise ValueError("one e-mail address is expected")
    if set(context) != template.fields:
        raise ValueError(f"{template.name}: the fields are {sorted(template.fields)}, not {sorted(context)}")
    if not str(context.get(LINK, "/")).startswith("/"):
        raise ValueError("a link is a path of this application")
    public_id = new_public_id()
    sealed = closed(public_id, to, context)
    leaves = db.execute(
        text("SELECT odis.mail_add(:public_id, :template, :sealed, :lasts)"),
        {"public_id": public_id, "template": template.name, "sealed": sealed, "lasts": template.lasts},
    ).scalar_one()
    if leaves:
        wake_sender()
    return public_id


def wake_sender() -> None:
    """Have the sender run once the present unit has committed; asked several times, it runs once."""
    info = db().info
    if info.get("mails_wake"):
        return
    info["mails_wake"] = True
    row = db.execute(text("SELECT * FROM odis.mail_wake(:public_id)"), {"public_id": new_public_id()}).first()
    if row is None:
        return  # another run was planned for this very instant
    bind = db().get_bind()
    engine = bind.engine if isinstance(bind, Connection) else bind
    departure = Departure(row.outbox_id, row.job_id, TASK, QUEUE)
    after_commit(lambda leaving: leave(leaving, engine), departure)
