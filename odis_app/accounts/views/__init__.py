"""/connexion, /deconnexion and /compte; each module adds its routes to the one blueprint."""

from odis_app.accounts.views import account, confirmation, factors, gate, passkeys, passwords, proconnect, verification
from odis_app.accounts.views.sign_in import ask_for_factor, ask_to_sign_in, blueprint

__all__ = [
    "account",
    "ask_for_factor",
    "ask_to_sign_in",
    "blueprint",
    "confirmation",
    "factors",
    "gate",
    "passkeys",
    "passwords",
    "proconnect",
    "verification",
]
