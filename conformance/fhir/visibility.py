"""What an access profile may see of resources, and how what it was shown differs from that.

The same question is asked by access profile 1, which sees all, and by another one. What the second must not see, what
it may see, and what it saw are compared element by element. What cannot be told is left aside.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.fhir.bundle import Resource, objects
from conformance.fhir.units import OF_ELEMENT, Unit, Units, may_see
from conformance.policy import AccessPolicy, AccessRule

_OWN = frozenset(("resourceType", "id", "meta", "text"))  # of the server's making, not of the policy
_LONG = 300

Member = tuple[str, tuple[str, ...]]
Ruled = tuple[tuple[Member, ...], AccessRule]  # the rest of the way to an element, and its rule


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
        return bool(terms & OF_ELEMENT) or (not rule.element and "always" not in terms)

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
    return any(coding.get("system") in words for coding in objects(value.get("coding")))


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
        return "/".join(str(coding.get("code")) for coding in objects(value["coding"]))
    if "url" in value:
        name = str(value["url"]).rsplit("/", 1)[-1]
        held = next((held for key, held in value.items() if key.startswith("value")), None)
        return f"{name} {_words(held)}" if held is not None else f"{name} ({_words(value.get('extension', []))})"
    if "system" in value and "code" in value:
        return str(value["code"])
    return ", ".join(_words(held) if name == "extension" else f"{name} {_words(held)}" for name, held in value.items())
