"""Lists of 0017: why data are processed and on what legal basis, and how long each sort of data is kept.

Articles are those of the RGPD (règlement (UE) 2016/679); durations come from the practice of comparable public services and the
CNIL's référentiel of 2021 on social support, and are dated data that the installation's DPO confirms.
"""

from __future__ import annotations

MISSION, DUTY, CONTRACT, CONSENT = "mission_interet_public", "obligation_legale", "contrat", "consentement"
E, C, B, A = "RGPD, article 6, 1, e", "RGPD, article 6, 1, c", "RGPD, article 6, 1, b", "RGPD, article 6, 1, a"
OBJECT = "Accès, rectification, limitation et opposition (article 21)."
ADULT = "Chaque adulte du dossier, pour une raison tenant à sa situation."
WITHDRAW = "Accès, rectification, effacement, et retrait du consentement à tout moment (article 7)."
FREELY = "Chaque adulte du dossier, sans avoir à dire pourquoi."

# code, label, legal basis, article, right, who may object, whether a share may carry it
PURPOSES: tuple[tuple[str | int | bool | None, ...], ...] = (
    ("suivi", "Suivre le dossier d’un ménage", MISSION, E, OBJECT, ADULT, False),
    ("accompagnement", "Accompagnement commun", MISSION, E, OBJECT, ADULT, True),
    ("orientation", "Orientation vers un logement", MISSION, E, OBJECT, ADULT, True),
    ("mobilite", "Mobilité nationale", MISSION, E, OBJECT, ADULT, True),
    ("arbitrage", "Arbitrage par la DDETS", MISSION, E, OBJECT, ADULT, True),
    ("passation", "Passation", MISSION, E, OBJECT, ADULT, True),
    ("urgence", "Rattachement en urgence", MISSION, E, OBJECT, ADULT, True),
    ("autre_association", "Aide d’une autre association", CONSENT, A, WITHDRAW, FREELY, True),
    ("hebergeur", "Présentation à un hébergeur citoyen", CONSENT, A, WITHDRAW, FREELY, True),
    ("photos", "Photos du ménage", CONSENT, A, WITHDRAW, FREELY, False),
    ("sante", "Tenir compte d’un besoin de santé", MISSION, "RGPD, article 6, 1, e et article 9, 2, h", OBJECT, ADULT, False),
    ("convention", "Convention d’occupation d’un logement", CONTRACT, B, "Accès, rectification, limitation et portabilité (article 20).",
     "Personne : le contrat a besoin de ces données.", False),
    ("trace", "Journal des accès", DUTY, C, "Accès : « qui a consulté ce dossier ».", "Personne : la loi demande cette trace.", False),
    ("statistiques", "Statistiques sans personne", MISSION, E, "Opposition avant que le dossier soit compté.", ADULT, False),
)  # fmt: skip

# code, label, classes, months, days, what starts the delay, basis, what enforces it, the shortest and the longest it may be set to
# (in the same unit; none: it is fixed). A file: two years after the last contact at most; an answer to a contestation takes its months.
RULES: tuple[tuple[str | int | bool | None, ...], ...] = (
    ("dossier_menage", "Dossier d’un ménage, avec son journal, ses documents et ses partages", "0 à 3", 24, None, "dernier contact",
     "Référentiel CNIL de 2021 sur l’accompagnement social", "plan d’effacement", 12, 24),
    ("hebergeur_refuse", "Offre refusée, avec son hébergeur", "0 et 1", 6, None, "date du refus", "Durée nécessaire à une contestation", "plan d’effacement", 3, 12),
    ("offre_finie", "Offre finie, avec son hébergeur et ses places", "0 à 3", 24, None, "dernier événement de l’offre, ou dernière sortie",
     "Le temps d’une réclamation sur un hébergement", "plan d’effacement", 12, 24),
    ("sejour_fini", "Jours pris sur une place, avec le ménage", "0 et 1", 24, None, "dernier jour", "Le temps d’une réclamation sur un hébergement",
     "plan d’effacement", 12, 24),
    ("compte_ferme", "Compte d’une personne partie", "0", 12, None, "fin du dernier rôle, ou fermeture", "Le temps de répondre d’un acte",
     "plan d’effacement", 6, 24),
    ("trace", "Journal des accès, par mois entiers et scellés", "0", 12, None, "date de l’événement",
     "Recommandation de la CNIL de 2021 sur la journalisation", "plan d’effacement", 6, 36),
    ("copie", "Copie des données d’une personne", "0 à 3", None, 2, "fabrication de la copie", "Le temps de la remettre", "chaque nuit", None, None),
    ("bilan", "Bilan d’un ménage ou d’un département", "0 et 1", 12, None, "fabrication du bilan", "Comparaison d’une année sur l’autre", "chaque nuit", None, None),
    ("courriel", "Courriels partis, sans leur texte", "0", None, 90, "envoi", "Preuve d’envoi", "chaque nuit", None, None),
    ("import_brouillon", "Fichier d’import non enregistré", "0 et 1", None, 7, "dépôt du fichier", "Le temps de le relire", "chaque nuit", None, None),
    ("import_annulation", "De quoi annuler un import", "0 et 1", None, 30, "enregistrement", "Le temps de voir une erreur", "chaque nuit", None, None),
    ("import_trace", "Import enregistré, sans le contenu du fichier", "0 et 1", 24, None, "enregistrement", "Savoir d’où vient un dossier", "chaque nuit", None, None),
    ("entree", "Invitations et demandes d’accès terminées", "0", None, 90, "réponse ou échéance", "Une question sur l’entrée", "chaque nuit", None, None),
    ("lien_rappel", "Liens des rappels de disponibilité", "0", None, 90, "échéance du lien", "Une question sur un rappel", "chaque nuit", None, None),
    ("export", "Listes exportées", "0 à 2", None, 2, "fabrication de l’export", "Le temps de le télécharger", "chaque nuit", None, None),
    ("connexion", "Essais de connexion et liens de mot de passe", "0", None, 1, "essai", "Reconnaître une attaque", "chaque nuit", None, None),
    ("travaux", "Travaux terminés", "aucune personne", None, 30, "fin du travail", "Dépannage", "chaque nuit", None, None),
)  # fmt: skip
