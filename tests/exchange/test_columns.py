"""The columns of a file find their place, and the same headers are known again."""

from odis_app.exchange.columns import guess_mapping, headers_fingerprint, missing_columns
from odis_app.exchange.layout import header_key
from tests.exchange.samples import HOUSEHOLDS, OFFERS


def mapped(*headers: str) -> tuple[str | None, ...]:
    return guess_mapping(headers, HOUSEHOLDS.columns)


def test_titles_are_compared_without_their_dress() -> None:
    assert header_key(" N° AGDREF * ") == "numero agdref"
    assert header_key("Date de\nnaissance (jj/mm/aaaa)") == "date de naissance"
    assert header_key("(facultatif)") == "facultatif"


def test_titles_with_accents_case_plural_abbreviation_and_misprints() -> None:
    assert mapped("NOM", "Prenom", "Dates de naissance", "Téléphones", "Obs.", "Observatons", "Comune souhaitée") == (
        "last_name", "first_name", "birth", "phone", "remarks", None, "commune",
    )  # fmt: skip


def test_a_column_is_used_once_by_the_closest_title() -> None:
    assert mapped("Tél. 2", "Téléphone", "Nom de la structure") == ("phone_2", "phone", None)
    assert mapped("Statut", "Statut de protection") == ("status", None)


def test_groups_written_above_help() -> None:
    headers = ("Disponibilité : Du", "Disponibilité : Au", "Contact : Nom", "Le logement : Type")
    assert guess_mapping(headers, OFFERS.columns) == ("free_from", "free_until", "contact", "kind")


def test_missing_columns_are_named() -> None:
    assert [column.label for column in missing_columns(mapped("Prénom"), HOUSEHOLDS.columns)] == ["Nom"]


def test_the_same_headers_are_known_again() -> None:
    assert headers_fingerprint(["Nom", "N° dossier"]) == headers_fingerprint([" NOM ", "n° Dossier*"])
    assert headers_fingerprint(["Nom", "Prénom"]) != headers_fingerprint(["Prénom", "Nom"])
