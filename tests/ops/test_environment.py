"""What a fresh machine installs: locked, and without the address of anybody's registry."""

import re
import subprocess

import pytest

from odis_app.core.config import ROOT

LOCKS = ["requirements.txt", "requirements-dev.txt", ".ci/uv.txt", ".ci/node.txt"]


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_by_hash_and_names_no_registry(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", re.sub(r"(?m)^#.*\n|^\s+#.*\n", "", text).strip())
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9.\[\],-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry
    assert not re.search(r"://|--(extra-)?index|--find-links|file:", text)


def test_what_runs_is_locked_alike_for_development():
    versions = [
        dict(re.findall(r"(?m)^([a-z0-9.-]+)(?:\[\S+\])?==(\S+)", (ROOT / name).read_text())) for name in LOCKS[:2]
    ]
    runtime, development = versions
    assert runtime.items() <= development.items()


def test_the_npm_lock_names_no_registry():
    text = (ROOT / "static" / "package-lock.json").read_text(encoding="utf-8")
    assert '"integrity"' in text
    assert '"resolved"' not in text


def test_make_alone_lists_the_targets():
    shown = subprocess.run(["make", "-s", "-C", str(ROOT)], capture_output=True, text=True, check=True).stdout
    targets = set(re.findall(r"make ([a-z-]+)", shown))
    assert {"run", "test", "sure", "bench", "reset", "format"} <= targets


def test_continuous_integration_runs_make_sure():
    assert "make sure" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
