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
from typing import Any

from conformance.fhir import dates
from conformance.fhir.bundle import Resource, reference_key
from conformance.fhir.path import select
from conformance.fhir.pool import Facts, Pool
from conformance.specification import SearchParameter

RESULT_PARAMETERS = frozenset(
    ("_include", "_revinclude", "_count", "_sort", "_format", "_elements", "_summary", "_total", "_contained",
     "_pretty")
)
_NUMBER = re.compile(r"^(eq|ne|gt|lt|ge|le|sa|eb|ap)?([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)$")
_DATE = re.compile(r"^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(\d{4}.*)$")


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


def escaped(text: str) -> str:
    """A text as a search value: what separates values is marked."""
    return re.sub(r"([\\,|$])", r"\\\1", text)


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
Test = Callable[[Resource], bool | None]


def _untold(_of: Any) -> None:
    """The answer where none can be told."""


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
    _tests: dict[tuple[str, str, str], Test] = field(default_factory=dict, repr=False)

    def forget(self) -> None:
        """Lets go of the tests, which hold this."""
        self._tests.clear()

    def answers(self, resource: Resource, name: str, value: str) -> bool | None:
        """Whether the resource answers ``name=value``."""
        return self.test(str(resource.get("resourceType", "")), name, value)(resource)

    def test(self, kind: str, name: str, value: str) -> Test:
        """What tells of a resource of a type whether it answers ``name=value``; the value is read once."""
        key = kind, name, value
        known = self._tests.get(key)
        if known is None:
            known = self._tests[key] = self._test(kind, name, value)
        return known

    def _test(self, kind: str, name: str, value: str) -> Test:
        if name.startswith("_has:"):
            return lambda resource: self._has(resource, name, value)
        head, dot, rest = name.partition(".")
        if dot:
            return self._chained(kind, head, rest, value)
        base, _, modifier = name.partition(":")
        parameter = self.parameters.get((kind, base))
        if parameter is None:
            return _untold
        if parameter.type == "token" and modifier in ("", "not"):
            wanted, positive, found = _wanted(value), not modifier, parameter
            return lambda resource: _tokens(wanted, self.token_pairs(resource, found)) is positive
        held, compare = parameter, self.comparison(parameter, modifier, value)
        return lambda resource: compare(self.values(resource, held))

    def token_pairs(self, resource: Resource, parameter: SearchParameter) -> list[Any]:
        """The (system, code) pairs of the values held, made once per resource and parameter."""
        facts, key = self.facts(resource), ("token", parameter.expression)
        known: list[Any] | None = facts.get(key)
        if known is None:
            known = facts[key] = [pair for item in self.values(resource, parameter) for pair in token_pairs(item)]
        return known

    def values(self, resource: Resource, parameter: SearchParameter) -> list[Any]:
        """What the parameter's expression selects in the resource."""
        facts, key = self.facts(resource), ("values", parameter.expression)
        known: list[Any] | None = facts.get(key)
        if known is None:
            known = facts[key] = select(resource, parameter.expression) if parameter.expression else []
        return known

    def comparison(self, parameter: SearchParameter, modifier: str, value: str) -> Callable[[list[Any]], bool | None]:
        """What tells of the values held whether they answer the search value, alternatives included."""
        if modifier == "missing":
            return lambda held: (not held) is (value == "true")
        alternatives = [self._alternative(parameter.type, "" if modifier == "not" else modifier, one)
                        for one in split(value, ",")]
        if modifier == "not":
            return lambda held: invert(any_of(one(held) for one in alternatives))
        if len(alternatives) == 1:
            return alternatives[0]
        return lambda held: any_of(one(held) for one in alternatives)

    def _alternative(self, kind: str, modifier: str, value: str) -> Callable[[list[Any]], bool | None]:
        """The comparison with one value of a search, read once."""
        if kind == "token" and modifier in ("", "of-type"):
            parts = [unescape(part) for part in split(value, "|")]
            return lambda held: any(_token(item, modifier, parts) for item in held)
        if kind == "string" and modifier in ("", "exact", "contains"):
            text = unescape(value) if modifier == "exact" else folded(unescape(value))
            return lambda held: any(_string(item, modifier, text) for item in held)
        if modifier:
            return _untold
        if kind == "reference":
            wanted = reference_key(unescape(value))
            return lambda held: any(_points(item, wanted) for item in held)
        if kind not in ("date", "number", "quantity"):
            return _untold
        compare = (_date(value) if kind == "date" else _number(value) if kind == "number"
                   else _quantity(value, self.same_units))
        return lambda held: any_of(compare(item) for item in held)

    def _chained(self, kind: str, head: str, rest: str, value: str) -> Test:
        base, _, target_type = head.partition(":")
        parameter = self.parameters.get((kind, base))
        if parameter is None or parameter.type != "reference":
            return _untold
        found, start = parameter, f"{target_type}/" if target_type else ""
        told: dict[str, bool | None] = {}

        def of_target(key: str) -> bool | None:
            if key not in told:
                told[key] = self._of_target(key, rest, value)
            return told[key]
        return lambda resource: any_of(of_target(key) for key in self._targets(resource, found)
                                       if key.startswith(start))

    def _targets(self, resource: Resource, parameter: SearchParameter) -> list[str]:
        """The ``Type/id`` that a reference parameter finds in a resource."""
        facts, key = self.facts(resource), ("targets", parameter.expression)
        known: list[str] | None = facts.get(key)
        if known is None:
            known = facts[key] = [reference_key(str(item.get("reference", "")))
                                  for item in self.values(resource, parameter) if isinstance(item, dict)]
        return known

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


def codes_wanted(value: str) -> frozenset[str] | None:
    """The codes of which a resource must hold one to answer a token value; None where it may be any code."""
    codes = [parts[0] if len(parts) == 1 else parts[1] for parts in _wanted(value)]
    return frozenset(codes) if all(codes) else None


def _tokens(wanted: tuple[tuple[str, ...], ...], pairs: list[tuple[str, str]]) -> bool:
    return any(_is_token(system, code, parts) for system, code in pairs for parts in wanted)


def _token(item: Any, modifier: str, parts: Sequence[str]) -> bool:
    if modifier == "of-type":
        if len(parts) != 3 or not isinstance(item, dict):
            return False
        kinds = item.get("type", {}).get("coding", []) if isinstance(item.get("type"), dict) else []
        typed = any(coding.get("system") == parts[0] and coding.get("code") == parts[1] for coding in kinds)
        return typed and item.get("value") == parts[2]
    return any(_is_token(system, code, parts) for system, code in token_pairs(item))


def token_pairs(item: Any) -> list[tuple[str, str]]:
    """The (system, code) pairs of a value that a token search looks at."""
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


def _string(item: Any, modifier: str, wanted: str) -> bool:
    """Whether a text, or one in an object, is as wanted; the wanted text is folded unless it must be exact."""
    if isinstance(item, dict):
        return any(_string(part, modifier, wanted) for part in item.values() if isinstance(part, str | list))
    if isinstance(item, list):
        return any(_string(part, modifier, wanted) for part in item)
    text = str(item)
    if modifier == "exact":
        return text == wanted
    if modifier == "contains":
        return wanted in folded(text)
    return folded(text).startswith(wanted)


def _points(item: Any, wanted: str) -> bool:
    reference = str(item.get("reference", "")) if isinstance(item, dict) else ""
    key = reference_key(reference)
    return key == wanted or ("/" not in wanted and key.endswith("/" + wanted))


def _date(value: str) -> Callable[[Any], bool | None]:
    form = _DATE.match(unescape(value))
    wanted = dates.interval(form.group(2)) if form else None
    if form is None or wanted is None or form.group(1) == "ap":
        return _untold
    prefix, meant = form.group(1) or "eq", wanted

    def compare(item: Any) -> bool | None:
        target = dates.of_value(item)
        return None if target is None else dates.compares(prefix, target, meant)
    return compare


def _number(value: str) -> Callable[[Any], bool | None]:
    form = _NUMBER.match(unescape(value))
    prefix = (form.group(1) or "eq") if form else "ap"
    if form is None or prefix == "ap":
        return _untold
    wanted, margin = float(form.group(2)), _margin(form.group(2))

    def near(item: float) -> bool:
        return wanted - margin <= item < wanted + margin

    compare: Callable[[float], bool] = {
        "gt": lambda item: item > wanted, "sa": lambda item: item > wanted, "lt": lambda item: item < wanted,
        "eb": lambda item: item < wanted, "ge": lambda item: item >= wanted, "le": lambda item: item <= wanted,
        "eq": near, "ne": lambda item: not near(item),
    }[prefix]
    return lambda item: compare(item) if isinstance(item, int | float) and not isinstance(item, bool) else None


def _margin(text: str) -> float:
    """Half of the last digit given: R4 gives a number the precision with which it is written."""
    digits = text.lower().split("e")[0]
    decimals = len(digits.split(".")[1]) if "." in digits else 0
    return float(0.5 * 10.0 ** -decimals)


def _quantity(value: str, same_units: frozenset[str]) -> Callable[[Any], bool | None]:
    parts = [unescape(part) for part in split(value, "|")]
    number = _number(parts[0])
    system, code = parts[1:] if len(parts) == 3 else ("", "")

    def compare(item: Any) -> bool | None:
        if not isinstance(item, dict) or "value" not in item:
            return None
        held = str(item.get("system", ""))
        same = not system or system == held or (system in same_units and held in same_units)
        if not same or (code and code not in (item.get("code"), item.get("unit"))):
            return False
        return number(item["value"])
    return compare
