"""/compte/securite: what protects my account; adding and removing a factor, backup codes."""

from __future__ import annotations

import io

import qrcode
import qrcode.image.svg
from flask import Response, abort, flash, make_response

from odis_app.accounts import queries
from odis_app.accounts.forms import EnrolForm
from odis_app.accounts.operations import backup, factors, totp
from odis_app.accounts.policy import ACCOUNT_READ, FACTOR_UPDATE
from odis_app.accounts.views.sign_in import blueprint, minter
from odis_app.core.errors import RuleError
from odis_app.core.permissions import guard
from odis_app.core.web import identity, redirect_to, render

SECURITY = ("Sécurité du compte", factors.SECURITY_PATH)


@blueprint.get("/compte/securite")
@guard(ACCOUNT_READ)
def security() -> Response:
    """My second factors, my backup codes."""
    return security_page()


@blueprint.post("/compte/securite/application/nouvelle")
@guard(FACTOR_UPDATE)
def new_application() -> Response:
    """Draw a secret; the next page shows it."""
    try:
        totp.begin_totp(identity())
    except RuleError as error:
        return security_page(error.message)
    return redirect_to("accounts.application")


@blueprint.route("/compte/securite/application", methods=["GET", "POST"])
@guard(FACTOR_UPDATE)
def application() -> Response:
    """The secret to scan or to type, and the first code that proves it arrived."""
    who, form = identity(), EnrolForm()
    secret = totp.totp_candidate(minter(), who)
    if secret is None:
        return redirect_to("accounts.security")
    if form.validate_on_submit():
        had_codes = factors.own_factors().codes_left > 0
        try:
            totp.confirm_totp(minter(), who, code=form.code.data or "")
        except RuleError as error:
            form.add_error(error)
        else:
            flash("L’application de codes protège maintenant votre compte.", "ok")
            return redirect_to("accounts.security") if had_codes else codes_page(backup.new_backup_codes(who))
    groups = [secret[n : n + 4] for n in range(0, len(secret), 4)]
    status = 422 if form.is_submitted() and not form.is_resumed else 200
    crumbs = [("Mon compte", "/compte"), SECURITY, ("Application de codes", None)]
    address = totp.totp_address(secret, who)
    return render("accounts/application.html", status=status, form=form, groups=groups, address=address, crumbs=crumbs)


@blueprint.get("/compte/securite/application/qr.svg")
@guard(FACTOR_UPDATE)
def application_qr() -> Response:
    """The secret as a QR code, drawn here: no other machine sees it."""
    secret = totp.totp_candidate(minter(), identity())
    if secret is None:
        abort(404)
    drawn = qrcode.make(
        totp.totp_address(secret, identity()), image_factory=qrcode.image.svg.SvgPathFillImage, box_size=10, border=4
    )
    stream = io.BytesIO()
    drawn.save(stream)
    response = make_response(stream.getvalue())
    response.mimetype = "image/svg+xml"
    return response


@blueprint.post("/compte/securite/application/retirer")
@guard(FACTOR_UPDATE)
def remove_application() -> Response:
    """The application's codes open nothing any more."""
    try:
        totp.remove_totp(identity())
    except RuleError as error:
        return security_page(error.message)
    flash("L’application de codes est retirée.", "ok")
    return redirect_to("accounts.security")


@blueprint.post("/compte/securite/codes")
@guard(FACTOR_UPDATE)
def new_codes() -> Response:
    """Ten new codes, shown this once."""
    try:
        return codes_page(backup.new_backup_codes(identity()))
    except RuleError as error:
        return security_page(error.message)


def codes_page(codes: list[str]) -> Response:
    """The codes, to print or to copy."""
    crumbs = [("Mon compte", "/compte"), SECURITY, ("Codes de secours", None)]
    return render("accounts/codes.html", codes=codes, crumbs=crumbs)


def security_page(problem: str = "") -> Response:
    """What protects the account; ``problem`` is what an operation refused."""
    return render(
        "accounts/security.html",
        status=422 if problem else 200,
        problem=problem,
        own=factors.own_factors(),
        passkeys=queries.own_passkeys(),
        crumbs=[("Mon compte", "/compte"), ("Sécurité du compte", None)],
    )
