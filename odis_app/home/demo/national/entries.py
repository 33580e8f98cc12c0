"""The journal of each file: what people wrote, sealed with the key of the record, and what the file itself told, sealed by the installation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from odis_app.access import keys
from odis_app.core.crypto import seal
from odis_app.core.identity import Identity
from odis_app.core.ids import drawn_public_id
from odis_app.home.demo.national.drawing import Weighted, one_of
from odis_app.home.demo.national.homes import Builder
from odis_app.home.demo.national.population import Org
from odis_app.households.operations.many import OpenedFile
from odis_app.journal.enums import Audience, EntryKind, Medium, Tag
from odis_app.journal.models import JournalEntry, body_place

LENGTHS = (0, 1, 2, 3, 5, 7, 10, 14, 20, 38)  # entries of a file: ten on average, some files are long
AUDIENCES = Weighted((Audience.ORGANISATION, Audience.PARTENAIRES, Audience.ETAT), (60, 36, 4))
NOTES = (
    "Point téléphonique : la famille va bien, les démarches avancent.", "Rendez-vous à la permanence, dossier relu ensemble.",
    "Rappeler la semaine prochaine pour la date de disponibilité.", "La demande de logement social est déposée, attestation reçue.",
    "Inscription au cours de français confirmée pour le mois prochain.", "Visite du quartier avec une bénévole, retour positif.",
    "La famille demande un rez-de-chaussée si possible.", "Attestation d’hébergement transmise.", "Entretien avec l’interprète, situation mise à jour.",
    "Le titre de séjour est renouvelé, copie déposée.", "Demande d’école faite en mairie, réponse attendue.", "La CAF a répondu, le droit est ouvert.",
    "Bilan mensuel : rien de nouveau, le ménage attend une proposition.", "Rencontre avec l’hébergeur, bon accueil de part et d’autre.",
    "Recherche d’emploi en cours, rendez-vous pris avec un conseiller.", "Le ménage confirme qu’il accepte un autre département.",
)  # fmt: skip
TOLD = (
    "Dossier ouvert.", "Besoin daté.", "Place proposée, réponse attendue sous sept jours.", "Accord du ménage enregistré.",
    "Accord de l’hébergeur enregistré.", "Composition mise à jour.",
)  # fmt: skip
_TAGS = tuple(tag.value for tag in Tag)


def counts(total: int, files: int, draw: Random) -> Iterator[int]:
    """How many entries each of ``files`` has: ``total`` in all, unequally."""
    left = total
    for rank in range(files, 0, -1):
        if rank == 1:
            yield left
            return
        wanted = round(one_of(draw, LENGTHS) * left / rank / (sum(LENGTHS) / len(LENGTHS)))
        wanted = min(wanted, left)
        left -= wanted
        yield wanted


def write_entries(builder: Builder, one: OpenedFile, org: Org, count: int) -> None:
    """``count`` entries since the file was opened."""
    draw, country = builder.draw, builder.country
    opened: datetime = one.household["created_at"]
    span = max(1, int((country.now - opened).total_seconds()) - 60)
    for _ in range(count):
        who = org.team[draw.randrange(len(org.team))]
        at = opened + timedelta(seconds=draw.randrange(span))
        builder.copier.add(JournalEntry, _entry(builder, one, who, at, told=draw.random() < 0.2))


def _entry(builder: Builder, one: OpenedFile, who: Identity, at: datetime, *, told: bool) -> dict[str, Any]:
    draw, record_id, key = builder.draw, one.household["id"], drawn_public_id(builder.draw)
    audience = Audience.PARTENAIRES if told else AUDIENCES.pick(draw)
    words, where = one_of(draw, TOLD if told else NOTES), body_place(key)
    return {
        "id": builder.copier.next_id(JournalEntry), "public_id": key, "record_id": record_id, "owner_org_id": who.org_id,
        "kind": (EntryKind.SYSTEM if told else EntryKind.NOTE).value, "audience": audience.value, "author_user_id": who.user_id, "author_org_id": who.org_id,
        "author_label": who.name, "org_label": who.org_short_name, "body_sealed": seal(words, where) if told else keys.seal(record_id, words, where),
        "medium": None if told else one_of(draw, _MEDIA), "tags": [] if told or draw.random() < 0.7 else [one_of(draw, _TAGS)],
        "happened_at": at, "created_at": at,
    }  # fmt: skip


_MEDIA = (None, *(medium.value for medium in Medium))
