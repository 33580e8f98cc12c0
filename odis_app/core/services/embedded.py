"""The embedded services together: ``with embedded(data_dir) as services: services.addresses.app``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from odis_app.core.services.postgres import SUPERUSER, Postgres
from odis_app.core.services.redis import Redis
from odis_app.core.services.roles import Addresses, prepare


@dataclass
class Embedded:
    """Running services. ``addresses`` are those of the database ``odis``, by role; the schema is the migrations' work."""

    postgres: Postgres
    redis: Redis
    addresses: Addresses

    @property
    def redis_url(self) -> str:
        """Redis's address."""
        return self.redis.url


@contextmanager
def embedded(data_dir: Path, *, fast: bool = False) -> Iterator[Embedded]:
    """PostgreSQL (roles and an empty database ``odis`` included) and Redis while the block runs; ``fast`` for tests."""
    postgres, redis = Postgres(data_dir, fast=fast), Redis(data_dir)
    try:
        postgres.start()
        redis.start()
        yield Embedded(postgres, redis, prepare(postgres.url(SUPERUSER, "postgres"), data_dir))
    finally:
        redis.stop()
        postgres.stop()
