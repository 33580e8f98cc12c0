"""The components, drawn one by one: what they say, and what they never let through."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from wtforms import Form as PlainForm
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from odis_app.core import assets, clock
from odis_app.core.web import Page

Draw = Callable[..., str]
HOSTILE = '"><img src=x onerror=alert(1)><b hx-get="/x">{{ 7*7 }}'


def text_of(html: str) -> str:
    """What is read, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.fixture(scope="module")
def showcase(template_app: Flask) -> str:
    answer = template_app.test_client().get("/demo/composants")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


# ── The whole page ──────────────────────────────────────────────────────────


def test_mark_up_is_balanced_and_identifiers_unique(showcase: str, tags: Callable[[str], Any]) -> None:
    read = tags(showcase)
    assert read.errors == []
    assert read.open == []
    found = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(found) == len(set(found))


def test_nothing_inline_that_the_policy_would_refuse(showcase: str, tags: Callable[[str], Any]) -> None:
    for tag, attributes in tags(showcase).tags:
        assert tag != "style"
        assert not [name for name in attributes if name == "style" or name.startswith(("on", "hx-on"))]
        assert tag != "script" or (attributes.get("src") or "").startswith("/assets/")


def test_every_reference_leads_somewhere(showcase: str, tags: Callable[[str], Any]) -> None:
    read = tags(showcase).tags
    found = {attributes["id"] for _, attributes in read if "id" in attributes}
    for _, attributes in read:
        for name in ("aria-describedby", "aria-labelledby", "for", "data-odis-count"):
            for target in (attributes.get(name) or "").split():
                assert target in found, f"{name}={target}"
        if (attributes.get("href") or "").startswith("#") and attributes["href"] != "#":
            assert attributes["href"][1:] in found


def test_htmx_is_told_to_keep_and_run_nothing(showcase: str) -> None:
    config = re.search(r"<meta name=\"htmx-config\" content='([^']+)'", showcase)
    assert config
    for setting in (
        '"historyCacheSize":0',
        '"refreshOnHistoryMiss":true',
        '"allowEval":false',
        '"allowScriptTags":false',
        '"allowNestedOobSwaps":false',
        '"includeIndicatorStyles":false',
        '{"code":"422","swap":true}',
    ):
        assert setting in config.group(1)


def test_every_component_file_is_shown() -> None:
    source = (assets.PROJECT / "templates/home/components.html").read_text() + (
        assets.PROJECT / "templates/home/_components_progress.html"
    ).read_text()
    source += (assets.PROJECT / "templates/layout/page.html").read_text()
    for path in (assets.PROJECT / "templates/components").glob("*.html"):
        assert f"components/{path.name}" in source, f"{path.name} is not on /demo/composants"


def test_every_component_documents_its_parameters() -> None:
    for path in (assets.PROJECT / "templates/components").glob("*.html"):
        assert path.read_text().startswith("{#-"), path.name


# ── Marks ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("days", "cls", "words"),
    [
        (1, "od-fresh", "confirmée hier par l’opérateur"),
        (9, "od-fresh is-half", "confirmée il y a 9 jours par l’opérateur"),
        (22, "od-fresh is-stale", "confirmée il y a 22 jours par l’opérateur"),
    ],
)
def test_freshness_has_a_disc_and_words(draw: Draw, days: int, cls: str, words: str) -> None:
    source = '{% from "components/fresh.html" import fresh %}{{ fresh(day, 7, 14, "confirmée", "par l’opérateur") }}'
    html = draw(source, day=clock.today() - timedelta(days=days))
    assert f'class="{cls}"' in html
    assert text_of(html).replace("\u00a0", " ") == words


def test_never_confirmed_says_so(draw: Draw) -> None:
    html = draw('{% from "components/fresh.html" import fresh %}{{ fresh(none, 7, 14, "vu") }}')
    assert text_of(html) == "jamais vu"
    assert "is-stale" in html


@pytest.mark.parametrize("level", range(5))
def test_sensitivity_fills_as_many_cells(draw: Draw, level: int) -> None:
    html = draw('{% from "components/sens.html" import sens %}{{ sens(level, "santé") }}', level=level)
    assert html.count("<rect") == 4
    assert html.count('class="on"') == level
    assert text_of(html) == f"Classe {level} · santé"


def test_state_always_has_a_sign_and_a_word(draw: Draw) -> None:
    for kind in ("ok", "wait", "late", "info", "off"):
        html = draw('{% from "components/state.html" import state %}{{ state(kind, "Mot") }}', kind=kind)
        assert "<use " in html
        assert text_of(html) == "Mot"


def test_kind_says_its_folder_to_who_cannot_see_the_colour(draw: Draw) -> None:
    html = draw('{% from "components/kind.html" import kind %}{{ kind("place", "P-44-031", "/places/1") }}')
    assert text_of(html) == "Place P-44-031"
    assert html.startswith('<a class="od-kind od-is-place" href="/places/1">')


# ── People's text ───────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "source",
    [
        '{% from "components/folder.html" import folder %}{{ folder("household", "M-1", typed, facts=[("Langue", typed)]) }}',
        '{% from "components/journal.html" import journal_entry, journal_auto %}{{ journal_entry("hier", typed, typed) }}{{ journal_auto("hier", typed) }}',
        '{% from "components/note.html" import note %}{{ note(typed, strong=typed) }}',
        '{% from "components/work.html" import work_item %}{{ work_item("hier", typed, "/x", "Voir", why=typed) }}',
        '{% from "components/tap.html" import tap %}{{ tap("p1", typed, "", "", "/a", "/b", typed, typed) }}',
        '{% from "components/table.html" import table %}{% call table(typed, [{"label": typed}]) %}<tr><td>{{ typed }}</td></tr>{% endcall %}',
        '{% from "components/views.html" import chips %}{{ chips([{"label": typed, "url": "/x"}]) }}',
        '{% from "components/charts.html" import hbars, lines %}{{ hbars([{"label": typed, "value": 2}], typed) }}{{ lines(["a"], [{"label": typed, "values": [1]}], typed) }}',
        '{% from "components/calendar.html" import calendar %}{{ calendar([], [{"title": typed, "note": typed, "bars": [{"kind": "busy", "span": 1, "word": typed}]}], typed) }}',
        '{% from "components/confirm.html" import confirm %}{{ confirm("Refuser", typed, "/x", "Refuser") }}',
    ],
)
def test_what_people_typed_never_becomes_mark_up(draw: Draw, tags: Callable[[str], Any], source: str) -> None:
    html = draw(source, typed=HOSTILE)
    read = tags(html)
    assert "img" not in [tag for tag, _ in read.tags]
    assert not [
        1 for _, attributes in read.tags for name in attributes if name == "onerror" or attributes.get("hx-get") == "/x"
    ]
    assert "7*7" in html
    assert "49" not in text_of(html)


def test_journal_text_keeps_its_lines_and_is_out_of_reach_of_htmx(draw: Draw) -> None:
    html = draw('{% from "components/journal.html" import journal_entry %}{{ journal_entry("hier", "un\\ndeux") }}')
    assert '<p class="od-text" hx-disable>un\ndeux</p>' in html


# ── Lists ───────────────────────────────────────────────────────────────────


def pages(number: int, total: int) -> Page[Any]:
    return Page([], number, 25, total)


PAGINATION = '{% from "components/pagination.html" import pagination %}{{ pagination(page, target="#resultats") }}'


def test_pages_keep_the_filters(draw: Draw) -> None:
    html = draw(PAGINATION, at="/menages?etape=a&etape=b&q=&page=2", page=pages(2, 212))
    assert 'href="/menages?etape=a&amp;etape=b&amp;page=3"' in html
    assert 'hx-get="/menages?etape=a&amp;etape=b&amp;page=1"' in html
    assert text_of(html).startswith("Lignes 26 à 50 sur 212")
    assert html.count('aria-current="page"') == 1


def test_one_page_has_no_links(draw: Draw) -> None:
    html = draw(PAGINATION, page=pages(1, 11))
    assert "<nav" not in html
    assert "Lignes 1 à 11 sur 11" in text_of(html)


def test_ends_of_a_long_list(draw: Draw) -> None:
    first, last = (draw(PAGINATION, at="/x", page=pages(n, 1212)) for n in (1, 49))
    assert '<li class="page-item disabled"><span class="page-link">Précédente</span>' in first
    assert '<li class="page-item disabled"><span class="page-link">Suivante</span>' in last
    assert first.count("…") == 1
    assert [pages(n, 1212).near for n in (1, 3, 49)] == [[1, 2, 49], [1, 2, 3, 4, 49], [1, 48, 49]]
    assert pages(2, 110).near == [1, 2, 3, 4, 5]


def test_sorting_is_a_link_that_turns_round(draw: Draw) -> None:
    source = '{% from "components/table.html" import table %}{% call table("x", [{"label": "Nom", "sort": "nom"}], sort=sort) %}{% endcall %}'
    assert 'href="/menages?q=a&amp;tri=nom"' in draw(source, at="/menages?q=a&page=4", sort="")
    ascending = draw(source, at="/menages?tri=nom", sort="nom")
    assert 'aria-sort="ascending"' in ascending
    assert 'href="/menages?tri=-nom"' in ascending
    assert 'aria-sort="descending"' in draw(source, sort="-nom")


def test_a_chip_removes_one_value_only(draw: Draw) -> None:
    assert draw('{{ url_without("etape", "b") }}', at="/menages?etape=a&etape=b&page=3") == "/menages?etape=a"


# ── Forms ───────────────────────────────────────────────────────────────────


class Sample(PlainForm):
    name = StringField("Nom", [InputRequired("Écrivez le nom.")], description="Comme sur le titre.")
    stay = RadioField(
        "Séjour", [InputRequired("Choisissez.")], choices=[SelectChoice("a", "A"), SelectChoice("b", "B")]
    )
    note = TextAreaField("Note", [Length(max=50)])
    wish = SelectField("Souhait", choices=[SelectChoice("53", "Mayenne")])
    free = SelectField("Autre", choices=[SelectChoice("", "Aucun"), SelectChoice("53", "Mayenne")])


def test_error_above_the_field_tied_to_it(draw: Draw) -> None:
    form = Sample(MultiDict({"wish": "53"}))
    form.validate()
    html = draw('{% from "components/form.html" import field %}{{ field(form.name, autocomplete="off") }}', form=form)
    assert 'aria-describedby="name-a name-e"' in html
    assert 'aria-invalid="true"' in html
    assert 'autocomplete="off"' in html
    assert html.index("Nom") < html.index("Comme sur le titre.") < html.index("Écrivez le nom.") < html.index("<input")


def test_radios_are_a_group_that_the_summary_can_reach(draw: Draw) -> None:
    form = Sample(MultiDict({"wish": "53"}))
    form.validate()
    html = draw('{% from "components/form.html" import field %}{{ field(form.stay) }}', form=form)
    assert '<fieldset class="od-field has-error" id="stay" tabindex="-1" aria-describedby="stay-e">' in html
    assert "<legend" in html
    assert html.count('type="radio"') == 2


@pytest.mark.parametrize(("name", "optional"), [("name", False), ("note", True), ("wish", False), ("free", True)])
def test_what_is_optional_is_written(draw: Draw, name: str, optional: bool) -> None:
    html = draw('{% from "components/form.html" import field %}{{ field(form[name]) }}', form=Sample(), name=name)
    assert ("(facultatif)" in html) is optional


def test_a_limit_is_told_without_script(draw: Draw) -> None:
    html = draw('{% from "components/form.html" import field %}{{ field(form.note, count=true) }}', form=Sample())
    assert 'maxlength="50"' in html
    assert "50 caractères au plus." in text_of(html)


def test_summary_links_to_each_field(draw: Draw) -> None:
    form = SimpleNamespace(error_list=[("name", "Écrivez le nom."), ("", "Le dossier a changé.")])
    html = draw(
        '{% from "components/form.html" import form_errors %}{{ form_errors(form, "Le ménage n’est pas enregistré") }}',
        form=form,
    )
    assert 'role="alert" tabindex="-1" data-odis-focus' in html
    assert '<li><a href="#name">Écrivez le nom.</a></li><li>Le dossier a changé.</li>' in html
    assert "Le ménage n’est pas enregistré : 2 réponses sont à revoir." in text_of(html)


def test_no_summary_without_error(draw: Draw) -> None:
    html = draw(
        '{% from "components/form.html" import form_errors %}{{ form_errors(form) }}',
        form=SimpleNamespace(error_list=[], is_resumed=False),
    )
    assert html.strip() == ""


# ── Score, progress, charts ─────────────────────────────────────────────────


def test_score_cells_are_as_wide_as_their_weight(draw: Draw) -> None:
    criteria = [{"label": "Lieu", "weight": 30, "agreement": 0.5}, {"label": "Langue", "weight": 10, "agreement": None}]
    html = draw('{% from "components/score.html" import score %}{{ score(50, criteria) }}', criteria=criteria)
    assert '<rect class="bg" x="0" width="297.0" height="18"/><rect class="v" x="0" width="148.5" height="18"/>' in html
    assert 'fill="url(#od-hatch)"' in html
    assert 'aria-label="Détail du score : lieu 50\u202f%, langue inconnu"' in html


def test_a_finished_job_stops_asking(draw: Draw) -> None:
    source = '{% from "components/progress.html" import progress %}{{ progress("job", "/job", "Bilan", 62, running=running, reload_url="/page") }}'
    running, done = (draw(source, running=state) for state in (True, False))
    assert 'hx-trigger="every 2s"' in running
    assert 'href="/page"' in running
    assert "hx-" not in done


CHARTS = [
    '{{ hbars([{"label": "Mayenne", "value": 31}, {"label": "Sarthe", "value": none}], "Mayenne 31", pdf=pdf) }}',
    '{{ stacked([{"label": "a", "value": 3, "tone": "ok"}, {"label": "b", "value": 0, "tone": "late"}], "trois", pdf=pdf) }}',
    '{{ lines(["j", "f", "m"], [{"label": "x", "values": [1, none, 3]}, {"label": "y", "values": [none, none, none]}], "un à trois", "j", {"label": "objectif", "value": 2}, true, pdf) }}',
    '{{ columns(["j", "f"], [4, none], "quatre", "", {"label": "seuil", "value": 3}, pdf) }}',
]


@pytest.mark.parametrize("source", CHARTS)
@pytest.mark.parametrize("pdf", [False, True])
def test_charts_are_images_with_a_sentence(draw: Draw, tags: Callable[[str], Any], source: str, pdf: bool) -> None:
    html = draw('{% from "components/charts.html" import hbars, stacked, lines, columns %}' + source, pdf=pdf)
    read = tags(html)
    assert read.errors == []
    (drawing,) = [a for tag, a in read.tags if tag == "svg" and a.get("role") == "img"]
    assert drawing["aria-label"]
    shapes = [(tag, a) for tag, a in read.tags if tag in {"rect", "line", "text", "circle", "polyline", "polygon"}]
    for tag, attributes in shapes:
        assert "style" not in attributes
        if pdf:
            assert "class" not in attributes
            assert attributes.get("fill") or attributes.get("stroke"), tag
            assert tag != "text" or attributes.get("font-size")
        for name in ("x", "y", "width", "height", "cx", "cy"):
            assert float(attributes.get(name) or 0) >= -0.1


def test_a_missing_month_breaks_the_line_and_is_no_zero(draw: Draw) -> None:
    html = draw(
        '{% from "components/charts.html" import lines %}{{ lines(["a", "b", "c", "d"], [{"label": "x", "values": [1, 2, none, 4]}], "s") }}'
    )
    assert html.count("<polyline") == 2


def test_figures_behind_a_chart_name_what_is_missing(draw: Draw) -> None:
    html = draw(
        '{% from "components/charts.html" import chart_table %}{{ chart_table("Départs", ["Lieu", "Ménages"], [["Sarthe", none], ["Mayenne", 1234]]) }}'
    )
    assert (
        text_of(html).replace("\u202f", " ")
        == "Voir les chiffres Départs Lieu Ménages Sarthe donnée absente Mayenne 1 234"
    )


# ── Layouts ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", [400, 403, 404, 409, 410, 413, 429, 500, 503, 418])
def test_errors_say_what_is_wrong_and_what_to_do(draw: Draw, code: int) -> None:
    html = draw('{% extends "errors/error.html" %}', code=code)
    assert f"Erreur {code}" in html
    assert html.count("<h1>") == 1
    assert "!" not in text_of(html.split("<main", 1)[1])


def test_messages_are_swapped_only_into_fragments(draw: Draw) -> None:
    source = '{% include "layout/_messages.html" %}'
    assert "hx-swap-oob" not in draw(source)
    assert 'hx-swap-oob="true"' in draw(source, as_fragment=True)


def test_sign_in_takes_nothing_from_a_third_party(template_app: Flask) -> None:
    served = template_app.jinja_env.globals["stylesheet"].__self__  # type: ignore[attr-defined]
    served.mode = "cdn"
    try:
        with template_app.test_request_context("/connexion"):
            html = template_app.jinja_env.get_template("layout/sign_in.html").render()
            staff = template_app.jinja_env.get_template("layout/page.html").render()
    finally:
        served.mode = "local"
    assert assets.CDN_ORIGIN not in html
    assert staff.count(assets.CDN_ORIGIN) == 2


def test_right_to_left_takes_its_own_stylesheet(draw: Draw) -> None:
    html = draw('{% extends "layout/sign_in.html" %}', dir="rtl", lang="fa")
    assert '<html lang="fa" dir="rtl">' in html
    assert "/assets/bootstrap.rtl." in html


@pytest.mark.parametrize(("theme", "found"), [("dark", True), ("light", True), ("", False), ('"><script>', False)])
def test_only_known_themes_are_written(draw: Draw, theme: str, found: bool) -> None:
    assert ("data-bs-theme" in draw('{% extends "layout/page.html" %}', theme=theme)) is found


def test_the_progress_fragment_is_only_for_htmx(template_app: Flask) -> None:
    client = template_app.test_client()
    assert client.get("/demo/composants/progression").status_code == 404
    assert Markup(
        client.get("/demo/composants/progression", headers={"HX-Request": "true"}).get_data(as_text=True)
    ).striptags()
