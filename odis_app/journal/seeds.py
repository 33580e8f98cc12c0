"""Journal and documents of the demonstration, written by the people who would, on the files that they hold.

The journal knows records and grants only: it tells what happens around any household, in facts, without a name.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import select

from odis_app.access.models import Grant, Record
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.documents.models import Document
from odis_app.documents.operations import Upload, store_document
from odis_app.journal import queries
from odis_app.journal.enums import Audience, Medium, Tag
from odis_app.journal.operations import add_entry
from odis_app.organisations.seeds import World


@dataclass(frozen=True, slots=True)
class Sketch:
    """A note: who, how many days ago and at what hour, for whom, by what means, about what, and a file to attach."""

    who: str
    days: int
    at: time
    audience: Audience
    medium: Medium
    tags: tuple[Tag, ...]
    body: str
    file: str = ""


OURS, ALL, STATE, SOME = Audience.ORGANISATION, Audience.PARTENAIRES, Audience.ETAT, Audience.CHOISIS
DAILY = (
    Sketch("association", 1, time(17, 5), ALL, Medium.TELEPHONE, (Tag.LOGEMENT, Tag.SCOLARITE), "Le ménage a pris connaissance de la proposition. Question sur l’école : la réponse est à préparer pour le prochain rendez-vous."),
    Sketch("coordination", 4, time(11, 0), OURS, Medium.RDV, (Tag.DROITS,), "Attestation CAF demandée. Rendez-vous avec la PMI fixé à la semaine prochaine."),
    Sketch("association", 6, time(14, 30), ALL, Medium.DOMICILE, (Tag.LOGEMENT,), "Visite du logement actuel : deux pièces, chauffage en panne depuis trois jours. Bailleur prévenu par courrier.", "Constat de visite.pdf"),
    Sketch("association", 8, time(9, 45), OURS, Medium.EMAIL, (Tag.EMPLOI,), "Inscription à France Travail confirmée, premier entretien le 2 du mois prochain."),
    Sketch("coordination", 3, time(16, 20), ALL, Medium.VISIO, (Tag.MOBILITE, Tag.FRANCAIS), "Point à trois avec l’interprète. Le ménage confirme son premier vœu et demande où suivre des cours de français le soir."),
    Sketch("association", 2, time(10, 15), OURS, Medium.SPONTANE, (Tag.NUMERIQUE,), "Passage à la permanence : compte ANEF créé ensemble, identifiants gardés par le ménage."),
    Sketch("association", 7, time(15, 0), ALL, Medium.COURRIER, (Tag.DROITS,), "Convocation reçue pour la remise du titre. Accompagnement prévu.", "Pièces à réunir.txt"),
    Sketch("coordination", 5, time(13, 40), ALL, Medium.TIERS, (Tag.LIEN_SOCIAL,), "Une bénévole du quartier propose d’accompagner les premières sorties. Mise en relation faite."),
)  # fmt: skip
DOWNSTREAM = (
    Sketch("aval", 2, time(11, 30), ALL, Medium.TELEPHONE, (Tag.LOGEMENT, Tag.MOBILITE), "Le logement pressenti est libre à la date annoncée. École à 400 mètres, ligne de bus jusqu’à la gare."),
    Sketch("aval", 3, time(9, 10), OURS, Medium.EXTERIEUR, (Tag.LOGEMENT,), "Repérage du quartier fait. Prévoir l’achat de deux lits."),
    Sketch("coordination", 1, time(12, 0), SOME, Medium.EMAIL, (Tag.MOBILITE,), "Peux-tu confirmer la date d’état des lieux avant vendredi ?"),
)  # fmt: skip
ARBITRATION = (
    Sketch("coordination", 3, time(15, 20), STATE, Medium.EMAIL, (Tag.LOGEMENT,), "Dossier signalé : aucune offre compatible depuis plus de deux mois. Les démarches faites sont jointes.", "Démarches faites.csv"),
    Sketch("ddets44", 2, time(10, 0), ALL, Medium.TELEPHONE, (Tag.LOGEMENT,), "Signalement reçu. Une place est recherchée auprès des opérateurs du département ; réponse sous huit jours."),
)  # fmt: skip


def load(world: World) -> None:
    """Write every note, each under the identity of its author."""
    for rank, record in enumerate(_records(world, "association")):
        notes = [DAILY[(rank + step) % len(DAILY)] for step in range(2 + rank % 3)]
        notes += DOWNSTREAM if _held(world, record, "aval") else ()
        notes += ARBITRATION if _held(world, record, "ddets44") else ()
        for note in sorted(notes, key=lambda n: -n.days):
            with world[note.who].acting() as identity:
                _write(identity, record, note)


def _records(world: World, name: str) -> list[Record]:
    """The households that an actor's organisation follows."""
    with world[name].acting() as identity:
        mine = select(Record).where(Record.kind == "household", Record.owner_org_id == identity.org_id)
        return list(db.execute(mine.order_by(Record.id)).scalars())


def _held(world: World, record: Record, name: str) -> bool:
    """Whether an actor's organisation was given a record in full."""
    with world[name].acting() as identity:
        full = select(Grant.id).where(
            Grant.record_id == record.id, Grant.grantee_org_id == identity.org_id, Grant.level == "full"
        )
        return db.execute(full.limit(1)).first() is not None


def _write(identity: Identity, record: Record, note: Sketch) -> None:
    where, owner = record.id, record.owner_org_id
    documents: list[Document] = []
    if note.file:
        documents.append(
            store_document(
                identity, record_id=where, owner_org_id=owner, upload=_file(note.file), audience=note.audience
            )
        )
    outside = [
        p.public_id for p in queries.possible_readers(identity, record.id) if p.organisation != identity.org_short_name
    ]
    moment = datetime.combine(clock.today() - timedelta(days=note.days), note.at, clock.PARIS)
    add_entry(
        identity, record_id=where, owner_org_id=owner, body=note.body, audience=note.audience, medium=note.medium, tags=note.tags, happened_at=moment,
        readers=outside[:1] if note.audience is SOME else (), documents=documents,
    )  # fmt: skip


def _file(name: str) -> Upload:
    """One of the demonstration's small files."""
    texts = {
        "Pièces à réunir.txt": "Titre de séjour ou récépissé\nDernier avis d’imposition\nAttestation d’hébergement\nTrois derniers bulletins de salaire\n".encode(),
        "Démarches faites.csv": "Date;Démarche;Réponse\nsemaine 1;SIAO;en attente\nsemaine 3;Bailleur social;refus, taille\nsemaine 6;Offre citoyenne;retirée\n".encode(
            "utf-8-sig"
        ),
    }
    return Upload(
        name,
        io.BytesIO(
            texts.get(name)
            or _sheet("Constat de visite", "Logement de deux pieces. Chauffage en panne depuis trois jours.")
        ),
    )


def _sheet(title: str, line: str) -> bytes:
    """A PDF of one page with a title and a line, in plain ASCII."""
    drawn = f"BT /F1 20 Tf 60 760 Td ({title}) Tj /F1 12 Tf 0 -40 Td ({line}) Tj ET".encode("ascii")
    objects = (
        b"<</Type/Catalog/Pages 2 0 R/Lang(fr)>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(out)
    return (
        out
        + b"xref\n0 6\n0000000000 65535 f \n"
        + table
        + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start
    )
