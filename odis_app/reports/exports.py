"""A list of files that leaves the installation: asked for, made apart, encrypted, its author's alone for two days."""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta

import pyzipper
from sqlalchemy import Select, delete, func, select, text

from odis_app.access.enums import ReviewKind, Verdict
from odis_app.access.limits import unlimited
from odis_app.access.models import Review
from odis_app.access.operations import ask_review
from odis_app.audit.operations import record_event
from odis_app.core import clock, crypto
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.formats import heure, jour_long, pluriel
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.core.jobs import request_job
from odis_app.core.permissions import require_step_up
from odis_app.documents.storage import Store
from odis_app.exchange.writers import Sheet, write_workbook
from odis_app.households.models import Household
from odis_app.households.queries import HouseholdFilter
from odis_app.households.queries.lists import filtered
from odis_app.reports.enums import ReportOutcome
from odis_app.reports.export_rows import headings, lines
from odis_app.reports.models import HouseholdExport

TASK, QUEUE = "jobs.exports.run", "bilans"
KEPT = timedelta(hours=48)
LARGE = 50  # above, a renewed proof of identity and a second person
MOST = 5_000
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is read as something else
GROUPS, GROUP = 4, 5
Progress = Callable[[int, str], None]


def counted(identity: Identity, filters: HouseholdFilter) -> int:
    """How many files an export of this list would hold today."""
    return int(db.execute(_exported(identity, filters).order_by(None).with_only_columns(func.count())).scalar_one())


def _exported(identity: Identity, filters: HouseholdFilter) -> Select[Household]:
    """The files of a list; those whose processing is limited stay out of any export."""
    return filtered(identity, filters).where(unlimited("households.id"))


def lately(identity: Identity) -> int:
    """How many files this person has exported in two days, in whichever organisation; what was contested or empty is not counted."""
    del identity
    return int(db.execute(text("SELECT odis.exported_lately()")).scalar_one())


def is_large(households: int) -> bool:
    """Whether so many files, exported in two days, want a renewed proof of identity and a second person."""
    return households > LARGE


def request_export(identity: Identity, *, filters: HouseholdFilter) -> HouseholdExport:
    """Ask for the list as it is filtered. A large one, or one that makes more than fifty in two days, waits for a colleague to confirm it.

    The database counts, one export after the other. Raises RuleError, and StepUpNeededError before anything stands.
    """
    households = counted(identity, filters)
    if not households:
        raise RuleError("", "Il n’y a rien à exporter dans cette liste. Retirez un filtre.")
    if households > MOST:
        raise RuleError("", f"Un export compte {MOST} ménages au plus. Ajoutez un filtre, par exemple un département.")
    public_id, now = new_public_id(), clock.now()
    job = request_job(
        identity,
        task=TASK,
        queue=QUEUE,
        kind="export:menages",
        label=f"Export de {households} ménages",
        params={"export": public_id},
    )
    export = HouseholdExport(
        public_id=public_id, owner_org_id=identity.require_org(), author_id=identity.require_user(), author_label=identity.name,
        filters_sealed=crypto.seal(json.dumps(asdict(filters)), _place("filters_sealed", public_id)),
        password_sealed=crypto.seal(_password(), _place("password_sealed", public_id)), households=households, job_id=job.id,
        created_at=now, expires_at=now + KEPT,
    )  # fmt: skip
    db.add(export)
    db.flush()
    db.refresh(export, ["households_48h", "created_at", "expires_at"])
    if is_large(export.households_48h):
        require_step_up(identity)
        label = pluriel(households, "ménage")
        ask_review(
            identity, kind=ReviewKind.EXPORT, subject=public_id, department_code=identity.org_department or "", reason="",
            label=label if is_large(households) else f"{label}, {export.households_48h} en 48 heures",
        )  # fmt: skip
    record_event(
        identity,
        "household:export",
        sensitivity=1,
        summary=f"Export de {households} ménages demandé",
        data={"export": public_id},
    )
    return export


def _password() -> str:
    """Twenty characters in four groups: 99 bits, to be copied by hand if need be."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))


def _place(column: str, public_id: str) -> str:
    return crypto.place("household_exports", column, public_id)


def generate(
    identity: Identity, *, public_id: str, attempt: int, store: Store, progress: Progress
) -> dict[str, object]:
    """Make the archive that a job was asked for, under its author's rights of now. Run again, it changes nothing."""
    export = db.execute(select(HouseholdExport).where(HouseholdExport.public_id == public_id)).scalar_one()
    if export.outcome != ReportOutcome.WAITING.value or export.password_sealed is None:
        return {"export": public_id, "outcome": export.outcome}
    progress(10, "Lecture de la liste")
    filters = json.loads(crypto.unseal(export.filters_sealed, _place("filters_sealed", public_id)))
    wanted = HouseholdFilter(**{**filters, "status": tuple(filters["status"])})
    ids = list(db.scalars(_exported(identity, wanted).with_only_columns(Household.id).limit(export.households)))
    export.generated_at = clock.now()
    if not ids:
        export.outcome = ReportOutcome.EMPTY.value
        db.flush()
        return {"export": public_id, "outcome": export.outcome}
    progress(40, "Écriture du classeur")
    workbook = io.BytesIO()
    rows: list[Sequence[object]] = [[watermark(identity)], *lines(identity, ids)]
    write_workbook(workbook, [Sheet("Ménages", headings(), rows)])
    progress(80, "Chiffrement de l’archive")
    password = crypto.unseal(export.password_sealed, _place("password_sealed", public_id))
    archive = encrypted(f"menages-{clock.today():%Y-%m-%d}.xlsx", workbook.getvalue(), password)
    export.storage_key, export.size = f"{public_id}/{attempt}", len(archive)
    store.put(export.storage_key, crypto.seal(archive, _place("zip", public_id)))
    export.outcome = ReportOutcome.READY.value
    db.flush()
    record_event(
        identity, "household:export", sensitivity=1, summary=f"Export de {len(ids)} ménages établi", data={"export": public_id, "households": len(ids)}
    )  # fmt: skip
    return {"export": public_id, "outcome": export.outcome}


def watermark(identity: Identity) -> str:
    """The first line of what leaves: who, when, for which organisation."""
    now = clock.now().astimezone(clock.PARIS)
    return f"Exporté le {jour_long(now.date())} à {heure(now)} par {identity.name}, {identity.org_name}. À supprimer après usage, à ne pas transmettre."


def encrypted(name: str, content: bytes, password: bytes) -> bytes:
    """A zip of one file under AES-256 (WinZip's AE-2), that the usual tools open with the password."""
    out = io.BytesIO()
    with pyzipper.AESZipFile(out, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(password)
        archive.setencryption(pyzipper.WZ_AES, nbits=256)
        archive.writestr(name, content)
    return out.getvalue()


def waits_for_somebody(export: HouseholdExport) -> str:
    """Why a large export is not given yet, in French; empty when it is."""
    if not is_large(export.households_48h):
        return ""
    mine = select(Review.verdict).where(Review.kind == ReviewKind.EXPORT.value, Review.subject == export.public_id)
    verdict = db.execute(mine.order_by(Review.id.desc()).limit(1)).scalar_one_or_none()
    if verdict == Verdict.CONFIRMED.value:
        return ""
    if verdict == Verdict.CONTESTED.value:
        return "Une autre personne a refusé cet export. Parlez-en avec elle, ou réduisez la liste."
    if is_large(export.households):
        return f"Un export de plus de {LARGE} ménages attend l’accord d’une autre personne de votre organisation."
    return (
        f"Avec celui-ci, vos exports de 48 heures comptent {export.households_48h} ménages, plus de {LARGE} : il attend l’accord d’une autre personne "
        "de votre organisation. Demandez-lui de l’ouvrir dans « À relire », ou refaites cet export quand les précédents auront plus de 48 heures."
    )


def reveal(identity: Identity, *, export: HouseholdExport) -> str:
    """The password, once: it is forgotten as it is shown. Raises RuleError."""
    why = waits_for_somebody(export)
    if why:
        raise RuleError("", why)
    locked = db.execute(
        select(HouseholdExport.password_sealed).where(HouseholdExport.id == export.id).with_for_update()
    )
    sealed = locked.scalar_one()
    if sealed is None or not export.is_ready:
        raise RuleError(
            "", "Ce mot de passe a déjà été montré, il n’est gardé nulle part. S’il est perdu, refaites l’export."
        )
    password = crypto.unseal(sealed, _place("password_sealed", export.public_id)).decode()
    export.password_sealed = None
    db.flush()
    record_event(
        identity,
        "household:export",
        sensitivity=1,
        summary="Mot de passe d’un export montré",
        data={"export": export.public_id},
    )
    return password


def content_of(export: HouseholdExport, store: Store) -> bytes:
    """The encrypted archive. Raises StoreError when it is lost, UnreadableError when altered."""
    return crypto.unseal(store.get(export.storage_key), _place("zip", export.public_id))


def note_download(identity: Identity, *, export: HouseholdExport) -> None:
    """Write the download down, before any byte leaves."""
    record_event(
        identity, "household:export", sensitivity=1, summary=f"Export de {export.households} ménages téléchargé",
        data={"export": export.public_id},
    )  # fmt: skip


def purge(*, store: Store) -> int:
    """Delete what is older than two days, rows and files; returns how many rows. Run twice, the second finds nothing."""
    gone = db.scalars(
        delete(HouseholdExport).where(HouseholdExport.expires_at < clock.now()).returning(HouseholdExport.id)
    )
    count = len(gone.all())
    oldest = (clock.now() - KEPT).timestamp()
    for path, facts in store.files.find(str(store.root), detail=True).items():
        if facts["mtime"] < oldest:
            store.files.rm_file(path)
    return count
