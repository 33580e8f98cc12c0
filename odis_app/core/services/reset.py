"""``make reset``: forget the data of an installation that does not run; the environment and the caches stay."""

from __future__ import annotations

import shutil
import sys

from odis_app.core.config import Config, ConfigError
from odis_app.core.services.postgres import Postgres
from odis_app.core.services.process import DirectoryLock, ServiceError

FORGOTTEN = ("postgres", "redis", "documents", "log", "secrets")


def reset(config: Config) -> None:
    """Remove what ``odis serve`` keeps in the data directory. Raises ServiceError while it runs."""
    with DirectoryLock(config.data_dir).held("remise à zéro"):
        shutil.rmtree(Postgres(config.data_dir).data, ignore_errors=True)
        for name in FORGOTTEN:
            shutil.rmtree(config.data_dir / name, ignore_errors=True)
    shutil.rmtree(config.data_dir / "run", ignore_errors=True)


def main() -> int:
    """Reset the installation of the environment's variables."""
    try:
        reset(Config.from_env(services=False))
    except (ConfigError, ServiceError) as error:
        print(error, file=sys.stderr)
        return 2
    print("Les données sont oubliées ; make run en prépare de nouvelles.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
