"""What everybody who signs in may do: see and change their own account."""

from __future__ import annotations

from odis_app.core.permissions import EVERYONE, permission

ACCOUNT_READ = permission("account:read", "Voir son compte", roles=EVERYONE)
ACCOUNT_UPDATE = permission("account:update", "Changer son mot de passe et d’organisation", roles=EVERYONE)
ACCOUNT_CONFIRM = permission("account:confirm", "Confirmer son identité avant un geste sensible", roles=EVERYONE)
FACTOR_UPDATE = permission(
    "account:update_factor", "Changer son second facteur et ses codes de secours", roles=EVERYONE, step_up=True
)
