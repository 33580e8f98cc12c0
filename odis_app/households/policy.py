"""Who may do what with a household file, and the only selects that lead to one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Row, Select, and_, false, func, not_, or_, select

from odis_app.access.enums import PassationState
from odis_app.access.models import Grant, Passation, Rapprochement
from odis_app.access.policy import is_coordinated
from odis_app.core.db import among, asked_once, db
from odis_app.core.identity import Identity
from odis_app.core.permissions import Role, permission
from odis_app.households.models import Household, HouseholdTracking, Member
from odis_app.organisations.policy import roles_of

SOCIAL_WORKERS = {Role.TRAVAILLEUR_SOCIAL, Role.COORDINATEUR}
CASE_WORKERS = SOCIAL_WORKERS | {Role.OPERATEUR}  # an operator follows the households of its own places
READERS = CASE_WORKERS | {Role.DDETS}


def _active_grant(identity: Identity) -> Select[int]:
    return select(Grant.record_id).where(
        Grant.grantee_org_id == identity.case_org_id,
        Grant.revoked_at.is_(None),
        Grant.expires_at > func.now(),
    )


def visible_households(identity: Identity) -> Select[Household]:
    """The files of one's organisation and those shared with it, at any level."""
    if identity.case_org_id is None:
        return select(Household).where(false())
    shared = Household.id.in_(_active_grant(identity))
    return select(Household).where(or_(Household.owner_org_id == identity.case_org_id, shared))


def visible_tracking(identity: Identity) -> Select[HouseholdTracking]:
    """Stage, delays and size, without a name: one's own and shared files, and for the State its départements."""
    own = and_(HouseholdTracking.owner_org_id == identity.case_org_id, identity.case_org_id is not None)  # type: ignore[arg-type]
    steered = HouseholdTracking.department_code.in_(identity.departments) if identity.org_kind in STEERING else false()
    return select(HouseholdTracking).where(
        or_(own, steered, among(HouseholdTracking.record_id, _active_grant(identity)))
    )


STEERING = frozenset({"ddets", "dreets", "sgar", "prefecture"})


def find_household(identity: Identity, public_id: str) -> Household | None:
    """The file at this address, or None when it does not exist or may not be seen: the same answer."""
    return db.execute(visible_households(identity).where(Household.public_id == public_id)).scalar_one_or_none()


def visible_record(identity: Identity, record_id: int) -> Household | None:
    """The file of a record, for who may see it now."""
    return db.execute(visible_households(identity).where(Household.id == record_id)).scalar_one_or_none()


def find_member(identity: Identity, public_id: str) -> Member | None:
    """The member at this address, of a file that may be read in full."""
    member = db.execute(select(Member).where(Member.public_id == public_id)).scalar_one_or_none()
    if member is None:
        return None
    household = db.execute(visible_households(identity).where(Household.id == member.household_id)).scalar_one_or_none()
    return member if household is not None and reads_in_full(identity, household) else None


def is_own(identity: Identity, household: Household) -> bool:
    """Le dossier est suivi par l’organisation de la personne."""
    return identity.case_org_id is not None and household.owner_org_id == identity.case_org_id


def reads_in_full(identity: Identity, household: Household) -> bool:
    """Le dossier est le sien, ou lui est partagé en entier."""
    return is_own(identity, household) or any(share.level == "full" for share in _shares(identity, household.id))


def can_edit(identity: Identity, household: Household) -> bool:
    """Le dossier est le sien, ou le partage permet d’écrire."""
    return is_own(identity, household) or _may_write(identity, household.id)


def edits_member(identity: Identity, member: Member) -> bool:
    """On modifie un membre quand on modifie son dossier."""
    return member.owner_org_id == identity.case_org_id or _may_write(identity, member.household_id)


def reads_safety(identity: Identity, household: Household) -> bool:
    """Classe 3 : la coordination, ou la personne référente du dossier."""
    return is_own(identity, household) and (identity.level >= 3 or household.referent_user_id == identity.user_id)


def reads_member_safety(identity: Identity, member: Member) -> bool:
    """Classe 3, pour un membre."""
    household = db.get(Household, member.household_id)
    return household is not None and reads_safety(identity, household)


def reads_health(identity: Identity, household: Household) -> bool:
    """Classe 2 : son propre dossier, ou un partage entier qui ouvre la classe 2, comme dans la base."""
    return identity.level >= 2 and (
        is_own(identity, household)
        or any(share.level == "full" and share.max_class >= 2 for share in _shares(identity, household.id))
    )


def may_assign(identity: Identity, household: Household) -> bool:
    """La coordination, la personne référente, ou n’importe qui là où personne ne coordonne."""
    if not is_own(identity, household):
        return False
    is_referent = household.referent_user_id is not None and household.referent_user_id == identity.user_id
    return Role.COORDINATEUR.value in identity.roles or is_referent or not is_coordinated(identity)


def reads_by_share(identity: Identity, household: Household) -> bool:
    """Le dossier est suivi par une autre organisation, qui le partage."""
    return not is_own(identity, household) and bool(_shares(identity, household.id))


ANSWER_DAYS, READING_DAYS = 30, 60


def visible_passations(identity: Identity) -> Select[Passation]:
    """The handovers of one's organisation: those it proposes, sixty days once they are made; those proposed to it or asked by it."""
    if identity.case_org_id is None:
        return select(Passation).where(false())
    given = and_(
        Passation.from_org_id == identity.case_org_id,
        or_(
            Passation.state != PassationState.MOVED.value,
            Passation.moved_at > func.now() - func.make_interval(0, 0, 0, READING_DAYS),
        ),
    )
    kept = [
        s.value
        for s in (
            PassationState.ACCEPTED,
            PassationState.MOVED,
            PassationState.ASKED,
            PassationState.GRANTED,
            PassationState.DECLINED,
        )
    ]
    fresh = and_(
        Passation.state == PassationState.PROPOSED.value,
        Passation.at > func.now() - func.make_interval(0, 0, 0, ANSWER_DAYS),
    )
    received = and_(Passation.to_org_id == identity.case_org_id, or_(Passation.state.in_(kept), fresh))
    return select(Passation).where(or_(given, received))


def find_passation(identity: Identity, public_id: str) -> Passation | None:
    """The handover at this address, or None when it does not exist or may not be seen."""
    return db.execute(visible_passations(identity).where(Passation.public_id == public_id)).scalar_one_or_none()


def answers_passation(identity: Identity, passation: Passation) -> bool:
    """On répond pour l’autre organisation, et ce n’est pas soi qui a proposé."""
    side = passation.from_org_id if passation.state == PassationState.ASKED.value else passation.to_org_id
    return (
        identity.case_org_id is not None and side == identity.case_org_id and passation.by_user_id != identity.user_id
    )


def withdraws_passation(identity: Identity, passation: Passation) -> bool:
    """On retire ce que sa propre organisation a proposé ou demandé."""
    side = passation.to_org_id if passation.state == PassationState.ASKED.value else passation.from_org_id
    return identity.case_org_id is not None and side == identity.case_org_id


def visible_rapprochements(identity: Identity) -> Select[Rapprochement]:
    """What the night told of one's own files: to their referent, to the coordination, to anybody where nobody coordinates."""
    statement = select(Rapprochement).join(Household, Household.id == Rapprochement.household_id)
    if identity.case_org_id is None:
        return statement.where(false())
    statement = statement.where(Rapprochement.owner_org_id == identity.case_org_id)
    if Role.COORDINATEUR.value in identity.roles:
        return statement
    return statement.where(or_(Household.referent_user_id == identity.user_id, not_(func.odis.is_coordinated())))


def find_rapprochement(identity: Identity, public_id: str) -> Rapprochement | None:
    """The rapprochement at this address, or None when it does not exist or may not be seen."""
    statement = visible_rapprochements(identity).where(Rapprochement.public_id == public_id)
    return db.execute(statement).scalar_one_or_none()


def _may_write(identity: Identity, record_id: int) -> bool:
    return any(share.level == "full" and share.can_edit for share in _shares(identity, record_id))


@asked_once
def _shares(identity: Identity, record_id: int) -> Sequence[Row[str, bool, int]]:
    """What holds of the file now: a page judges a dozen permissions on the same shares."""
    if identity.case_org_id is None:
        return []
    statement = _active_grant(identity).where(Grant.record_id == record_id)
    return db.execute(statement.with_only_columns(Grant.level, Grant.can_edit, Grant.max_class)).all()


HOUSEHOLD_LIST = permission("household:list", "Voir la liste des ménages", roles=READERS)


def opens_files(kind: str) -> bool:
    """Whether some role of this kind of organisation reads files: the nation and local authorities see numbers only."""
    return not READERS.isdisjoint(roles_of(kind))


HOUSEHOLD_READ = permission("household:read", "Lire un dossier ménage", roles=READERS)
HOUSEHOLD_READ_FULL = permission(
    "household:read_full", "Lire la composition et les besoins d’un ménage", roles=READERS, rule=reads_in_full
)
HOUSEHOLD_CREATE = permission("household:create", "Ouvrir un dossier ménage", roles=CASE_WORKERS)
HOUSEHOLD_UPDATE = permission("household:update", "Modifier un dossier ménage", roles=CASE_WORKERS, rule=can_edit)
MEMBER_UPDATE = permission(
    "household:update_member", "Modifier un membre d’un ménage", roles=CASE_WORKERS, rule=edits_member
)
HOUSEHOLD_SHARE = permission("household:share", "Partager un dossier ménage", roles=CASE_WORKERS, rule=is_own)
HOUSEHOLD_SIGNAL = permission("household:signal", "Signaler un dossier à la DDETS", roles=CASE_WORKERS, rule=is_own)
HOUSEHOLD_ARCHIVE = permission(
    "household:archive", "Archiver et rouvrir un dossier ménage", roles=CASE_WORKERS, rule=is_own
)
HOUSEHOLD_HISTORY = permission(
    "household:history", "Lire l’historique et les consultations d’un dossier", roles=CASE_WORKERS, rule=is_own
)
HEALTH_READ = permission(
    "household:read_health", "Lire les besoins de santé (classe 2)", roles=SOCIAL_WORKERS, rule=reads_health
)
HEALTH_UPDATE = permission(
    "household:update_health", "Modifier les besoins de santé (classe 2)", roles=SOCIAL_WORKERS, rule=is_own
)
SAFETY_READ = permission(
    "household:read_safety",
    "Lire la sécurité des personnes (classe 3)",
    roles=CASE_WORKERS,
    rule=reads_safety,
    step_up=True,
)
SAFETY_UPDATE = permission(
    "household:update_safety",
    "Modifier la sécurité d’une personne (classe 3)",
    roles=CASE_WORKERS,
    rule=reads_member_safety,
    step_up=True,
)
HOUSEHOLD_SEARCH_EXACT = permission(
    "household:search_exact", "Chercher un dossier par téléphone ou numéro étranger", roles=CASE_WORKERS
)
HOUSEHOLD_TRACK = permission(
    "household:track", "Suivre étapes et délais des dossiers, sans nom", roles={Role.DDETS} | SOCIAL_WORKERS
)
HOUSEHOLD_ASSIGN = permission(
    "household:assign", "Confier un dossier à un collègue", roles=CASE_WORKERS, rule=may_assign
)
HAND_OVER = permission(
    "passation:propose", "Proposer de passer un dossier à une autre organisation", roles=CASE_WORKERS, rule=may_assign
)
PASSATION_ASK = permission(
    "passation:ask", "Demander à suivre un dossier partagé", roles=CASE_WORKERS, rule=reads_by_share
)
PASSATION_LIST = permission("passation:list", "Voir les passations de son organisation", roles=CASE_WORKERS)
PASSATION_READ = permission("passation:read", "Lire une passation", roles=CASE_WORKERS)
PASSATION_ANSWER = permission(
    "passation:answer", "Répondre à une passation ou à une demande", roles=CASE_WORKERS, rule=answers_passation
)
PASSATION_WITHDRAW = permission(
    "passation:withdraw", "Retirer une passation ou une demande", roles=CASE_WORKERS, rule=withdraws_passation
)
RAPPROCHEMENT_LIST = permission("rapprochement:list", "Voir les rapprochements de ses dossiers", roles=CASE_WORKERS)
RAPPROCHEMENT_READ = permission("rapprochement:read", "Lire un rapprochement", roles=CASE_WORKERS)
RAPPROCHEMENT_ANSWER = permission("rapprochement:answer", "Répondre à un rapprochement", roles=CASE_WORKERS)
FILE_JOIN = permission("household:join", "Se rattacher à un dossier en urgence", roles=SOCIAL_WORKERS, step_up=True)
