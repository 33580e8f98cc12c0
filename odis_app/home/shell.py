"""What surrounds every page: the masthead, the sections, where and for whom one works."""

from __future__ import annotations

from typing import Any

from flask import current_app, request, url_for

from odis_app.core.slots import slot
from odis_app.core.web import identity, navigation
from odis_app.territories.queries import department


def context() -> dict[str, Any]:
    """Template variables ``shell`` and ``navigation``; nothing for who is not signed in."""
    who = identity()
    own = (("Les mots d’ici", "organisations.words"), ("Droits des personnes", "privacy.index"))
    rights = [(label, url_for(endpoint)) for label, endpoint in own] if who.is_signed_in else []
    foot = {"footer_links": [*rights, *footer_links()], "demo": current_app.config["ODIS"].demo}
    if not who.is_signed_in or request.endpoint is None:
        return {"shell": {}, "navigation": [], "me": who, **foot}
    sections = {e.data["role"]: url_for(e.endpoint) for e in slot("shell").entries(who)}
    return {
        "me": who,
        **foot,
        "navigation": navigation(),
        "shell": {
            "home_url": url_for("home.index"),
            "territory": territory_label(who.departments),
            "organisation": who.org_name,
            "account_name": who.name,
            "sign_out_url": url_for("accounts.sign_out"),
            **sections,
        },
    }


def footer_links() -> list[tuple[str, str]]:
    """The legal pages, at the foot of every page."""
    pages = (
        ("Accessibilité", "accessibility"),
        ("Données personnelles", "personal_data"),
        ("Mentions légales", "legal"),
    )
    return [(label, url_for(f"home.{name}")) for label, name in pages]


def territory_label(codes: tuple[str, ...]) -> str:
    """« Loire-Atlantique (44) », « Loire-Atlantique (44), Maine-et-Loire (49) », « 5 départements », « France »."""
    if not codes:
        return "France"
    if len(codes) > 2:
        return f"{len(codes)} départements"
    names = [(department(code), code) for code in codes]
    return ", ".join(f"{found.name} ({code})" if found else code for found, code in names)
