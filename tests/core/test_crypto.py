"""Sealed columns: bound to their place, to their key version, and to keys that must be the right ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odis_app.core.crypto import (
    KeyProblemError,
    Keyring,
    UnreadableError,
    blind_index,
    key_version,
    load_keyring,
    new_key,
    place,
    seal,
    unseal,
    verify_checks,
)

KEYS = load_keyring({"ODIS_MASTER_KEY": f"1:{new_key()}", "ODIS_INDEX_KEY": new_key()})
HERE = place("members", "phone", "a1b2")


@given(st.text())
def test_what_is_sealed_is_read_back_at_the_same_place(plaintext: str) -> None:
    assert unseal(seal(plaintext, HERE, keys=KEYS), HERE, keys=KEYS).decode() == plaintext


def test_the_same_text_is_never_sealed_twice_alike() -> None:
    assert seal("06 12 34 56 78", HERE, keys=KEYS) != seal("06 12 34 56 78", HERE, keys=KEYS)


@pytest.mark.parametrize(
    "elsewhere",
    [place("members", "phone", "c3d4"), place("members", "agdref", "a1b2"), place("users", "phone", "a1b2")],
)
def test_a_ciphertext_moved_to_another_row_column_or_table_is_refused(elsewhere: str) -> None:
    with pytest.raises(UnreadableError):
        unseal(seal("secret", HERE, keys=KEYS), elsewhere, keys=KEYS)


@pytest.mark.parametrize("position", [0, 1, 5, 20, -1])
def test_one_altered_byte_is_refused(position: int) -> None:
    sealed = bytearray(seal("secret", HERE, keys=KEYS))
    sealed[position] ^= 1
    with pytest.raises(UnreadableError):
        unseal(bytes(sealed), HERE, keys=KEYS)


@pytest.mark.parametrize("cut", [b"", b"\x00", b"\x00\x01", b"\x00\x01short"])
def test_a_truncated_value_is_refused(cut: bytes) -> None:
    with pytest.raises(UnreadableError):
        unseal(cut, HERE, keys=KEYS)


def test_a_rotation_seals_with_the_new_key_and_still_reads_the_old() -> None:
    rotated = Keyring({**KEYS.masters, 2: b"n" * 32}, KEYS.index)
    old, new = seal("secret", HERE, keys=KEYS), seal("secret", HERE, keys=rotated)
    assert (key_version(old), key_version(new)) == (1, 2)
    assert unseal(old, HERE, keys=rotated) == unseal(new, HERE, keys=rotated) == b"secret"
    with pytest.raises(UnreadableError, match="version 2"):
        unseal(new, HERE, keys=KEYS)


def test_a_version_number_cannot_be_swapped_even_under_the_same_key() -> None:
    twice = Keyring({1: KEYS.masters[1], 2: KEYS.masters[1]}, KEYS.index)
    sealed = seal("secret", HERE, keys=twice)
    with pytest.raises(UnreadableError):
        unseal(b"\x00\x01" + sealed[2:], HERE, keys=twice)


def test_a_blind_index_is_stable_and_differs_by_organisation_column_and_key() -> None:
    mine = blind_index("9901234567", org_id=1, column="agdref", keys=KEYS)
    assert mine == blind_index("9901234567", org_id=1, column="agdref", keys=KEYS)
    other = Keyring(KEYS.masters, b"x" * 32)
    assert (
        len(
            {
                mine,
                blind_index("9901234567", org_id=2, column="agdref", keys=KEYS),
                blind_index("9901234567", org_id=1, column="phone", keys=KEYS),
                blind_index("9901234567", org_id=1, column="agdref", keys=other),
                blind_index("9901234568", org_id=1, column="agdref", keys=KEYS),
            }
        )
        == 5
    )


SAME = new_key()


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({}, "ODIS_MASTER_KEY est absente"),
        ({"ODIS_MASTER_KEY": f"1:{new_key()}"}, "ODIS_INDEX_KEY est absente"),
        ({"ODIS_MASTER_KEY": new_key(), "ODIS_INDEX_KEY": new_key()}, "1:clé en base64"),
        ({"ODIS_MASTER_KEY": "0:" + new_key(), "ODIS_INDEX_KEY": new_key()}, "1:clé en base64"),
        ({"ODIS_MASTER_KEY": "1:%%%", "ODIS_INDEX_KEY": new_key()}, "n’est pas du base64"),
        ({"ODIS_MASTER_KEY": "1:YWJj", "ODIS_INDEX_KEY": new_key()}, "compte 3 octets au lieu de 32"),
        ({"ODIS_MASTER_KEY": f"1:{new_key()},1:{new_key()}", "ODIS_INDEX_KEY": new_key()}, "deux fois la version 1"),
        ({"ODIS_MASTER_KEY": f"1:{SAME}", "ODIS_INDEX_KEY": SAME}, "une autre clé"),
    ],
)
def test_a_missing_or_malformed_key_is_refused_with_a_sentence(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(KeyProblemError, match=sentence):
        load_keyring(environ)


def test_the_first_start_stores_fingerprints_and_the_right_keys_pass_afterwards() -> None:
    stored = verify_checks(KEYS, {})
    assert set(stored) == {"master:1", "index"}
    assert verify_checks(KEYS, stored) == {}
    rotated = Keyring({**KEYS.masters, 2: b"n" * 32}, KEYS.index)
    assert set(verify_checks(rotated, stored)) == {"master:2"}


def test_a_wrong_or_withdrawn_key_is_refused_with_a_sentence() -> None:
    stored = KEYS.checks()
    with pytest.raises(KeyProblemError, match="ODIS_MASTER_KEY, version 1, n’est pas la clé de cette base"):
        verify_checks(Keyring({1: b"w" * 32}, KEYS.index), stored)
    with pytest.raises(KeyProblemError, match="ODIS_INDEX_KEY n’est pas la clé"):
        verify_checks(Keyring(KEYS.masters, b"w" * 32), stored)
    with pytest.raises(KeyProblemError, match="version 1, manque"):
        verify_checks(Keyring({2: b"w" * 32}, KEYS.index), stored)


def test_keys_do_not_show_in_a_traceback_or_a_log() -> None:
    assert repr(KEYS) == "Keyring(versions=[1])"
