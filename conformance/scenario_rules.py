"""What a scenario must respect beyond its schema: names that exist, values that are bound, ids that agree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from conformance.checks import CHECKS, REFUSALS, TESTS_STATUS
from conformance.errors import Problem
from conformance.fhir.created import identifiers
from conformance.fhir.path import BadExpression, compiled
from conformance.fhir.search import RESULT_PARAMETERS
from conformance.laws import LAWS, drawn_from
from conformance.scenario_words import OWN_NAMES, PLACEHOLDER, PROBE, WRITING, method_of
from conformance.source import suggest, where
from conformance.specification import Profile

_NAME_IN_PATH = re.compile(r"%([A-Za-z_]\w*)")
_BUILT_IN = {"resource", "context", "ucum", "sct", "loinc", "rootResource"}
_ASKED = frozenset(("shows", "confirms"))  # what the user of an application is asked, by the name of the check
_STEP_PARAMETERS = {"same-matches": "as", "narrower": "than", "same-as": "step",
                    "served-if-declared": "statement", "search-served-if-declared": "statement",
                    **dict.fromkeys(REFUSALS, "beside")}



Path_ = Sequence[str | int]


class _Reader:
    """One document under reading: collects problems with their places."""

    def __init__(self, document: Any, file: str, profiles: Mapping[str, Profile]) -> None:
        self.document, self.file = document, file
        self.profiles = {name: profiles[name] for name in document["profiles"] if name in profiles}
        self.found: list[Problem] = []

    def problem(self, path: Path_, message: str, remedy: str = "", *, on_key: bool = False) -> None:
        line, column = where(self.document, path, on_key=on_key)
        self.found.append(Problem(self.file, line, column, message, remedy))


def problems(document: Any, file: str, path: Path, profiles: Mapping[str, Profile]) -> list[Problem]:
    """Every problem of meaning in a document that respects the schema of scenarios."""
    reader = _Reader(document, file, profiles)
    _identity(reader, path, profiles)
    names = _needs(reader)
    _steps(reader, names)
    _laws(reader)
    if reader.profiles:
        _requirements(reader)
    return sorted(set(reader.found))


def _identity(reader: _Reader, path: Path, profiles: Mapping[str, Profile]) -> None:
    document = reader.document
    for index, name in enumerate(document["profiles"]):
        if name not in profiles:
            reader.problem(["profiles", index], f"no profile is called {name!r}",
                           suggest(name, profiles) or f"known profiles: {', '.join(sorted(profiles))}")
    expected = f"{path.parent.name}/{path.stem}"
    if document["id"] != expected:
        reader.problem(["id"], f"the id {document['id']!r} is not the file's own name",
                       f"write {expected!r}, or rename the file")
    if document["use-case"] != path.parent.name:
        reader.problem(["use-case"], f"the file stands in the folder {path.parent.name!r}",
                       f"write {path.parent.name!r}, or move the file")
    for index, defect in enumerate(document.get("defects", ())):
        for name, profile in reader.profiles.items():
            known = {one.id for one in profile.defects}
            if defect not in known:
                reader.problem(["defects", index], f"{name} has no defect {defect!r}", suggest(defect, known))


def _needs(reader: _Reader) -> set[str]:
    names: set[str] = set()
    for name, need in reader.document.get("bind", {}).items():
        at = ["bind", name]
        origins = [key for key in ("among", "of", "holds", "lacks") if key in need]
        if len(origins) != 1:
            reader.problem(at, f"{name!r} needs one of 'among', 'of', 'holds' and 'lacks'",
                           "among: a resource type to choose in; of: an earlier resource; "
                           "holds, lacks: the resources that have, or have not, an earlier value")
        for key in ("of", "holds", "lacks"):
            if key in need and need[key] not in names:
                reader.problem([*at, key], f"{need[key]!r} is not bound before {name!r}",
                               suggest(need[key], names) or "bind it earlier")
        if "search" in need and "among" not in need:
            reader.problem([*at, "search"], "'search' narrows an exploration, it goes with 'among'")
        for key in ("where", "value", "follow"):
            if key in need:
                _expression(reader, [*at, key], need[key], names)
        for key, value in need.get("search", {}).items():
            _placeholders(reader, [*at, "search", key], value, names)
        names.add(name)
    return names


def _expression(reader: _Reader, at: Path_, expression: str, names: set[str]) -> None:
    try:
        compiled(expression)
    except (BadExpression, RecursionError) as error:
        reader.problem(at, str(error), "see the FHIRPath pages of FHIR R4")
    for used in _NAME_IN_PATH.findall(expression):
        known = names | _BUILT_IN | _constants(reader)
        if used not in known:
            reader.problem(at, f"%{used} is not bound", suggest(used, known))


def _constants(reader: _Reader) -> set[str]:
    return {name for profile in reader.profiles.values() for name in profile.constants}


def _placeholders(reader: _Reader, at: Path_, value: Any, names: set[str]) -> None:
    for text in [value] if isinstance(value, str) else value:
        for name, _ in PLACEHOLDER.findall(text):
            known = names | _constants(reader)
            if name not in known:
                reader.problem(at, f"{{{name}}} is not bound", suggest(name, known) or "add it to 'bind'")


def _steps(reader: _Reader, names: set[str]) -> None:
    steps: list[str] = []
    created: set[str] = set()
    writing = any(method_of(step["send"]) in WRITING for step in reader.document.get("steps", ()) if "send" in step)
    for name in OWN_NAMES if writing else ():
        if name in names:
            reader.problem(["bind", name], f"{name!r} is a name of every scenario that writes", "choose another name")
        names.add(name)
    for index, step in enumerate(reader.document.get("steps", ())):
        at: list[str | int] = ["steps", index]
        name = step.get("as", f"step-{index + 1}")
        if name in steps:
            reader.problem([*at, "as"], f"the step name {name!r} is already taken", "choose another name")
        _role(reader, at, step)
        if "await" in step:
            _awaits(reader, at, step, steps, names)
            steps.append(name)
            continue
        _send(reader, [*at, "send"], step["send"], names)
        _writes(reader, [*at, "send"], step["send"], created)
        if "POST" in step["send"]:
            if name in names:
                reader.problem([*at, "as"], f"{name!r} is already the name of a bound value", "choose another name")
            created.add(name)
            names.add(name)
        for number, expectation in enumerate(step["expect"]):
            _expectation(reader, [*at, "expect", number], expectation, step, steps, names)
        if not any(TESTS_STATUS & set(expectation) for expectation in step["expect"]):
            reader.problem([*at, "expect"], "no expectation looks at the status of the answer",
                           "add '- status: 200' (or the status that the requirement asks)")
        steps.append(name)


def _role(reader: _Reader, at: Path_, step: Mapping[str, Any]) -> None:
    """A ROR is asked; an application acts."""
    wanted, other = ("await", "send") if reader.document["role"] == "consumer" else ("send", "await")
    if other in step:
        reader.problem([*at, other], f"the role {reader.document['role']} has no {other!r}", f"write {wanted!r}")
    if wanted == "send" and "serve" in step:
        reader.problem([*at, "serve"], "a ROR is not served", "remove it, or write 'role: consumer'")


def _awaits(
    reader: _Reader, at: list[str | int], step: Mapping[str, Any], steps: list[str], names: set[str]
) -> None:
    told = step["await"]
    for key in ("fr", "en"):
        _placeholders(reader, [*at, "await", key], told[key], names)
    for key, value in told.get("values", {}).items():
        _placeholders(reader, [*at, "await", "values", key], value, names)
    for number, expectation in enumerate(step["expect"]):
        here = [*at, "expect", number]
        _expectation(reader, here, expectation, step, steps, names)
        for key, text in expectation.get("confirms", {}).items():
            _placeholders(reader, [*here, "confirms", key], text, names)
        for check in _ASKED & set(expectation):
            if any(check in one for one in step["expect"][:number]):
                reader.problem([*here, check], f"{check!r} is asked once in a step", "put it in a step of its own")


def _laws(reader: _Reader) -> None:
    for index, raw in enumerate(reader.document.get("laws", ())):
        at: list[str | int] = ["laws", index]
        named = [key for key in raw if key != "verifies"]
        if len(named) != 1:
            reader.problem(at, "a law is named by exactly one key", "start a new '-' line for each law")
            continue
        for profile in reader.profiles.values():
            _drawn(reader, [*at, named[0]], raw[named[0]], profile)


def _drawn(reader: _Reader, at: Path_, given: Mapping[str, Any], profile: Profile) -> None:
    """The types and parameters that a law draws from are those of the profile."""
    kinds = {kind for kind, _ in profile.search_parameters}
    for kind in drawn_from(given, profile):
        if kind not in kinds:
            reader.problem(at, f"{profile.id} searches no {kind}", suggest(kind, kinds))
    for number, name in enumerate(given.get("from", ())):
        known = {one for kind, one in profile.search_parameters if kind in drawn_from(given, profile)}
        if name not in known:
            reader.problem([*at, "from", number], f"{profile.id} has no search parameter {name!r} there",
                           suggest(name, known))


def _send(reader: _Reader, at: Path_, send: Mapping[str, Any], names: set[str]) -> None:
    word = method_of(send)
    path = send[word]
    if "identity" in send and "access-profile" in send:
        reader.problem([*at, "identity"], "a step is sent by one client", "remove 'identity' or 'access-profile'")
    _placeholders(reader, [*at, word], path, names)
    for key in ("body", "patch"):
        for where_, text in _texts(send.get(key)):
            _placeholders(reader, [*at, key, *where_], text, names)
    kind = path.split("/")[0]
    for key, value in send.get("query", {}).items():
        _placeholders(reader, [*at, "query", key], value, names)
        for profile in reader.profiles.values():
            _search_parameter(reader, [*at, "query", key], kind, key, profile)
    for key, value in send.get("headers", {}).items():
        _placeholders(reader, [*at, "headers", key], value, names)


def _texts(value: Any) -> Iterator[tuple[list[str | int], str]]:
    """The texts of a body with their places."""
    if isinstance(value, str):
        yield [], value
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        for where_, text in _texts(inner):
            yield [key, *where_], text


def _writes(reader: _Reader, at: Path_, send: Mapping[str, Any], created: set[str]) -> None:
    """A scenario changes nothing but what it created, and what it creates can be found again and taken back."""
    word = method_of(send)
    bodies = {"POST": ("body",), "PUT": ("body",), "PATCH": ("patch", "body")}.get(word, ())
    given = [key for key in ("body", "patch") if key in send]
    if bodies and len(given) != 1:
        reader.problem(at, f"{word} needs one of {' and '.join(map(repr, bodies))}", "write what is sent")
    for key in given:
        if key not in bodies:
            reader.problem([*at, key], f"{word} sends no {key!r}", "remove it, or send it by another method")
    if word == "POST":
        _creates(reader, at, send)
    elif bodies:
        names = {name for name, _ in PLACEHOLDER.findall(send[word])}
        marked = any("{unique}" in str(value) for value in send.get("query", {}).values())
        if not names & created and not marked and "rorqual" not in send[word]:
            reader.problem([*at, word], "a scenario changes only what it created",
                           "name an earlier POST step ({step.id}), or search by an identifier with {unique}")


def _creates(reader: _Reader, at: Path_, send: Mapping[str, Any]) -> None:
    body = send.get("body")
    if not any("{unique}" in value for value in ([body] if isinstance(body, str) else identifiers(body))):
        reader.problem([*at, "POST"], "what is created could not be found again",
                       "give the body an identifier whose value holds {unique}")
    for name, profile in reader.profiles.items():
        if send["POST"] not in profile.removal:
            reader.problem([*at, "POST"], f"{name} does not say how a {send['POST']} is taken back",
                           suggest(send["POST"], profile.removal) or "see writes.yaml of the profile")


def _search_parameter(reader: _Reader, at: Path_, kind: str, key: str, profile: Profile) -> None:
    base = re.split(r"[:.]", key, maxsplit=1)[0]
    if base in RESULT_PARAMETERS or PROBE in key or base == "_has" or kind == "metadata":
        return
    known = {name for resource, name in profile.search_parameters if resource == kind}
    if known and base not in known:
        reader.problem(at, f"{profile.id} has no search parameter {base!r} on {kind}",
                       suggest(base, known | RESULT_PARAMETERS) or f"put {PROBE!r} in its name if it is meant unknown",
                       on_key=True)


def _expectation(
    reader: _Reader, at: Path_, raw: Mapping[str, Any], step: Mapping[str, Any], earlier: list[str], names: set[str]
) -> None:
    checks = [key for key in raw if key != "verifies"]
    if len(checks) != 1:
        reader.problem(at, "an expectation names exactly one check", "start a new '-' line for each check")
        return
    check, parameters = checks[0], raw[checks[0]]
    if check not in CHECKS:
        reader.problem(at, f"no check is called {check!r}", suggest(check, CHECKS))
        return
    if check in ("none-missing", "pages-partition") and step.get("pages", 1) == 1:
        reader.problem([*at, check], f"{check!r} needs to read every page", "add 'pages: all' to the step")
    if check in _STEP_PARAMETERS:
        key = _STEP_PARAMETERS[check]
        if parameters[key] not in earlier:
            reader.problem([*at, check, key], f"no earlier step is called {parameters[key]!r}",
                           suggest(parameters[key], earlier) or "give that step a name with 'as'")
    if check in ("access-policy", "access-profile") and not _asked_by_all(reader, step):
        reader.problem([*at, check], "there is nothing to compare with: no earlier step asks the same by the access "
                                     "profile that sees all",
                       "send the same request in an earlier step with 'access-profile: 1', and this one with another")
    if check in REFUSALS and parameters["beside"] in earlier and not _beside(reader, step, parameters["beside"]):
        reader.problem([*at, check, "beside"], f"{parameters['beside']!r} does not send the same as the right client",
                       "a refusal counts beside the same request, sent without 'identity' by the step that is named")
    for where_, expression in _expressions(check, parameters):
        _expression(reader, [*at, check, *where_], expression, names)
    structures = {name for profile in reader.profiles.values() for name in profile.structures}
    if check in ("conforms", "codes", "elements") and parameters["structure"] not in structures:
        reader.problem([*at, check, "structure"], f"no structure is called {parameters['structure']!r}",
                       suggest(parameters["structure"], structures))


def _asked_by_all(reader: _Reader, step: Mapping[str, Any]) -> bool:
    """Whether an earlier step sends the request of a step by access profile 1."""
    steps = reader.document["steps"]
    earlier = [one["send"] for one in steps[:next(i for i, one in enumerate(steps) if one is step)]]
    return step["send"].get("access-profile") not in (None, 1) and {**step["send"], "access-profile": 1} in earlier


def _beside(reader: _Reader, step: Mapping[str, Any], name: str) -> bool:
    """Whether the step that is named sends, as the client of the run, what a step sends under an identity."""
    steps = reader.document["steps"]
    other = next(one["send"] for number, one in enumerate(steps, 1) if one.get("as", f"step-{number}") == name)
    return "identity" in step["send"] and {**other, "identity": step["send"]["identity"]} == step["send"]


def _expressions(check: str, parameters: Any) -> Iterator[tuple[list[str], str]]:
    if check in ("fhirpath", "fhirpath-of-error"):
        yield [], parameters
    if check in ("every-match", "none-missing") and "fhirpath" in parameters:
        yield ["fhirpath"], parameters["fhirpath"]
    if check == "sorted":
        yield ["by"], parameters["by"]


def _requirements(reader: _Reader) -> None:
    """The header's 'verifies' is the union of what the expectations verify, and every id exists."""
    document = reader.document
    for name, profile in reader.profiles.items():
        for index, identifier in enumerate(document["verifies"]):
            if identifier not in profile.requirements and identifier not in profile.families:
                reader.problem(["verifies", index], f"{name} has no requirement {identifier!r}",
                               suggest(identifier, profile.requirements))
    used: dict[str, Path_] = {}
    places: list[tuple[Mapping[str, Any], Path_]] = [
        (raw, ["steps", index, "expect", number]) for index, step in enumerate(document.get("steps", ()))
        for number, raw in enumerate(step["expect"])]
    places += [(raw, ["laws", index]) for index, raw in enumerate(document.get("laws", ()))]
    for raw, at in places:
        for identifier in _verified(reader, raw, at):
            used.setdefault(identifier, at)
    for identifier, at in used.items():
        if identifier not in document["verifies"]:
            reader.problem(at, f"{identifier} is not in the 'verifies' of the scenario", "add it there")
    for index, identifier in enumerate(document["verifies"]):
        if identifier not in used:
            reader.problem(["verifies", index], f"no expectation verifies {identifier}",
                           "name it in an expectation, or remove it")


def _verified(reader: _Reader, raw: Mapping[str, Any], at: Path_) -> Sequence[str]:
    named = raw.get("verifies")
    if named is not None:
        return [named] if isinstance(named, str) else list(named)
    check = next((key for key in raw if key != "verifies"), "")
    defaults = {ids for p in reader.profiles.values() if (ids := p.checks.get(check, ()))}
    if (check in CHECKS or check in LAWS) and not defaults:
        reader.problem(at, f"{check!r} verifies no requirement by itself", "add 'verifies: <requirement id>'")
    return [identifier for ids in defaults for identifier in ids]
