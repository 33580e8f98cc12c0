"""Every write on offers, places and occupancies. ``reserve`` is the only door to a place for someone else's household."""

from odis_app.housing.operations.availability import change_availability, confirm_place, confirm_stale_places
from odis_app.housing.operations.links import forget_links, remind_operators
from odis_app.housing.operations.many import NewOffer, receive_offers
from odis_app.housing.operations.occupancies import end_stay, release, reserve, start_stay
from odis_app.housing.operations.offers import (
    Host,
    confirm_offer,
    create_offer,
    resume_offer,
    suspend_offer,
    update_offer,
    withdraw_offer,
)
from odis_app.housing.operations.photos import add_photo, remove_photo
from odis_app.housing.operations.places import close_place, create_place, reopen_place, update_place
from odis_app.housing.operations.qualification import (
    ask_completion,
    clear_risk,
    complete_offer,
    decide,
    flag_risk,
    is_qualifiable,
    plan_visit,
    record_call,
    record_safeguards,
    record_visit,
)

__all__ = [
    "Host",
    "NewOffer",
    "add_photo",
    "ask_completion",
    "change_availability",
    "clear_risk",
    "close_place",
    "complete_offer",
    "confirm_offer",
    "confirm_place",
    "confirm_stale_places",
    "create_offer",
    "create_place",
    "decide",
    "end_stay",
    "flag_risk",
    "forget_links",
    "is_qualifiable",
    "plan_visit",
    "receive_offers",
    "record_call",
    "record_safeguards",
    "record_visit",
    "release",
    "remind_operators",
    "remove_photo",
    "reopen_place",
    "reserve",
    "resume_offer",
    "start_stay",
    "suspend_offer",
    "update_offer",
    "update_place",
    "withdraw_offer",
]
