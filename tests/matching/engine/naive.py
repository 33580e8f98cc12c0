"""The rules of matching written a second time, pair by pair, from the specification and from nothing of the engine.

Rows are any objects with the fields of a household or an offer. Slow on purpose: this is what the engine is
compared with.
"""

from datetime import timedelta
from fractions import Fraction

COLLECTIVE = [
    "residence_collective",
    "foyer",
    "hotel",
    "centre_vacances",
    "local_entreprise",
    "place_dna",
    "sas_urgence",
]
CONCESSIONS = ["H02", "H05", "H06", "H09", "H10", "H13", "H14"]
ORDER = ["H01", "H02", "H03", "H04", "H05", "H06", "H07", "securite", *[f"H{n:02d}" for n in range(8, 22)]]
WEIGHTS = {"localisation": 34, "taille": 20, "bassin_emploi": 16, "langue": 14, "duree": 8, "mode_de_vie": 8}
RANKS = [1, 0.8, 0.6, 0.4]


def rooms(h):
    b, g = h.boys_12_plus, h.girls_12_plus
    y = h.minors - h.minors_under_2 - b - g
    rest = max(0, y - (b % 2) - (g % 2))
    return h.couples + (h.adults - 2 * h.couples) + -(-b // 2) + -(-g // 2) + -(-rest // 2)


def dates_fail(h, o):
    end = h.need_from if h.min_days is None else h.need_from + timedelta(days=h.min_days)
    if o.available_from is not None and h.need_from < o.available_from:
        return True
    if o.available_to is not None and end > o.available_to:
        return True
    return o.max_days is not None and not o.renewable and (h.min_days or 0) > o.max_days


def bedrooms_fail(h, o):
    if o.bedrooms is None:
        return o.kind not in COLLECTIVE and rooms(h) > 0
    return rooms(h) > o.bedrooms


def smoke_fails(h, o):
    if h.smoking == "cannot_stand":
        return o.smoking_allowed
    return h.smoking == "smoker" and o.kind == "chambre_chez_habitant" and not o.smoking_allowed


def minors_fail(h, o):
    if h.minors == 0:
        return False
    if not o.accepts_minors or (o.max_minors is not None and h.minors > o.max_minors):
        return True
    return bool(o.min_child_age) and (h.youngest_minor is None or h.youngest_minor < o.min_child_age)


def excluded_fails(h, o):
    if h.excluded_departments is None:
        return True
    if not o.department:
        return bool(h.excluded_departments)
    return o.department in h.excluded_departments


def failing(h, o, *, safety_ok="columns", fails=()):
    """Every failing code in order. `safety_ok`: the application's answer, or "columns" for files."""
    codes = list(fails)
    if o.validated_until is None or o.validated_until < h.need_from:
        codes.append("H01")
    if dates_fail(h, o):
        codes.append("H02")
    if o.accepted_statuses and h.status not in o.accepted_statuses:
        codes.append("H03")
    if h.size > o.capacity:
        codes.append("H04")
    if bedrooms_fail(h, o):
        codes.append("H05")
    if (h.wheelchair and not o.wheelchair) or (h.ground_floor_or_lift and not o.ground_floor_or_lift):
        codes.append("H06")
    if h.animals and not o.accepts_animals:
        codes.append("H09")
    if smoke_fails(h, o):
        codes.append("H10")
    if minors_fail(h, o):
        codes.append("H11")
    if h.departments_exclusive and o.department not in h.departments:
        codes.append("H13")
    if o.rent is not None and h.max_rent is not None and o.rent > h.max_rent:
        codes.append("H14")
    if o.compositions and h.composition not in o.compositions:
        codes.append("H21")
    if safety_ok == "columns":
        if h.gender_constraint != "none" and not o.hosts_women_only and not o.women_only_certified:
            codes.append("H08")
        if excluded_fails(h, o):
            codes.append("H12")
        if h.fvv_teh is not False and not o.specialised_fvv_teh and not o.women_only_certified:
            codes.append("H17")
    elif safety_ok is not True or "H15" in codes or "H16" in codes:
        codes = [code for code in codes if code not in ("H15", "H16")] + ["securite"]
    return sorted(set(codes), key=ORDER.index)


def agreement(h, o, ranks=RANKS):
    """Each criterion as an exact fraction; the unknown ones absent."""
    f = {}
    if not h.departments:
        f["localisation"] = Fraction(1, 2)
    elif o.department:
        wishes = list(h.departments)
        place = wishes.index(o.department) if o.department in wishes else None
        f["localisation"] = Fraction(0) if place is None else Fraction(ranks[min(place, len(ranks) - 1)])
    if o.capacity:
        f["taille"] = Fraction(h.size, o.capacity)
    if h.employment_area and o.employment_area:
        f["bassin_emploi"] = Fraction(h.employment_area == o.employment_area)
    if h.languages and o.languages:
        f["langue"] = Fraction(any(language in o.languages for language in h.languages))
    if h.min_days is not None:
        f["duree"] = duration(h, o)
    smoke = Fraction(1, 2) if h.smoking == "none" and o.smoking_allowed else Fraction(1)
    animals = Fraction(1, 2) if not h.animals and o.animals_present else Fraction(1)
    f["mode_de_vie"] = (smoke + animals) / 2
    return f


def duration(h, o):
    if o.available_to is None or h.min_days == 0:
        return Fraction(1)
    start = h.need_from if o.available_from is None else max(o.available_from, h.need_from)
    days = (o.available_to - start).days + 1
    return min(Fraction(1), Fraction(days, 2 * h.min_days))


def score(h, o, weights=WEIGHTS, ranks=RANKS):
    """The exact score out of 100, before rounding, over the known criteria."""
    f = agreement(h, o, ranks)
    possible = sum(Fraction(weights[name]) for name in f)
    return 100 * sum(Fraction(weights[name]) * f[name] for name in f) / possible if possible else Fraction(0)


def counts(failures):
    """Every failing code counted over the offers."""
    return {code: n for code in ORDER if (n := sum(code in codes for codes in failures))}


def first_counts(failures):
    """The code shown, counted over the offers."""
    return {code: n for code in ORDER if (n := sum(codes[:1] == [code] for codes in failures))}


def concession(failures):
    """The code that alone closes most offers, the lower one on equality; None when none does."""
    opens = {code: sum(codes == [code] for codes in failures) for code in CONCESSIONS}
    best = max(CONCESSIONS, key=lambda code: (opens[code], -ORDER.index(code)))
    return (best, opens[best]) if opens[best] else None
