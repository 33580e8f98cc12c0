"""/connexion, /deconnexion and /compte; each module adds its routes to the one blueprint."""

from odis_app.accounts.views import account
from odis_app.accounts.views.sign_in import ask_to_sign_in, blueprint

__all__ = ["account", "ask_to_sign_in", "blueprint"]
