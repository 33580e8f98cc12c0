"""Who reads a decision over, and who may ask why a colleague does not see a file."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, text

from odis_app.access.enums import ReviewKind
from odis_app.access.models import Review, RoleException
from odis_app.core.db import asked_once, db
from odis_app.core.identity import Identity
from odis_app.core.permissions import REGISTRY, Permission, Role, permission
from odis_app.organisations.policy import roles_of

STEERING = frozenset({"ddets", "dreets", "sgar", "prefecture"})
STEERED = {ReviewKind.EXCLUSION.value, ReviewKind.OFFER_DECISION.value}
REVIEWERS = {Role.TRAVAILLEUR_SOCIAL, Role.COORDINATEUR, Role.QUALIFICATEUR_OFFRES, Role.OPERATEUR, Role.DDETS}


def visible_reviews(identity: Identity) -> Select[Review]:
    """The decisions to read over in one's organisation (about offers only for who qualifies them without holding files); for the State, those of its départements."""
    own: ColumnElement[bool] = false()
    if identity.level >= 0:
        own = Review.owner_org_id == identity.org_id
    elif Role.QUALIFICATEUR_OFFRES.value in identity.roles:
        own = and_(Review.owner_org_id == identity.org_id, Review.kind == ReviewKind.OFFER_DECISION.value)
    steered = Review.department_code.in_(identity.departments) if identity.org_kind in STEERING else false()
    return select(Review).where(or_(own, steered))


def find_review(identity: Identity, public_id: str) -> Review | None:
    """The decision at this address, or None when it does not exist or may not be seen."""
    return db.execute(visible_reviews(identity).where(Review.public_id == public_id)).scalar_one_or_none()


def decides(identity: Identity, review: Review) -> bool:
    """Une autre personne que l’auteur : la coordination pour un rattachement, un collègue ou la DDETS pour le reste."""
    if review.author_user_id == identity.user_id:
        return False
    if review.owner_org_id == identity.org_id and _of_ours(identity, review):
        return True
    return review.kind in STEERED and identity.org_kind in STEERING and review.department_code in identity.departments


def _of_ours(identity: Identity, review: Review) -> bool:
    coordinates = Role.COORDINATEUR.value in identity.roles
    match ReviewKind(review.kind):
        case ReviewKind.BREAK_GLASS:
            return coordinates or (identity.level >= 1 and not is_coordinated(identity))
        case ReviewKind.OFFER_DECISION:
            return coordinates or Role.QUALIFICATEUR_OFFRES.value in identity.roles
        case _:
            return identity.level >= 1


@asked_once
def is_coordinated(identity: Identity) -> bool:
    """Whether somebody coordinates one's organisation today."""
    del identity
    return bool(db.execute(text("SELECT odis.is_coordinated()")).scalar_one())


def find_exception(identity: Identity, public_id: str) -> RoleException | None:
    """The exception at this address, of one's own organisation."""
    return db.execute(visible_exceptions(identity).where(RoleException.public_id == public_id)).scalar_one_or_none()


def visible_exceptions(identity: Identity) -> Select[RoleException]:
    """What was added to the roles of the people of one's organisation, or taken from them, and still stands."""
    standing = and_(RoleException.withdrawn_at.is_(None), RoleException.expires_at > func.now())
    if Role.ADMIN_ORGANISATION.value not in identity.roles:
        return select(RoleException).where(false())
    return select(RoleException).where(RoleException.organisation_id == identity.org_id, standing)


OWN = ("account:", "charter:")  # one’s own account and word: nobody takes them away


def offered_permissions(identity: Identity) -> list[Permission]:
    """What may be added or taken away: what some role of this kind of organisation gives, administration and one's own account apart."""
    roles = set(roles_of(identity.org_kind)) - {Role.ADMIN_ORGANISATION} if identity.org_kind else set()
    offered = (p for p in REGISTRY.values() if p.roles & roles and not p.name.startswith(OWN))
    return sorted(offered, key=lambda p: p.label)


REVIEW_LIST = permission("review:list", "Voir les décisions à relire", roles=REVIEWERS)
REVIEW_READ = permission("review:read", "Lire une décision à relire", roles=REVIEWERS)
REVIEW_DECIDE = permission(
    "review:decide", "Confirmer ou contester la décision d’une autre personne", roles=REVIEWERS, rule=decides
)
ACCESS_EXPLAIN = permission(
    "access:explain", "Savoir pourquoi un collègue ne voit pas un dossier", roles={Role.ADMIN_ORGANISATION}
)
EXCEPTION_CHANGE = permission(
    "access:except", "Donner ou retirer une permission à un collègue, pour un temps", roles={Role.ADMIN_ORGANISATION}
)
