"""Write the ugly workbooks into a folder: `python -m tests.exchange.workbooks.build FOLDER`.

Every run writes the same bytes: no clock, no random number, zip dates frozen.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from . import households, offers, persons, refusals

BUILDERS: dict[str, Callable[[Path], None]] = {
    "01_menages_fautes.xlsx": households.journey_with_faults,
    "01b_menages_corriges.xlsx": households.journey_corrected,
    "02_offres_fautes.xlsx": offers.journey_with_faults,
    "02b_offres_corrigees.xlsx": offers.journey_corrected,
    "03_offres_cp1252.csv": offers.cp1252_with_notes_and_total,
    "04_menages_texte_unicode.csv": households.utf16_text_export,
    "05_offres_deux_feuilles.ods": offers.ods_second_sheet,
    "06_menages_tout_en_texte.xlsx": households.everything_as_text,
    "07_offres_nombres.xlsx": offers.numbers_formulas_colours,
    "08_personnes_par_ligne.xlsx": persons.one_line_per_person,
    "09_menages_5000.csv": households.five_thousand,
    "10_menages_alphabets.xlsx": persons.alphabets_and_abbreviations,
    "11_corrompu.xlsx": refusals.corrupted,
    "12_programme_renomme.xlsx": refusals.renamed_program,
    "13_vide.xlsx": refusals.empty,
}


def build_all(folder: Path) -> dict[str, Path]:
    """Write every workbook into `folder` (created if needed); returns file name → path."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / name for name in BUILDERS}
    for name, path in paths.items():
        BUILDERS[name](path)
    return paths


if __name__ == "__main__":
    for written in build_all(Path(sys.argv[1])).values():
        print(written)
