"""The entry of the reading process."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from .limits import CPU_SECONDS, DAMAGED, MEMORY, RefusedError, emit


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))


def main(path: str, wanted: str | None = None) -> None:
    """Read the file and emit its lines; every failure ends in one ``refused`` line."""
    _limit()
    from .delimited import read_csv
    from .sniff import sniff
    from .workbook import read_workbook

    try:
        data = Path(path).read_bytes()
        kind = sniff(data)
        if kind == "csv":
            read_csv(data)
        else:
            read_workbook(data, kind, wanted)
    except RefusedError as refusal:
        emit({"refused": str(refusal)})
    except MemoryError:
        raise
    except BaseException:  # noqa: BLE001 - a panic of the native parser derives from BaseException
        emit({"refused": DAMAGED})
    sys.stdout.flush()
