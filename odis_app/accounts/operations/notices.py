"""What a person is told of their own account although they changed nothing: the mails carry neither a place nor an address."""

from __future__ import annotations

from odis_app.accounts.messages import CODE_REPLAYED, NEW_BROWSER
from odis_app.accounts.operations.factors import SECURITY_PATH
from odis_app.accounts.operations.totp import ReplayedError
from odis_app.core.errors import RuleError
from odis_app.core.identity import ANONYMOUS, Identity
from odis_app.notifications.operations import send_mail


def tell_new_browser(identity: Identity) -> None:
    """Somebody signed in from a browser that this account does not know. Not told to an account of the demonstration, which everybody shares."""
    if not identity.is_demo:
        send_mail(identity, to=identity.email, template=NEW_BROWSER, context={"link": SECURITY_PATH})


def tell_replay(error: RuleError, email: str | None) -> None:
    """Tell the account at ``email`` when what was refused is a code that had served; in a unit of work that the refusal does not undo."""
    if isinstance(error, ReplayedError) and email:
        send_mail(ANONYMOUS, to=email, template=CODE_REPLAYED, context={"link": SECURITY_PATH})
