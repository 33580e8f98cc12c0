"""What every template may use: filters of ``formats``, addresses of ``assets``, and links that keep the filters in place."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask, request

from odis_app.core import assets, charts, formats


def url_with(**changes: Any) -> str:
    """The current address with some query parameters changed: None or "" removes one, a list repeats it.

    The page number is dropped unless it is what changes, because another filter or order starts at page 1.
    """
    arguments = request.args.to_dict(flat=False)
    if "page" not in changes:
        arguments.pop("page", None)
    for name, value in changes.items():
        arguments[name] = value if isinstance(value, list) else [value]
    kept = [(name, str(v)) for name, values in arguments.items() for v in values if v not in (None, "")]
    return request.path + (f"?{urlencode(kept)}" if kept else "")


def with_query(url: str) -> str:
    """Another address of ours, with the query of the present one; never through ``url_for``, whose own words a visitor could then write."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if value]
    return url + (f"?{urlencode(kept)}" if kept else "")


def url_without(name: str, value: Any) -> str:
    """The current address without one value of one parameter, for the cross of a filter chip."""
    return url_with(**{name: [v for v in request.args.getlist(name) if v != str(value)]})


def setup(app: Flask, *, var: Path | None = None) -> None:
    """Build the assets if needed, serve them in front of the application, and teach Jinja our filters and globals.

    Reads ``app.config["ODIS_ASSETS"]`` (« local » unless told otherwise).
    """
    folder = (var or assets.PROJECT / "var") / "assets"
    manifest = assets.build(var=var)
    served = assets.Assets(manifest, app.config.get("ODIS_ASSETS") or "local")
    names = [entry["file"] for entry in manifest["files"].values()]
    app.wsgi_app = assets.AssetServer(app.wsgi_app, folder, names)  # type: ignore[method-assign]
    app.extensions["assets"] = served
    app.jinja_env.filters.update(formats.FILTERS)
    app.jinja_env.globals.update(
        asset=served.url,
        stylesheet=served.stylesheet,
        script=served.script,
        icon=served.icon,
        url_with=url_with,
        url_without=url_without,
        pluriel=formats.pluriel,
        part=formats.part,
        freshness=formats.freshness,
        chart_scale=charts.scale,
        chart_spread=charts.spread,
        chart_wrapped=charts.wrapped,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
