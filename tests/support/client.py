"""A browser without JavaScript: follows forms as they are in the page, and refuses a page that breaks the rules."""

from __future__ import annotations

from typing import Any

from bs4 import Tag
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from odis_app.core.requests import COOKIE
from odis_app.organisations.seeds import Actor
from tests.support.html import parsed
from tests.support.pages import faults


class Browser(FlaskClient):
    """Closes what it sends: above 500 kB werkzeug's client writes the form into a temporary file and forgets it."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """As usual."""
        response = super().open(*args, **kwargs)
        response.request.environ["wsgi.input"].close()
        return response


class StrictClient:
    """``client.as_(actor).get("/menages")``; every full page it reads is checked."""

    def __init__(self, app: Flask, *, checked: bool = True) -> None:
        self.app = app
        self.checked = checked
        self.browser = Browser(app, app.response_class)

    def as_(self, actor: Actor | None) -> StrictClient:
        """The same browser, signed in as ``actor`` (None: nobody)."""
        other = StrictClient(self.app, checked=self.checked)
        if actor is not None:
            other.browser.set_cookie(COOKIE, actor.token)
        return other

    def get(
        self, url: str, *, status: int = 200, htmx: bool = False, follow: bool = False, **options: Any
    ) -> TestResponse:
        """GET, with the status expected."""
        headers = {**options.pop("headers", {}), **({"HX-Request": "true"} if htmx else {})}
        response = self.browser.get(url, headers=headers, follow_redirects=follow, **options)
        return self._checked(response, status, htmx)

    def post(
        self,
        url: str,
        data: dict[str, Any] | None = None,
        *,
        status: int = 303,
        htmx: bool = False,
        follow: bool = False,
        **options: Any,
    ) -> TestResponse:
        """POST with a valid token, with the status expected (303 after a write)."""
        token = self.token()
        headers = {
            **options.pop("headers", {}),
            "X-CSRFToken": token,
            "Referer": "http://localhost/",
            **({"HX-Request": "true"} if htmx else {}),
        }
        response = self.browser.post(url, data=data or {}, headers=headers, follow_redirects=follow, **options)
        return self._checked(response, status, htmx)

    def token(self) -> str:
        """The token of this browser's forms, from a page that has one."""
        for address in ("/mentions-legales", "/connexion"):
            page = parsed(self.browser.get(address, follow_redirects=True).get_data(as_text=True))
            found = page.find("input", attrs={"name": "csrf_token"})
            if found is not None:
                return str(found["value"])
        raise AssertionError("no page gives a token")

    def submit(
        self,
        page: TestResponse,
        data: dict[str, Any],
        *,
        action: str | None = None,
        button: str | None = None,
        status: int = 303,
        follow: bool = False,
    ) -> TestResponse:
        """Fill the form of a page that was read (the one posting to ``action``, or holding ``button``) and send it."""
        form = self._form(page, action, button)
        values = {**form_values(form), **data}
        if button is not None:
            pressed = form.find("button", string=lambda s: s is not None and button in s)
            if isinstance(pressed, Tag) and pressed.get("name"):
                values[str(pressed["name"])] = str(pressed.get("value", ""))
        target = str(form.get("action") or page.request.path)
        response = self.browser.post(
            target, data={k: v for k, v in values.items() if v is not None}, follow_redirects=follow
        )
        return self._checked(response, status, htmx=False)

    @staticmethod
    def _form(page: TestResponse, action: str | None, button: str | None) -> Tag:
        soup = parsed(page.get_data(as_text=True))
        main = soup.find("main") or soup
        forms = [f for f in main.find_all("form") if str(f.get("method", "")).lower() == "post"]
        if action is not None:
            forms = [f for f in forms if f.get("action") == action]
        if button is not None:
            forms = [f for f in forms if any(button in b.get_text() for b in f.find_all("button"))]
        assert forms, f"no form posting to {action or 'anything'} with {button or 'any button'} on {page.request.path}"
        return forms[0]

    def _checked(self, response: TestResponse, status: int, htmx: bool) -> TestResponse:
        body = response.get_data(as_text=True) if response.mimetype == "text/html" else ""
        assert response.status_code == status, (
            f"{response.request.path}: {response.status_code} instead of {status}. {parsed(body).get_text(' ', strip=True)[:600]}"
        )
        if self.checked and body and not htmx and body.lstrip().startswith("<!doctype"):
            assert not faults(body), f"{response.request.path}: {faults(body)}"
        return response


def form_values(form: Tag) -> dict[str, Any]:
    """What a browser would send of a form left as it is; several values of one name as a list."""
    values: dict[str, Any] = {}

    def add(name: str, value: str) -> None:
        values[name] = (
            [*values[name], value]
            if isinstance(values.get(name), list)
            else [values[name], value]
            if name in values
            else value
        )

    for control in form.find_all(["input", "select", "textarea"]):
        name = control.get("name")
        if not name or control.has_attr("disabled"):
            continue
        if control.name == "select":
            chosen = [o for o in control.find_all("option") if o.has_attr("selected")] or (
                [] if control.has_attr("multiple") else control.find_all("option")[:1]
            )
            for option in chosen:
                add(name, str(option.get("value", option.get_text())))
        elif control.name == "textarea":
            add(name, control.get_text().removeprefix("\n"))
        elif control.get("type") in {"checkbox", "radio"}:
            if control.has_attr("checked"):
                add(name, str(control.get("value", "on")))
        elif control.get("type") not in {"submit", "button", "file", "image"}:
            add(name, str(control.get("value", "")))
    return values


def text_of(response: TestResponse) -> str:
    """The words of a page, spaces folded."""
    return " ".join(parsed(response.get_data(as_text=True)).get_text(" ").split())
