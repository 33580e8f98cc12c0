"""Two workbooks about people: one line per person, and names in five alphabets under abbreviated headers."""

from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment

from .writing import day, save, title_rows, write_row

PERSON_HEADER = (
    "N° famille", "Nom", "Prénom", "Lien", "Né(e) le", "Sexe", "Statut", "Tél", "Langue", "Dép. souhaités", "PMR",
)  # fmt: skip
PERSON_FIRST_ROW = 4
PERSON_LINES: tuple[tuple[object, ...], ...] = (
    ("F1", "EXEMPLOVA", "Iryna", "DP", "14/03/1985", "F", "protection temporaire", "06 39 98 10 01", "ukrainien", "44", "non"),
    (None, '"', "Oleksandr", "conjoint", "02/11/1983", "M", '"', None, '"', None, "non"),
    (None, '"', "Danylo", "enfant", "19/05/2015", "M", None, None, None, None, "non"),
    (None, '"', "Solomiya", "enfant", "07/09/2019", "F", None, None, None, None, "non"),
    ("F2", "FICTIVE", "Nour", "DP", "30/01/1998", "F", "réfugiée", "06 39 98 10 02", "arabe", "49, 53", "non"),
    ("F3", "UTOPIE", "Mirwais", "DP", "11/08/1976", "M", "protection subsidiaire", "06 39 98 10 03", "dari", "33", "oui"),
    (None, "idem", "Zahra", "épouse", "25/12/1980", "F", "idem", None, "idem", None, "non"),
    (None, "MIRAGE", "Bibi", "mère", "01/01/1950", "F", "idem", None, "pachto", None, "oui"),
    (4, "FACTICE", "Tesfaye", "DP", "17/06/1991", "M", "réfugié", "06 39 98 10 04", "tigrinya", "44", "non"),
    (None, "FACTICE", "Rahel", "fille", "03/02/2018", "F", None, None, None, None, "non"),
    (None,) * 11,
    ("F5", "MAQUETTE", "Aïcha", "DP", "09/10/1979", "F", "réfugiée", "06 39 98 10 05", "somali", "49", "non"),
    (None, None, "Yusuf", "fils", "??/05/2015", "M", None, None, None, None, "non"),
    (None, None, "Hodan", "fille", "12/04/2017", "F", None, None, None, None, "non"),
    (None, None, "Sahra", "fille", "12/04/2017", "F", None, None, None, None, "non"),
    ("F6", "CHIMÈRE", "Ibrahim", "DP", "05/07/1965", "M", "apatride", "06 39 98 10 06", "français", "53", "non"),
    (None, "CHIMÈRE", "Ousmane", "frère", "22/02/1970", "M", "apatride", None, "français", None, "non"),
    ("F7", "EXEMPLOVA", "Kateryna", "DP", "28/08/1994", "F", "protection temporaire", "06 39 98 10 07", "russe", "33, 44", "non"),
)  # fmt: skip


def one_line_per_person(path: Path) -> None:
    """7 families, 17 people; the number stands on the first line only (merged over the family for F1)."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Personnes"
    title_rows(sheet, ("Suivi des familles (données inventées)",), len(PERSON_HEADER))
    write_row(sheet, PERSON_FIRST_ROW - 1, PERSON_HEADER)
    for number, line in enumerate(PERSON_LINES, start=PERSON_FIRST_ROW):
        born = line[4]
        typed = day(born) if isinstance(born, str) and "?" not in born else born
        write_row(sheet, number, (*line[:4], typed, *line[5:]))
    sheet.merge_cells("A4:A7")
    save(book, path)


ALPHABET_HEADER = (
    "Tél.", "Nb\npers", "Adu.", "Min.", "NOM\n(titre de séjour)", "Prén.", "Dt naiss.", "CP", "Cne souh.", "Lgue(s)",
    "Statut\nde protection", "Tél.", "Dt besoin", "Anx", "Obs.",
)  # fmt: skip
# Line 9 holds a number shaped like a valid NIR, of a birthplace code that does not exist (99 999 999).
NIR_BASE = 2850799999999
NIR = f"2 85 07 99 999 999 {97 - NIR_BASE % 97:02d}"
ALPHABET_LINES: tuple[tuple[object, ...], ...] = (
    ("06 39 98 11 01", 3, 1, 2, "خيالية", "نور", "15/02/1987", "44000", "Nantes", "arabe", "Réf.", None, "01/12/2026", "non", None),
    ("06 39 98 11 02", 2, 2, 0, "Вигаданенко", "Олександр", "03/10/1979", "49100", "Angers", "ukr.\nrusse", "PT", "06 39 98 11 52", "05/12/2026", "1 chat", None),
    ("06 39 98 11 03", 4, 2, 2, "ምናባዊ", "ተስፋዬ", "21/06/1990", "53000", "Laval", "tigrinya", "Réf.", None, "10/12/2026", "non", "préfère le\ncentre-ville"),
    ("06 39 98 11 04", 1, 1, 0, "Nguyễn Hư Cấu", "Thị Ví Dụ", "30/11/1995", "33000", "Bordeaux", "vietnamien", "PS", None, "12/12/2026", "non", None),
    ("+44 7700 900123", 5, 2, 3, "افسانه‌ای", "زهرا", "01/01/1984", "44600", "St Nazaire", "dari / persan", "PS", "06 39 98 11 55", "15/12/2026", "non", None),
    ("06 39 98 11 06", 1, 1, 0, "Выдуманова", "Ирина", "08/03/2000", "49300", "CHOLET", "russe", "PT", None, "20/12/2026", "chien", None),
    ("06 39 98 11 07", 2, 1, 1, "გამოგონილი", "ნინო", "19/09/1992", "53200", "Chateau Gontier", "géorgien", "Réf.", None, "02/01/2027", "non", NIR),
    ("06 39 98 11 08", 6, 2, 4, "O'Fictif d’Exemple-Ñandú", "İbrahim Şahin", "27/07/1972", "33500", "Libourne", "kurde", "Apat.", None, "10/01/2027", "non", None),
)  # fmt: skip


def alphabets_and_abbreviations(path: Path) -> None:
    """Columns in another order, abbreviated headers with line breaks, « Tél. » twice, a table that starts in C3."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Liste 3 nov."
    for offset, line in enumerate([ALPHABET_HEADER, *ALPHABET_LINES]):
        for column, typed in enumerate(line, start=3):
            date = isinstance(typed, str) and len(typed) == 10 and typed[2] == "/" and typed[5] == "/"
            cell = sheet.cell(3 + offset, column, day(str(typed)) if date else typed)
            cell.alignment = Alignment(wrap_text=True)
            if date:
                cell.number_format = "dd/mm/yyyy"
    save(book, path)
