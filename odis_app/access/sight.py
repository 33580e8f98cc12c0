"""Why a colleague sees a file or does not, in plain sentences."""

from __future__ import annotations

from odis_app.access.queries import Sight
from odis_app.core.formats import jour_long
from odis_app.core.permissions import Role

UNKNOWN = (
    "Aucun dossier de ce numéro n’a été suivi par votre organisation ni partagé avec elle. Vérifiez le numéro, "
    "ou demandez un partage à l’organisation qui suit le ménage."
)
CLASS2_LEVEL, CLASS3_LEVEL = 2, 3


def explain(sight: Sight, name: str) -> list[str]:
    """What stands between ``name`` and one file, the widest reason first."""
    if not sight.roles:
        return [
            f"{name} n’a plus de rôle dans votre organisation : plus rien ne lui est ouvert. Redonnez-lui un rôle depuis l’équipe."
        ]
    roles = ", ".join(Role(role).label for role in sight.roles)
    if sight.level < 0:
        return [f"Le rôle de {name} ({roles}) n’ouvre aucun dossier de ménage. Un rôle de travail social en ouvre."]
    return _of_ours(sight, name, roles) if sight.owned else _of_others(sight, name, roles)


def _of_ours(sight: Sight, name: str, roles: str) -> list[str]:
    found = [
        f"Ce dossier est suivi par votre organisation : {name} ({roles}) en lit la composition, les besoins et le journal."
    ]
    found += _health(sight, name)
    if sight.level < CLASS3_LEVEL and not sight.referent:
        found.append(
            f"La sécurité (classe 3) est lue par la coordination et la personne référente : {name} n’est ni l’une ni l’autre."
        )
    else:
        found.append(f"{name} lit aussi la sécurité (classe 3), après avoir confirmé son identité.")
    return found


def _of_others(sight: Sight, name: str, roles: str) -> list[str]:
    if not sight.standing and sight.ended_at is not None:
        return [
            f"Ce dossier a été partagé avec votre organisation, et ce partage a pris fin le {jour_long(sight.ended_at)}. Demandez un nouveau partage à l’organisation qui le suit."
        ]
    until = jour_long(sight.ended_at) if sight.ended_at is not None else ""
    if sight.grant_level == "minimal":
        return [
            f"Ce dossier est partagé avec votre organisation au niveau minimal jusqu’au {until} : numéro, initiales, taille, département et référent, rien de plus."
        ]
    found = [
        f"Ce dossier est partagé avec votre organisation en entier jusqu’au {until} : {name} ({roles}) en lit la composition, les besoins et le journal des partenaires."
    ]
    if (sight.max_class or 0) < CLASS2_LEVEL:
        found.append("Ce partage n’ouvre pas les besoins de santé (classe 2).")
    else:
        found += _health(sight, name)
    return [*found, "La sécurité (classe 3) ne se partage jamais : seule l’organisation qui suit le ménage la lit."]


def _health(sight: Sight, name: str) -> list[str]:
    if not sight.class2:
        return ["Les besoins de santé (classe 2) ne sont pas recueillis sur cette installation."]
    if sight.level < CLASS2_LEVEL:
        return [
            f"Les besoins de santé (classe 2) demandent un rôle de travail social ou de coordination : {name} n’en a pas."
        ]
    return [f"{name} lit les besoins de santé (classe 2)."]
