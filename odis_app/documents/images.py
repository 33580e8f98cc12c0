"""Pictures are encoded again, without what the camera knew, in a process of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from odis_app.core.errors import RuleError
from odis_app.documents.enums import MediaType

PROGRAM = Path(__file__).with_name("reencode.py")
SECONDS = 60


def bare_picture(data: bytes, kind: MediaType, *, name: str, field: str = "files") -> bytes:
    """The same picture without its metadata, upright. Raises RuleError when it cannot be read, or is unreasonably large."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(PROGRAM), kind.name],
            input=data,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode != 0 or not done.stdout:
        raise RuleError(
            field,
            f"L’image « {name} » ne peut pas être lue : elle est abîmée ou trop grande. Enregistrez-la de nouveau puis déposez-la.",
        )
    return done.stdout
