"""Copies, warnings, erasures, and the log of what went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app

from odis_app.access import erasures
from odis_app.documents.storage import Store
from odis_app.privacy import operations
from odis_app.privacy.operations.erasures import purge_copies
from odis_app.reports.printing import pdf_of

if TYPE_CHECKING:
    from jobs.runner import RunningJob


def copy(job: RunningJob) -> dict[str, Any]:
    """Make the copy named in the job. Run twice, the second changes nothing."""
    jinja = current_app.jinja_env
    return operations.generate_copy(
        job.identity, public_id=job.params["copy"], attempt=job.attempt, store=_stores()["copies"],
        draw=lambda document: pdf_of(document, jinja), progress=job.progress,
    )  # fmt: skip


def nightly(job: RunningJob) -> dict[str, Any]:
    """Warn of files that will be due, close what a new adult did not agree to, forget old copies. Run twice, the second finds nothing."""
    job.progress(10, "Avertissements avant effacement")
    told = operations.warn_referents(job.identity)
    job.progress(40, "Accords à recueillir")
    closed = operations.close_uncovered(job.identity)
    job.progress(60, "Copies de plus de 48 heures")
    return {"told": told, "closed": closed, "copies": purge_copies(_stores()["copies"])}


def erase(job: RunningJob) -> dict[str, Any]:
    """Erase the next files of approved plans, then the sealed files that erased records left, then the lines that the log of erasures lacks. Run twice, the second goes on where the first stopped."""
    job.progress(10, "Effacement des dossiers des plans approuvés")
    counts = operations.run_erasures(job.identity)
    job.progress(80, "Suppression des fichiers des dossiers effacés")
    files = operations.remove_erased_files(_stores())
    return {**counts, "files": files, "settled": erasures.settle(current_app.config["ODIS"].erasures_dir)}


def settle(job: RunningJob) -> dict[str, Any]:
    """Write in the log outside of the database the rights that were withdrawn since the last round. Run twice, the second finds nothing."""
    job.progress(10, "Droits retirés")
    return {"settled": erasures.settle(current_app.config["ODIS"].erasures_dir)}


def _stores() -> dict[str, Store]:
    root = current_app.config["ODIS"].documents_dir
    return {"documents": Store(root), "bilans": Store(root / "bilans"), "copies": Store(root / "copies")}
