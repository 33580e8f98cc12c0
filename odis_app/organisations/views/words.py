"""/mots: the words of the product and how one's départements say them; and the remark that other pages bear."""

from __future__ import annotations

from flask import Response, g

from odis_app.core.permissions import guard
from odis_app.core.web import identity, render
from odis_app.organisations.policy import TERRITORY_UPDATE, WORDS_READ
from odis_app.organisations.views.base import blueprint
from odis_app.organisations.words import local_words, sentence, terms
from odis_app.territories.queries import label_of


@blueprint.get("/mots")
@guard(WORDS_READ)
def words() -> Response:
    """The closed list, with what each word means and how it is said here."""
    who = identity()
    return render(
        "organisations/words.html",
        terms=terms(),
        said=local_words(who),
        label_of=label_of,
        can_update=who.can(TERRITORY_UPDATE),
        crumbs=[("Les mots d’ici", None)],
    )


def said_here(*keys: str) -> str:
    """« Ici, « offre » se dit « accueil ». » for the person who reads the page; empty when nothing is said otherwise. Read once a request."""
    if "local_words" not in g:
        g.local_words = local_words(identity())
    return " ".join(sentence(key, g.local_words[key]) for key in keys if key in g.local_words)


blueprint.add_app_template_global(said_here, "said_here")
