from pathlib import Path

import pytest

from odis_app.core.config import ROOT, Config, ConfigError, libpq, variables_table
from odis_app.core.crypto import new_key

COMPLETE = {
    "ODIS_DATABASE_URL": "postgresql://odis_app:secret@db.example/odis",
    "ODIS_REDIS_URL": "redis://cache.example/0",
    "ODIS_SECRET_KEY": "s" * 40,
    "ODIS_IDENTITY_KEY": "ab" * 32,
    "ODIS_MASTER_KEY": f"1:{new_key()}",
    "ODIS_INDEX_KEY": new_key(),
}


def read(tmp_path: Path, **changed: str) -> Config:
    return Config.from_env({**COMPLETE, "ODIS_DATA_DIR": str(tmp_path), **changed})


def test_a_complete_environment_is_read(tmp_path):
    config = read(tmp_path, PORT="8123")
    assert config.port == 8123
    assert config.database_url == "postgresql+psycopg://odis_app:secret@db.example/odis"
    assert libpq(config.database_url) == COMPLETE["ODIS_DATABASE_URL"]
    assert config.address == "http://127.0.0.1:8123"
    assert config.assets == "cdn"


@pytest.mark.parametrize("name", sorted(COMPLETE))
def test_what_is_absent_is_named(tmp_path, name):
    with pytest.raises(ConfigError, match=rf"^{name} est absente"):
        read(tmp_path, **{name: " "})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("ODIS_WEB_WORKERS", "0"),
        ("ODIS_ASSETS", "nuage"),
        ("ODIS_DEMO", "peut-être"),
        ("ODIS_DATABASE_URL", "mysql://localhost/odis"),
        ("ODIS_REDIS_URL", "localhost:6379"),
        ("ODIS_IDENTITY_KEY", "abcd"),
        ("ODIS_IDENTITY_KEY", "zz" * 32),
        ("ODIS_BASE_URL", "odis.example"),
        ("ODIS_LOG_LEVEL", "tout"),
    ],
)
def test_what_cannot_be_understood_is_named(tmp_path, name, value):
    with pytest.raises(ConfigError, match=rf"^{name} ne convient pas"):
        read(tmp_path, **{name: value})


def test_a_secret_may_be_given_as_a_file(tmp_path):
    key = tmp_path / "master"
    key.write_text(f"1:{new_key()}\n")
    config = read(tmp_path, ODIS_MASTER_KEY="", ODIS_MASTER_KEY_FILE=str(key))
    assert config.master_key == key.read_text().strip()
    with pytest.raises(ConfigError, match=r"^ODIS_MASTER_KEY_FILE"):
        read(tmp_path, ODIS_MASTER_KEY_FILE=str(tmp_path / "absent"))


def test_the_environment_of_a_child_builds_the_same_configuration(tmp_path):
    config = read(tmp_path, ODIS_DEMO="1", ODIS_TRUSTED_PROXIES="2")
    assert Config.from_env(config.environment()) == config
    assert config.assets == "local"  # a demonstration takes nothing from a third party


def test_no_secret_is_shown(tmp_path):
    shown = repr(read(tmp_path))
    assert not [value for value in COMPLETE.values() if value in shown]


def test_the_table_of_the_operations_guide_is_current():
    guide = (ROOT / "docs" / "exploitation.md").read_text(encoding="utf-8")
    assert variables_table() in guide, (
        "put the output of odis_app.core.config.variables_table() in docs/exploitation.md"
    )
