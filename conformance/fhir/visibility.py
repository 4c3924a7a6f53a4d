"""What an access profile may see of resources, and how what it was shown differs from that.

The same question is asked by access profile 1, which sees all, and by another one. What the second must not see, what
it may see, and what it saw are compared element by element. What cannot be told (the unit of a place that no known
offer uses, the level of a contact that says none) is left aside.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.fhir.bundle import Resource, key_of, references
from conformance.policy import AccessPolicy, AccessRule

_SENSITIVE = "ror-healthcareservice-sensitive-unit"
_FIELD = "TRE_R227"
_SOCIAL, _CITY = "04", "05"
_LEVEL, _STATUS = "confidentiality-level", "capacityStatus"
_INSTALLED, _ADDITIONAL = "01", "06"
_OWN = frozenset(("resourceType", "id", "meta", "text"))  # of the server's making, not of the policy
_OF_ELEMENT = frozenset(("open", "not-very-restricted", "installed", "not-additional"))
_LONG = 300
_FAR = 8  # how many organizations may stand above another

Member = tuple[str, tuple[str, ...]]
Ruled = tuple[tuple[Member, ...], AccessRule]  # the rest of the way to an element, and its rule


@dataclass(frozen=True, slots=True)
class Unit:
    """Of what units a resource is: sensitive, of the medico-social field, of the city; None: it cannot be told."""

    sensitive: bool | None = None
    social: bool | None = None
    city: bool | None = None


class Units:
    """The units of resources, as known ones tell: an offer of itself, others by the offers that they serve."""

    def __init__(self, known: Iterable[Resource], before: Units | None = None) -> None:
        self._offers: dict[str, Unit] = dict(before._offers) if before else {}
        self._at: dict[str, frozenset[str]] = dict(before._at) if before else {}  # offers by place
        self._above: dict[str, str] = dict(before._above) if before else {}  # by offer or organization
        self._roles: dict[str, frozenset[str]] = dict(before._roles) if before else {}  # situations by professional
        self._served: dict[str, list[str]] = dict(before._served) if before else {}  # offers by situation
        for one in known:
            self._learn(one)
        self._social = {key for offer, unit in self._offers.items() if unit.social for key in self._over(offer)}

    def _learn(self, one: Resource) -> None:
        kind, key = one.get("resourceType"), key_of(one)
        if kind == "HealthcareService":
            self._offers[key] = _of_offer(one)
            self._above[key] = next(iter(references(one, "providedBy")), "")
            for place in references(one, "location"):
                self._at[place] = self._at.get(place, frozenset()) | {key}
        elif kind == "Organization":
            self._above[key] = next(iter(references(one, "partOf")), "")
        elif kind == "PractitionerRole":
            self._served[key] = references(one, "healthcareService")
            for who in references(one, "practitioner"):
                self._roles[who] = self._roles.get(who, frozenset()) | {key}

    def _over(self, key: str) -> Iterator[str]:
        for _ in range(_FAR):
            key = self._above.get(key, "")
            if not key:
                return
            yield key

    def of(self, resource: Resource) -> Unit:
        """The units of a resource."""
        key, kind = key_of(resource), resource.get("resourceType")
        if kind == "HealthcareService":
            return _of_offer(resource)
        if kind == "Organization":  # no condition on sensitive units; one known medico-social offer makes it one
            return Unit(False, True if key in self._social else None, None)
        offers = list(self._at.get(key, ()))
        if kind == "PractitionerRole":
            offers = references(resource, "healthcareService")
        elif kind == "Practitioner":
            offers = [offer for role in self._roles.get(key, ()) for offer in self._served[role]]
        units = [self._offers.get(offer, Unit()) for offer in offers]
        return Unit(*(_agreed(values) for values in (
            [one.sensitive for one in units], [one.social for one in units], [one.city for one in units])))


def _agreed(values: Sequence[bool | None]) -> bool | None:
    return values[0] if values and len(set(values)) == 1 else None


def _of_offer(offer: Resource) -> Unit:
    sensitive = next((one.get("valueBoolean") for one in _objects(offer.get("extension"))
                      if str(one.get("url", "")).endswith(_SENSITIVE)), None)
    codes = {coding.get("code") for concept in _objects(offer.get("type")) for coding in _objects(concept.get("coding"))
             if _FIELD in str(coding.get("system"))}
    fields = (_SOCIAL in codes, _CITY in codes) if codes else (None, None)
    return Unit(sensitive if isinstance(sensitive, bool) else None, *fields)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def may_see(alternatives: Iterable[Iterable[str]], unit: Unit, element: Mapping[str, Any]) -> bool | None:
    """Whether one of the alternatives holds for an element of a resource of a unit; None when it cannot be told."""
    answers = [_all_hold(terms, unit, element) for terms in alternatives]
    return True if True in answers else None if None in answers else False


def _all_hold(terms: Iterable[str], unit: Unit, element: Mapping[str, Any]) -> bool | None:
    answers = [_holds(term, unit, element) for term in terms]
    return False if False in answers else None if None in answers else True


def _holds(term: str, unit: Unit, element: Mapping[str, Any]) -> bool | None:
    if term in ("always", "never"):
        return term == "always"
    if term in ("not-sensitive", "other-field"):
        value = unit.sensitive if term == "not-sensitive" else unit.social
        return None if value is None else not value
    if term in ("medico-social", "city"):
        return unit.social if term == "medico-social" else unit.city
    code = _told(element, _LEVEL if term in ("open", "not-very-restricted") else _STATUS)
    if code is None:
        return None
    return {"open": code == "1", "not-very-restricted": code in ("1", "2"), "installed": code == _INSTALLED,
            "not-additional": code != _ADDITIONAL}[term]


def _told(element: Mapping[str, Any], ending: str) -> str | None:
    """The code of the extension of an element whose url ends so."""
    for one in _objects(element.get("extension")):
        concept = one.get("valueCodeableConcept")
        if str(one.get("url", "")).endswith(ending) and isinstance(concept, dict):
            return next((str(coding.get("code")) for coding in _objects(concept.get("coding"))), None)
    return None


@dataclass(frozen=True, slots=True)
class Difference:
    """What was shown though it must not be (``shown``), kept back though it may be seen (``hidden``), or shown to this
    access profile and not to the one that sees all (``beyond``); ``terms`` of the rule."""

    how: str
    requirements: tuple[str, ...]
    place: str
    value: str
    terms: str = ""


class Comparison:
    """What an access profile was shown, beside what there is. ``told``: the requirements that a resource showed
    respected, or broken."""

    def __init__(self, policy: AccessPolicy, access: str, units: Units) -> None:
        self._policy, self._access, self._units = policy, access, units
        self._rules: dict[str, list[AccessRule]] = {}
        for rule in policy.rules:
            if access in rule.visible:
                self._rules.setdefault(rule.resource, []).append(rule)
        self.told: set[str] = set()

    def requirements(self) -> list[str]:
        """The requirements of the rules for this access profile."""
        rules = [rule for kind in self._rules.values() for rule in kind]
        return list(dict.fromkeys(one for rule in rules for one in (*rule.requirements, *rule.rest)))

    def differences(
        self, whole: Mapping[str, Resource], seen: Mapping[str, Resource], included: Container[str] = ()
    ) -> Iterator[Difference]:
        """Between the resources that there are, by ``Type/id``, and those that were shown. One that is only
        ``included`` may be missing, for what brought it may be hidden."""
        for key, there in whole.items():
            if key in seen or key not in included:
                yield from self._resource(key, there, seen.get(key))
        for key, shown in seen.items():
            if key not in whole:
                yield Difference("beyond", (self._policy.everything,), key, _short(shown))

    def _resource(self, key: str, there: Resource, shown: Resource | None) -> Iterator[Difference]:
        rules, unit = self._rules.get(str(there.get("resourceType")), []), self._units.of(there)
        whole = next((one for one in rules if not one.element), None)
        yield from self._judged(whole, unit, there, shown is not None, key, key)
        if shown is not None:
            self.told.update(whole.rest if whole is not None else ())
            ruled = [(rule.element, rule) for rule in rules if rule.element]
            yield from self._members(there, shown, ruled, whole, unit, key)

    def _judged(
        self, rule: AccessRule | None, unit: Unit, element: Mapping[str, Any], shown: bool, place: str, value: Any
    ) -> Iterator[Difference]:
        """What one rule says of one element that there is."""
        if rule is None:
            return
        alternatives = rule.visible[self._access]
        allowed = may_see(alternatives, unit, element)
        terms = " | ".join(" + ".join(one) for one in alternatives)
        if allowed is False and shown:
            yield self._found("shown", rule.requirements, place, value, terms)
        elif allowed and not shown and self._policy.entitled:
            yield self._found("hidden", rule.requirements, place, value, terms)
        elif allowed is False or (allowed and not self._needs_hidden(rule)):
            self.told.update(rule.requirements)

    def _needs_hidden(self, rule: AccessRule) -> bool:
        """Whether only something kept back shows that a rule is respected."""
        terms = {term for one in rule.visible[self._access] for term in one}
        return bool(terms & _OF_ELEMENT) or (not rule.element and "always" not in terms)

    def _found(
        self, how: str, requirements: tuple[str, ...], place: str, value: Any, terms: str = ""
    ) -> Difference:
        self.told.update(requirements)
        return Difference(how, requirements, place, value if isinstance(value, str) else _short(value), terms)

    def _members(
        self, there: Resource, shown: Resource, ruled: Sequence[Ruled], whole: AccessRule | None, unit: Unit,
        place: str,
    ) -> Iterator[Difference]:
        for name in dict.fromkeys((*there, *shown)):
            mine = [one for one in ruled if one[0][0][0] == name]
            if name not in _OWN and (mine or there.get(name) != shown.get(name)):
                yield from self._values(name, there.get(name), shown.get(name), mine, whole, unit, place)

    def _values(
        self, name: str, there: Any, shown: Any, ruled: Sequence[Ruled], rest: AccessRule | None, unit: Unit,
        place: str,
    ) -> Iterator[Difference]:
        """The values of a member. What no rule names is judged by the ``rest`` of the resource's own, if given."""
        left = _list(shown)
        for value in _list(there):
            fitting = [(way, rule) for way, rule in ruled if _fits(way[0], value)]
            inside = [(way[1:], rule) for way, rule in fitting if len(way) > 1]
            rule = next((rule for way, rule in fitting if len(way) == 1), None)
            same: Any = next((one for one in left if _bare(one, inside) == _bare(value, inside)), None)
            if same is not None:
                left.remove(same)
            where = f"{place}.{_named(name, value)}"
            if rule is not None:
                yield from self._judged(rule, unit, value, same is not None, where, value)
            elif same is None and rest is not None and self._policy.entitled and not fitting:
                yield from self._kept(rest, unit, where, value)
            for member in dict.fromkeys(way[0][0] for way, _ in inside) if isinstance(same, dict) else ():
                nested = [one for one in inside if one[0][0][0] == member]
                yield from self._values(member, value.get(member), same.get(member), nested, None, unit, where)
        for value in left if rest is not None else ():
            yield self._found("beyond", (self._policy.everything,), f"{place}.{_named(name, value)}", value)

    def _kept(self, whole: AccessRule, unit: Unit, place: str, value: Any) -> Iterator[Difference]:
        """An element that no rule names, kept back from one that may see its resource."""
        if may_see(whole.visible[self._access], unit, {}):
            yield self._found("hidden", whole.rest or whole.requirements, place, value,
                              " | ".join(" + ".join(one) for one in whole.visible[self._access]))


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def _fits(member: Member, value: Any) -> bool:
    """Whether a value is one that a rule means: of a url, or of a system, or any."""
    words = member[1]
    if not words:
        return isinstance(value, dict)
    if not isinstance(value, dict):
        return False
    if "url" in value:
        return str(value["url"]).rsplit("/", 1)[-1] in words
    return any(coding.get("system") in words for coding in _objects(value.get("coding")))


def _bare(value: Any, inside: Sequence[Ruled]) -> str:
    """A value without the parts that rules of their own concern, as a text to compare by."""
    if inside and isinstance(value, dict):
        left = {name: _without(name, held, inside) for name, held in value.items()}
        value = {name: held for name, held in left.items() if held != []}
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _without(name: str, held: Any, inside: Sequence[Ruled]) -> Any:
    members = [way[0] for way, _ in inside if way[0][0] == name]
    return [one for one in _list(held) if not any(_fits(each, one) for each in members)] if members else held


def _named(name: str, value: Any) -> str:
    """A member as findings call it, with what tells this value from the others."""
    url = value.get("url") if isinstance(value, dict) else None
    return f"{name}({str(url).rsplit('/', 1)[-1]})" if url else name


def _short(value: Any) -> str:
    """A value in few words: of an extension the end of its url, of a concept its codes."""
    text = _words(value)
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False) if isinstance(value, bool | None) else str(value)
    if "coding" in value:
        return "/".join(str(coding.get("code")) for coding in _objects(value["coding"]))
    if "url" in value:
        name = str(value["url"]).rsplit("/", 1)[-1]
        held = next((held for key, held in value.items() if key.startswith("value")), None)
        return f"{name} {_words(held)}" if held is not None else f"{name} ({_words(value.get('extension', []))})"
    if "system" in value and "code" in value:
        return str(value["code"])
    return ", ".join(_words(held) if name == "extension" else f"{name} {_words(held)}" for name, held in value.items())
