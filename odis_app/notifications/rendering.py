"""From a kind of mail and its fields to the words, and to the message that travels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from jinja2 import Environment

from odis_app.core import clock
from odis_app.notifications.messages import MailKind

NAME = "OD&IS"


@dataclass(frozen=True, slots=True)
class Words:
    """What a mail says: its subject, and the same thing twice, as text and as HTML."""

    subject: str
    text: str
    html: str


def words_of(jinja: Environment, kind: MailKind, context: Mapping[str, Any], *, address: str) -> Words:
    """Render a mail; ``address`` is the installation's own (« https://odis.example »), before every link."""
    values = {**context, "address": address, "subject": kind.subject}
    plain = jinja.get_template(kind.text_page).render(values)
    plain = re.sub(r"\n{3,}", "\n\n", plain).strip() + "\n"
    return Words(kind.subject, plain, jinja.get_template(kind.page).render(values))


def message_of(words: Words, *, to: str, sender: str, public_id: str) -> EmailMessage:
    """The message. Its Message-ID is drawn from the row: should it ever come twice, the receiving server can tell."""
    message = EmailMessage()
    message["From"] = f"{NAME} <{sender}>"
    message["To"] = to
    message["Subject"] = words.subject
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{public_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(words.text)
    message.add_alternative(words.html, subtype="html")
    return message
