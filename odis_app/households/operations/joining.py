"""« Se rattacher » : reading, in an emergency, a file that was not shared."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select, text

from odis_app.access.enums import JoinReason, SharePurpose
from odis_app.access.messages import REVIEWS_PATH
from odis_app.audit.operations import record_event
from odis_app.core.crypto import place, seal
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.households.enums import MemberLink
from odis_app.households.messages import FILES_PATH, JOIN_LATE, JOINED
from odis_app.households.models import Household, Member
from odis_app.households.policy import reads_in_full, visible_households
from odis_app.journal.operations import add_system_entry
from odis_app.notifications.operations import send_mail

TRIES = 3


def tries_left(identity: Identity) -> int:
    """How many times this person may still try today."""
    del identity
    return max(TRIES - int(db.execute(text("SELECT odis.join_tries()")).scalar_one()), 0)


def _reads_already(identity: Identity, number: str, born: date) -> bool:
    """Numbers start again in each organisation: the birth date says which file is meant. Members come with a full reading only."""
    principal = select(Member.household_id).where(
        Member.link == MemberLink.DEMANDEUR_PRINCIPAL.value, Member.until.is_(None), Member.birth_date == born
    )
    statement = visible_households(identity).where(
        Household.number == number.strip().upper(), Household.id.in_(principal)
    )
    return any(reads_in_full(identity, household) for household in db.execute(statement).scalars())


def join_file(identity: Identity, *, number: str, born: date, reason: JoinReason, words: str) -> Household | None:
    """Open a file for seven days to whoever gives its number and the birth date of the person who asked first.

    None, the same answer, for a wrong number, a wrong date, another département, or a household in danger. Every try counts and is
    written down. Raises RuleError before any try: nothing written, no try left, a file that is read already.
    """
    if not words:
        raise RuleError("words", "Écrivez ce qui se passe et pourquoi cela ne peut pas attendre.")
    if tries_left(identity) == 0:
        raise RuleError("", "Trois essais ont été faits aujourd’hui. Appelez la DDETS : elle peut joindre le référent.")
    if _reads_already(identity, number, born):
        raise RuleError("number", "Votre organisation lit déjà ce dossier. Ouvrez-le depuis la liste des ménages.")
    public_id = new_public_id()
    statement = text("SELECT odis.join_file(:public_id, :number, :born, :reason, :words)")
    values = {
        "public_id": public_id, "number": number, "born": born, "reason": reason.value, "words": seal(words, place("file_joins", "words", public_id)),
    }  # fmt: skip
    record_id = db.execute(statement, values).scalar_one_or_none()
    if record_id is None:
        record_event(
            identity, "household:join_refused", summary="Rattachement sans suite", data={"reason": reason.value}
        )
        return None
    household = db.execute(select(Household).where(Household.id == record_id)).scalar_one()
    add_system_entry(
        identity, record_id=household.id, owner_org_id=household.owner_org_id,
        body=f"{identity.name} ({identity.org_name}) s’est rattaché au dossier en urgence, pour sept jours.",
    )  # fmt: skip
    record_event(
        identity, "household:join", record_id=household.id, purpose=SharePurpose.URGENCE.value, summary="Rattachement en urgence",
        data={"reason": reason.value, "join": public_id},
    )  # fmt: skip
    for row in db.execute(text("SELECT * FROM odis.join_contacts(:join)"), {"join": public_id}).all():
        send_mail(identity, to=row.email, template=JOINED, context={"link": f"{REVIEWS_PATH}/{row.review}"})
    return household


def tell_joins(identity: Identity) -> int:
    """Mail the tries on files in danger, and once each emergency access that nobody has read over in two days; how many. For the task.

    A try on a file in danger is not told in the transaction of who tried: it must answer as any other that opened nothing.
    """
    rows = db.execute(text("SELECT * FROM odis.joins_due()")).all()
    for row in rows:
        late = row.what == "late"
        if late:
            record_event(
                identity, "review:remind", record_id=row.record_id, summary="Relecture d’un rattachement rappelée"
            )
        link = f"{REVIEWS_PATH}/{row.public_id}" if late else f"{FILES_PATH}/{row.public_id}/partages"
        for email in row.emails:
            send_mail(identity, to=email, template=JOIN_LATE if late else JOINED, context={"link": link})
    return len(rows)
