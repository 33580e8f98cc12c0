"""Levels and purposes of a share."""

from __future__ import annotations

from odis_app.core.enums import Labelled


class ShareLevel(Labelled):
    """How much a share opens."""

    MINIMAL = "minimal", "Minimal"
    FULL = "full", "Complet"

    @property
    def explanation(self) -> str:
        """What the other organisation will read."""
        if self is ShareLevel.MINIMAL:
            return "numéro, initiales, taille, département, référent"
        return "résumé, composition, besoins, projet de vie et journal des partenaires"


class SharePurpose(Labelled):
    """Why a record is opened."""

    ACCOMPAGNEMENT = "accompagnement", "Accompagnement commun"
    ORIENTATION = "orientation", "Orientation vers un logement"
    MOBILITE = "mobilite", "Mobilité nationale"
    ARBITRAGE = "arbitrage", "Arbitrage par la DDETS"
    PASSATION = "passation", "Passation"
    URGENCE = "urgence", "Rattachement en urgence"
    AUTRE_ASSOCIATION = "autre_association", "Aide d’une autre association"
    HEBERGEUR = "hebergeur", "Présentation à un hébergeur citoyen"

    @property
    def is_chosen(self) -> bool:
        """Whether somebody who shares a file may choose it; the others are given by an act of their own."""
        return self.rests_on_consent or self in {
            SharePurpose.ACCOMPAGNEMENT,
            SharePurpose.ORIENTATION,
            SharePurpose.MOBILITE,
        }

    @property
    def rests_on_consent(self) -> bool:
        """Optional: every adult agreed to it, for that organisation; the database checks it (0017)."""
        return self in {SharePurpose.AUTRE_ASSOCIATION, SharePurpose.HEBERGEUR}

    @property
    def is_renewed(self) -> bool:
        """Whether its end may be put off: what follows a handover or an emergency ends on its day."""
        return self not in {SharePurpose.PASSATION, SharePurpose.URGENCE}


class PassationState(Labelled):
    """Where a handover is. ``asked``, ``granted`` and ``declined`` are those of a request."""

    ASKED = "asked", "Demandée"
    GRANTED = "granted", "Demande acceptée"
    DECLINED = "declined", "Demande refusée"
    PROPOSED = "proposed", "Proposée"
    WITHDRAWN = "withdrawn", "Retirée"
    REFUSED = "refused", "Refusée"
    ACCEPTED = "accepted", "Acceptée"
    MOVED = "moved", "Faite"
    EXPIRED = "expired", "Restée sans réponse"

    @property
    def is_open(self) -> bool:
        """The file is proposed to somebody: there is one such handover at most."""
        return self in {PassationState.PROPOSED, PassationState.ACCEPTED}


class RapprochementState(Labelled):
    """Where one side of a rapprochement is."""

    WAITING = "waiting", "À répondre"
    ACCEPTED = "accepted", "Vous avez accepté"
    LINKED = "linked", "Mis en relation"
    CLOSED = "closed", "Sans suite"


class JoinReason(Labelled):
    """Why somebody joins a file in an emergency."""

    MISE_A_L_ABRI = "mise_a_l_abri", "Mise à l’abri ce jour"
    URGENCE_MEDICALE = "urgence_medicale", "Urgence médicale"
    REFERENT_INJOIGNABLE = "referent_injoignable", "Référent injoignable, échéance du jour"
    ARRIVEE_IMPREVUE = "arrivee_imprevue", "Ménage arrivé sans être annoncé"


class ReviewKind(Labelled):
    """What a second person reads over."""

    BREAK_GLASS = "break_glass", "Rattachement en urgence"
    EXCLUSION = "exclusion", "Exclusion d’un hébergement"
    OFFER_DECISION = "offer_decision", "Validation d’une offre"
    EXPORT = "export", "Export de plus de 50 lignes"

    @property
    def consequence(self) -> str:
        """What contesting undoes, said before the choice."""
        return {
            ReviewKind.BREAK_GLASS: "Si vous contestez, cet accès se ferme aussitôt.",
            ReviewKind.EXCLUSION: "Si vous contestez, l’exclusion est annulée : le séjour reprend, sauf si la place ou le ménage ont trouvé autre chose depuis.",
            ReviewKind.OFFER_DECISION: "Tant que personne ne l’a relue, l’offre n’est pas proposée. Si vous contestez, l’offre redevient « Visite faite » : elle n’est plus proposée avant une nouvelle décision, "
            "et les propositions sans réponse sont retirées. Un ménage déjà entré y reste ; la personne qui le suit est prévenue.",
            ReviewKind.EXPORT: "Si vous contestez, le fichier n’est pas remis.",
        }[self]


class Verdict(Labelled):
    """What the second person says."""

    CONFIRMED = "confirmed", "Confirmé"
    CONTESTED = "contested", "Contesté"


class ReviewEffect(Labelled):
    """What contesting a decision undid."""

    CLOSED = "closed", "L’accès est fermé."
    RETURNED = "returned", "L’offre est à décider de nouveau, les propositions sans réponse sont retirées."
    REOPENED = "reopened", "L’exclusion est annulée, le séjour reprend."
    LATE = "late", "Rien n’a été défait : la situation avait changé depuis. Appelez la personne qui avait décidé."


class Withdrawal(Labelled):
    """A right that narrowed, in the log outside of the database: a restored backup does not give it back (0021 writes the lines)."""

    SHARE = "share", "partages"
    CONSENT = "consent", "consentements"
    ROLE = "role", "rôles"
    EXCEPTION = "exception", "permissions ajoutées"
    RESTRICTION = "restriction", "permissions retirées"
    TOTP = "totp", "applications de codes"
    PASSKEY = "passkey", "clés d’accès"
    CODE = "code", "codes de secours"
    PASSWORD = "password", "mots de passe"
    IDENTITY = "identity", "liens ProConnect"
    LOGIN = "login", "comptes fermés"
    ORGANISATION = "organisation", "organismes fermés"
    INVITATION = "invitation", "invitations"
    MANDATE = "mandate", "mandats"
    QUALIFIER = "qualifier", "désignations de qui qualifie"
    REFERENT = "referent", "référents"
