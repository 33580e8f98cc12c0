"""Going round the region: a browser for somebody, the addresses of its objects, the lists of the product."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask

from odis_app.core.permissions import guard_of
from odis_app.organisations.seeds import Actor
from tests.security.region import NAMED, Region
from tests.support.client import StrictClient


def browser(app: Flask, actor: Actor | None) -> StrictClient:
    return StrictClient(app).as_(actor)


def addresses(app: Flask, region: Region, verb: str) -> Iterator[tuple[str, str]]:
    """(endpoint, address) of the association's own things, for every guarded endpoint that names one."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda r: r.rule):
        mark = guard_of(app.view_functions[rule.endpoint])
        if mark is None or mark.permission is None or verb not in (rule.methods or ()) or not rule.arguments & NAMED:
            continue
        things = {**region.things, "act": "confirmer" if rule.endpoint == "offers.act" else "fermer", "step": "appel"}
        things["public_id"] = region.things["offer" if rule.endpoint.startswith("offers") else "place"]
        yield (
            rule.endpoint,
            app.url_map.bind("localhost").build(rule.endpoint, {name: things[name] for name in rule.arguments}),
        )


def lists(app: Flask) -> list[str]:
    """Every page that names nothing: lists, forms of creation, searches."""
    found = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda r: r.rule):
        if "GET" in (rule.methods or ()) and not rule.arguments and rule.endpoint not in {"static", "assets.serve"}:
            found.append(rule.rule)
    return found
