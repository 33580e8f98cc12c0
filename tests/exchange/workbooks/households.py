"""Households, one line each: the journey pair, two text exports, one all-text workbook, 5,000 lines."""

import datetime as dt
import unicodedata
from pathlib import Path

from openpyxl import Workbook

from .writing import FIRST_NAMES, SURNAMES, phone, save, title_rows, write_row

JOURNEY_HEADER = (
    "N° dossier", "Nom", "Prénom", "Date de naissance", "Taille du ménage", "Adultes", "Mineurs", "Statut",
    "Téléphone", "Langue(s)", "Commune souhaitée", "Départements souhaités", "Date du besoin", "PMR", "Animaux",
    "Observations",
)  # fmt: skip
JOURNEY_FIRST_ROW = 6
STATUSES = ("Réfugié", "Protection subsidiaire", "Réfugiée", "Protection temporaire", "Apatride")
LANGUAGES = ("arabe", "dari, pachto", "ukrainien / russe", "tigrinya", "français", "kurde (kurmandji)", "somali")
WISHES = (
    ("Nantes", "44"), ("Angers", "49"), ("Laval", "53"), ("Bordeaux", "33"), ("Saint-Nazaire", "44, 49"),
    (None, "44 et 53"), ("Cholet", "49"), (None, "33"), ("Libourne", "33"), ("Châteaubriant", "44;53"),
    ("Château-Gontier-sur-Mayenne", "53"),
)  # fmt: skip
COMPOSITIONS = ((1, 0), (2, 2), (1, 1), (2, 0), (2, 3), (1, 0), (1, 3), (3, 1), (2, 1))
ANIMALS = (None, None, None, "1 chat", None, None, "non", None, "chien (petit)", None)


def journey_line(index: int) -> list[object]:
    """Line `index` (0 to 49) without fault."""
    adults, minors = COMPOSITIONS[index % len(COMPOSITIONS)]
    commune, departments = WISHES[index % len(WISHES)]
    return [
        f"M-{index + 1:03d}",
        SURNAMES[index % len(SURNAMES)],
        FIRST_NAMES[index % len(FIRST_NAMES)],
        dt.datetime(1960 + index * 7 % 44, index * 5 % 12 + 1, index * 11 % 28 + 1),
        adults + minors,
        adults,
        minors,
        STATUSES[index % len(STATUSES)],
        phone(100 + index),
        LANGUAGES[index % len(LANGUAGES)],
        commune,
        departments,
        dt.datetime(2026, 12, 1) + dt.timedelta(days=3 * index),
        "oui" if index % 12 == 5 else "non",
        ANIMALS[index % len(ANIMALS)],
        "scolarisation à prévoir" if minors and index % 3 == 0 else None,
    ]


# Line index → (column index, what was typed). Four of the seven faulty cells of the journey.
JOURNEY_FAULTS: dict[int, tuple[int, object]] = {
    3: (3, "31/02/1990"),
    16: (7, "en règle"),
    27: (4, 7),
    40: (8, "06 39 98"),
}


def _journey(path: Path, faults: dict[int, tuple[int, object]]) -> None:
    book = Workbook()
    sheet = book.active
    sheet.title = "Ménages"
    titles = ("ASSOCIATION EXEMPLAIRE DES DEUX RIVES", "Ménages en attente d'un logement", "Mis à jour le 03/11/2026")
    title_rows(sheet, titles, len(JOURNEY_HEADER))
    write_row(sheet, JOURNEY_FIRST_ROW - 1, JOURNEY_HEADER)
    for index in range(50):
        line = journey_line(index)
        if index in faults:
            column, typed = faults[index]
            line[column] = typed
        write_row(sheet, JOURNEY_FIRST_ROW + index, line)
    sheet.freeze_panes = "A6"
    save(book, path)


def journey_with_faults(path: Path) -> None:
    _journey(path, JOURNEY_FAULTS)


def journey_corrected(path: Path) -> None:
    _journey(path, {})


UTF16_HEADER = (
    "Référence", "NOM Prénom", "Né(e) le", "Nb adultes", "Nb enfants", "Situation administrative", "Portable",
    "Langue", "Dépts", "Besoin au", "Fauteuil roulant", "Remarques",
)  # fmt: skip
# What Excel shows is what it exports: a column too narrow gives ########, a long number gives 6,4E+08.
UTF16_LINES = (
    ("TU-01", "EXEMPLOVA Nour", "03/11/1988", "1", "2", "BPI réfugiée", "06 39 98 03 01", "arabe", "44", "15/12/2026", "non", ""),
    ("TU-02", "FICTIVE Amina", "12/04/31", "1", "0", "Protection subsidiaire", "06.39.98.03.02", "dari", "44 49", "01/12/2026", "oui", '"rez-de-chaussée\nou ascenseur"'),
    ("TU-03", "DE L'INVENTION Yusuf", "9/1/1975", "2", "3", "réfugié", "+33 6 39 98 03 03", "arabe, français", "53", "20/12/2026", "non", ""),
    ("TU-04", "IMAGINAIRE-FACTICE Zahra", "28/02/1992", "2", "1", "Réfugiée", "0639980304", "pachto", "33", "########", "non", ""),
    ("TU-05", "DÉMONSTRE Élodie", "17/07/1969", "1", "0", "apatride", "06-39-98-03-05", "français", "49", "02/01/2027", "non", '"dit ""le Fictif"" dans l\'immeuble"'),
    ("TU-06", "SPECIMENKO Oleksandr", "05/05/1983", "2", "2", "protection temporaire", "0033639980306", "ukrainien, russe", "44, 33", "10/01/2027", "non", ""),
    ("TU-07", "FACTICE Mirwais", "30/06/1995", "1", "0", "P. subsidiaire", "6,4E+08", "dari", "53", "15/01/2027", "non", ""),
    ("TU-08", "TESTAROV Iryna", "11/12/1990", "1", "1", "Protection temporaire", "(0)6 39 98 03 08", "russe", "49", "18/01/2027", "non", ""),
    ("TU-09", "UTOPIE Tesfaye", "01/01/2001", "1", "0", "Réfugié", "06 39 98 03 09", "tigrinya", "44", "01/02/2027", "non", ""),
    ("TU-10", "MAQUETTE Aïcha", "24/08/1979", "1", "4", "réfugiée", "06 39 98 03 10", "somali", "33", "05/02/2027", "oui", ""),
)  # fmt: skip


def utf16_text_export(path: Path) -> None:
    """« Texte Unicode » of Excel: UTF-16 little endian with its mark, tabs, CRLF; cells end with stray tabs."""
    lines = [UTF16_HEADER, *UTF16_LINES]
    text = "".join("\t".join(line) + "\t\t\r\n" for line in lines)
    path.write_bytes(b"\xff\xfe" + text.encode("utf-16-le"))


NBSP, ZERO_WIDTH, THIN, BOM, SOFT = "\u00a0", "\u200b", "\u202f", "\ufeff", "\u00ad"
TEXT_HEADER = (
    "Nom ", f"Pré{ZERO_WIDTH}nom", f"Date{NBSP}de naissance", "Nombre de personnes  ", "dont adultes", "dont mineurs",
    "Statut", f"{BOM}Téléphone", "Langues parlées", "Commune souhaitée ", "Date du besoin", "PMR ?", "Animaux ?",
)  # fmt: skip
TEXT_LINES = (
    (f"Hypothèse{NBSP}", "Salomé", "14/07/1986", "3", "1 ", "2", "Réfugiée", f"06{NBSP}39{NBSP}98{NBSP}04{NBSP}01", "français", "Rezé", "1er décembre 2026", "oui", "-"),
    ("Chimère  ", f"{ZERO_WIDTH}Farid", "2 février 1990", " 1", "1", "0", "réfugié ", f"06{THIN}39{THIN}98{THIN}04{THIN}02", "arabe", f"Saint-Herblain{NBSP}", "15/12/2026", "Oui", "n"),
    ("Légendaire", "Kateryna", "1979-09-03", f"4{NBSP}", "2", "2", f"Protection{NBSP}temporaire", "06 39 98 04 03  ", "ukrainien", "Trélazé", "2026-12-20", "x", "1"),
    ("Ébauche", "Ibrahim", "21.05.68", "1", "1", "0", "Protection subsidiaire", "06 39 98 04 04", "peul", "Mérignac", "05.01.27", "1", "x"),
    (f"Mira{SOFT}ge", "Aïcha", "30/11/1999", "2", "1", "1", "RÉFUGIÉE", "06 39 98 04 05", "somali", "Évron", "10 janvier 2027", "O", "O"),
    ("Brouillon", "Ousmane", "8 août 1981", "5", "2", "3", "  Réfugié", "06 39 98 04 06", "soninké", "Pessac", "12/01/2027", "n", "non"),
    ("Conte-Inventé", "Rojda", "1993-03-27", "2", "2", "0", "Apatride", "06 39 98 04 07", "kurde", "Ancenis-Saint-Géréon", "2027-01-15", "-", "Non"),
    ("Fantaisie", "Élodie", "07.10.2002", "1", "1", "0", "Protection Subsidiaire", "06 39 98 04 08", "français", "Segré-en-Anjou Bleu", "20.01.2027", "non", "NON"),
    ("Illusoire", "Yusuf", "29 févr. 1988", "6", "2", "4", "réfugié", "06 39 98 04 09", "arabe", "Saumur", "fin janvier 2027", "", "0"),
    (f"O{ZERO_WIDTH}nirique", "Zahra", "31/12/1957", "1", "1", "0", "refugiee", "06 39 98 04 10", "dari", "Bègles", "01/02/2027", "OUI", "oui"),
)  # fmt: skip
DECOMPOSED_ROWS = {2, 3, 4, 6, 8, 9}


def everything_as_text(path: Path) -> None:
    """Nothing is typed: dates in four styles, seven ways to say yes, invisible characters, NFD accents."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Feuil1"
    for number, line in enumerate([TEXT_HEADER, *TEXT_LINES], start=1):
        form = "NFD" if number == 1 or number in DECOMPOSED_ROWS else "NFC"
        for column, typed in enumerate(line, start=1):
            cell = sheet.cell(number, column)
            cell.value = unicodedata.normalize(form, typed) or None
            cell.number_format = "@"
    for column in range(1, len(TEXT_HEADER) + 1):  # someone pressed the space bar under the table
        sheet.cell(len(TEXT_LINES) + 4, column, " " if column % 2 else NBSP)
    save(book, path)


LARGE_HEADER = (
    "numero", "nom", "prenom", "date_naissance", "taille", "adultes", "mineurs", "statut", "telephone", "langue",
    "commune", "departement", "date_besoin", "pmr",
)  # fmt: skip
LARGE_COMMUNES = (
    ("Nantes", "44"), ("Angers", "49"), ("Laval", "53"), ("Bordeaux", "33"), ("Saint-Nazaire", "44"), ("Cholet", "49"),
    ("Mayenne", "53"), ("Pessac", "33"), ("Rezé", "44"), ("Saumur", "49"),
)  # fmt: skip


def _large_line(number: int) -> tuple[str, ...]:
    adults, minors = COMPOSITIONS[number % len(COMPOSITIONS)]
    commune, department = LARGE_COMMUNES[number % len(LARGE_COMMUNES)]
    born = dt.date(1955, 1, 1) + dt.timedelta(days=number * 37 % 18000)
    needed = dt.date(2026, 12, 1) + dt.timedelta(days=number % 180)
    return (
        f"G{number:05d}", f"{SURNAMES[number % len(SURNAMES)]} {number}", FIRST_NAMES[number % len(FIRST_NAMES)],
        f"{born:%d/%m/%Y}", str(adults + minors), str(adults), str(minors), STATUSES[number % len(STATUSES)],
        phone(number + 1000), LANGUAGES[number % 2 * 4], commune, department, f"{needed:%d/%m/%Y}",
        "oui" if number % 20 == 0 else "non",
    )  # fmt: skip


def five_thousand(path: Path) -> None:
    """5,000 households, then 3,000 blank lines; 40 blank columns on every line; UTF-8 with its mark."""
    blank = ";" * 40
    lines = [";".join(LARGE_HEADER) + blank]
    lines += [";".join(_large_line(number)) + blank for number in range(1, 5001)]
    lines += [";" * (len(LARGE_HEADER) - 1) + blank] * 3000
    path.write_bytes(b"\xef\xbb\xbf" + ("\r\n".join(lines) + "\r\n").encode())
