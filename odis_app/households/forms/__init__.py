"""Forms of the household file: shape and wording; rules belong to operations."""

from odis_app.households.forms.file import FilterForm, IdentityForm, OpeningForm, SearchForm
from odis_app.households.forms.members import CloseMemberForm, MemberForm, NewMemberForm
from odis_app.households.forms.needs import AdministrativeForm, NeedsForm, ProjectForm
from odis_app.households.forms.protected import HealthForm, SafetyForm
from odis_app.households.forms.sharing import RenewForm, ShareForm, SignalForm
from odis_app.households.forms.situation import EnrolmentsForm, ResourcesForm

__all__ = [
    "AdministrativeForm",
    "CloseMemberForm",
    "EnrolmentsForm",
    "FilterForm",
    "HealthForm",
    "IdentityForm",
    "MemberForm",
    "NeedsForm",
    "NewMemberForm",
    "OpeningForm",
    "ProjectForm",
    "RenewForm",
    "ResourcesForm",
    "SafetyForm",
    "SearchForm",
    "ShareForm",
    "SignalForm",
]
