"""``odis territories load``."""

from __future__ import annotations

import json
from pathlib import Path

from flask import Flask

from odis_app.core.config import Config
from odis_app.core.services.roles import Addresses
from odis_app.territories.cli import cli
from odis_app.territories.operations import LoadReport


def app(**config: str) -> Flask:
    made = Flask(__name__)
    made.config["ODIS"] = Config(**config)  # type: ignore[arg-type]
    made.cli.add_command(cli)
    return made


def test_a_second_load_reports_no_change_in_json_and_as_a_table(urls: Addresses, first_load: LoadReport) -> None:
    runner = app(migrate_database_url=urls.migrate).test_cli_runner()
    told = json.loads(runner.invoke(args=["territories", "load", "--json"]).output)
    assert told["unchanged"] is True
    assert told["tables"]["communes"] == {"read": 34_969, "added": 0, "changed": 0, "removed": 0}
    assert "communes                  34969" in runner.invoke(args=["territories", "load"]).output


def test_a_folder_that_is_no_package_and_a_missing_address_are_said(urls: Addresses, tmp_path: Path) -> None:
    runner = app(migrate_database_url=urls.migrate).test_cli_runner()
    refused = runner.invoke(args=["territories", "load", "--cog", str(tmp_path)])
    assert refused.exit_code == 1
    assert "package.json ne se lit pas" in refused.stderr
    assert "ODIS_MIGRATE_DATABASE_URL" in app().test_cli_runner().invoke(args=["territories", "load"]).output
