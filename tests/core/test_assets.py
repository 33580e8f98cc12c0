"""The files that pages load: what is built, how it is served, what it weighs."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import brotli
import pytest
from flask import Flask

from odis_app.core import assets, templating


@pytest.fixture(scope="module")
def app() -> Flask:
    app = Flask("assets", template_folder=str(assets.PROJECT / "templates"), static_folder=None)
    templating.setup(app)
    return app


@pytest.fixture(scope="module")
def served(app: Flask) -> assets.Assets:
    found: assets.Assets = app.extensions["assets"]
    return found


@pytest.fixture
def small_project(tmp_path: Path) -> Path:
    """A project of its own: one stylesheet, one template, the real installed npm files."""
    for folder in ("static/css", "templates", "odis_app", "var"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "static/package-lock.json").write_text("{}")
    (tmp_path / "static/css/odis.css").write_text("a { color: red }")
    (tmp_path / "templates/page.html").write_text(
        '{{ icon("bell") }}{{ state("late", "x", "flag-fill") }}{# icons: sun moon #}'
    )
    (tmp_path / "var/node_modules").symlink_to(assets.PROJECT / "var" / "node_modules")
    return tmp_path


def _weight(manifest_files: dict[str, Any], names: tuple[str, ...]) -> int:
    return sum(manifest_files[name]["br"] for name in names)


def test_first_visit_fits_its_budget(served: assets.Assets) -> None:
    script = _weight(served.files, ("htmx.js", "odis.js"))
    everything = script + _weight(served.files, ("bootstrap.css", "odis.css", "icons.svg", "odis.svg"))
    assert script <= 60_000
    assert everything <= 150_000 - 30_000, "leave 30 kB for the page itself"
    assert script + served.files["leaflet.js"]["br"] <= 110_000, "pages with a map"


def test_sprite_holds_the_icons_that_templates_name(small_project: Path) -> None:
    manifest = assets.build(small_project)
    assert manifest["icons"] == ["bell", "flag-fill", "moon", "sun"]
    sprite = (small_project / "var/assets" / manifest["files"]["icons.svg"]["file"]).read_text()
    assert sprite.count("<symbol ") == 4
    assert "ns0" not in sprite
    assert '<symbol id="bell" viewBox="0 0 16 16"><path d="' in sprite


def test_unknown_icon_is_refused_with_its_file(small_project: Path) -> None:
    (small_project / "templates/other.html").write_text('{{ icon("licorne") }}')
    with pytest.raises(assets.AssetError, match=r"other\.html.*licorne"):
        assets.build(small_project)


def test_missing_npm_files_say_what_to_run(small_project: Path) -> None:
    (small_project / "var/node_modules").unlink()
    with pytest.raises(assets.AssetError, match="--install"):
        assets.build(small_project)


def test_build_is_kept_until_a_file_changes(small_project: Path) -> None:
    first = assets.build(small_project)
    assert assets.build(small_project) == first
    (small_project / "static/css/odis.css").write_text("a { color: blue }")
    second = assets.build(small_project)
    assert second["files"]["odis.css"]["file"] != first["files"]["odis.css"]["file"]
    assert second["files"]["htmx.js"] == first["files"]["htmx.js"]


def test_two_files_of_one_name_are_refused(small_project: Path) -> None:
    (small_project / "static/other").mkdir()
    (small_project / "static/other/odis.css").write_text("b {}")
    with pytest.raises(assets.AssetError, match=r"odis\.css"):
        assets.build(small_project)


@pytest.mark.parametrize(
    ("accepted", "encoding", "decode"),
    [
        ("gzip, deflate, br", "br", brotli.decompress),
        ("gzip", "gzip", gzip.decompress),
        ("", None, bytes),
        ("br;q=0, gzip", "gzip", gzip.decompress),
    ],
)
def test_served_compressed_as_the_browser_accepts(
    app: Flask, served: assets.Assets, accepted: str, encoding: str | None, decode: Any
) -> None:
    answer = app.test_client().get(served.url("odis.js"), headers={"Accept-Encoding": accepted})
    assert answer.status_code == 200
    assert answer.headers.get("Content-Encoding") == encoding
    assert decode(answer.data) == (assets.PROJECT / "static/js/odis.js").read_bytes()
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"


def test_not_sent_twice(app: Flask, served: assets.Assets) -> None:
    client = app.test_client()
    tag = client.get(served.url("odis.css")).headers["ETag"]
    again = client.get(served.url("odis.css"), headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again.data == b""


def test_head_has_no_body(app: Flask, served: assets.Assets) -> None:
    answer = app.test_client().head(served.url("odis.css"))
    assert answer.status_code == 200
    assert answer.data == b""
    assert int(answer.headers["Content-Length"]) > 0


@pytest.mark.parametrize(
    "path", ["manifest.json", "../manifest.json", "..%2f..%2fconfig", "odis.css", "", "/etc/passwd"]
)
def test_nothing_else_of_the_disk_is_served(app: Flask, path: str) -> None:
    assert app.test_client().get(f"/assets/{path}").status_code == 404


def test_writing_to_a_file_is_refused(app: Flask, served: assets.Assets) -> None:
    assert app.test_client().post(served.url("odis.css")).status_code == 404


def test_cdn_tags_carry_their_integrity_and_private_pages_never_use_it(app: Flask) -> None:
    manifest = assets.build()
    cdn = assets.Assets(manifest, "cdn")
    assert str(cdn.stylesheet("bootstrap.css")).startswith(
        f'<link rel="stylesheet" href="{assets.CDN_ORIGIN}/npm/bootstrap@5.3.8/'
    )
    assert 'integrity="sha384-' in cdn.script("htmx.js")
    assert assets.CDN_ORIGIN not in cdn.script("htmx.js", local=True)
    assert assets.CDN_ORIGIN not in cdn.script("odis.js")
    assert assets.CDN_ORIGIN not in assets.Assets(manifest, "local").stylesheet("bootstrap.css")


def test_unknown_mode_and_unknown_icon_say_so(served: assets.Assets) -> None:
    with pytest.raises(assets.AssetError, match="ODIS_ASSETS"):
        assets.Assets({"files": {}, "icons": []}, "nuage")
    with pytest.raises(LookupError, match="licorne"):
        served.icon("licorne")


def test_stylesheet_images_are_served(app: Flask, served: assets.Assets) -> None:
    css = app.test_client().get(served.url("leaflet.css")).get_data(as_text=True)
    assert f"url({served.files['layers.png']['file']})" in css
    assert app.test_client().get(served.url("layers.png")).mimetype == "image/png"


def test_lock_file_names_no_address() -> None:
    text = (assets.PROJECT / "static/package-lock.json").read_text()
    assert '"resolved"' not in text
    packages = [name for name in json.loads(text)["packages"] if name]
    assert text.count('"integrity"') == len(packages) > 0
