"""The commune picker in a form: with suggestions, and without JavaScript."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from flask import Flask, Response
from flask.testing import FlaskClient
from wtforms.validators import InputRequired

from odis_app.core import requests, templating
from odis_app.core.config import ROOT
from odis_app.core.forms import Form
from odis_app.core.permissions import public
from odis_app.territories.fields import CommuneField
from odis_app.territories.views import blueprint

PAGE = """{% extends "layout/page.html" %}{% from "components/form.html" import field, form_errors %}
{% block content %}<form method="post">{{ form_errors(form) }}{{ field(form.commune) }}</form><p id="valeur">{{ form.commune.data or "" }}</p>{% endblock %}"""


class PlaceForm(Form):
    """Any form with a commune in it."""

    commune = CommuneField("Commune", [InputRequired("Écrivez une commune.")])


class OptionalForm(Form):
    """A form where the commune may be left empty."""

    commune = CommuneField("Commune")


@pytest.fixture(scope="module")
def app() -> Flask:
    """The picker in an application of its own: the whole house is not needed to choose a commune."""
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=None)
    app.config.update(SECRET_KEY="essai", WTF_CSRF_ENABLED=False, ODIS_ASSETS="local", TESTING=True)
    requests.init_app(app)
    templating.setup(app)
    app.register_blueprint(blueprint)

    @app.route("/lieu", methods=["GET", "POST"])
    @public
    def place() -> Response:
        form = PlaceForm()
        status = 200 if form.validate_on_submit() or not form.is_submitted() else 422
        return Response(app.jinja_env.from_string(PAGE).render(form=form), status)

    @app.route("/lieu/<code>")
    @public
    def edit(code: str) -> Response:
        return Response(app.jinja_env.from_string(PAGE).render(form=OptionalForm(data={"commune": code})))

    @app.route("/facultatif", methods=["POST"])
    @public
    def optional() -> Response:
        form = OptionalForm()
        return Response(form.commune.data or "vide", 200 if form.validate_on_submit() else 422)

    return app


@pytest.fixture
def client(app: Flask, engine: None) -> FlaskClient:
    """A browser without JavaScript."""
    return app.test_client()


def soup(text: str) -> BeautifulSoup:
    return BeautifulSoup(text, "html.parser")


def value(text: str) -> str:
    found = soup(text).select_one("#valeur")
    assert found is not None
    return found.text


@pytest.mark.parametrize("typed", ["Nantes", "44000", "nantes (44)", "  NANTES  ", "44109", "44000 Nantes"])
def test_an_unambiguous_text_resolves_directly(client: FlaskClient, typed: str) -> None:
    answer = client.post("/lieu", data={"commune": typed})
    assert answer.status_code == 200
    assert value(answer.text) == "44109"
    box = soup(answer.text).select_one("input[name=commune]")
    assert box is not None
    assert box["value"] == "Nantes (44)"


def test_an_ambiguous_text_gives_the_candidates_then_the_choice_is_kept(client: FlaskClient) -> None:
    answer = client.post("/lieu", data={"commune": "Saint-Denis"})
    assert answer.status_code == 422
    page = soup(answer.text)
    radios = page.select("input[type=radio][name=commune-choix]")
    assert {"93066", "97411"} <= {radio["value"] for radio in radios}
    assert all(page.select_one(f"label[for={radio['id']}]") for radio in radios)
    assert "Plusieurs communes correspondent" in answer.text
    answer = client.post("/lieu", data={"commune": "Saint-Denis", "commune-choix": "97411"})
    assert (answer.status_code, value(answer.text)) == (200, "97411")


def test_a_choice_left_from_another_text_does_not_win(client: FlaskClient) -> None:
    answer = client.post("/lieu", data={"commune": "Rennes (35)", "commune-choix": "97411"})
    assert (answer.status_code, value(answer.text)) == (200, "35238")


def test_a_suggestion_chosen_while_typing_is_kept(client: FlaskClient) -> None:
    answer = client.post("/lieu", data={"commune": "nante", "commune-choix": "44109"})
    assert (answer.status_code, value(answer.text)) == (200, "44109")


def test_an_unknown_text_says_how_to_mend(client: FlaskClient) -> None:
    answer = client.post("/lieu", data={"commune": "<b>Zzzville</b>"})
    assert answer.status_code == 422
    assert "Vérifiez le nom ou écrivez le code postal" in answer.text
    assert "<b>Zzzville" not in answer.text


def test_required_and_optional(client: FlaskClient) -> None:
    assert "Écrivez une commune." in client.post("/lieu", data={"commune": " "}).text
    assert client.post("/facultatif", data={"commune": ""}).text == "vide"
    assert client.post("/facultatif", data={}).text == "vide"


def test_an_existing_value_is_shown_by_its_label(client: FlaskClient) -> None:
    box = soup(client.get("/lieu/93066").text).select_one("input[name=commune]")
    assert box is not None
    assert (box["value"], box["class"], box["hx-target"]) == (
        "Saint-Denis (93)",
        ["form-control"],
        "#commune-suggestions",
    )


def test_the_fragment_answers_with_radio_buttons(client: FlaskClient) -> None:
    answer = client.get("/territoires/communes?champ=lieu-commune&lieu-commune=44000", headers={"HX-Request": "true"})
    page = soup(answer.text)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert [radio["value"] for radio in page.select("input[type=radio][name=lieu-commune-choix]")] == ["44109"]
    assert page.find(id="lieu-commune-suggestions") is not None
    assert "HX-Request" in answer.headers["Vary"]


def test_the_page_answers_without_javascript(client: FlaskClient) -> None:
    answer = client.get("/territoires/communes?q=bellegarde+sur+valserine")
    assert "<html" in answer.text
    assert "Valserhône (01), anciennement Bellegarde-sur-Valserine" in answer.text
    assert "Aucune commune" in client.get("/territoires/communes?q=zzzz").text
    assert "Aucune commune" not in client.get("/territoires/communes").text


def test_a_malformed_field_name_is_refused(client: FlaskClient) -> None:
    assert client.get('/territoires/communes?champ="><script>').status_code == 400
