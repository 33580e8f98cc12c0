"""A small application that only knows the templates: no database, no session."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from flask import Flask, render_template_string

from odis_app.core import assets, templating
from odis_app.home import components


@pytest.fixture(scope="session")
def template_app() -> Flask:
    app = Flask("templates", template_folder=str(assets.PROJECT / "templates"), static_folder=None)
    app.secret_key = "templates"
    app.testing = True
    templating.setup(app)
    app.register_blueprint(components.blueprint)
    return app


@pytest.fixture
def draw(template_app: Flask) -> Callable[..., str]:
    """Render a piece of template at an address: ``draw("{{ … }}", at="/menages?page=2", name=value)``."""

    def render(source: str, at: str = "/", **context: object) -> str:
        with template_app.test_request_context(at):
            return render_template_string(source, **context)

    return render


class Tags(HTMLParser):
    """Every start tag with its attributes, and the stack balance."""

    VOID = frozenset(
        ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
    )

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.errors: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.errors.append(f"</{tag}> at {self.getpos()}")


def read(html: str) -> Tags:
    """The tags of a page."""
    parser = Tags()
    parser.feed(html)
    return parser


@pytest.fixture
def tags() -> Callable[[str], Tags]:
    return read
