"""What is typed about an offer, a place, a qualification step, an availability."""

from __future__ import annotations

from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    DecimalField,
    EmailField,
    FileField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp
from wtforms.widgets import CheckboxInput, ListWidget

from odis_app.core import clock
from odis_app.core.errors import RuleError
from odis_app.core.forms import Form
from odis_app.households.enums import CompositionKind, Language
from odis_app.households.operations import normal_phone
from odis_app.housing.enums import (
    Access,
    HousingKind,
    OrientationAuthority,
    PlaceState,
    ProviderKind,
    RefusalMotif,
    UnavailabilityMotif,
    ValidationMotif,
)
from odis_app.housing.models import Living
from odis_app.housing.operations.availability import CHOICES
from odis_app.housing.operations.home import FACTS, LONGEST_STAY
from odis_app.housing.operations.links import SAME, Answer
from odis_app.housing.operations.photos import NOT_AGREED, UNTOLD
from odis_app.housing.rooms import EXAMPLE, parse_rooms
from odis_app.housing.status import CHECKLIST, QUALITIES, SAFEGUARDS
from odis_app.organisations.queries import dispositifs
from odis_app.territories.fields import CommuneField

NOTE = "Des faits, sans nom de personne hébergée."
NONE = ("", "Non renseigné")
DETAILS = (
    "charges", "min_stay_days", "max_stay_days", "renewable", "min_child_age", "accepted_compositions",
    "women", "men", "children", "ages", "rooms", "shops_minutes", "school_minutes", "doctor_minutes",
)  # fmt: skip
_DAYS = NumberRange(1, LONGEST_STAY, "Entre 1 et 3 660 jours.")
_PEOPLE = NumberRange(0, 20, "Entre 0 et 20 personnes.")
_MINUTES = NumberRange(0, 180, "Entre 0 et 180 minutes.")


class HomeForm(Form):
    """What matching reads of a home."""

    dispositif_id = SelectField("Dispositif", coerce=int)
    kind = SelectField("Type de logement", choices=HousingKind.choices())
    commune = CommuneField("Commune", [InputRequired("Écrivez la commune ou son code postal.")])
    address = StringField(
        "Adresse exacte",
        [Length(max=200)],
        description="Lue par votre organisation seulement, puis par celle du ménage après accord.",
    )
    capacity = IntegerField(
        "Nombre de personnes",
        [
            InputRequired("Écrivez combien de personnes peuvent y vivre."),
            NumberRange(1, 60, "Entre 1 et 60 personnes."),
        ],
    )
    bedrooms = IntegerField(
        "Chambres",
        [Optional(), NumberRange(0, 60, "Entre 0 et 60 chambres.")],
        description="0 pour un studio ; vide pour un lieu collectif sans chambres.",
    )
    available_from = DateField("Libre à partir du", [Optional()])
    available_to = DateField("Jusqu’au", [Optional()], description="Vide : sans fin prévue.")
    rent = DecimalField(
        "Reste à payer par mois, en euros",
        [Optional(), NumberRange(0, 5000, "Entre 0 et 5 000 euros.")],
        places=2,
        description="Charges comprises. 0 quand rien n’est demandé.",
    )
    charges = DecimalField(
        "Dont charges, en euros", [Optional(), NumberRange(0, 5000, "Entre 0 et 5 000 euros.")], places=2
    )
    min_stay_days = IntegerField(
        "Durée minimale, en jours", [Optional(), _DAYS], description="14 pour deux semaines, 90 pour trois mois."
    )
    max_stay_days = IntegerField(
        "Durée maximale, en jours",
        [Optional(), _DAYS],
        description="Un ménage qui a besoin de plus longtemps n’est pas proposé, sauf si le séjour peut être prolongé.",
    )
    renewable = BooleanField("Le séjour peut être prolongé")
    accepts_minors = BooleanField("Accueille des mineurs")
    max_minors = IntegerField("Mineurs au plus", [Optional(), NumberRange(0, 60, "Entre 0 et 60 mineurs.")])
    min_child_age = IntegerField(
        "Âge minimal des enfants",
        [Optional(), NumberRange(0, 17, "Entre 0 et 17 ans.")],
        description="Vide : tous les âges.",
    )
    accepted_compositions = SelectMultipleField(
        "Seulement ces ménages",
        choices=[c for c in CompositionKind.choices() if c[0] != CompositionKind.ISOLE.value],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        description="Rien de coché : tous. Ni l’origine, ni la religion, ni le statut ne se choisissent.",
    )
    ban_id = StringField(
        "Identifiant BAN de l’adresse",
        [Length(max=60)],
        description="Rempli par la recherche. Par exemple 44109_1234_00012.",
    )
    wheelchair = BooleanField("Accessible en fauteuil roulant")
    ground_floor_or_lift = BooleanField("Rez-de-chaussée ou ascenseur")
    accepts_animals = BooleanField("Animaux acceptés")
    animals_present = BooleanField("Animaux déjà présents")
    smoking_allowed = BooleanField("Il est permis de fumer")
    hosts_women_only = BooleanField("Hébergement par des femmes seulement")
    women_only_certified = BooleanField("Lieu certifié réservé aux femmes")
    specialised_fvv_teh = BooleanField("Lieu spécialisé pour des femmes victimes de violences ou de traite")
    location_secret = BooleanField(
        "Lieu tenu secret",
        description="Seul le département est montré aux autres organisations. Toujours le cas d’un lieu spécialisé.",
    )
    languages = SelectMultipleField(
        "Langues parlées sur place",
        choices=Language.choices(),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dispositif_id.choices = [(d.id, d.label) for d in dispositifs()]

    @property
    def is_secret(self) -> bool:
        """What is ticked keeps the place secret."""
        return bool(self.location_secret.data or self.specialised_fvv_teh.data)

    def values(self) -> dict[str, Any]:
        """As the operations take them."""
        found = {name: self._fields[name].data for name in FACTS if name in self._fields}
        for name in ("max_minors", "min_child_age"):
            found[name] = self._fields[name].data if self.accepts_minors.data else None
        return found | {
            "commune_code": self.commune.data,
            "location_secret": self.location_secret.data or None,
        }

    @property
    def has_details(self) -> bool:
        """Something rare is said, or is to be corrected: the disclosure is then open."""
        return any(self._fields[name].data or self._fields[name].errors for name in DETAILS if name in self._fields)

    def add_error(self, error: RuleError) -> None:
        """Operations speak of columns."""
        super().add_error(RuleError({"commune_code": "commune"}.get(error.field, error.field), error.message))


class OfferForm(HomeForm):
    """An offer: the home, who offers it, what it has."""

    provider_kind = RadioField("Qui propose", choices=ProviderKind.choices(), default=ProviderKind.PARTICULIER.value)
    host_name = StringField("Nom", [InputRequired("Écrivez le nom de la personne ou de l’organisme."), Length(max=120)])
    phone = StringField("Téléphone", [Length(max=40)], render_kw={"inputmode": "tel", "autocomplete": "off"})
    email = EmailField(
        "Adresse électronique",
        [
            Optional(),
            Regexp(r"[^@\s]+@[^@\s]+\.[^@\s]+", message="L’adresse doit contenir une arobase, comme nom@exemple.fr."),
        ],
    )
    siret = StringField("SIRET", [Optional(), Regexp(r"^\d{14}$", message="Le SIRET compte quatorze chiffres.")])
    received_on = DateField("Reçue le", default=clock.today)
    units = IntegerField(
        "Unités identiques",
        [InputRequired("Écrivez combien d’unités, 1 le plus souvent."), NumberRange(1, 200, "Entre 1 et 200.")],
        default=1,
    )
    bathroom = SelectField("Salle d’eau", choices=[NONE, *Access.choices()])
    kitchen = SelectField("Cuisine", choices=[NONE, *Access.choices()])
    women = IntegerField("Femmes au foyer", [Optional(), _PEOPLE])
    men = IntegerField("Hommes au foyer", [Optional(), _PEOPLE])
    children = IntegerField("Enfants au foyer", [Optional(), _PEOPLE])
    ages = StringField("Leurs âges", [Length(max=80)], description="Par exemple « 42, 8 et 5 ans ».")
    rooms = TextAreaField(
        "Chambre par chambre",
        [Length(max=2000)],
        description=f"Une chambre par ligne : « {EXAMPLE} », « 9 m², 2 lits simples, 1 lit bébé ».",
    )
    surface_m2 = IntegerField("Surface en m²", [Optional(), NumberRange(9, 1000, "Entre 9 et 1 000 m².")])
    transport_minutes = IntegerField("Transports en commun à pied, en minutes", [Optional(), _MINUTES])
    shops_minutes = IntegerField("Commerces à pied, en minutes", [Optional(), _MINUTES])
    school_minutes = IntegerField("École à pied, en minutes", [Optional(), _MINUTES])
    doctor_minutes = IntegerField("Médecin à pied, en minutes", [Optional(), _MINUTES])
    internet = BooleanField("Connexion internet")
    heating = BooleanField("Chauffage dans chaque pièce")
    smoke_detector = BooleanField("Détecteur de fumée")

    def validate_phone(self, field: StringField) -> None:
        """Normalise, or say what is wrong."""
        if field.data:
            try:
                field.data = normal_phone(field.data)
            except RuleError as error:
                raise ValidationError(error.message) from error

    def validate_rooms(self, field: TextAreaField) -> None:
        """Understood line by line, and no more lines than bedrooms."""
        try:
            told = len(parse_rooms(field.data or ""))
        except RuleError as error:
            raise ValidationError(error.message) from error
        if self.bedrooms.data is not None and told > self.bedrooms.data:
            raise ValidationError(f"{told} chambres sont décrites : corrigez le nombre de chambres, ou ces lignes.")

    def qualities(self) -> dict[str, Any]:
        """The qualities that are known."""
        found = {name: self._fields[name].data for name in QUALITIES if self._fields[name].data not in (None, "")}
        rooms = parse_rooms(self.rooms.data or "")
        return found | ({"rooms": rooms} if rooms else {})

    def living(self) -> Living:
        """Who lives there already."""
        return Living(self.women.data, self.men.data, self.children.data, self.ages.data or "")


class PlaceForm(HomeForm):
    """A place of a structure."""

    structure = SelectField("Structure")
    label = StringField(
        "Nom de la place",
        [InputRequired("Écrivez comment vous l’appelez, par exemple « Les Ormes, studio 3 »."), Length(max=120)],
    )
    orientation_authority = SelectField("Qui oriente", choices=OrientationAuthority.choices())
    opened_on = DateField("Ouverte le", [Optional()], description="Vide tant que la place est en création.")


class PhotoForm(Form):
    """A photo of a home: the picture, what it shows, the host's agreement."""

    photo = FileField(
        "Photo",
        description="Image JPEG, PNG ou WebP. Ni façade, ni numéro, ni nom sur la boîte, ni visage.",
        render_kw={"accept": ".jpg,.jpeg,.png,.webp"},
    )
    caption = StringField(
        "Ce qu’elle montre",
        [InputRequired(UNTOLD), Length(max=100)],
        description="Par exemple « Chambre, vue de la porte ».",
    )
    agreed = BooleanField("L’hébergeur est d’accord pour ces photos", [InputRequired(NOT_AGREED)])


class CallForm(Form):
    """A call to the host."""

    on = DateField("Le", [InputRequired("Écrivez la date de l’appel.")], default=clock.today)
    reached = RadioField(
        "Réponse",
        [InputRequired("Dites si quelqu’un a répondu.")],
        choices=[("oui", "Joint"), ("non", "Pas de réponse")],
    )
    note = StringField("Note", [Length(max=300)], description=NOTE)


class AskForm(Form):
    """What is missing."""

    missing = StringField(
        "Ce qui manque",
        [InputRequired("Écrivez ce qui manque, par exemple « surface des chambres »."), Length(max=200)],
    )


class PlanForm(Form):
    """When the visit takes place, in Paris time."""

    at = DateTimeLocalField(
        "Visite le", [InputRequired("Écrivez le jour et l’heure de la visite.")], format="%Y-%m-%dT%H:%M"
    )


class VisitForm(Form):
    """The visit: two people, a checklist."""

    on = DateField("Visite du", [InputRequired("Écrivez la date de la visite.")], default=clock.today)
    first_visitor = StringField(
        "Première personne", [InputRequired("Écrivez le nom de la première personne."), Length(max=120)]
    )
    second_visitor = StringField(
        "Deuxième personne",
        [InputRequired("Une visite se fait à deux : écrivez le second nom."), Length(max=120)],
        description="Peut être un bénévole formé.",
    )
    checklist = SelectMultipleField(
        "Points vérifiés",
        choices=list(CHECKLIST.items()),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    note = TextAreaField("Compte rendu", [Length(max=1000)], description=NOTE)


class SafeguardForm(Form):
    """Which safeguards are checked."""

    checked = SelectMultipleField(
        "Garde-fous",
        choices=list(SAFEGUARDS.items()),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


_MOTIFS = [
    SelectChoice("", "Choisir"),
    *(SelectChoice(m.value, m.label, optgroup="Pour valider") for m in ValidationMotif),
    *(SelectChoice(m.value, m.label, optgroup="Pour refuser") for m in RefusalMotif),
]


class DecisionForm(Form):
    """The decision and its motif, of the list that goes with it."""

    accepted = RadioField(
        "Décision",
        [InputRequired("Choisissez de valider ou de refuser.")],
        choices=[("oui", "Valider pour douze mois"), ("non", "Refuser l’offre")],
    )
    motif = SelectField("Motif", choices=_MOTIFS)
    note = StringField("Précision", [Length(max=300)], description=NOTE)


class RiskForm(Form):
    """What worries, or what was checked since."""

    note = TextAreaField("Faits", [Length(max=300)], description=NOTE)


class MotifForm(Form):
    """Why an offer stops."""

    motif = StringField(
        "Motif", [InputRequired("Écrivez le motif : il reste dans l’historique de l’offre."), Length(max=200)]
    )


class AvailabilityForm(Form):
    """« Changer »: a state, a motif and dates."""

    state = RadioField(
        "La place est", [InputRequired("Choisissez une réponse.")],
        choices=[(s.value, s.label) for s in CHOICES],
    )  # fmt: skip
    motif = SelectField(
        "Si elle est indisponible, pourquoi", [Optional()], choices=[("", "Choisir"), *UnavailabilityMotif.choices()]
    )
    on = DateField("À partir du", [InputRequired("Écrivez à partir de quand.")], default=clock.today)
    until = DateField("Jusqu’au", [Optional()], description="Le jour où elle se libère. Vide : on ne sait pas encore.")


class ConfirmForm(Form):
    """A button."""


class LinkedPlaceForm(Form):
    """One line of the list that a reminder's link opens; the whole list has one token and one button."""

    state = RadioField(
        "Cette place", [InputRequired("Choisissez une réponse.")], default=SAME,
        choices=[
            (SAME, "Rien n’a changé"), (PlaceState.DISPONIBLE.value, "Libre"), (PlaceState.OCCUPEE.value, "Occupée"),
            (PlaceState.INDISPONIBLE.value, "Indisponible"),
        ],
    )  # fmt: skip
    motif = SelectField(
        "Si elle est indisponible, pourquoi", [Optional()], choices=[("", "Choisir"), *UnavailabilityMotif.choices()]
    )
    until = DateField("Indisponible jusqu’au", [Optional()], description="Vide : on ne sait pas encore.")

    class Meta(Form.Meta):
        """The token is that of the list."""

        csrf = False

    def answer(self) -> Answer:
        """What is said, as the operation takes it; a motif and a date are of an unavailability alone."""
        if self.state.data != PlaceState.INDISPONIBLE.value:
            return Answer(self.state.data)
        return Answer(self.state.data, self.motif.data or "", self.until.data)
