"""A release of nomenclatures from FHIR: CodeSystem and ValueSet resources become files of our format.

A value set says which codes of which systems it has, by name, all of a system, a filter, or other value sets. What
cannot be told from the resources at hand makes it incomplete, and says why: a code is then never called wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.errors import AuthorError, OperatorError, Problem
from conformance.fhir.definition import OURS
from conformance.package import Found, dicts

Raw = Mapping[str, Any]
Coded = dict[tuple[str, str], str]  # (system, code) → display
_ENDS = ("retirementDate", "deprecationDate", "dateFin")
_ENDED = ("retired", "deprecated")


def name_of(url: str) -> str:
    """The name of a nomenclature: that of the NOS when it is one, else the end of its canonical."""
    name = url.split("/FHIR/")[0] if "/FHIR/" in url else url.split("|")[0]
    return re.sub(r"[^A-Za-z0-9._-]", "-", name.rsplit("/", 1)[-1]).strip(".")


@dataclass
class Content:
    """Codes, whether they are all, and why not."""

    codes: Coded = field(default_factory=dict)
    lacks: list[str] = field(default_factory=list)


class Importer:
    """Reads the nomenclatures of a package; AuthorError with all that is wrong in them."""

    def __init__(self, found: Iterable[Found]) -> None:
        self._systems: dict[str, tuple[str, Raw]] = {}
        self._sets: dict[str, tuple[str, Raw]] = {}
        self._problems: list[Problem] = []
        self._under_way: list[str] = []
        self._known: dict[str, Content] = {}
        for place, one in found:
            held = {"CodeSystem": self._systems, "ValueSet": self._sets}.get(str(one["resourceType"]))
            if held is None:
                continue
            url = one.get("url")
            if not isinstance(url, str) or not name_of(url):
                self._wrong(place, f"{one['resourceType']} without url", "give it its canonical url")
            elif url in held:
                self._wrong(place, f"{url} is in {held[url][0]} too", "keep one of the two")
            else:
                held[url] = place, one

    def documents(self) -> dict[str, dict[str, Any]]:
        """The nomenclatures by name, in our format."""
        made: dict[str, dict[str, Any]] = {}
        for url, (place, one) in sorted(self._systems.items()):
            lacks = [] if one.get("content") == "complete" else [f"content {one.get('content', 'not said')}"]
            self._add(made, place, one, _identity(one, url, "code-system"),
                      {"codes": list(_written(one.get("concept")))}, lacks)
        for url, (place, one) in sorted(self._sets.items()):
            content = self._content(url)
            parts: dict[str, list[list[str]]] = {}
            for (system, code), display in content.codes.items():
                parts.setdefault(system, []).append([code, display])
            systems = [{"system": system, "codes": codes} for system, codes in parts.items()]
            self._add(made, place, one, _identity(one, url, "value-set"), {"systems": systems}, content.lacks)
        if self._problems:
            raise AuthorError(self._problems)
        if not made:
            raise OperatorError("no CodeSystem and no ValueSet is in it")
        return made

    def _wrong(self, place: str, message: str, remedy: str = "") -> None:
        self._problems.append(Problem(place, 1, 1, message, remedy))

    def _add(
        self, made: dict[str, dict[str, Any]], place: str, one: Raw, identity: dict[str, Any], codes: dict[str, Any],
        lacks: Sequence[str],
    ) -> None:
        name = identity["name"]
        if name in made:
            self._wrong(place, f"two nomenclatures are called {name}", f"the other is {made[name]['canonical']}")
        partial = bool(lacks) or any(each.get("url") == f"{OURS}partial" for each in dicts(one.get("extension")))
        note = one.get("description") or "; ".join(dict.fromkeys(lacks))
        made[name] = {**identity, "complete": not partial, **codes, **({"note": note} if note else {})}

    def _content(self, url: str) -> Content:
        """What a value set holds, its references followed."""
        url = url.split("|")[0]
        if url in self._known:
            return self._known[url]
        if url not in self._sets:
            return Content({}, [f"value set {url} is not at hand"])
        place, one = self._sets[url]
        if url in self._under_way:
            circle = " → ".join(map(name_of, [*self._under_way[self._under_way.index(url):], url]))
            self._wrong(place, f"value sets that hold each other: {circle}", "break the circle")
            return Content({}, ["holds itself"])
        self._under_way.append(url)
        made = self._composed(one)
        self._under_way.pop()
        self._known[url] = made
        return made

    def _composed(self, one: Raw) -> Content:
        compose = one.get("compose")
        if not isinstance(compose, dict):
            return _expanded(one)
        made = Content()
        for part in dicts(compose.get("include")):
            content = self._part(part)
            made.codes |= content.codes
            made.lacks += content.lacks
        for part in dicts(compose.get("exclude")):
            content = self._part(part)
            made.lacks += content.lacks
            for key in content.codes:
                made.codes.pop(key, None)
        return made

    def _part(self, part: Raw) -> Content:
        """One include or exclude: what its system gives, and every value set that it names holds too."""
        contents = [self._content(str(url)) for url in part.get("valueSet", ())]
        if "system" in part:
            contents.insert(0, self._of_system(part))
        if not contents:
            return Content({}, ["a part names neither a system nor a value set"])
        first, *others = contents
        codes = {key: display for key, display in first.codes.items() if all(key in one.codes for one in others)}
        return Content(codes, [reason for one in contents for reason in one.lacks])

    def _of_system(self, part: Raw) -> Content:
        system = str(part["system"])
        known = self._systems.get(system)
        concepts = list(_flat(known[1].get("concept"))) if known else []
        displays = {one["code"]: str(one.get("display", "")) for one, _ in concepts}
        if "concept" in part:
            named = [one for one in dicts(part["concept"]) if isinstance(one.get("code"), str)]
            return Content({(system, one["code"]): str(one.get("display") or displays.get(one["code"], ""))
                            for one in named})
        if known is None:
            return Content({}, [f"code system {system} is not at hand"])
        lacks = [] if known[1].get("content") == "complete" else [f"code system {system} is not complete"]
        kept = concepts
        for condition in dicts(part.get("filter")):
            test = _filter(condition)
            if test is None:
                return Content({}, [f"filter {condition.get('property')} {condition.get('op')} is not understood"])
            kept = [one for one in kept if test(*one)]
        return Content({(system, one["code"]): displays[one["code"]] for one, _ in kept}, lacks)


def _identity(one: Raw, url: str, kind: str) -> dict[str, Any]:
    oid = next((str(each["value"]).removeprefix("urn:oid:") for each in dicts(one.get("identifier"))
                if str(each.get("value", "")).startswith("urn:oid:")), None)
    status = one.get("status") if one.get("status") != "unknown" else None
    made = {"name": name_of(url), "kind": kind, "canonical": url, "oid": oid, "version": one.get("version"),
            "date": str(one.get("date", ""))[:10] or None, "status": status}
    return {word: said for word, said in made.items() if said is not None}


def _flat(concepts: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[Raw, tuple[str, ...]]]:
    """Concepts with the codes above them, deepest last; those without code are left out."""
    for one in dicts(concepts):
        if isinstance(one.get("code"), str):
            yield one, above
            yield from _flat(one.get("concept"), (*above, one["code"]))


def _properties(one: Raw) -> dict[str, str]:
    """The properties of a concept as texts."""
    return {str(each.get("code")): str(value).lower() if isinstance(value, bool) else str(value)
            for each in dicts(one.get("property")) for name, value in each.items() if name.startswith("value")}


def _written(concepts: Any) -> Iterator[list[str]]:
    for one, _ in _flat(concepts):
        told = _properties(one)
        status = told.get("status", "")
        until = next((told[name][:10] for name in _ENDS if name in told), "")
        if status not in _ENDED and (told.get("inactive") == "true" or until):
            status = "retired"
        ended = [status, until] if status in _ENDED else []
        yield [one["code"], str(one.get("display", "")), *ended]


def _expanded(one: Raw) -> Content:
    """The expansion that a value set brings along."""
    held = dicts(one.get("expansion", {}).get("contains")) if isinstance(one.get("expansion"), dict) else []
    if not held:
        return Content({}, ["no content is said"])
    made, waiting = Content(), list(held)
    while waiting:
        each = waiting.pop(0)
        if isinstance(each.get("code"), str) and not each.get("abstract"):
            made.codes[str(each.get("system", "")), each["code"]] = str(each.get("display", ""))
        waiting = [*dicts(each.get("contains")), *waiting]
    return made


def _filter(condition: Raw) -> Callable[[Raw, tuple[str, ...]], bool] | None:
    """What a filter keeps of the concepts of its system; None when it is not understood."""
    word, operation, value = (str(condition.get(name, "")) for name in ("property", "op", "value"))
    if word == "concept" and operation in ("is-a", "descendent-of", "is-not-a"):
        def below(one: Raw, above: tuple[str, ...]) -> bool:
            inside = value in above or (operation != "descendent-of" and one["code"] == value)
            return inside is (operation != "is-not-a")
        return below
    if operation == "=":
        return lambda one, above: (above[-1:] == (value,) if word == "parent" and above
                                   else _properties(one).get(word) == value)
    if operation in ("in", "not-in"):
        wanted = {each.strip() for each in value.split(",")}
        return lambda one, _above: (_told(one, word) in wanted) is (operation == "in")
    if operation == "exists":
        return lambda one, _above: (word in _properties(one)) is (value == "true")
    if operation == "regex":
        try:
            form = re.compile(value)
        except re.error:
            return None
        return lambda one, _above: form.fullmatch(_told(one, word)) is not None
    return None


def _told(one: Raw, word: str) -> str:
    return str(one.get(word, "")) if word in ("code", "display") else _properties(one).get(word, "")


def write(documents: Mapping[str, Mapping[str, Any]], out: Path) -> None:
    """Writes a release as a folder; OperatorError when something is there already, or nothing can be written."""
    if out.exists():
        raise OperatorError(f"{out} exists already; choose another place")
    try:
        out.mkdir(parents=True)
        for name, one in documents.items():
            (out / f"{name}.json").write_text(json.dumps(one, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{out}: cannot be written ({error.strerror})") from None
