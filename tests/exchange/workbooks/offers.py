"""Housing offers: the journey pair, a cp1252 export, a two-sheet ODS, one workbook of numbers and colours."""

import datetime as dt
import re
from io import BytesIO
from pathlib import Path

from odf.element import Element
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import CoveredTableCell, Table, TableCell, TableRow
from odf.text import P
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from .writing import FIRST_NAMES, SURNAMES, day, freeze_zip, phone, save, title_rows, write_row

JOURNEY_HEADER = (
    "Réf.", "Type d'hébergement", "Adresse", "Code postal", "Commune", "Capacité", "Chambres", "Disponible du",
    "Disponible au", "Animaux acceptés", "Fumeurs acceptés", "Loyer mensuel (€)", "PMR", "Contact",
    "Téléphone du contact", "Courriel du contact",
)  # fmt: skip
JOURNEY_FIRST_ROW = 4
KINDS = (  # label, capacity, bedrooms, rent in euros
    ("Chambre chez l'habitant", 1, 1, 0),
    ("Logement entier gratuit", 4, 2, 0),
    ("Location", 3, 2, 420.5),
    ("Intermédiation locative", 5, 3, 385),
    ("Logement tremplin", 2, 1, 250),
    ("Chambre chez l'habitant", 2, 1, 0),
    ("Foyer", 6, None, 180),
)
PLACES = (
    ("44000", "Nantes"), ("49300", "Cholet"), ("53000", "Laval"), ("33700", "Mérignac"), ("44600", "Saint-Nazaire"),
    ("49400", "Saumur"), ("53100", "Mayenne"), ("33500", "Libourne"), ("44110", "Châteaubriant"), ("33120", "Arcachon"),
    ("44190", "Clisson"),
)  # fmt: skip
STREETS = ("rue Inventée", "allée de la Fiction", "impasse du Spécimen", "place Imaginaire", "chemin des Exemples")


def journey_line(index: int) -> list[object]:
    """Line `index` (0 to 79) without fault."""
    label, capacity, bedrooms, rent = KINDS[index % len(KINDS)]
    postcode, commune = PLACES[index % len(PLACES)]
    begins = dt.datetime(2026, 11, 15) + dt.timedelta(days=2 * (index % 40))
    return [
        f"O-{index + 1:03d}",
        label,
        f"{index + 1} {STREETS[index % len(STREETS)]}",
        postcode,
        commune,
        capacity,
        bedrooms,
        begins,
        begins + dt.timedelta(days=182) if index % 4 else None,
        "oui" if index % 3 == 0 else "non",
        "oui" if index % 5 == 0 else "non",
        rent,
        "oui" if index % 9 == 4 else "non",
        f"{FIRST_NAMES[index * 3 % len(FIRST_NAMES)]} {SURNAMES[index * 5 % len(SURNAMES)]}",
        phone(600 + index),
        f"hebergeur{index + 1}@exemple.invalid",
    ]


# The three other faulty cells of the journey.
JOURNEY_FAULTS: dict[int, tuple[int, object]] = {
    8: (4, "Saint-Exemple-sur-Fiction"),
    33: (5, "deux ou trois"),
    61: (7, "12/03/1825"),
}


def _journey(path: Path, faults: dict[int, tuple[int, object]]) -> None:
    book = Workbook()
    sheet = book.active
    sheet.title = "Offres"
    title_rows(
        sheet, ("HÉBERGEMENTS PROPOSÉS (44, 49, 53, 33)", "Liste interne, adresses inventées"), len(JOURNEY_HEADER)
    )
    write_row(sheet, JOURNEY_FIRST_ROW - 1, JOURNEY_HEADER)
    for index in range(80):
        line = journey_line(index)
        if index in faults:
            column, typed = faults[index]
            line[column] = typed
        write_row(sheet, JOURNEY_FIRST_ROW + index, line)
    save(book, path)


def journey_with_faults(path: Path) -> None:
    _journey(path, JOURNEY_FAULTS)


def journey_corrected(path: Path) -> None:
    _journey(path, {})


CP1252_TEXT = """\
Préfecture imaginaire – Pôle hébergement;;;;;;;;;;
"Édité le 03/11/2026 à 14h32 ; édition provisoire";;;;;;;;;;
Loyers en € charges comprises. Contact : cellule d’exemple;;;;;;;;;;
;;;;;;;;;;
Type;Adresse;Code postal;Commune;Places;Surface (m²);Loyer (€);Libre le;Jusqu'au;Animaux;Bailleur / contact
Chambre chez l’habitant;3 rue du Cœur-Fictif;44000;Nantes;1;12,5;0,00;01/12/2026;31/05/2027;non;Nour FICTIVE - 06 39 98 07 01
Location;18 bis, av. de l’Exemple;49100;Angers;3;54,25;412,50;15/12/2026;;oui;Mme EXEMPLOVA - 06 39 98 07 02
Location;"4 allée Inventée ; bât. B";33000;Bordeaux;4;68,00;1\u00a0250,00;05/01/2027;05/01/2028;non;M. FACTICE - 06 39 98 07 03
Logement gratuit;27 impasse du Spécimen;53000;Laval;5;91,7;0;01/12/2026;30/11/2027;oui;Yusuf UTOPIE - 06 39 98 07 04
IML;9 place Imaginaire;44600;Saint-Nazaire;2;38,4;298,90;10/12/2026;;non;"Résidence ""Les Exemples"" - 06 39 98 07 05"
IML;11 place Imaginaire;44600;Saint-Nazaire;2;38,4;298,90;10/12/2026;;non;"Résidence ""Les Exemples"" - 06 39 98 07 05"
Foyer;1 chemin des Exemples;49300;Cholet;8;;176,00;01/01/2027;;non;Foyer d’invention - 06 39 98 07 06
Chambre chez l’habitant;6 rue Factice;53200;Château-Gontier-sur-Mayenne;1;10,0;0,00;20/12/2026;20/03/2027;oui;Lê ANONYME - 06 39 98 07 07
Logement tremplin;52 rue de l’Œuvre-Inventée;33500;Libourne;2;31,15;255,00;12/12/2026;;non;Aïcha MIRAGE - 06 39 98 07 08
Hôtel;2 quai Chimérique;44000;Nantes;12;;gratuit;03/12/2026;28/02/2027;non;Hôtel de l’Illusion - 06 39 98 07 09
Location;77 route de Nulle-Part;49400;Saumur;6;102,0;599,99;01/02/2027;31/01/2028;oui;Iryna BROUILLON - 06 39 98 07 10
Location;5 rue du Modèle;53100;Mayenne;3;49,5;n.c.;01/02/2027;;non;Farid MAQUETTE - 06 39 98 07 11
TOTAL;12 offres;;;49;495,90;3\u00a0291,29;;;;
Source : tableau d’exemple, ne pas diffuser;;;;;;;;;;
"""


def cp1252_with_notes_and_total(path: Path) -> None:
    """French Excel's own csv: cp1252, semicolons, decimal commas, notes above, a total and a note below."""
    path.write_bytes(CP1252_TEXT.replace("\n", "\r\n").encode("cp1252"))


ODS_GROUPS = (("", 1), ("Localisation", 3), ("Le logement", 4), ("Disponibilité", 2), ("Règles", 3), ("Contact", 2))
ODS_HEADER = (
    "N°", "Adresse", "CP", "Commune", "Type", "Capacité", "Chambres", "Loyer", "Du", "Au", "Animaux", "Fumeurs", "PMR",
    "Nom", "Tél.",
)  # fmt: skip
ODS_LINES: tuple[tuple[object, ...], ...] = (
    (1, "14 rue Inventée", "44400", "Rezé", "Chambre chez l'habitant", 1, 1, 0.0, "01/12/2026", "01/06/2027", "non", "non", "non", "Salomé Utopie", phone(801)),
    (2, "2 rue du Leurre", "44800", "Saint-Herblain", "Logement entier gratuit", 4, 2, 0.0, "10/12/2026", None, "oui", "oui", "oui", "Tesfaye Mirage", phone(802)),
    (3, "31 allée Factice", "49240", "Avrillé", "Location", 3, 2, 350.5, "15/12/2026", "14/12/2027", "non", "oui", "non", "Zahra Illusoire", phone(803)),
    (4, "8 cour Chimère", "49800", "Trélazé", "Location", 3, 2, 350.5, "15/12/2026", "14/12/2027", "oui", "non", "non", "Zahra Illusoire", phone(803)),
    (5, "60 rue de l'Exemple", "53600", "Évron", "Intermédiation locative", 6, 3, 402.0, "02/01/2027", None, "non", "non", "oui", "Farid Maquette", phone(805)),
    (6, "9 rue du Conte", "53500", "Ernée", "Foyer", 10, None, 190.0, "02/01/2027", "30/06/2027", "non", "non", "oui", "Foyer Imaginaire", phone(806)),
    (7, "1 place Légendaire", "33400", "Talence", "Logement tremplin", 2, 1, 240.75, "11/01/2027", None, "oui", "oui", "non", "Nour Fictive", phone(807)),
    (8, "45 quai Brouillon", "33600", "Pessac", "Chambre chez l'habitant", 2, 1, 0.0, "01/12/2026", "28/02/2027", "oui", "non", "non", "Iryna Ébauche", phone(808)),
)  # fmt: skip


def _ods_cell(value: object, **attributes: object) -> TableCell:
    if value is None or value == "":
        return TableCell(**attributes)
    if isinstance(value, float):
        shown = f"{value:.2f} €".replace(".", ",")
        cell = TableCell(valuetype="currency", currency="EUR", value=value, **attributes)
    elif isinstance(value, int):
        shown = str(value)
        cell = TableCell(valuetype="float", value=value, **attributes)
    elif re.fullmatch(r"\d\d/\d\d/\d{4}", str(value)):
        shown = str(value)
        cell = TableCell(valuetype="date", datevalue=f"{day(shown):%Y-%m-%d}", **attributes)
    else:
        shown = str(value)
        cell = TableCell(valuetype="string", **attributes)
    cell.addElement(P(text=shown))
    return cell


def _ods_row(values: tuple[object, ...]) -> TableRow:
    """A row as LibreOffice writes it: equal neighbours are stored once, with a repetition count."""
    row = TableRow()
    start = 0
    while start < len(values):
        end = start + 1
        while end < len(values) and values[end] == values[start] and type(values[end]) is type(values[start]):
            end += 1
        row.addElement(_ods_cell(values[start], **({"numbercolumnsrepeated": end - start} if end - start > 1 else {})))
        start = end
    row.addElement(TableCell(numbercolumnsrepeated=16384 - len(values)))
    return row


def ods_second_sheet(path: Path) -> None:
    """First sheet: reading notes and a small table of counts. Second: data under a header of two lines."""
    # odfpy collects the namespaces of every document of the process in one dictionary, and writes them all.
    Element.namespaces.clear()
    document = OpenDocumentSpreadsheet()
    notes = Table(name="Lisez-moi")
    for line in (
        ("Tableau des logements inventés",),
        ("Département", "Nombre"),
        ("44", 2),
        ("49", 2),
        ("53", 2),
        ("33", 2),
    ):
        notes.addElement(_ods_row(line))
    data = Table(name="Logements 2026")
    title = TableRow()
    title.addElement(_ods_cell("LOGEMENTS MOBILISABLES (exemple)", numbercolumnsspanned=15, numberrowsspanned=1))
    title.addElement(CoveredTableCell(numbercolumnsrepeated=14))
    data.addElement(title)
    groups = TableRow()
    for label, width in ODS_GROUPS:
        groups.addElement(
            _ods_cell(label, **({"numbercolumnsspanned": width, "numberrowsspanned": 1} if width > 1 else {}))
        )
        if width > 1:
            groups.addElement(CoveredTableCell(numbercolumnsrepeated=width - 1))
    data.addElement(groups)
    data.addElement(_ods_row(ODS_HEADER))
    for line in ODS_LINES:
        data.addElement(_ods_row(line))
    last = TableRow(numberrowsrepeated=1_048_565)
    last.addElement(TableCell(numbercolumnsrepeated=16384))
    data.addElement(last)
    document.spreadsheet.addElement(notes)
    document.spreadsheet.addElement(data)
    buffer = BytesIO()
    document.write(buffer)
    freeze_zip(buffer.getvalue(), path)


NUMBERS_HEADER = (
    "Réf", "Hébergement", "Rue", "CP", "Ville", "Dép.", "Lits simples", "Lits doubles", "Capacité", "Ch.",
    "Dispo", "À partir du", "Suivi santé de l'hébergeur", "Animaux", "Loyer", "Contact", "Portable",
)  # fmt: skip
NUMBERS_LINES: tuple[tuple[object, ...] | str, ...] = (
    (101, "Location", "1 rue Inventée", 1000, "Bourg-en-Bresse", 1, 1, 1, 1, "01/12/2026", "oui", 410, "Nour Fictive", 639980901),
    (102, "Logement entier gratuit", "2 rue Inventée", 6000, "Nice", 6.0, 2, 1, 2, "05/12/2026", "non", 0, "Amina Exemplova", 639980902),
    "CORSE",
    (103, "Chambre chez l'habitant", "3 rue Inventée", 20000, "Ajaccio", "2A", 1, 0, 1, "10/12/2026", "oui", 0, "Farid Utopie", 639980903),
    (104, "Location", "4 rue Inventée", 20200, "Bastia", "2b", 0, 2, 2, "15/12/2026", "non", 525.4, "Iryna Mirage", 639980904.0),
    "PAYS DE LA LOIRE",
    (105, "Intermédiation locative", "5 rue Inventée", 44000, "Nantes", 44.0, 3, 1, 3, "01/01/2027", "non", 380, "Yusuf Factice", 33639980905),
    (106, "Foyer", "6 rue Inventée", "53 000", "Laval", "53", 8, 0, None, "02/01/2027", "non", 175, "Foyer Imaginaire", "06.39.98.09.06"),
    (107, "Chambre chez l'habitant", "7 rue Inventée", "49100 ", "Angers", 49, 0, 1, 1, "04/01/2027", "oui", 0, "Zahra Ébauche", 639980907),
    "OUTRE-MER",
    (108, "Location", "8 rue Inventée", 97400, "Saint-Denis", 974, 2, 0, 2, "08/01/2027", "oui", 430, "Rojda Conte", 639980908),
)  # fmt: skip
NUMBERS_FIRST_ROW = 5
CACHED_CAPACITY = {"I5": 3, "I6": 4, "I8": 1, "I9": 4}  # the others keep no cached value
FREE, TAKEN, TO_CONFIRM = "FF92D050", "FFFF0000", "FFFFC000"
COLOURS = (FREE, FREE, TAKEN, FREE, TO_CONFIRM, FREE, TAKEN, FREE)


def _with_cached_values(name: str, data: bytes) -> bytes:
    if name != "xl/worksheets/sheet1.xml":
        return data
    for reference, value in CACHED_CAPACITY.items():
        pattern = rf'(<c r="{reference}"[^>]*><f>[^<]*</f>)<v\s*(?:/>|></v>)'.encode()
        data, count = re.subn(pattern, rb"\g<1><v>%d</v>" % value, data)
        if count != 1:
            raise ValueError(f"formula cell {reference} not found")
    return data


def numbers_formulas_colours(path: Path) -> None:
    """Phones, postal codes and départements typed as numbers; formulas; section rows; availability by colour."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Parc"
    width = len(NUMBERS_HEADER)
    title_rows(sheet, ("Parc mobilisable (exemple)", "vert = libre, orange = à confirmer, rouge = pris"), width)
    write_row(sheet, NUMBERS_FIRST_ROW - 1, NUMBERS_HEADER)
    colours = iter(COLOURS)
    for number, line in enumerate(NUMBERS_LINES, start=NUMBERS_FIRST_ROW):
        if isinstance(line, str):
            sheet.cell(number, 1, line)
            sheet.merge_cells(start_row=number, start_column=1, end_row=number, end_column=width)
            continue
        ref, kind, street, postcode, town, code, single, double, rooms, begins, animals, rent, contact, mobile = line
        capacity = f"=G{number}+2*H{number}"
        private = "suivi confidentiel inventé" if ref == 103 else None
        values = (ref, kind, street, postcode, town, code, single, double, capacity, rooms, None, day(str(begins)), private,
                  animals, rent, contact, mobile)  # fmt: skip
        write_row(sheet, number, values)
        sheet.cell(number, 11).fill = PatternFill("solid", start_color=next(colours))
    sheet.column_dimensions["M"].hidden = True
    sheet["L8"].comment = Comment("plutôt le 20 ? (à rappeler)", "Agent Fictif")
    save(book, path, _with_cached_values)
