"""Passwords that thieves try first are refused; a person's own words are not."""

from __future__ import annotations

import hashlib
import io
import random
from dataclasses import replace
from pathlib import Path

import pytest

from odis_app.accounts.operations import breached, check_new_password
from odis_app.core.config import Config, ConfigError
from odis_app.core.errors import RuleError

COMMON = [
    "motdepasse1234", "P@ssw0rd2024!", "Marseille2024!", "azertyuiop123", "123456789012", "abcabcabcabc", "soleilsoleil", "Jean-Claude 1975",
    "qsdfghjklm123", "JeTAime!!!2020", "mot de passe 12", "M0tDeP@sse!!", "😀😀😀😀😀😀😀😀😀😀😀😀", "aaaaaaaaaaaa", "098765432109876",
]  # fmt: skip
FINE = [
    "une longue phrase de passe", "correct cheval pile agrafe", "8 chats sous la pluie", "tournesol vélo bleu quinze", "Zq7!fk2-Lw9pTm",
    "j’habite au bord de l’Erdre", "пароль моєї бабусі", "le marché de 10 h du samedi",
]  # fmt: skip


@pytest.fixture(autouse=True)
def no_file():
    yield
    breached.configure(None)


@pytest.mark.parametrize("password", COMMON)
def test_what_is_tried_first_is_refused(password: str) -> None:
    with pytest.raises(RuleError, match="que l’on essaie en premier"):
        check_new_password(password, email="lou@essai.example", name="Lou Fictif")


@pytest.mark.parametrize("password", FINE)
def test_ones_own_words_are_accepted(password: str) -> None:
    check_new_password(password, email="lou@essai.example", name="Lou Fictif")


@pytest.mark.parametrize(
    ("password", "fits"),
    [
        ("camille.fictive", False),
        ("Camille.Fictive2026", False),
        ("fictivecamille!!!!!!", False),
        ("OD&IS-odis-2026", False),
        ("camille cultive 3 tournesols", True),
        ("odis dort sous la neige", True),
    ],
)
def test_ones_names_and_the_products_do_not_make_a_password(password: str, fits: bool) -> None:
    email, name = "camille.fictive@asso.example", "Camille Fictive"
    if fits:
        check_new_password(password, email=email, name=name)
    else:
        with pytest.raises(RuleError):
            check_new_password(password, email=email, name=name)


def test_the_list_is_sorted_folded_and_of_some_thousands() -> None:
    lines = breached.LIST.read_text(encoding="utf-8").splitlines()[1:]
    assert lines == sorted(set(lines))
    assert all(line.isascii() and line.isalpha() and line.islower() for line in lines)
    assert len(lines) > 2000


def written(words: list[str], *, counted: bool = True, end: str = "\r\n") -> bytes:
    hashes = sorted(hashlib.sha1(word.encode()).hexdigest().upper() for word in words)
    return "".join(f"{one}{f':{random.randrange(10**6)}' if counted else ''}{end}" for one in hashes).encode()


@pytest.mark.parametrize(("counted", "end"), [(True, "\r\n"), (False, "\n")])
@pytest.mark.parametrize("size", [1, 2, 3, 500])
def test_a_sorted_file_is_searched_whatever_the_place(size: int, counted: bool, end: str) -> None:
    words = [f"phrase divulguée numéro {n}" for n in range(size)]
    file = io.BytesIO(written(words, counted=counted, end=end))
    for word in words:
        assert breached.is_listed(file, hashlib.sha1(word.encode()).hexdigest().upper())
    for n in range(200):
        assert not breached.is_listed(file, hashlib.sha1(f"phrase gardée numéro {n}".encode()).hexdigest().upper())


def test_a_million_lines_are_searched_in_a_few_reads(tmp_path: Path) -> None:
    class Counted(io.BytesIO):
        reads = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            self.reads += 1
            return super().readline(size if size is not None else -1)

    file = Counted(b"".join(b"%040X:1\n" % (n * 7919) for n in range(200_000)))
    assert breached.is_listed(file, f"{77_777 * 7919:040X}")
    assert file.reads < 60


def test_the_installations_file_is_asked_and_its_absence_stops_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "divulgues.txt"
    path.write_bytes(written(["tournesol vélo bleu quinze", "une autre phrase"]))
    assert not breached.is_known("tournesol vélo bleu quinze")
    breached.configure(path)
    assert breached.is_known("tournesol vélo bleu quinze")
    assert not breached.is_known("tournesol vélo bleu seize")
    path.unlink()
    assert not breached.is_known("tournesol vélo bleu quinze")
    assert "cannot be read" in caplog.text


def test_another_file_is_refused_at_the_start(tmp_path: Path, config: Config) -> None:
    wrong = tmp_path / "liste.txt"
    wrong.write_text("motdepasse\nazerty\n", encoding="utf-8")
    right = tmp_path / "bonne.txt"
    right.write_bytes(written(["a", "b"]))
    environ = replace(config, data_dir=tmp_path).environment()
    assert Config.from_env(environ | {"ODIS_BREACHED_PASSWORDS": str(right)}).breached_passwords == str(right)
    for value in (str(wrong), str(tmp_path / "absente.txt")):
        with pytest.raises(ConfigError, match="ODIS_BREACHED_PASSWORDS"):
            Config.from_env(environ | {"ODIS_BREACHED_PASSWORDS": value})
