"""Why a colleague sees a file or does not, in plain sentences: their roles, the shares, and what was taken from them or given to them beside."""

from __future__ import annotations

from collections.abc import Sequence

from odis_app.access.models import RoleException
from odis_app.access.queries import Sight
from odis_app.core.formats import jour_long
from odis_app.core.permissions import Role

UNKNOWN = (
    "Aucun dossier de ce numéro n’a été suivi par votre organisation ni partagé avec elle. Vérifiez le numéro, "
    "ou demandez un partage à l’organisation qui suit le ménage."
)
CLASS2_LEVEL, CLASS3_LEVEL = 2, 3
OPEN, IN_FULL, HEALTH, SAFETY = (
    "household:read",
    "household:read_full",
    "household:read_health",
    "household:read_safety",
)
# What an exception on one of these changes of how a file is seen; the packages above declare them.
READINGS = (OPEN, "household:list", IN_FULL, HEALTH, SAFETY, "journal:read", "documents:list", "document:read")


def explain(sight: Sight, name: str, exceptions: Sequence[RoleException] = ()) -> list[str]:
    """What stands between ``name`` and one file, the widest reason first; ``exceptions`` are those of that colleague that stand."""
    if not sight.roles:
        return [
            f"{name} n’a plus de rôle dans votre organisation : plus rien ne lui est ouvert. Redonnez-lui un rôle depuis l’équipe."
        ]
    roles = ", ".join(Role(role).label for role in sight.roles)
    about = [e for e in exceptions if e.permission in READINGS]
    told = [_exception(e, name) for e in sorted(about, key=lambda e: READINGS.index(e.permission))]
    if sight.level < 0:
        closed = f"Le rôle de {name} ({roles}) n’ouvre aucun dossier de ménage. Un rôle de travail social en ouvre."
        return [closed, *told]
    taken = {e.permission for e in about if not e.gives}
    if OPEN in taken:
        return told
    found = _of_ours(sight, name, roles, taken) if sight.owned else _of_others(sight, name, roles, taken)
    return [*found, *told]


def _exception(exception: RoleException, name: str) -> str:
    """One sentence: what, until when, by whom, why, and what it does or does not open."""
    until, what = jour_long(exception.expires_at), exception.permission_label
    by = f"jusqu’au {until} ({exception.author_label} : {exception.motive.rstrip('.')})"
    if exception.gives:
        return f"Une exception donne à {name} « {what} » {by}. Elle n’ouvre rien de ce que son rôle ou le partage tient fermé."
    opens = "aucun dossier ne s’ouvre" if exception.permission == OPEN else "cette partie ne s’ouvre pas"
    return f"Une exception retire à {name} « {what} » {by} : {opens}. Elle se retire dans « Droits particuliers »."


def _of_ours(sight: Sight, name: str, roles: str, taken: set[str]) -> list[str]:
    found = ["Ce dossier est suivi par votre organisation" + _reads(name, roles, taken, "le journal")]
    found += _health(sight, name, taken)
    if sight.level < CLASS3_LEVEL and not sight.referent:
        found.append(
            f"La sécurité (classe 3) est lue par la coordination et la personne référente : {name} n’est ni l’une ni l’autre."
        )
    elif SAFETY not in taken:
        found.append(f"{name} lit aussi la sécurité (classe 3), après avoir confirmé son identité.")
    return found


def _reads(name: str, roles: str, taken: set[str], journal: str) -> str:
    if IN_FULL in taken:
        return f" : {name} ({roles}) n’en lit que le numéro, les initiales, la taille et l’étape."
    return f" : {name} ({roles}) en lit la composition, les besoins" + (
        "." if "journal:read" in taken else f" et {journal}."
    )


def _of_others(sight: Sight, name: str, roles: str, taken: set[str]) -> list[str]:
    if not sight.standing and sight.ended_at is not None:
        return [
            f"Ce dossier a été partagé avec votre organisation, et ce partage a pris fin le {jour_long(sight.ended_at)}. Demandez un nouveau partage à l’organisation qui le suit."
        ]
    until = jour_long(sight.ended_at) if sight.ended_at is not None else ""
    if sight.grant_level == "minimal":
        return [
            f"Ce dossier est partagé avec votre organisation au niveau minimal jusqu’au {until} : numéro, initiales, taille, département et référent, rien de plus."
        ]
    given = f"Ce dossier est partagé avec votre organisation en entier jusqu’au {until}"
    found = [given + _reads(name, roles, taken, "le journal des partenaires")]
    if (sight.max_class or 0) < CLASS2_LEVEL:
        found.append("Ce partage n’ouvre pas les besoins de santé (classe 2).")
    else:
        found += _health(sight, name, taken)
    return [*found, "La sécurité (classe 3) ne se partage jamais : seule l’organisation qui suit le ménage la lit."]


def _health(sight: Sight, name: str, taken: set[str]) -> list[str]:
    if not sight.class2:
        return ["Les besoins de santé (classe 2) ne sont pas recueillis sur cette installation."]
    if sight.level < CLASS2_LEVEL:
        return [
            f"Les besoins de santé (classe 2) demandent un rôle de travail social ou de coordination : {name} n’en a pas."
        ]
    return [] if HEALTH in taken else [f"{name} lit les besoins de santé (classe 2)."]
