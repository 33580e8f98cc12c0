"""Pictures are encoded again without what the camera knew, PDF lose what acts by itself, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from odis_app.core.errors import RuleError
from odis_app.documents.disarm import NOTHING
from odis_app.documents.enums import MediaType

PROGRAM = Path(__file__).with_name("reencode.py")
DISARM = Path(__file__).with_name("disarm.py")
SECONDS = 60


def bare_picture(data: bytes, kind: MediaType, *, name: str, field: str = "files") -> bytes:
    """The same picture without its metadata, upright. Raises RuleError when it cannot be read, or is unreasonably large."""
    done = _apart(data, str(PROGRAM), kind.name)
    if done is None or done.returncode != 0 or not done.stdout:
        raise RuleError(
            field,
            f"L’image « {name} » ne peut pas être lue : elle est abîmée ou trop grande. Enregistrez-la de nouveau puis déposez-la.",
        )
    return done.stdout


def harmless_pdf(data: bytes, *, name: str, field: str = "files") -> bytes:
    """The same PDF without script, program to start, form to send or embedded file. Raises RuleError when it cannot be read.

    One that opens with a password only is refused too: neither this nor an antivirus sees what it holds.
    """
    done = _apart(data, str(DISARM))
    if done is not None and done.returncode == NOTHING:
        return data
    if done is None or done.returncode != 0 or not done.stdout:
        raise RuleError(
            field,
            f"Le PDF « {name} » ne peut pas être lu : il est abîmé ou protégé par un mot de passe. "
            "Enregistrez-le de nouveau, sans mot de passe, puis déposez-le.",
        )
    return done.stdout


def _apart(data: bytes, *program: str) -> subprocess.CompletedProcess[bytes] | None:
    """What a program of ours makes of ``data``, without our environment; None when it took too long."""
    command = [sys.executable, "-I", *program]
    try:
        return subprocess.run(command, input=data, capture_output=True, timeout=SECONDS, check=False, env={})
    except subprocess.TimeoutExpired:
        return None
