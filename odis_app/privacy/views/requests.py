"""One request: its deadline, its answer, the copy, the erasure."""

from __future__ import annotations

import io

from flask import Response, abort, current_app, flash, send_file

from odis_app.core.crypto import UnreadableError
from odis_app.core.db import db, unit_of_work
from odis_app.core.errors import RuleError
from odis_app.core.jobs import Job, visible_jobs
from odis_app.core.permissions import guard
from odis_app.core.requests import note_sensitivity, read_is_written_down, session_token
from odis_app.core.web import identity, redirect_to, render
from odis_app.documents.storage import Store, StoreError
from odis_app.households.models import Household, Member
from odis_app.households.policy import find_household
from odis_app.privacy import operations, policy, queries
from odis_app.privacy.forms import AnswerForm, CopyForm, ExtendForm
from odis_app.privacy.models import DataCopy, RightsRequest
from odis_app.privacy.views.household import FILE, TAB
from odis_app.privacy.views.page import blueprint, file_page, saved

PAGE = "privacy.show_request"
FILES = {"pdf": "application/pdf", "json": "application/json"}


@blueprint.get("/droits/demandes")
@guard(policy.RIGHTS_LIST)
def register() -> Response:
    """The organisation's requests to answer, the most urgent first."""
    waiting = queries.waiting_requests(identity())
    files = {r.household_id: db.get_one(Household, r.household_id) for r in waiting}
    return render("privacy/register.html", waiting=waiting, files=files)


@blueprint.get(f"{FILE}/demandes/<asked>")
@guard(policy.RIGHTS_HANDLE, household=find_household, asked=policy.find_request)
def show_request(household: Household, asked: RightsRequest) -> Response:
    """One request and what may be done with it."""
    _belongs(household, asked)
    return _page(household, asked)


def _page(household: Household, asked: RightsRequest, *, status: int = 200, **forms: object) -> Response:
    copies = queries.copies_of(identity(), asked)
    jobs = {job.id: job for job in db.scalars(visible_jobs(identity()).where(Job.id.in_([c.job_id for c in copies])))}
    context = {"answer": AnswerForm(), "extend": ExtendForm(), "copy_form": CopyForm()} | forms
    return file_page(
        household, "privacy/request.html", tab=TAB, status=status, crumb=asked.kind_label, asked=asked, person=db.get_one(Member, asked.member_id),
        details=queries.text_of(asked, "details"), reason=queries.text_of(asked, "extension"), told=queries.text_of(asked, "answer"),
        copies=copies, jobs=jobs, may_add_safety=identity().level >= operations.copies.SAFETY, may_erase=identity().can(policy.HOUSEHOLD_ERASE, asked),
        **context,
    )  # fmt: skip


def _belongs(household: Household, asked: RightsRequest) -> None:
    if asked.household_id != household.id:
        abort(404)


@blueprint.post(f"{FILE}/demandes/<asked>/prolonger")
@guard(policy.RIGHTS_HANDLE, household=find_household, asked=policy.find_request)
def extend_request(household: Household, asked: RightsRequest) -> Response:
    """Two months more, with the reason."""
    _belongs(household, asked)
    form = ExtendForm()
    if form.validate_on_submit() and saved(
        form, lambda: operations.extend_request(identity(), request=asked, reason=form.reason.data)
    ):
        return _back(household, asked, "Échéance repoussée de deux mois. Prévenez la personne.")
    return _page(household, asked, status=422, extend=form)


@blueprint.post(f"{FILE}/demandes/<asked>/repondre")
@guard(policy.RIGHTS_HANDLE, household=find_household, asked=policy.find_request)
def answer_request(household: Household, asked: RightsRequest) -> Response:
    """Accept or refuse, with words."""
    _belongs(household, asked)
    form = AnswerForm()
    if form.validate_on_submit() and saved(
        form,
        lambda: operations.answer_request(
            identity(), request=asked, accepted=form.decision.data == "oui", answer=form.answer.data
        ),
    ):
        return _back(household, asked, "Réponse enregistrée.")
    return _page(household, asked, status=422, answer=form)


@blueprint.post(f"{FILE}/demandes/<asked>/copie")
@guard(policy.RIGHTS_HANDLE, household=find_household, asked=policy.find_request)
def ask_copy(household: Household, asked: RightsRequest) -> Response:
    """Have the copy made by a job."""
    _belongs(household, asked)
    form = CopyForm()
    if form.validate_on_submit() and saved(
        form,
        lambda: operations.request_copy(identity(), request=asked, with_safety=bool(form.with_safety.data)),
    ):
        return _back(household, asked, "La copie se prépare. Elle sera sur cette page pendant 48 heures.")
    return _page(household, asked, status=422, copy_form=form)


@blueprint.post(f"{FILE}/demandes/<asked>/effacer")
@guard(policy.HOUSEHOLD_ERASE, household=find_household, asked=policy.find_request)
def erase(household: Household, asked: RightsRequest) -> Response:
    """Erase the whole file: every adult asked, and was answered yes."""
    _belongs(household, asked)
    form, number = CopyForm(), household.number
    try:
        with db.begin_nested():  # refused, the page still reads the file: its key comes back
            operations.erase_on_request(identity(), request=asked)
    except RuleError as error:
        form.add_error(error)
        return _page(household, asked, status=422, copy_form=form)
    flash(f"Le dossier {number} est effacé, avec ses documents, son journal et ses partages.", "ok")
    return redirect_to("privacy.register")


@blueprint.get(f"{FILE}/demandes/<asked>/copies/<given>/<any(pdf, json):name>")
@guard(policy.RIGHTS_HANDLE, household=find_household, asked=policy.find_request, given=policy.find_copy)
def download(household: Household, asked: RightsRequest, given: DataCopy, name: str) -> Response:
    """The PDF or the JSON, for who asked for it; written down before any byte leaves."""
    _belongs(household, asked)
    if given.request_id != asked.id or not given.is_ready:
        abort(404)
    note_sensitivity(operations.copies.SAFETY if given.with_safety else 1)
    try:
        content = operations.content_of(given, name, store())
    except (StoreError, UnreadableError):
        abort(503)
    with unit_of_work(session_token()) as unit:
        operations.note_download(unit.identity, copy=given, name=name)
    read_is_written_down()
    response = send_file(
        io.BytesIO(content),
        mimetype=FILES[name],
        as_attachment=True,
        download_name=f"copie-{household.number}.{name}",
        etag=False,
        conditional=False,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def store() -> Store:
    """Where the sealed copies are."""
    return Store(current_app.config["ODIS"].documents_dir / "copies")


def _back(household: Household, asked: RightsRequest, sentence: str) -> Response:
    flash(sentence, "ok")
    return redirect_to(PAGE, household=household.public_id, asked=asked.public_id)
