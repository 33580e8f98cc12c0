"""Secrets that an installation generates for itself: one file each, mode 0600, in ``<data>/secrets`` (0700)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from odis_app.core.crypto import new_key

ROLES = ("odis_app", "odis_worker", "odis_migrate", "odis_backup")
# Words without ambiguous letters: the password is read aloud and typed by hand.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def secret(data_dir: Path, name: str, make: Callable[[], str] = lambda: secrets.token_hex(32)) -> str:
    """The secret ``name`` of this installation, made on first use. Two processes that race read the same one."""
    folder = data_dir / "secrets"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    path = folder / name
    if not path.exists():
        draft = folder / f".{name}.{os.getpid()}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as handle:
            handle.write(make())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first: its value stands
        finally:
            draft.unlink()
    return path.read_text(encoding="utf-8").strip()


def password(data_dir: Path, role: str) -> str:
    """The password of a database role."""
    return secret(data_dir, f"password_{role}")


def demo_password(data_dir: Path) -> str:
    """The password of every demonstration account: three groups of four letters."""
    return secret(data_dir, "ODIS_DEMO_PASSWORD", lambda: "-".join(_group() for _ in range(3)))


def ensure_keys(data_dir: Path, given: dict[str, str], *, demo: bool) -> dict[str, str]:
    """Generate the keys that are not ``given`` and may be; those that protect personal data, only for a demonstration."""
    names: dict[str, Callable[[], str]] = {
        "ODIS_SECRET_KEY": lambda: secrets.token_hex(32),
        "ODIS_IDENTITY_KEY": lambda: secrets.token_hex(32),
    }
    if demo:
        names |= {"ODIS_MASTER_KEY": lambda: f"1:{new_key()}", "ODIS_INDEX_KEY": new_key}
    return {name: secret(data_dir, name, make) for name, make in names.items() if not given.get(name)}


def _group() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(4))
