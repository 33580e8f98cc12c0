"""Confier, passer, demander: who follows a file, in the organisation and after it."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, flash, request, url_for

from odis_app.access.enums import PassationState
from odis_app.access.models import Passation
from odis_app.core.permissions import guard
from odis_app.core.slots import slot
from odis_app.core.web import identity, redirect_to, render
from odis_app.households import operations, policy
from odis_app.households.forms.cooperation import AcceptForm, AskForm, AssignForm, PassationForm, RefuseForm
from odis_app.households.models import Household
from odis_app.households.policy import HEALTH_READ, find_household, find_passation, reads_safety
from odis_app.households.queries import cooperation, packet
from odis_app.households.views.page import blueprint, done, form_page, saved
from odis_app.organisations.queries import colleagues, organisation, organisation_by_id, partners_of
from odis_app.territories.queries import label_of

SUMMARY, TAB = "households.show", "households.shares"


def _people() -> list[tuple[str, str]]:
    return [(u.public_id, f"{u.first_name} {u.last_name}") for u in colleagues(identity())]


@blueprint.route("/<household>/confier", methods=["GET", "POST"])
@guard(policy.HOUSEHOLD_ASSIGN, household=find_household)
def assign(household: Household) -> Response:
    """Choose who follows the file among one's colleagues; below, who was entrusted with it before."""
    form = AssignForm()
    form.referent.choices = [("", "Choisir"), *_people()]
    if form.validate_on_submit():
        chosen = next(u for u in colleagues(identity()) if u.public_id == form.referent.data)
        if saved(
            form,
            household,
            lambda: operations.assign_household(identity(), household=household, to=chosen, word=form.word.data or ""),
        ):
            return done(household, SUMMARY, f"Dossier confié à {chosen.first_name} {chosen.last_name}.")
    return form_page(
        household, form, title="Confier le dossier", tab=SUMMARY, submit="Confier le dossier", template="households/assign.html",
        sections=[("", ["referent", "word"])], history=cooperation.assignments(household),
    )  # fmt: skip


@blueprint.route("/<household>/passation", methods=["GET", "POST"])
@guard(policy.HAND_OVER, household=find_household)
def hand_over(household: Household) -> Response:
    """Propose the file to another organisation, with what goes with it; ``?demande=`` answers a request."""
    who = identity()
    asked = find_passation(who, request.args.get("demande", ""))
    if asked is not None and (asked.record_id != household.id or asked.state != PassationState.ASKED.value):
        asked = None
    form = PassationForm(organisation=_address(asked))
    form.organisation.choices = [
        ("", "Choisir"),
        *((o.public_id, o.name) for o in partners_of(who) if o.kind in cooperation.RECEIVING_KINDS),
    ]
    form.entries.choices = [
        (e.public_id, f"{e.author_label} : {e.body[:80]}") for e in cooperation.own_notes(who, household)
    ]
    form.documents.choices = [(d.public_id, d.name) for d in cooperation.own_documents(who, household)]
    if form.validate_on_submit():
        partner = organisation(form.organisation.data)
        if partner is not None and saved(
            form,
            household,
            lambda: operations.propose_passation(
                who, household=household, to=partner, due_on=form.due_on.data, reason=form.reason.data or "", packet=form.packet,
                request=asked if asked is not None and asked.to_org_id == partner.id else None,
            ),
        ):  # fmt: skip
            return done(household, TAB, f"Passation proposée à {partner.name}. Rien ne change avant sa réponse.")
    return form_page(
        household, form, title="Passer le dossier", tab=TAB, submit="Proposer la passation", sections=_sections(household, form),
        template="households/hand_over.html",
    )  # fmt: skip


def _address(asked: Passation | None) -> str | None:
    found = organisation_by_id(asked.to_org_id) if asked is not None else None
    return found.public_id if found is not None else None


def _sections(household: Household, form: PassationForm) -> list[tuple[str, list[str]]]:
    joined = [name for name in ("entries", "documents") if form[name].choices]
    joined += ["health"] if identity().can(HEALTH_READ, household) else []
    joined += ["safety"] if reads_safety(identity(), household) else []
    return [
        ("À qui et quand", ["organisation", "due_on", "reason"]),
        ("Ce qui part avec le dossier", ["summary", *joined]),
    ]


@blueprint.route("/<household>/demander", methods=["GET", "POST"])
@guard(policy.PASSATION_ASK, household=find_household)
def ask_passation(household: Household) -> Response:
    """Ask the organisation that follows a file for it."""
    form = AskForm()
    if form.validate_on_submit() and saved(
        form,
        household,
        lambda: operations.ask_passation(identity(), household=household, reason=form.reason.data or ""),
    ):
        return done(household, SUMMARY, "Demande envoyée. La réponse s’affichera dans vos passations.")
    intro = "L’organisation qui suit ce ménage lira votre demande et y répondra. Rien ne change d’ici là."
    return form_page(
        household, form, title="Demander à suivre ce ménage", tab=SUMMARY, submit="Envoyer la demande", sections=[(intro, ["reason"])]
    )  # fmt: skip


@blueprint.get("/passations")
@guard(policy.PASSATION_LIST)
def passations() -> Response:
    """Those that one's organisation gives, and those that it receives."""
    who = identity()
    crumbs = [("Ménages", url_for("households.index")), ("Passations", None)]
    return render("households/passations.html", rows=cooperation.passations(who), org_id=who.org_id, crumbs=crumbs)


@blueprint.get("/passations/<passation>")
@guard(policy.PASSATION_READ, passation=find_passation)
def show_passation(passation: Passation) -> Response:
    """What is proposed or asked, without a name; the answer below."""
    return _page(passation, AcceptForm(), RefuseForm())


def _page(passation: Passation, accept: AcceptForm, refuse: RefuseForm, *, status: int = 200) -> Response:
    who = identity()
    accept.referent.choices = [("", "Choisir"), *_people()]
    giver, receiver = organisation_by_id(passation.from_org_id), organisation_by_id(passation.to_org_id)
    file = policy.visible_record(who, passation.record_id)
    crumbs = [
        ("Ménages", url_for("households.index")),
        ("Passations", url_for("households.passations")),
        (passation.sheet["number"], None),
    ]
    return render(
        "households/passation.html", status=status, passation=passation, giver=giver, receiver=receiver, accept=accept, refuse=refuse, crumbs=crumbs,
        may_answer=who.can(policy.PASSATION_ANSWER, passation), may_withdraw=who.can(policy.PASSATION_WITHDRAW, passation),
        file=file, answer_by=passation.at + timedelta(days=policy.ANSWER_DAYS), department=label_of(f"dep:{passation.sheet['department']}"), steps=packet.checklist(who, passation, file) if passation.due_on else [],
        joined=[entry.provider(who, passation) for entry in slot("passation.packet").entries(who) if entry.provider], waits_since=cooperation.waits_since(passation),
    )  # fmt: skip


@blueprint.post("/passations/<passation>/accepter")
@guard(policy.PASSATION_ANSWER, passation=find_passation)
def accept_passation(passation: Passation) -> Response:
    """The other organisation takes the file, now or on its day."""
    form = AcceptForm()
    form.referent.choices = [("", "Choisir"), *_people()]
    if form.validate_on_submit():
        chosen = next(u for u in colleagues(identity()) if u.public_id == form.referent.data)
        moved: list[bool] = []
        if saved(
            form,
            None,
            lambda: moved.append(operations.accept_passation(identity(), passation=passation, referent=chosen)),
        ):
            said = (
                "Le dossier est maintenant suivi par votre organisation."
                if moved[0]
                else "Passation acceptée. Le dossier arrivera le jour dit."
            )
            flash(said, "ok")
            return redirect_to("households.show_passation", passation=passation.public_id)
    return _page(passation, form, RefuseForm(formdata=None), status=422)


@blueprint.post("/passations/<passation>/refuser")
@guard(policy.PASSATION_ANSWER, passation=find_passation)
def refuse_passation(passation: Passation) -> Response:
    """No, and why: the receiver to a proposal, the owner to a request."""
    form = RefuseForm()
    asked = passation.state == PassationState.ASKED.value
    act = operations.decline_request if asked else operations.refuse_passation
    if form.validate_on_submit() and saved(
        form, None, lambda: act(identity(), passation=passation, reason=form.answer.data or "")
    ):
        flash(
            "Demande refusée. L’organisation lira votre réponse."
            if asked
            else "Passation refusée. Le dossier reste où il est.",
            "ok",
        )
        return redirect_to("households.passations")
    return _page(passation, AcceptForm(formdata=None), form, status=422)


@blueprint.post("/passations/<passation>/retirer")
@guard(policy.PASSATION_WITHDRAW, passation=find_passation)
def withdraw_passation(passation: Passation) -> Response:
    """Take one's own proposal or request back."""
    form = AcceptForm(formdata=None)
    if saved(form, None, lambda: operations.withdraw_passation(identity(), passation=passation)):
        flash("Retirée. Rien n’a changé pour le dossier.", "ok")
        return redirect_to("households.passations")
    return _page(passation, form, RefuseForm(formdata=None), status=422)
