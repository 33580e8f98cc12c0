"""A program of its own: reads one PDF on its input, writes it without what would act by itself on its output.

Run apart, with little memory and time, as for pictures. A PDF may hold scripts, start a program, send a form or carry another file;
whoever opens it at their desk does so with their own reader. What is only read stays as it is, to the byte when there was nothing to take off.
"""

from __future__ import annotations

import io
import resource
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pikepdf

MEMORY = 1024 * 1024 * 1024
CPU_SECONDS = 30
ACTING = {"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/Rendition", "/RichMediaExecute"}
KEYS = ("/AA", "/JS", "/JavaScript", "/XFA", "/EmbeddedFiles", "/EF", "/RichMediaContent")
NOTHING = 3  # the exit code of a PDF that was harmless already


def main() -> int:
    """0 when a PDF was written, NOTHING when the one that came may be kept as it is; anything else when it cannot be read."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import pikepdf

    with pikepdf.open(io.BytesIO(sys.stdin.buffer.read())) as pdf:
        if not disarm(pdf):
            return NOTHING
        out = io.BytesIO()
        pdf.save(out)
    sys.stdout.buffer.write(out.getvalue())
    sys.stdout.buffer.flush()
    return 0


def disarm(pdf: pikepdf.Pdf) -> bool:
    """Take off every action, script, form in XML and embedded file, wherever they hang; whether there was any."""
    return sum(_clean(item) for item in pdf.objects) > 0  # every one of them, not the first alone


def _clean(item: Any, depth: int = 0) -> int:
    """How much was taken off one object and what it holds directly: what it refers to is an object too."""
    import pikepdf

    if depth > 100:
        raise ValueError("nested too deep")
    if isinstance(item, pikepdf.Array):
        return sum(_clean(part, depth + 1) for part in item if not _is_reference(part))
    if not isinstance(item, pikepdf.Dictionary | pikepdf.Stream):
        return 0
    held: dict[str, Any] = dict(item.items())
    acts = "/S" in held and str(held["/S"]) in ACTING
    gone = [key for key in held if (acts and key != "/Length") or key in KEYS]
    for key in gone:
        del item[key]
    inner = [
        value
        for key, value in held.items()
        if isinstance(value, pikepdf.Object) and not value.is_indirect and key not in gone
    ]
    return len(gone) + sum(_clean(value, depth + 1) for value in inner)


def _is_reference(part: Any) -> bool:
    return bool(getattr(part, "is_indirect", False))


if __name__ == "__main__":
    sys.exit(main())
