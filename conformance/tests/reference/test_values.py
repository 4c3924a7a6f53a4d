from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.reference import dates, proximity, values

NOW = datetime(2026, 11, 1, tzinfo=UTC)
NAIVE = (NOW.replace(year=2024, tzinfo=None), NOW.replace(year=2027, tzinfo=None))
PREFIXES = st.sampled_from(("eq", "ne", "gt", "ge", "lt", "le", "sa", "eb"))


@given(st.lists(st.text(max_size=8), min_size=1, max_size=4))
def test_escaped_values_come_back(parts):
    escaped = [
        part.replace("\\", "\\\\").replace(",", "\\,").replace("|", "\\|").replace("$", "\\$") for part in parts
    ]
    assert [values.unescape(part) for part in values.split(",".join(escaped), ",")] == parts


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("s|c", values.Token("s", "c")),
        ("c", values.Token(None, "c")),
        ("|c", values.Token("", "c")),
        ("s|", values.Token("s", None)),
        (r"a\|b", values.Token(None, "a|b")),
        ("|", None),
        ("a|b|c", None),
        ("", None),
    ],
)
def test_tokens(text, token):
    assert values.token(text) == token


def selects(text, span):
    return dates.searched(text, NOW).selects(dates.span(span))


@pytest.mark.parametrize(
    ("searched", "found", "selected"),
    [
        ("2025-03-14", "2025-03-14T10:00:00Z", True),
        ("2025-03-14T10:00Z", "2025-03-14", False),
        ("gt2025-03-14", "2025-03-14T10:00:00Z", False),
        ("ge2025-03-14", "2025-03-14T10:00:00Z", True),
        ("gt2025-03-14T10:00Z", "2025-03-14", True),
        ("sa2025-03-14", "2025-03-15", True),
        ("sa2025-03", "2025-03-15", False),
        ("lt2025-03-14", "2025-03-13T23:59:59Z", True),
        ("le2025-03-14", "2025-03-14T23:59:59Z", True),
        ("eb2025-03-14", "2025-03-14T00:00:00Z", False),
        ("ne2025", "2024-05-05", True),
        ("2025-03-14", "2025-03-14T00:30:00+01:00", False),
        ("ap2025-03", "2025-04-10", True),
        ("ap2025-03", "2022-04-10", False),
    ],
)
def test_dates(searched, found, selected):
    assert selects(searched, found) is selected


@given(
    PREFIXES,
    st.datetimes(*NAIVE),
    st.sampled_from((4, 7, 10)),
    st.datetimes(*NAIVE),
)
def test_an_instant_is_below_in_or_above_a_date(prefix, day, digits, instant):
    text, found = day.isoformat()[:digits], instant.isoformat(timespec="milliseconds") + "Z"
    below, equal, above = (selects(p + text, found) for p in ("lt", "eq", "gt"))
    assert below + equal + above == 1
    expected = {
        "eq": equal,
        "ne": not equal,
        "gt": above,
        "ge": above or equal,
        "lt": below,
        "le": below or equal,
        "sa": above,
        "eb": below,
    }
    assert selects(prefix + text, found) is expected[prefix]


@pytest.mark.parametrize("text", ["2025-13", "2025-02-30", "25-01-01", "2025-01-01T10", "xx2025", "", "2025-1-1"])
def test_what_is_not_a_date(text):
    assert dates.searched(text, NOW) is None


@pytest.mark.parametrize(
    ("searched", "found", "selected"),
    [
        ("100", "100", True),
        ("100", "100.4", True),
        ("100", "100.5", False),
        ("1e2", "149", True),
        ("gt100", "100.1", True),
        ("ge65.4", "65.40", True),
        ("ne100", "101", True),
        ("ap100", "109", True),
        ("lt0", "0", False),
        ("65.40", "65.404", True),
    ],
)
def test_numbers(searched, found, selected):
    assert values.number(searched).selects(Decimal(found)) is selected


@pytest.mark.parametrize(
    ("searched", "selected"),
    [
        ("le35", True),
        ("le35|http://unitsofmeasure.org|a", True),
        ("le35|https://unitsofmeasure.org|a", True),
        ("le35||a", True),
        ("le35||an", True),
        ("le35|http://unitsofmeasure.org|mo", False),
        ("le35|urn:other|a", False),
        ("gt35", False),
    ],
)
def test_quantities(searched, selected):
    system = "https://mos.esante.gouv.fr/NOS/TRE_R247-UcumUniteMesure/FHIR/TRE-R247-UcumUniteMesure"
    assert values.quantity(searched).selects((Decimal(18), system, "a", "an")) is selected


@pytest.mark.parametrize("text", ["", "gt", "5|kg", "five", "1|2|3|4"])
def test_what_is_not_a_quantity(text):
    assert values.quantity(text) is None


def test_strings_fold_case_and_accents():
    assert values.fold("ÉTÉ à l'Île") == values.fold("été A L'ILE")


@pytest.mark.parametrize("text", ["47", "47|x", "47|-1|5|league", "91|0|5|km", "47|-1|-5|km", "47|nan|5|km"])
def test_what_is_not_a_point(text):
    assert proximity.around_point(text) is None


def test_distance_of_two_towns():
    nantes, rennes = (47.2184, -1.5536), (48.1173, -1.6778)
    assert proximity.distance(nantes, rennes) == pytest.approx(100.4, abs=0.5)
    assert proximity.around_point("47.2184|-1.5536|101000|m").holds(rennes)
