"""What everybody who signs in may do: see and change their own account."""

from __future__ import annotations

from odis_app.core.permissions import EVERYONE, permission

ACCOUNT_READ = permission("account:read", "Voir son compte", roles=EVERYONE)
ACCOUNT_UPDATE = permission("account:update", "Changer son mot de passe et d’organisation", roles=EVERYONE)
