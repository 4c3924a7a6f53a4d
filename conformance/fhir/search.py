"""What a search criterion selects, by R4 and by the guide, one resource at a time.

The answer is True, False, or None when it cannot be told: a chained resource that we do not hold, a form that
R4 leaves open, a parameter that the profile does not define. A None is never held against anybody.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import asin, cos, radians, sin, sqrt
from typing import Any

from conformance.fhir import dates
from conformance.fhir.bundle import Resource, reference_key
from conformance.fhir.path import select
from conformance.fhir.pool import Facts, Pool
from conformance.model import SearchParameter

RESULT_PARAMETERS = frozenset(
    ("_include", "_revinclude", "_count", "_sort", "_format", "_elements", "_summary", "_total", "_contained",
     "_pretty")
)
_NUMBER = re.compile(r"^(eq|ne|gt|lt|ge|le|sa|eb|ap)?([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)$")
_DATE = re.compile(r"^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(\d{4}.*)$")
_EARTH_KM = 6371.0088
_KILOMETRES = {"km": 1.0, "m": 0.001, "[mi_us]": 1.609344, "": 1.0}


@dataclass(frozen=True, slots=True)
class Criterion:
    """One ``name=value`` of a search that selects resources."""

    name: str
    value: str

    @property
    def parameter(self) -> str:
        """The parameter without modifier nor chain: ``location`` for ``location.nb-capacity``."""
        return re.split(r"[:.]", self.name, maxsplit=1)[0]


def criteria(query: Iterable[tuple[str, str]]) -> list[Criterion]:
    """The criteria of a query, without the parameters that only shape the result."""
    return [Criterion(name, value) for name, value in query if name.split(":")[0] not in RESULT_PARAMETERS]


@functools.lru_cache(maxsize=8192)
def split(text: str, separator: str) -> tuple[str, ...]:
    """The parts of a search value at an unescaped separator; escapes are kept for the next split."""
    if "\\" not in text:
        return tuple(text.split(separator))
    parts, current, index = [], "", 0
    while index < len(text):
        if text[index] == "\\" and index + 1 < len(text):
            current += text[index : index + 2]
            index += 2
            continue
        if text[index] == separator:
            parts.append(current)
            current = ""
        else:
            current += text[index]
        index += 1
    return (*parts, current)


def unescape(text: str) -> str:
    """A search value without its backslashes."""
    return re.sub(r"\\([\\,|$])", r"\1", text) if "\\" in text else text


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """Or of three-valued answers."""
    unknown = False
    for answer in answers:
        if answer:
            return True
        unknown = unknown or answer is None
    return None if unknown else False


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """And of three-valued answers."""
    unknown = False
    for answer in answers:
        if answer is False:
            return False
        unknown = unknown or answer is None
    return None if unknown else True


def invert(answer: bool | None) -> bool | None:
    """Not of a three-valued answer."""
    return None if answer is None else not answer


Parameters = Mapping[tuple[str, str], SearchParameter]


@dataclass
class Searcher:
    """Evaluates criteria over resources; ``resolve`` gives the resource of a ``Type/id`` when it is known,
    ``referrers`` the known resources of a type whose parameter points at a key (None: not explored), ``facts``
    gives the place where what was selected in a resource is kept."""

    parameters: Parameters
    resolve: Callable[[str], Resource | None]
    referrers: Callable[[str, str, str], Sequence[Resource] | None]
    same_units: frozenset[str] = frozenset()
    facts: Callable[[Resource], Facts] = field(default_factory=lambda: Pool().facts)

    def answers(self, resource: Resource, name: str, value: str) -> bool | None:
        """Whether the resource answers ``name=value``."""
        kind = str(resource.get("resourceType", ""))
        if name.startswith("_has:"):
            return self._has(resource, name, value)
        head, dot, rest = name.partition(".")
        if dot:
            return self._chained(resource, kind, head, rest, value)
        base, _, modifier = name.partition(":")
        parameter = self.parameters.get((kind, base))
        if parameter is None:
            return None
        held = self.values(resource, parameter)
        if parameter.type == "token" and modifier in ("", "not"):
            found = _tokens(value, self._token_pairs(resource, parameter, held))
            return found if not modifier else not found
        return self.compare(parameter, modifier, value, held)

    def _token_pairs(self, resource: Resource, parameter: SearchParameter, held: list[Any]) -> list[Any]:
        """The (system, code) pairs of the values held, made once per resource and parameter."""
        facts, key = self.facts(resource), ("token", parameter.expression)
        known: list[Any] | None = facts.get(key)
        if known is None:
            known = facts[key] = [pair for item in held for pair in _pairs(item)]
        return known

    def values(self, resource: Resource, parameter: SearchParameter) -> list[Any]:
        """What the parameter's expression selects in the resource."""
        facts, key = self.facts(resource), ("values", parameter.expression)
        known: list[Any] | None = facts.get(key)
        if known is None:
            known = facts[key] = select(resource, parameter.expression) if parameter.expression else []
        return known

    def compare(self, parameter: SearchParameter, modifier: str, value: str, held: list[Any]) -> bool | None:
        """Whether the values held answer the search value, alternatives included."""
        if modifier == "missing":
            return (not held) is (value == "true")
        alternatives = split(value, ",")
        if modifier == "not":
            return invert(any_of(self._compare_one(parameter.type, "", one, held) for one in alternatives))
        return any_of(self._compare_one(parameter.type, modifier, one, held) for one in alternatives)

    def _compare_one(self, kind: str, modifier: str, value: str, held: list[Any]) -> bool | None:
        if kind == "token":
            return None if modifier not in ("", "of-type") else any(_token(item, modifier, value) for item in held)
        if kind == "string":
            if modifier not in ("", "exact", "contains"):
                return None
            return any(_string(item, modifier, value) for item in held)
        if modifier:
            return None
        if kind == "reference":
            wanted = reference_key(unescape(value))
            return any(_points(item, wanted) for item in held)
        if kind == "date":
            return any_of(_date(item, value) for item in held)
        if kind == "number":
            return any_of(_number(item, value) for item in held)
        if kind == "quantity":
            return any_of(_quantity(item, value, self.same_units) for item in held)
        return None

    def _chained(self, resource: Resource, kind: str, head: str, rest: str, value: str) -> bool | None:
        base, _, target_type = head.partition(":")
        parameter = self.parameters.get((kind, base))
        if parameter is None or parameter.type != "reference":
            return None
        keys = [reference_key(str(item.get("reference", ""))) for item in self.values(resource, parameter)
                if isinstance(item, dict)]
        if target_type:
            keys = [key for key in keys if key.startswith(target_type + "/")]
        return any_of(self._of_target(key, rest, value) for key in keys)

    def _of_target(self, key: str, rest: str, value: str) -> bool | None:
        target = self.resolve(key)
        if target is None:
            return None
        if rest.endswith(":above"):
            return self._above(target, rest.removesuffix(":above"), value)
        return self.answers(target, rest, value)

    def _above(self, organization: Resource, name: str, value: str) -> bool | None:
        """The guide's reading of :above: the organization or any of its ancestors by partOf."""
        seen: list[bool | None] = []
        current: Resource | None = organization
        for _ in range(10):
            if current is None:
                return any_of([*seen, None])
            seen.append(self.answers(current, name, value))
            above = current.get("partOf")
            if not isinstance(above, dict) or "reference" not in above:
                break
            current = self.resolve(reference_key(str(above["reference"])))
        return any_of(seen)

    def _has(self, resource: Resource, name: str, value: str) -> bool | None:
        try:
            _, kind, by, rest = name.split(":", 3)
        except ValueError:
            return None
        key = f"{resource.get('resourceType')}/{resource.get('id')}"
        found = self.referrers(kind, by, key)
        if found is None:
            return None
        return any_of(self.answers(referrer, rest, value) for referrer in found)


@functools.lru_cache(maxsize=4096)
def _wanted(value: str) -> tuple[tuple[str, ...], ...]:
    """The alternatives of a token value, each cut at its bar."""
    return tuple(tuple(unescape(part) for part in split(one, "|")) for one in split(value, ","))


def _tokens(value: str, pairs: list[tuple[str, str]]) -> bool:
    return any(_is_token(system, code, parts) for parts in _wanted(value) for system, code in pairs)


def _token(item: Any, modifier: str, value: str) -> bool:
    parts = [unescape(part) for part in split(value, "|")]
    if modifier == "of-type":
        if len(parts) != 3 or not isinstance(item, dict):
            return False
        kinds = item.get("type", {}).get("coding", []) if isinstance(item.get("type"), dict) else []
        typed = any(coding.get("system") == parts[0] and coding.get("code") == parts[1] for coding in kinds)
        return typed and item.get("value") == parts[2]
    return any(_is_token(system, code, parts) for system, code in _pairs(item))


def _pairs(item: Any) -> list[tuple[str, str]]:
    if isinstance(item, bool):
        return [("", "true" if item else "false")]
    if isinstance(item, str):
        return [("", item)]
    if not isinstance(item, dict):
        return []
    if isinstance(item.get("coding"), list):
        return [(str(c.get("system", "")), str(c.get("code", ""))) for c in item["coding"] if isinstance(c, dict)]
    if "code" in item:
        return [(str(item.get("system", "")), str(item["code"]))]
    return [(str(item.get("system", "")), str(item.get("value", "")))]


def _is_token(system: str, code: str, parts: Sequence[str]) -> bool:
    if len(parts) == 1:
        return code == parts[0]
    if not parts[0]:
        return not system and code == parts[1]
    return system == parts[0] and (not parts[1] or code == parts[1])


def folded(text: str) -> str:
    """A text without case nor accents, as R4 compares strings."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(char for char in plain if not unicodedata.combining(char)).casefold()


def _string(item: Any, modifier: str, value: str) -> bool:
    if isinstance(item, dict):
        return any(_string(part, modifier, value) for part in item.values() if isinstance(part, str | list))
    if isinstance(item, list):
        return any(_string(part, modifier, value) for part in item)
    text, wanted = str(item), unescape(value)
    if modifier == "exact":
        return text == wanted
    if modifier == "contains":
        return folded(wanted) in folded(text)
    return folded(text).startswith(folded(wanted))


def _points(item: Any, wanted: str) -> bool:
    reference = str(item.get("reference", "")) if isinstance(item, dict) else ""
    key = reference_key(reference)
    return key == wanted or ("/" not in wanted and key.endswith("/" + wanted))


def _date(item: Any, value: str) -> bool | None:
    form = _DATE.match(unescape(value))
    wanted = dates.interval(form.group(2)) if form else None
    target = dates.of_value(item)
    if form is None or wanted is None or target is None or form.group(1) == "ap":
        return None
    return dates.compares(form.group(1) or "eq", target, wanted)


def _number(item: Any, value: str) -> bool | None:
    form = _NUMBER.match(unescape(value))
    if form is None or not isinstance(item, int | float) or isinstance(item, bool):
        return None
    prefix, text = form.group(1) or "eq", form.group(2)
    wanted, margin = float(text), _margin(text)
    if prefix in ("gt", "sa"):
        return item > wanted
    if prefix in ("lt", "eb"):
        return item < wanted
    if prefix == "ge":
        return item >= wanted
    if prefix == "le":
        return item <= wanted
    if prefix in ("eq", "ne"):
        near = wanted - margin <= item < wanted + margin
        return near if prefix == "eq" else not near
    return None


def _margin(text: str) -> float:
    """Half of the last digit given: R4 gives a number the precision with which it is written."""
    digits = text.lower().split("e")[0]
    decimals = len(digits.split(".")[1]) if "." in digits else 0
    return float(0.5 * 10.0 ** -decimals)


def _quantity(item: Any, value: str, same_units: frozenset[str]) -> bool | None:
    if not isinstance(item, dict) or "value" not in item:
        return None
    parts = [unescape(part) for part in split(value, "|")]
    if len(parts) == 3:
        system, code = parts[1], parts[2]
        held = str(item.get("system", ""))
        same = not system or system == held or (system in same_units and held in same_units)
        if not same or (code and code not in (item.get("code"), item.get("unit"))):
            return False
    return _number(item["value"], parts[0])


def distance_km(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Great-circle distance between two WGS84 points given as (latitude, longitude), in kilometres."""
    lat1, lon1, lat2, lon2 = (radians(part) for part in (*here, *there))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_KM * asin(sqrt(half))


def radius_km(distance: str, unit: str) -> float | None:
    """A search radius in kilometres; None for a number or a unit that we do not read."""
    try:
        return float(distance) * _KILOMETRES[unit]
    except (KeyError, ValueError):
        return None


def position(location: Resource) -> tuple[float, float] | None:
    """The WGS84 position of a Location, (latitude, longitude)."""
    held = location.get("position")
    if not isinstance(held, dict):
        return None
    latitude, longitude = held.get("latitude"), held.get("longitude")
    if isinstance(latitude, int | float) and isinstance(longitude, int | float):
        return float(latitude), float(longitude)
    return None
