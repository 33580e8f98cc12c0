"""« Rapprochement » : what a night task tells both referents, and their answers. Who types a file learns nothing from it."""

from __future__ import annotations

from sqlalchemy import text

from odis_app.access.models import Rapprochement
from odis_app.audit.operations import record_event
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.households.messages import RAPPROCHEMENT
from odis_app.notifications.operations import send_mail

PAGE = "/rapprochements"


def run_rapprochements(identity: Identity) -> int:
    """Compare, tell both sides of what is due, close what nobody answered; how many sides were told or put in touch. For the night task.

    The mail, the trail and the page are the same for everybody: none names a file, a person or another organisation.
    """
    rows = db.execute(text("SELECT * FROM odis.rapprochements_run()")).all()
    for row in rows:
        linked = row.what == "linked"
        record_event(
            identity, "rapprochement:link" if linked else "rapprochement:tell", record_id=row.household_id,
            summary="Mise en relation acceptée des deux côtés" if linked else "Rapprochement signalé", data={"rapprochement": row.public_id},
        )  # fmt: skip
        for email in row.emails:
            send_mail(identity, to=email, template=RAPPROCHEMENT, context={"link": f"{PAGE}/{row.public_id}"})
    return len(rows)


def answer_rapprochement(identity: Identity, *, rapprochement: Rapprochement, accepts: bool) -> bool:
    """Answer for one's side; whether both have now accepted. Raises RuleError when it was answered, or when its time is over."""
    values = {"wanted": rapprochement.public_id, "accepts": accepts}
    answer = db.execute(text("SELECT odis.rapprochement_answer(:wanted, :accepts)"), values).scalar_one()
    if answer is None:
        raise RuleError("", "Ce rapprochement a déjà une réponse, ou son délai est passé. Il n’y a plus rien à faire.")
    db.refresh(rapprochement)
    record_event(
        identity, "rapprochement:accept" if accepts else "rapprochement:refuse", record_id=rapprochement.household_id,
        summary="Mise en relation acceptée" if accepts else "Mise en relation refusée", data={"rapprochement": rapprochement.public_id},
    )  # fmt: skip
    return bool(answer == "linked")
