"""Situation administrative, besoins, projet de vie."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, DateField, IntegerField, RadioField, SelectField, StringField
from wtforms.validators import NumberRange, Optional

from odis_app.households.enums import (
    ArrivalRoute,
    AsylumProcedure,
    Diet,
    HousingRight,
    NeedKind,
    NeedLevel,
    ProtectionStatus,
    SiaoState,
    Smoking,
)
from odis_app.households.forms.fields import AmountField, VersionedForm, boxes, optional_select, short_text
from odis_app.households.forms.members import LongText
from odis_app.households.models import Household, HouseholdAdministrative, HouseholdNeed, HouseholdRequest

RANKS = 5
PAPERS = (
    "protection_status", "procedure", "title_kind", "title_valid_until", "decision_date", "arrived_on", "arrival_route", "cir_signed_on",
    "si_siao_number", "si_siao_state", "si_siao_on", "si_siao_asked_on", "domiciliation", "housing_right", "housing_right_on",
)  # fmt: skip


class AdministrativeForm(VersionedForm):
    """Protection status and papers."""

    protection_status = SelectField("Statut de protection", choices=ProtectionStatus.choices())
    procedure = optional_select("Procédure d’asile", AsylumProcedure)
    title_kind = short_text("Titre", 80, description="Carte de résident, CSP, APS, attestation.")
    title_valid_until = DateField("Titre valable jusqu’au", [Optional()])
    decision_date = DateField("Décision OFPRA ou CNDA du", [Optional()])
    arrived_on = DateField("Arrivée en France le", [Optional()])
    arrival_route = optional_select("Voie d’arrivée", ArrivalRoute)
    cir_signed_on = DateField("CIR signé le", [Optional()])
    agdref = short_text("Numéro étranger (AGDREF)", 20, description="Chiffré. Dix chiffres sur le titre de séjour.")
    ofii_number = short_text("Numéro OFII", 20, description="Chiffré.")
    si_siao_number = short_text("Numéro de demande SI-SIAO", 20)
    si_siao_state = optional_select("État de la demande", SiaoState)
    si_siao_on = DateField("Dans cet état depuis le", [Optional()])
    si_siao_asked_on = DateField("Demande faite le", [Optional()])
    domiciliation = short_text("Domiciliation", 200)
    housing_right = optional_select("DALO ou DAHO", HousingRight)
    housing_right_on = DateField("Dépôt ou décision du", [Optional()])

    @classmethod
    def of(
        cls, household: Household, block: HouseholdAdministrative, *, agdref: str, ofii_number: str
    ) -> AdministrativeForm:
        """Filled with what the file says."""
        return cls(obj=block, version=household.version, agdref=agdref, ofii_number=ofii_number)

    @property
    def values(self) -> dict[str, Any]:
        """By column; an empty text of a nullable column is None."""
        found = {name: self[name].data for name in PAPERS}
        found["title_kind"] = found["title_kind"] or None
        numbers = {name: "".join((self[name].data or "").split()) for name in ("agdref", "ofii_number")}
        return {**found, **numbers}


class NeedsForm(VersionedForm):
    """Every kind of need with its level and a detail, in one page."""

    source = short_text(
        "Source", 120, description="Entretien du 16 novembre, fiche de la structure, interprète présent."
    )

    @classmethod
    def of(cls, household: Household, needs: list[HouseholdNeed]) -> NeedsForm:
        """Filled with what the file says."""
        known = {f"{n.kind}_level": str(n.level) for n in needs} | {f"{n.kind}_detail": n.detail for n in needs}
        return cls(version=household.version, **known)

    @property
    def rows(self) -> list[tuple[NeedKind, RadioField, StringField]]:
        """(kind, level, detail) in the order of the list."""
        return [(kind, self[f"{kind.value}_level"], self[f"{kind.value}_detail"]) for kind in NeedKind]

    @property
    def values(self) -> dict[str, tuple[int, str]]:
        """Level and detail by kind."""
        return {kind.value: (int(level.data or 0), detail.data or "") for kind, level, detail in self.rows}


for _kind in NeedKind:  # one pair of fields per kind of need, so that a new kind is one line of enums.py
    setattr(
        NeedsForm,
        f"{_kind.value}_level",
        RadioField(_kind.label, choices=NeedLevel.choices(), default=NeedLevel.NONE.value),
    )
    setattr(NeedsForm, f"{_kind.value}_detail", short_text("Précision", 200))


class ProjectForm(VersionedForm):
    """What is asked of a dwelling, and the départements wished in order."""

    need_from = DateField(
        "Logement attendu à partir du", [Optional()], description="Sans cette date, le ménage n’est pas proposé."
    )
    min_days = IntegerField("Durée minimale, en jours", [Optional(), NumberRange(1, 3660, "Entre 1 et 3 660 jours.")])
    max_rent = AmountField(
        "Loyer maximal, en euros par mois", [Optional(), NumberRange(0, 9999, "Entre 0 et 9 999 €.")], places=2
    )
    wheelchair = BooleanField("Accessible en fauteuil roulant")
    ground_floor_or_lift = BooleanField("Rez-de-chaussée ou ascenseur")
    animals = BooleanField("Le ménage vient avec un animal")
    animals_note = short_text("Lequel", 120)
    smoking = SelectField("Tabac", choices=Smoking.choices())
    employment_area = short_text("Bassin d’emploi souhaité", 80)
    diet = boxes(
        "Régime alimentaire",
        choices=Diet.choices(),
        description="Ce qui se mange, pour partager une cuisine. La raison ne se demande pas et ne s’écrit pas.",
    )
    life_project = LongText(
        "Projet de vie",
        3000,
        description="Ce que la famille souhaite, avec ses mots. Des faits, pas de diagnostic ni d’opinion.",
    )
    wishes_exclusive = BooleanField("Seulement ces départements : aucun autre ne sera proposé")

    @classmethod
    def of(cls, household: Household, asked: HouseholdRequest, wishes: list[str]) -> ProjectForm:
        """Filled with what the file says."""
        return cls(
            obj=asked, version=household.version, **{f"wish_{rank}": code for rank, code in enumerate(wishes, 1)}
        )

    @property
    def wish_fields(self) -> list[SelectField]:
        """The ranks, in order."""
        return [self[f"wish_{rank}"] for rank in range(1, RANKS + 1)]

    def offer_departments(self, choices: list[tuple[str, str]]) -> None:
        """The départements that may be wished."""
        for field in self.wish_fields:
            field.choices = [("", "Aucun"), *choices]

    @property
    def wished(self) -> list[str]:
        """The codes in order, without the gaps."""
        return [field.data for field in self.wish_fields if field.data]

    @property
    def values(self) -> dict[str, Any]:
        """By column."""
        names = (
            "need_from", "min_days", "max_rent", "wheelchair", "ground_floor_or_lift", "animals", "animals_note", "smoking", "life_project", "wishes_exclusive",
        )  # fmt: skip
        return {
            **{name: self[name].data for name in names},
            "life_project": self.life_project.data or "",
            "employment_area": self.employment_area.data or None,
            "diet": self.diet.data or [],
        }


for _rank, _word in enumerate(("Premier", "Deuxième", "Troisième", "Quatrième", "Cinquième"), 1):
    setattr(ProjectForm, f"wish_{_rank}", SelectField(f"{_word} souhait", choices=[("", "Aucun")]))
