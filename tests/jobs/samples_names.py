"""The names of the sample tasks, for the list of a test's worker."""

from __future__ import annotations

SAMPLES = frozenset(
    f"tests.jobs.samples.{name}" for name in ("count", "effect", "fail", "look", "overrun", "refuse", "wait")
)
