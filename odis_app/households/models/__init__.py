"""The household file, cut by sensitivity class (migrations/versions/0004_households.py says which table is which)."""

from odis_app.households.models.file import (
    Household,
    HouseholdAdministrative,
    HouseholdCounter,
    HouseholdIdentity,
    HouseholdToken,
)
from odis_app.households.models.history import (
    Assignment,
    HouseholdChange,
    HouseholdFact,
    HouseholdTracking,
    changes_place,
)
from odis_app.households.models.needs import (
    HouseholdEnrolment,
    HouseholdNeed,
    HouseholdRequest,
    HouseholdResource,
    HouseholdWish,
)
from odis_app.households.models.people import HouseholdVersion, Member, MemberLanguage, age_on, job_words
from odis_app.households.models.protected import (
    SAME_LENGTH,
    HouseholdHealthNeed,
    MemberSafety,
    ProtectionStory,
    SafeContact,
)

__all__ = [
    "SAME_LENGTH",
    "Assignment",
    "Household",
    "HouseholdAdministrative",
    "HouseholdChange",
    "HouseholdCounter",
    "HouseholdEnrolment",
    "HouseholdFact",
    "HouseholdHealthNeed",
    "HouseholdIdentity",
    "HouseholdNeed",
    "HouseholdRequest",
    "HouseholdResource",
    "HouseholdToken",
    "HouseholdTracking",
    "HouseholdVersion",
    "HouseholdWish",
    "Member",
    "MemberLanguage",
    "MemberSafety",
    "ProtectionStory",
    "SafeContact",
    "age_on",
    "changes_place",
    "job_words",
]
