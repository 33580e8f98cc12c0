"""What the tests of reminders and of their links share: news that grew old, the mails, a browser on the list."""

from __future__ import annotations

from datetime import timedelta

from odis_app.core import clock
from odis_app.core.db import db, unit_of_work
from odis_app.housing import operations as do
from odis_app.housing.models import Occupancy, Place
from odis_app.housing.queries.places import place_row
from odis_app.notifications import queries as mails
from tests.housing.households import open_file


def aged(actor, place, days=20):
    with actor.acting() as identity:
        do.confirm_place(identity, place=db.get_one(Place, place.id), at=clock.now() - timedelta(days=days))
    return place


def reminders():
    with unit_of_work(None, readonly=True):
        return [m for m in mails.mailbox() if m.kind.name == "availability_reminder"]


def opened(client, mail=None):
    """A browser of nobody, on the list that the link of a mail (the newest) opens."""
    browser = client.as_(None)
    browser.get((mail or reminders()[0]).context["link"], status=303)
    return browser


def secret_of(mail=None):
    return (mail or reminders()[0]).context["link"].removeprefix("/disponibilites/")


def state_of(actor, place):
    with actor.acting() as identity:
        return place_row(identity, db.get_one(Place, place.id))


def lived_in(homes, association, operator, place):
    """A followed household lives there; its file."""
    household = open_file(association)
    booked = homes.reserve(association, place, household)
    with operator.acting() as identity:
        do.start_stay(
            identity,
            occupancy=db.get_one(Occupancy, booked.id),
            starts_on=clock.today() - timedelta(days=3),
            ends_on=clock.today() + timedelta(days=9),
        )
    return household
