"""Run a program so that it dies with its parent: ``python -I -S launch.py PARENT [--as UID] [--mapped UID] -- program …``.

Standard library only and run by path, so that it costs a few milliseconds. ``--mapped UID`` enters a user namespace in
which root is seen as UID: PostgreSQL, which refuses to run as root, accepts it, and outside the files stay root's.
``--as UID`` really becomes UID. The parent-death signal is set last: a change of identity clears it (prctl(2)).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
REFUSED = 77


def enter_namespace(uid: int) -> None:
    """Enter a user namespace where the present user is ``uid``. Raises OSError when the kernel refuses."""
    outer_uid, outer_gid = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    for name, content in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outer_uid} 1"),
        ("gid_map", f"{uid} {outer_gid} 1"),
    ):
        Path("/proc/self", name).write_text(content, encoding="ascii")


def die_with_parent(number: int = signal.SIGTERM) -> None:
    """Ask the kernel to send ``number`` to this process when its parent ends (Linux; elsewhere nothing)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number))


def main(arguments: list[str]) -> None:
    """Change identity as asked, bind this process to its parent and become the program."""
    cut = arguments.index("--")
    options, program = arguments[:cut], arguments[cut + 1 :]
    parent, signal_number = int(options[0]), int(options[1])
    try:
        if "--mapped" in options:
            enter_namespace(int(options[options.index("--mapped") + 1]))
        if "--as" in options:
            uid, gid = (int(part) for part in options[options.index("--as") + 1].split(":"))
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
    except OSError as error:
        print(f"launch: {error}", file=sys.stderr)
        sys.exit(REFUSED)
    die_with_parent(signal_number)
    if os.getppid() != parent:
        sys.exit(0)  # the parent ended before the signal was set
    os.execvp(program[0], program)  # noqa: S606  no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
