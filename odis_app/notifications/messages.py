"""The mails that the product knows how to write: each is declared once, with the fields that it may say and no other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

THREE_DAYS = timedelta(days=3)
LINK = "link"  # a field of this name is a path of ours; the template shows it after the installation's address


@dataclass(frozen=True, slots=True)
class MailKind:
    """``page`` is the HTML template, with a text twin beside it (.txt). ``subject`` is the same for everybody: no name, no number.

    ``fields`` never hold anything of a household. ``lasts``: past that, the mail is of no use and no longer sent.
    """

    name: str
    subject: str
    page: str
    fields: frozenset[str]
    lasts: timedelta

    @property
    def text_page(self) -> str:
        """The template of the text part."""
        return self.page.removesuffix(".html") + ".txt"


KINDS: dict[str, MailKind] = {}


def mail_kind(name: str, *, subject: str, page: str, fields: set[str], lasts: timedelta = THREE_DAYS) -> MailKind:
    """Declare a mail. Raises ValueError when the name is taken."""
    if name in KINDS:
        raise ValueError(f"mail {name!r} is declared twice")
    KINDS[name] = MailKind(name, subject, page, frozenset(fields), lasts)
    return KINDS[name]
