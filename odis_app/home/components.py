"""``/demo/composants``: every component in every state, for who writes a page and for the tests that look at them.

Registered on a demonstration installation only. People and places are invented; nothing is read from the database.
"""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, render_template, request
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    DateField,
    FileField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Regexp
from wtforms.widgets import CheckboxInput, ListWidget

from odis_app.core import clock
from odis_app.core.errors import RuleError
from odis_app.core.forms import Form
from odis_app.core.permissions import public
from odis_app.core.web import Page

blueprint = Blueprint("components", __name__, url_prefix="/demo/composants")


class SampleForm(Form):
    """One field of each kind; nothing is ever saved."""

    name = StringField("Nom, comme sur le titre de séjour", [DataRequired("Écrivez le nom du demandeur principal.")])
    email = StringField(
        "Adresse électronique", [Regexp(r".+@.+", message="L’adresse doit contenir une arobase, comme nom@exemple.fr.")]
    )
    secret = PasswordField(
        "Mot de passe", [InputRequired("Écrivez votre mot de passe.")], description="Douze caractères au moins."
    )
    born = DateField("Date de naissance", [InputRequired("Écrivez la date de naissance.")])
    people = IntegerField("Nombre de personnes", [InputRequired(), NumberRange(1, 20, "Entre 1 et 20 personnes.")])
    wish = SelectField(
        "Premier souhait", choices=[SelectChoice("49", "Maine-et-Loire (49)"), SelectChoice("53", "Mayenne (53)")]
    )
    stay = RadioField(
        "Droit au séjour",
        [InputRequired("Choisissez une réponse.")],
        choices=[
            SelectChoice("bpi", "Protection internationale"),
            SelectChoice("temp", "Protection temporaire"),
            SelectChoice("autre", "Autre titre"),
        ],
        description="Celui du demandeur principal.",
    )
    languages = SelectMultipleField(
        "Langues parlées",
        choices=[SelectChoice("fr", "Français"), SelectChoice("fa", "Dari ou persan"), SelectChoice("ti", "Tigrinya")],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    story = TextAreaField("Note", [Length(max=300)], description="Des faits, pas de diagnostic ni d’opinion.")
    proof = FileField("Justificatif", description="PDF ou image, 20 Mo au plus.")
    told = BooleanField("La personne a reçu l’information sur ses données, dans sa langue.", [DataRequired()])


_WRONG = {
    "email": "rima",
    "born": "2088-09-03",
    "people": "40",
    "wish": "49",
    "languages": "fa",
    "told": "y",
    "story": "Arrivée en mai.",
}
_CRITERIA = [
    ("Localisation", 34, 1.0, "Mayenne, premier vœu"),
    ("Taille", 20, 0.83, "5 personnes pour 6 places"),
    ("Bassin d’emploi", 16, 0.0, "Château-Gontier, souhait Laval"),
    ("Langue", 14, None, "inconnue, laissée hors du calcul"),
    ("Durée", 8, 1.0, "bail ouvert, sans fin"),
    ("Mode de vie", 8, 0.5, "tabac permis, aucun animal"),
]
_MONTHS = ["déc.", "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov."]
_SERIES = [
    {"label": "arrivée à proposition", "values": [34, 35, 33, 31, 32, 29, 28, 26, 27, 24, 22, 21]},
    {"label": "proposition à entrée", "values": [19, 18, 19, 20, None, 17, 18, 17, 16, 17, 16, 16]},
]


def _wrong_form() -> SampleForm:
    """The sample form as it comes back, with an error on a field, on a group and on none."""
    form = SampleForm(formdata=MultiDict(_WRONG), meta={"csrf": False})
    form.validate()
    form.add_error(RuleError("wish", "Le Maine-et-Loire est à la fois souhaité et exclu."))
    return form


def _weeks(today: date, count: int = 13) -> list[dict[str, Any]]:
    monday = today - timedelta(days=today.weekday() + 14)
    names = [
        "Janvier",
        "Février",
        "Mars",
        "Avril",
        "Mai",
        "Juin",
        "Juillet",
        "Août",
        "Septembre",
        "Octobre",
        "Novembre",
        "Décembre",
    ]
    days = [monday + timedelta(weeks=n) for n in range(count)]
    this_week = today - timedelta(days=today.weekday())
    return [
        {"day": d.day, "month": names[d.month - 1], "month_index": d.year * 12 + d.month, "now": d == this_week}
        for d in days
    ]


def _places() -> list[dict[str, Any]]:
    free = {"kind": "free", "word": "libre"}
    return [
        {"title": "Les Ormes, T4 n° 12", "note": "P-44-031, 5 pers.", "days": 22, "bars": [
            {"kind": "busy", "span": 1, "word": "0610", "full": "M-44-0610"},
            {"kind": "out", "span": 1, "word": "remise", "full": "remise en état"}, {**free, "span": 11}]},
        {"title": "Les Ormes, T4 n° 14", "note": "P-44-033, 5 pers.", "days": 0, "bars": [
            {"kind": "busy", "span": 2, "word": "M-44-0588", "url": "#"}, {**free, "span": 2},
            {"kind": "book", "span": 7, "word": "M-44-0872, option"}, {"kind": "none", "span": 2}]},
        {"title": "Penhoët, T5 n° 1", "note": "P-44-040, 7 pers.", "days": 9, "bars": [
            {"kind": "out", "span": 5, "word": "travaux"}, {"kind": "busy", "span": 8, "word": "M-44-0533, 7 personnes"}]},
    ]  # fmt: skip


@blueprint.get("", endpoint="page")
@public
def show() -> str:
    """The page; ``?theme=`` light or dark shows the other theme without changing the system."""
    theme = request.args.get("theme", "")
    return render_template(
        "home/components.html",
        theme=theme if theme in {"light", "dark"} else "",
        ago=lambda days: clock.today() - timedelta(days=days),
        wrong_form=_wrong_form(),
        criteria=[{"label": label, "weight": w, "agreement": a, "fact": fact} for label, w, a, fact in _CRITERIA],
        page=Page(items=[], number=3, per_page=25, total=1212),
        weeks=_weeks(clock.today()),
        places=_places(),
        months=_MONTHS,
        series=_SERIES,
        steps=_steps(),
        shell=_shell(),
        navigation=_navigation(),
    )


@blueprint.get("/progression", endpoint="progress")
@public
def progress() -> str:
    """The fragment that the sample job polls: always the same step, since nothing runs."""
    if request.headers.get("HX-Request") != "true":
        abort(404)
    return render_template("home/_components_progress.html", steps=_steps())


def _steps() -> list[SimpleNamespace]:
    return [
        SimpleNamespace(label="Lire les faits du mois", state="done", note="2 086 séjours"),
        SimpleNamespace(label="Calculer les indicateurs", state="done", note="38 sur 38"),
        SimpleNamespace(label="Dessiner les graphiques", state="doing", note="4 sur 7"),
        SimpleNamespace(label="Écrire le PDF accessible", state="todo", note=""),
        SimpleNamespace(label="Envoyer au coffre", state="failed", note="coffre plein"),
    ]


def _shell() -> dict[str, Any]:
    here = dict.fromkeys(
        ("home_url", "search_url", "assistant_url", "notifications_url", "account_url", "switch_url", "sign_out_url"),
        "#",
    )
    return {
        **here,
        "territory": "Loire-Atlantique (44)",
        "organisation": "Association Les Passerelles",
        "notifications": 5,
        "account_name": "Camille Fictive",
    }


def _navigation() -> list[dict[str, Any]]:
    entries = [
        ("Aujourd’hui", ""), ("Ménages", "household"), ("Offres et places", "place"), ("Appariement", "household"), ("Mobilité", "household"),
        ("Structures", "structure"), ("Sites", "site"), ("Territoires", ""), ("Pilotage", ""), ("Imports et bilans", ""),
    ]  # fmt: skip
    return [{"label": label, "url": "#", "folder": folder, "current": label == "Ménages"} for label, folder in entries]
