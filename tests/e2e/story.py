"""The main job, as the people who do it live it: three journeys, each done once per mode and remembered."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Locator, expect

from odis_app.core import pdf
from odis_app.core.services import process
from tests.e2e.product import Product
from tests.support.browser import DESK, PHONE, Mode, Person

FAMILY = "Exemplova"  # line 6 of the workbook: one adult, Nantes, in Loire-Atlantique
COUPLE = "Mithal"  # of the demonstration: the best places for them are the operator's
HOUSEHOLD_FAULTS = ((9, "Date de naissance"), (22, "Statut"), (33, "Taille du ménage"), (46, "Téléphone"))
OFFER_FAULTS = ((12, "Commune"), (37, "Capacité"), (65, "Disponible du"))
OPERATOR = "Toits d’Exemple"
PRIVATE, HEALTH, SHARED = "Note interne inventée", "Soins inventés", "La famille attend une réponse"
ANSWER = "La DDETS demande deux propositions avant arbitrage."


class Story:
    """One mode's people, and what they have done so far."""

    def __init__(self, product: Product, browser: Browser, mode: Mode, workbooks: dict[str, Path]) -> None:
        self.product, self.browser, self.mode, self.workbooks = product, browser, mode, workbooks
        self._people: dict[str, Person] = {}
        self._ends: dict[str, BaseException | None] = {}
        self.household = self.place = self.orientation = self.refusal = ""

    def person(self, account: str, *, viewport: dict[str, int] = DESK) -> Person:
        """Somebody at their own browser, for the whole story."""
        if account not in self._people:
            who = Person(self.browser, self.product.address, mode=self.mode, viewport=viewport)
            self._people[account] = who.sign_in(account, self.product.password)
        return self._people[account]

    def close(self) -> None:
        """Everybody goes home."""
        for who in self._people.values():
            who.close()

    def addresses(self) -> list[tuple[str, str]]:
        """(method, path) of every request made so far, each once."""
        return sorted({address for who in self._people.values() for address in who.addresses})

    def _once(self, part: Callable[[], None]) -> None:
        """Live a part once; who asks again is told how it ended."""
        name = part.__name__
        if name not in self._ends:
            self._ends[name] = None
            try:
                part()
            except BaseException as error:
                self._ends[name] = error
                raise
        elif (error := self._ends[name]) is not None:
            raise AssertionError(f"{name} failed before: {error}") from error

    # Journey 1: the association

    def propose(self) -> None:
        """The association imports its spreadsheets, opens a file, understands the shortlist and proposes an offer."""
        self._once(self._import_households)
        self._once(self._import_offers)
        self._once(self._complete_the_file)
        self._once(self._propose)
        self._once(self._propose_to_the_operator)

    def _import_households(self) -> None:
        self._import("ménages", "01_menages_fautes.xlsx", "01b_menages_corriges.xlsx", HOUSEHOLD_FAULTS, 50)

    def _import_offers(self) -> None:
        self._import("offres", "02_offres_fautes.xlsx", "02b_offres_corrigees.xlsx", OFFER_FAULTS, 80)

    def _import(self, kind: str, faulty: str, corrected: str, faults: tuple[tuple[int, str], ...], lines: int) -> None:
        camille = self.person("association")
        camille.go("/").follow(re.compile("^Imports"), within=_sections(camille)).follow(
            re.compile(f"^Importer des {kind}")
        )
        camille.attach("Tableau à importer", self.workbooks[faulty]).press("Lire le fichier")
        camille.reads("Que contient chaque colonne ?").press(re.compile(f"^Vérifier les {lines} lignes"))
        camille.reads(re.compile(f"{len(faults)} erreurs sur {len(faults)} lignes"))
        alert = camille.page.get_by_role("alert").inner_text()
        for row, column in faults:
            assert re.search(rf"[Ll]igne {row}\b.*{column}", alert), f"line {row}, {column}: {alert}"
        camille.attach("Fichier corrigé", self.workbooks[corrected]).press("Recharger le fichier corrigé")
        camille.reads("Aucune erreur.").press(re.compile(f"^Enregistrer les {lines} lignes"))
        camille.reads(re.compile("^Créées"))
        assert re.search(rf"Créées {lines}\b|{lines} Créées", camille.text()), camille.text()

    def _complete_the_file(self) -> None:
        camille = self.person("association")
        camille.go("/").follow("Ménages", within=_sections(camille))
        if camille.mode is Mode.NO_SCRIPT or not camille.page.get_by_label("Nom ou numéro").is_visible():
            camille.unfold("Filtres")
        camille.write("Nom ou numéro", FAMILY).press(re.compile("^Filtrer|^Afficher|^Appliquer"))
        camille.follow(re.compile(f"Nour {FAMILY}|{FAMILY} Nour"), within="main")
        self.household = camille.path()
        camille.reads(re.compile("Il manque"))
        camille.follow(re.compile("Confirmer votre identité pour lire")).step_up(self.product.password)
        camille.follow("Répondre")
        camille.tick("Non", within="fieldset:has(> legend:has-text('violences'))")
        camille.tick("Non", within="fieldset:has(> legend:has-text('hôtes femmes'))")
        camille.press("Enregistrer les réponses").reads(re.compile("Réponses de Nour enregistrées"))
        camille.go(self.household)

    def _propose(self) -> None:
        camille = self.person("association")
        camille.go(self.household).follow("Chercher un logement", within="main")
        self._understand(camille)
        first = camille.page.locator(".od-ranks > li").first
        camille.follow(re.compile("^Proposer"), within=first)
        self._send(camille)

    def _understand(self, who: Person) -> None:
        """The page says why the first offer is first, and why others are excluded: the rule, how often, an example."""
        who.reads(re.compile(r"\d+ offres? possibles? sur"), re.compile(r"Pourquoi \d+ offres? (est|sont) écartées?"))
        why = who.page.locator(".od-ranks > li").first.locator("p").filter(has_text=re.compile(r"\w+, .*\."))
        expect(why.last).to_be_visible()
        expect(who.page.get_by_role("row").filter(has_text=re.compile(r"H\d\d")).first).to_have_text(
            re.compile(r"\w{4}.*H\d\d.*\d")
        )

    def _send(self, who: Person) -> str:
        """Send the proposal, with a motif when it is not the first, and note that the family agrees; returns its address."""
        self._motif(who)
        who.press("Envoyer la proposition").reads("La proposition est envoyée.")
        path = who.path()
        who.press("Enregistrer l’accord du ménage").reads("L’accord du ménage est enregistré.")
        return path

    def _motif(self, who: Person) -> None:
        if who.page.get_by_label(re.compile("^Pourquoi cette place")).count():
            who.write("Pourquoi cette place", "Plus près de l’école de leur fille")

    def _propose_to_the_operator(self) -> None:
        camille = self.person("association")
        camille.go("/").follow("Appariement", within=_sections(camille))
        camille.follow(re.compile(f"^Voir les offres.*{COUPLE}"))
        offer = camille.page.locator(".od-ranks > li").filter(has_text=OPERATOR).first
        self.place = str(offer.get_by_role("link").first.get_attribute("href"))
        camille.follow(re.compile("^Proposer"), within=offer)
        self._second_proposal()
        self.orientation = self._send(camille)

    def _second_proposal(self) -> None:
        """At the next desk, the coordinator has the same place in mind for another family, and leaves the page open."""
        sacha = self.person("coordination")
        sacha.go(self.place).follow("Chercher un ménage", within="main")
        other = sacha.page.locator(".od-ranks > li").filter(has_not_text=COUPLE).first
        sacha.follow(re.compile("^Proposer"), within=other)
        self._motif(sacha)

    # Journey 2: the operator, on a phone

    def accept(self) -> None:
        """The operator updates four places with a thumb and accepts; whoever comes second reads why it is refused."""
        self.propose()
        self._once(self._update_places)
        self._once(self._accept)
        self._once(self._come_second)

    def _update_places(self) -> None:
        dominique = self.person("operateur", viewport=PHONE)
        dominique.go("/").follow("Offres et places", within=_sections(dominique))
        dominique.gestures = 0
        lines = dominique.page.locator(".od-taps > li")
        names = [str(lines.nth(n).get_attribute("id")) for n in range(4)]
        for name in names[:2]:
            dominique.press(re.compile("^Rien n’a changé"), within=f"#{name}")
            expect(dominique.page.locator(f"#{name}")).to_contain_text("aujourd’hui")
        for name, answer in zip(names[2:], ("Disponible", "Occupée"), strict=True):
            dominique.follow(re.compile("^Changer"), within=f"#{name}").tick(answer).press("Mettre à jour la place")
            dominique.reads(re.compile("Place .* mise à jour"))
        assert dominique.gestures < 10

    def _accept(self) -> None:
        dominique = self.person("operateur")
        dominique.follow("Orientations", within=_sections(dominique))
        row = dominique.page.get_by_role("row").filter(has=dominique.page.locator(f'a[href="{self.orientation}"]'))
        dominique.reads_nothing_of([COUPLE])
        dominique.press(re.compile("^Accepter"), within=row).reads("Les deux accords sont donnés")
        dominique.go(self.place).reads(re.compile("^Attribuée|^Réservée|^Occupée"))

    def _come_second(self) -> None:
        sacha = self.person("coordination")
        sacha.press("Envoyer la proposition").reads("Rien n’est enregistré", within="main")
        alert = sacha.page.get_by_role("alert").inner_text()
        assert re.search(r"place", alert), alert
        self.refusal = alert

    # Journey 3: the DDETS

    def arbitrate(self) -> None:
        """The DDETS follows without a name, then reads what was signalled, answers, and prints its bilan."""
        self.accept()
        self._once(self._follow_without_a_name)
        self._once(self._write_and_signal)
        self._once(self._read_and_answer)
        self._once(self._print)

    def _follow_without_a_name(self) -> None:
        alix = self.person("ddets44")
        alix.go("/suivi").write("Numéro", self._number())
        alix.press("Filtrer").reads("1 dossier")
        row = alix.page.get_by_role("row").filter(has_text=self._number())
        expect(row).to_contain_text(re.compile(r"\d+\sjours?"))
        assert row.get_by_role("link").count() == 0
        alix.reads_nothing_of([FAMILY, "Nour"]).go(self.household, status=404)

    def _number(self) -> str:
        """The file's number, as the association reads it at the top of its page."""
        camille = self.person("association")
        if camille.path() != self.household:
            camille.go(self.household)
        found = re.search(r"[MF]-\d\d-\d+", camille.page.title())
        assert found, camille.page.title()
        return found[0]

    def _write_and_signal(self) -> None:
        camille = self.person("association")
        camille.go(f"{self.household}/sante/modifier").tick("Indispensable", within="fieldset >> nth=0")
        camille.write("Précision", HEALTH).press("Enregistrer les besoins de santé").reads(
            "Besoins de santé enregistrés."
        )
        for text, audience in ((PRIVATE, "organisation"), (SHARED, "État")):
            camille.follow(re.compile("^Journal"), within="main").write("Ce qui s’est passé", text)
            camille.choose(
                "Qui pourra lire", re.compile(audience if audience == "État" else "^(?!.*État).*organisation")
            )
            camille.press("Noter l’échange").reads(text)
        camille.follow(re.compile("^Partages"), within="main").follow("Signaler à la DDETS")
        camille.write("Motif", "Deux refus, et une sortie dans dix jours.").press("Signaler à la DDETS").reads(
            "Dossier signalé à la DDETS."
        )

    def _read_and_answer(self) -> None:
        alix, number = self.person("ddets44"), self._number()
        alix.go("/suivi").write("Numéro", number).press("Filtrer").reads("1 dossier")
        alix.follow(re.compile(f"^{number}$"), within="main")  # beside it, what takes the filter off names it too
        alix.reads_nothing_of([PRIVATE, HEALTH])
        alix.follow(re.compile("^Journal"), within="main").reads(SHARED).reads_nothing_of([PRIVATE, HEALTH])
        alix.write("Ce qui s’est passé", ANSWER).press("Noter l’échange").reads(ANSWER)
        alix.go(f"{self.household}/sante", status=403)
        self.person("association").go(f"{self.household}/journal").reads(ANSWER)

    def _print(self) -> None:
        alix = self.person("ddets44")
        alix.go("/").follow("Bilans", within=_sections(alix)).follow("Demander un bilan")
        with self.product.paused("worker"):
            alix.press("Demander le bilan").reads("En préparation")
        if alix.has_script:
            expect(alix.page.get_by_text("Bilan prêt")).to_be_visible(timeout=60_000)
        patience = process.Patience(60)
        while not alix.page.get_by_text("Bilan prêt").is_visible():
            assert patience.again(), alix.text()
            alix.follow("Actualiser")
        alix.check()
        content = alix.download(re.compile("^Télécharger le PDF"))
        assert content.startswith(b"%PDF")
        assert pdf.check_pdf(content) == []


def _sections(who: Person) -> Locator:
    """The navigation, unfolded on a phone."""
    wide = who.page.get_by_role("navigation", name="Principale")
    if wide.is_visible():
        return wide
    who.unfold("Menu", within="header")
    return who.page.get_by_role("navigation", name="Menu")
