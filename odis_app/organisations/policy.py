"""Who takes people in, who decides, and the only selects that lead to a member, an invitation or a request."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select

from odis_app.accounts.models import User
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.permissions import EVERYONE, Role, permission
from odis_app.organisations.enums import OrganisationKind
from odis_app.organisations.models import AccessRequest, Invitation, Mandate, Membership, Qualifier

K = OrganisationKind
_CASE = (Role.TRAVAILLEUR_SOCIAL, Role.COORDINATEUR)
_OPERATOR = (Role.OPERATEUR, *_CASE)
# The roles that each kind of organisation gives, its administration apart; odis.roles_of_kind says the same to the database.
ROLES_OF_KIND: dict[OrganisationKind, tuple[Role, ...]] = {
    K.ASSOCIATION: (*_CASE, Role.QUALIFICATEUR_OFFRES, Role.OPERATEUR),
    K.OPERATEUR: _OPERATOR, K.OPERATEUR_AGIR: _OPERATOR, K.BAILLEUR: (Role.BAILLEUR,), K.ENTREPRISE: (Role.BAILLEUR,),
    K.COLLECTIVITE: (Role.COLLECTIVITE,), K.CCAS: _CASE, K.SERVICE_SOCIAL_DEPARTEMENTAL: _CASE, K.SIAO: _CASE,
    K.DDETS: (Role.DDETS,), K.DREETS: (Role.DDETS,), K.SGAR: (Role.DDETS,), K.PREFECTURE: (Role.DDETS,),
    K.DIHAL: (Role.NATIONAL,), K.DGEF: (Role.NATIONAL,), K.PLATEFORME: (Role.ADMIN_PLATEFORME,),
    K.OFII: (Role.TRAVAILLEUR_SOCIAL,), K.FRANCE_TRAVAIL: (Role.TRAVAILLEUR_SOCIAL,), K.MISSION_LOCALE: (Role.TRAVAILLEUR_SOCIAL,),
}  # fmt: skip
TEAM_ROLES = frozenset({Role.TRAVAILLEUR_SOCIAL, Role.QUALIFICATEUR_OFFRES, Role.OPERATEUR})  # what a coordinator gives
STATE_KINDS = frozenset(k for k in K if k.is_state) | {K.OFII, K.PLATEFORME}  # brought in by the platform alone
STEERERS = frozenset({K.DDETS.value, K.DREETS.value, K.SGAR.value, K.PREFECTURE.value})
# Who may be named to qualify offers: whose people may visit a host. The wall of ``qualifiers`` says the same.
QUALIFYING_KINDS = frozenset(
    {K.ASSOCIATION, K.OPERATEUR, K.OPERATEUR_AGIR, K.CCAS, K.SERVICE_SOCIAL_DEPARTEMENTAL, K.SIAO}
)
RUNNERS = {Role.ADMIN_ORGANISATION, Role.ADMIN_PLATEFORME}


def roles_of(kind: str) -> tuple[Role, ...]:
    """The roles that a person may hold in an organisation of this kind."""
    return (*ROLES_OF_KIND.get(OrganisationKind(kind), ()), Role.ADMIN_ORGANISATION)


def grantable_roles(identity: Identity) -> tuple[Role, ...]:
    """The roles that the identity may offer to somebody in its own organisation."""
    offered = roles_of(identity.org_kind)
    if RUNNERS & set(identity.roles):
        return offered
    if Role.COORDINATEUR in identity.roles:
        return tuple(role for role in offered if role in TEAM_ROLES)
    return ()


def standing() -> ColumnElement[bool]:
    """A membership that holds today."""
    today = clock.today()
    return and_(Membership.starts_on <= today, or_(Membership.ends_on.is_(None), Membership.ends_on >= today))


def mandates_in_force(organisation_id: int | None) -> Select[str, int]:
    """(département, dispositif) of the mandates of an organisation that hold today, their first and last days included."""
    today = clock.today()
    holds = and_(Mandate.starts_on <= today, or_(Mandate.ends_on.is_(None), Mandate.ends_on >= today))
    return select(Mandate.department_code, Mandate.dispositif_id).where(
        Mandate.organisation_id == organisation_id, holds
    )


def visible_members(identity: Identity) -> Select[User]:
    """The people who work today for the identity's organisation."""
    here = select(Membership.user_id).where(Membership.organisation_id == identity.org_id, standing())
    return select(User).where(User.id.in_(here), User.deactivated_at.is_(None))


def visible_invitations(identity: Identity) -> Select[Invitation]:
    """The invitations of one's own organisation that nobody has answered nor withdrawn, the newest first."""
    if not identity.can(TEAM_INVITE):
        return select(Invitation).where(false())
    own = Invitation.organisation_id == identity.org_id
    open_ = and_(Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None))
    return select(Invitation).where(own, open_).order_by(Invitation.id.desc())


def visible_requests(identity: Identity) -> Select[AccessRequest]:
    """The confirmed requests that the identity may decide: its organisation's, those of its départements, or all of them."""
    if not identity.can(ACCESS_DECIDE):
        return select(AccessRequest).where(false())
    known = AccessRequest.state != "unconfirmed"
    return select(AccessRequest).where(known, _decides(identity)).order_by(AccessRequest.id.desc())


def _decides(identity: Identity) -> ColumnElement[bool]:
    if Role.ADMIN_PLATEFORME in identity.roles:
        return AccessRequest.id.is_not(None)
    ways = []
    if Role.ADMIN_ORGANISATION in identity.roles:
        ways.append(AccessRequest.organisation_id == identity.org_id)
    if Role.DDETS in identity.roles:
        local = func.coalesce(AccessRequest.new_department, "").in_(identity.departments)
        new = and_(AccessRequest.organisation_id.is_(None), AccessRequest.new_kind.not_in(STATE_KINDS))
        ways.append(and_(new, local))
    return or_(false(), *ways)


def steered(identity: Identity) -> tuple[str, ...]:
    """The départements whose organisation the identity's service sets: those of a service of the State."""
    return identity.departments if identity.org_kind in STEERERS else ()


def visible_mandates(identity: Identity) -> Select[Mandate]:
    """The mandates of the départements that one steers, whoever holds them."""
    return select(Mandate).where(Mandate.department_code.in_(steered(identity)))


def find_mandate(identity: Identity, public_id: str) -> Mandate | None:
    """A mandate of a département that one steers, or None."""
    return db.execute(visible_mandates(identity).where(Mandate.public_id == public_id)).scalar_one_or_none()


def qualifiers_in_force() -> ColumnElement[bool]:
    """Those named who qualify offers today, their first and last days included."""
    today = clock.today()
    return and_(Qualifier.starts_on <= today, or_(Qualifier.ends_on.is_(None), Qualifier.ends_on >= today))


def find_qualifier(identity: Identity, public_id: str) -> Qualifier | None:
    """Who qualifies in a département that one steers, or None."""
    statement = select(Qualifier).where(
        Qualifier.department_code.in_(steered(identity)), Qualifier.public_id == public_id
    )
    return db.execute(statement).scalar_one_or_none()


def takes_in(identity: Identity, invitation: Invitation) -> bool:
    """Les rôles proposés sont de ceux que la personne peut donner."""
    return set(invitation.roles) <= {role.value for role in grantable_roles(identity)}


def is_other(identity: Identity, member: User) -> bool:
    """On ne change pas ses propres rôles : un autre administrateur le fait."""
    return member.id != identity.user_id


def find_member(identity: Identity, public_id: str) -> User | None:
    """Somebody of one's own organisation, or None."""
    return db.execute(visible_members(identity).where(User.public_id == public_id)).scalar_one_or_none()


def find_invitation(identity: Identity, public_id: str) -> Invitation | None:
    """An open invitation of one's own organisation, or None."""
    return db.execute(visible_invitations(identity).where(Invitation.public_id == public_id)).scalar_one_or_none()


def find_request(identity: Identity, public_id: str) -> AccessRequest | None:
    """A request that one may decide, or None."""
    return db.execute(visible_requests(identity).where(AccessRequest.public_id == public_id)).scalar_one_or_none()


INVITERS = RUNNERS | {Role.COORDINATEUR}
DECIDERS = RUNNERS | {Role.DDETS}
TEAM_READ = permission("team:read", "Voir l’équipe de son organisation", roles=INVITERS)
TEAM_INVITE = permission("team:invite", "Inviter une personne dans l’équipe", roles=INVITERS)
TEAM_RENEW = permission("team:renew", "Renvoyer ou retirer une invitation", roles=INVITERS, rule=takes_in)
TEAM_UPDATE = permission("team:update", "Changer les rôles d’un membre, le retirer", roles=RUNNERS, rule=is_other)
TEAM_RESET = permission(
    "team:reset_factor", "Retirer le second facteur d’un membre", roles=RUNNERS, rule=is_other, step_up=True
)
SECURITY_READ = permission(
    "organisation:read_security", "Voir la sécurité de son organisation", roles={Role.ADMIN_ORGANISATION}
)
SECURITY_UPDATE = permission(
    "organisation:update_security",
    "Rendre le second facteur obligatoire dans son organisation",
    roles={Role.ADMIN_ORGANISATION},
    step_up=True,
)
ACCESS_DECIDE = permission("access:decide", "Répondre aux demandes d’accès", roles=DECIDERS)
CHARTER_ACCEPT = permission("charter:accept", "Lire et accepter la charte", roles=EVERYONE)
CONVENTION_ACCEPT = permission(
    "convention:accept", "Accepter la convention de son organisation", roles={Role.ADMIN_ORGANISATION}
)
TERRITORY_READ = permission("territory:read", "Voir l’organisation de ses départements", roles={Role.DDETS})
TERRITORY_UPDATE = permission("territory:update", "Changer les règles d’un département", roles={Role.DDETS})
MANDATE_ADD = permission("mandate:add", "Mandater une association pour un dispositif", roles={Role.DDETS})
MANDATE_END = permission("mandate:end", "Mettre fin à un mandat", roles={Role.DDETS})
QUALIFIER_ADD = permission("qualifier:add", "Nommer qui qualifie les offres d’un dispositif", roles={Role.DDETS})
QUALIFIER_END = permission("qualifier:end", "Mettre fin à la qualification par une organisation", roles={Role.DDETS})
WORDS_READ = permission("words:read", "Lire les mots du territoire", roles=EVERYONE)
