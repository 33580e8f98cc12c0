"""What somebody was writing when their session expired: carried by the sign-in page itself, given back after it.

Nothing is stored on the server: the fields travel as hidden inputs from the refused POST to the sign-in form and back to
the form they came from. They are given back only to the person who was signed in before on this browser.
"""

from __future__ import annotations

from collections.abc import Iterable

from werkzeug.datastructures import MultiDict

from odis_app.core.forms import RESUMED

PREFIX = "brouillon."
SECRETS = frozenset({"password", "current", "new", "again", "code"})  # typed again rather than carried in a page
NEVER = SECRETS | {"csrf_token", "suite", RESUMED}


def carried(form: MultiDict[str, str]) -> list[tuple[str, str]]:
    """(prefixed name, value) of the fields of a refused POST; passwords and tokens left out. Never empty: a button alone is a form too."""
    typed = [
        (PREFIX + name, value)
        for name, value in form.items(multi=True)
        if name not in NEVER and not name.startswith(PREFIX)
    ]
    return [*typed, (PREFIX + RESUMED, "1")]


def still_carried(form: MultiDict[str, str]) -> list[tuple[str, str]]:
    """The same, read back from the sign-in form, names still prefixed."""
    return [(name, value) for name, value in form.items(multi=True) if name.startswith(PREFIX)]


def given_back(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The original names and values."""
    return [(name.removeprefix(PREFIX), value) for name, value in fields]
