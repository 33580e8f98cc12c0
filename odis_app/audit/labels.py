"""The words of the trail: ``resource:verb`` said in French."""

from __future__ import annotations

from odis_app.core.permissions import Role

RESOURCES = {
    "address": "Adresse", "consent": "Consentement", "hosting": "Hébergement de santé", "privacy": "Bases légales", "retention": "Effacements planifiés", "rights": "Demande de droits",
    "team": "Équipe", "account": "Compte", "documents": "Documents", "home": "Accueil", "matching": "Appariement", "search": "Recherche", "audit": "Journal des accès", "charter": "Charte", "convention": "Convention", "document": "Document", "household": "Dossier ménage",
    "import": "Import", "invitation": "Invitation", "journal": "Journal du dossier", "member": "Équipe", "offer": "Offre", "orientation": "Proposition",
    "access": "Accès", "export": "Export", "mandate": "Mandat", "qualifier": "Qualification des offres", "organisation": "Organisation", "passation": "Passation", "permission": "Droits", "rapprochement": "Rapprochement", "review": "Relecture", "place": "Place", "placement": "Hébergement", "record": "Dossier", "report": "Bilan", "session": "Connexion", "structure": "Structure", "territory": "Règles du département", "words": "Mots d’ici",
}  # fmt: skip
VERBS = {
    "answer": "réponse", "cancel": "annulation", "copy": "copie demandée", "erase": "effacement", "extend": "prolongation", "give": "accord recueilli", "plan": "plan établi",
    "record": "enregistrement", "register": "enregistrement", "switch": "arrêt ou reprise",
    "accept": "acceptation", "approve": "accord", "departure": "destination notée", "invite": "invitation", "remove": "départ", "renew": "nouvel envoi", "add": "ajout", "archive": "archivage", "assign": "affectation", "decline": "refus de la demande", "explain": "explication", "join": "rattachement en urgence", "join_refused": "rattachement sans suite", "move": "changement d’organisation", "propose": "proposition", "ask": "demande", "availability": "disponibilité", "call": "appel", "close": "fermeture",
    "commit": "enregistrement", "complete": "compléments", "confirm": "confirmation", "create": "création", "decide": "décision", "discard": "abandon",
    "download": "téléchargement", "edit": "modification", "end": "fin", "end_stay": "fin de séjour", "expire": "expiration", "export": "export", "forget": "mot de passe oublié", "generate": "production",
    "moderate": "modération", "link": "lien avec ProConnect", "open": "ouverture", "password": "mot de passe changé", "photo_add": "photo ajoutée", "photo_remove": "photo retirée", "plan_visit": "visite prévue", "read": "consultation", "refuse": "refus",
    "release": "libération", "remind": "rappel", "reopen": "réouverture", "request": "demande", "reserve": "réservation", "reset": "mot de passe remplacé", "resume": "reprise", "review": "relecture", "revoke": "fermeture à distance",
    "safeguards": "garde-fous", "search": "recherche hors d’OD&IS", "scan": "analyse", "shred": "clé détruite", "share": "partage", "signal": "signalement", "start": "début", "steer": "lecture sans nom", "steer_refuse": "refus du département", "stay": "séjour", "stop": "arrêt",
    "undo": "annulation", "unlink": "fin du lien avec ProConnect", "unshare": "fin de partage", "update": "modification", "visit": "visite", "words": "mots changés", "withdraw": "retrait", "write": "écriture",
}  # fmt: skip


def action_label(action: str) -> str:
    """« household:read » → « Dossier ménage, consultation »; an unknown word is shown as it is."""
    resource, _, verb = action.partition(":")
    return f"{RESOURCES.get(resource, resource)}, {VERBS.get(verb, verb.replace('_', ' '))}"


def functions_label(roles: list[str]) -> str:
    """What a person did in its organisation on that day."""
    known = {role.value: role.label for role in Role}
    return ", ".join(known.get(role, role) for role in roles) or "sans fonction inscrite"
