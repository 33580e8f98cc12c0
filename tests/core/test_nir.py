"""The number that is never kept: found however it is written, and never seen in another one."""

from __future__ import annotations

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from wtforms import FieldList, PasswordField, SelectField, StringField, TextAreaField

from odis_app.core import nir
from odis_app.core.errors import RuleError
from odis_app.core.forms import Form

MONTHS = [*range(1, 13), 20, *range(30, 43), *range(50, 100)]
DEPARTMENTS = [*(f"{n:02}" for n in range(1, 100)), "2A", "2B"]
BASES = st.builds(
    lambda sex, year, month, department, commune, order: f"{sex}{year:02}{month:02}{department}{commune:03}{order:03}",
    st.sampled_from([1, 2, 3, 4, 7, 8]), st.integers(0, 99), st.sampled_from(MONTHS), st.sampled_from(DEPARTMENTS),
    st.integers(1, 999), st.integers(1, 999),
)  # fmt: skip
SEPARATORS = st.sampled_from(["", " ", ".", "-", "\u00a0", "\u202f"])
AROUND = st.sampled_from(["", "N° SS : ", "numéro ", "(", "« ", "né le 3/04/1990, "])
CARD = (1, 2, 2, 2, 3, 3, 2)


def grouped(number: str, separator: str) -> str:
    groups, start = [], 0
    for length in CARD:
        groups.append(number[start : start + length])
        start += length
    return separator.join(groups)


@given(BASES, SEPARATORS, AROUND, st.booleans())
def test_is_found_however_it_is_written(base: str, separator: str, before: str, lower: bool) -> None:
    number = f"{base}{nir.key_of(base):02}"
    text = f"{before}{grouped(number, separator)}, merci"
    assert nir.holds_nir(text.lower() if lower else text)


@given(BASES, st.integers(1, 96))
def test_a_wrong_key_is_no_number(base: str, shift: int) -> None:
    wrong = (nir.key_of(base) + shift - 1) % 97 + 1
    assert not nir.holds_nir(f"{base}{wrong:02}")


@given(BASES, st.integers(2, 12))
def test_is_found_cut_by_blanks_anywhere(base: str, cut: int) -> None:
    number = f"{base}{nir.key_of(base):02}"
    assert nir.holds_nir(f"son numéro {number[:cut]} {number[cut:]} est noté")


@given(st.integers(0, 10**10 - 1))
def test_a_foreigner_number_is_not_one(number: int) -> None:
    assert not nir.holds_nir(f"AGDREF {number:010}")


@given(
    st.integers(1, 9),
    st.lists(st.integers(0, 99), min_size=4, max_size=4),
    SEPARATORS,
    st.sampled_from(["0{}", "+33{}", "+33 {}", "0033 {}"]),
)
def test_phones_are_not_one(first: int, pairs: list[int], separator: str, shape: str) -> None:
    phone = separator.join([shape.format(first), *(f"{p:02}" for p in pairs)])
    assert not nir.holds_nir(phone)
    assert not nir.holds_nir(f"{phone} ou {phone}")
    assert not nir.holds_nir(f"{phone}, {phone} / {phone}")


@given(st.integers(7, 14))
def test_an_international_phone_is_not_one(length: int) -> None:
    assert not nir.holds_nir("+" + "18505780060849199"[: length + 1])


@given(st.integers(0, 10**14 - 1), st.booleans())
def test_a_siret_is_not_one(number: int, spaced: bool) -> None:
    digits = f"{number:014}"
    text = f"{digits[:3]} {digits[3:6]} {digits[6:9]} {digits[9:]}" if spaced else digits
    assert not nir.holds_nir(f"SIRET {text}")


@given(st.integers(0, 10**23 - 1), st.booleans())
def test_an_iban_is_not_one(account: int, spaced: bool) -> None:
    digits = f"{account:023}"
    check = 98 - int(f"{digits}152700") % 97  # F = 15, R = 27
    iban = f"FR{check:02}{digits}"
    text = " ".join(iban[i : i + 4] for i in range(0, len(iban), 4)) if spaced else iban
    assert not nir.holds_nir(f"IBAN {text} ouvert en 2024")


@given(st.text(max_size=60))
def test_never_fails_on_any_text(text: str) -> None:
    assert nir.holds_nir(text) in {True, False}


@pytest.mark.parametrize(
    "text",
    [
        "1 85 05 78 006 084 91",
        "185057800608491",
        "1850578006084 / 91",
        "1 85 05 2A 006 084 35",
        "١٨٥٠٥٧٨٠٠٦٠٨٤٩١",
        "18505 78006 08491",
    ],
)
def test_known_numbers(text: str) -> None:
    assert nir.holds_nir(text)


@pytest.mark.parametrize(
    "text",
    [
        "1850578006084",
        "2025-11-21 14:54:02",
        "47.218371, -1.553621",
        "M-44-0915",
        "1 rue du 8 mai 1945, 44000 Nantes",
        "12 03 1990 44000 0612345678",
    ],
)
def test_ordinary_texts(text: str) -> None:
    assert not nir.holds_nir(text)


class Everything(Form):
    """One field of each sort."""

    note = TextAreaField("Note")
    names = FieldList(StringField("Nom"), min_entries=1)
    secret = PasswordField("Mot de passe")
    choice = SelectField("Choix", choices=[("185057800608491", "un choix")])


@pytest.mark.parametrize(
    ("field", "refused"), [("note", True), ("names-0", True), ("secret", False), ("choice", False)]
)
def test_every_free_field_refuses_it(app: Flask, field: str, refused: bool) -> None:
    typed = {"note": "", "names-0": "", "secret": "", "choice": "185057800608491"} | {field: "185057800608491"}
    with app.test_request_context(method="POST"):
        form = Everything(MultiDict(typed), meta={"csrf": False})
        assert form.validate() is not refused
        assert (nir.REFUSED in [message for _, message in form.error_list]) is refused


def test_operations_refuse_it_without_a_form() -> None:
    with pytest.raises(RuleError, match="sécurité sociale"):
        nir.refuse_nir("Carte : 1 85 05 78 006 084 91")
    nir.refuse_nir("Rien de tel, 06 00 00 00 01.")
