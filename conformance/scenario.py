"""Reading scenario files: schema first, then meaning; all problems at once, each with its place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance import data, scenario_rules, source
from conformance.errors import AuthorError, OperatorError, Problem
from conformance.fhir.created import patch
from conformance.model import Action, Expectation, Need, Place, Scenario, Step
from conformance.profile import read_file, text
from conformance.scenario_words import AWAIT, TOKEN, method_of
from conformance.specification import Profile, Text

ALL_PAGES = 0
EXTRACTION = -1
_IDLE, _AT_MOST = 5.0, 300.0  # seconds
_FOLLOWED = {"all": ALL_PAGES, "export": EXTRACTION}


@dataclass(frozen=True)
class Library:
    """The scenarios read, in the order of their ids, and a hash of their files."""

    scenarios: tuple[Scenario, ...]
    hash: str

    def of(self, profile: str) -> list[Scenario]:
        """The scenarios that hold for a profile."""
        return [scenario for scenario in self.scenarios if profile in scenario.profiles]


def files(paths: Iterable[Path] = ()) -> list[Path]:
    """The scenario files under the paths given, or those shipped; OperatorError when there is none."""
    roots = list(paths) or [data.path("scenarios")]
    found: list[Path] = []
    for root in roots:
        if not root.exists():
            raise OperatorError(f"{root}: no such file or folder")
        found += sorted(root.rglob("*.yaml")) if root.is_dir() else [root]
    if not found:
        raise OperatorError(f"no scenario file (*.yaml) under {', '.join(map(str, roots))}")
    return found


def read(profiles: Mapping[str, Profile], paths: Iterable[Path] = ()) -> Library:
    """Every scenario under the paths (default: those shipped); AuthorError with all problems of all files."""
    scenarios: list[Scenario] = []
    problems: list[Problem] = []
    digest = hashlib.sha256()
    seen: dict[str, str] = {}
    for path in files(paths):
        scenario, found = read_one(path, profiles)
        problems += found
        digest.update(path.read_bytes())
        if scenario is None:
            continue
        if scenario.id in seen:
            problems.append(Problem(str(path), scenario.place.line, scenario.place.column,
                                    f"the id {scenario.id!r} is already taken by {seen[scenario.id]}", "rename one"))
        seen[scenario.id] = str(path)
        scenarios.append(scenario)
    if problems:
        raise AuthorError(problems)
    return Library(tuple(sorted(scenarios, key=lambda one: one.id)), digest.hexdigest())


_known: dict[tuple[bytes, str, tuple[str, ...]], Scenario] = {}  # right ones, by bytes, own name and profiles


def read_one(path: Path, profiles: Mapping[str, Profile]) -> tuple[Scenario | None, list[Problem]]:
    """One scenario file, and every problem met in it (then the scenario may be None). The same bytes are read once."""
    try:
        key = path.read_bytes(), f"{path.parent.name}/{path.stem}", tuple(one.hash for one in profiles.values())
    except OSError:
        return _read_one(path, profiles)
    if key not in _known:
        scenario, found = _read_one(path, profiles)
        if scenario is None or found:
            return scenario, found
        _known[key] = scenario
    return _known[key], []


def _read_one(path: Path, profiles: Mapping[str, Profile]) -> tuple[Scenario | None, list[Problem]]:
    shown = _shown(path)
    document, problems = read_file(path, "scenario", shown)
    if document is None or problems:
        return None, problems
    problems = scenario_rules.problems(document, shown, path, profiles)
    if problems:
        return None, problems
    return _build(document, shown, path.read_text(encoding="utf-8"), profiles), []


def _shown(path: Path) -> str:
    root = data.root().resolve()
    resolved = path.resolve()
    return resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else str(path)


def _build(document: Any, file: str, written: str, profiles: Mapping[str, Profile]) -> Scenario:
    defaults = profiles[document["profiles"][0]].checks
    return Scenario(
        id=document["id"],
        title=text(document["title"]),
        description=_text(document.get("description")),
        profiles=tuple(document["profiles"]),
        use_case=document["use-case"],
        transaction=document["transaction"],
        role=document["role"],
        maturity=document.get("maturity", "active"),
        verifies=tuple(document["verifies"]),
        defects=tuple(document.get("defects", ())),
        needs=tuple(_need(name, raw) for name, raw in document.get("bind", {}).items()),
        steps=tuple(_step(index, raw, document, file, defaults) for index, raw in enumerate(document.get("steps", ()))),
        place=Place(file, document.line, document.column),
        source=written,
        laws=tuple(_expectation(["laws", index], raw, document, file, defaults)
                   for index, raw in enumerate(document.get("laws", ()))),
    )


def _text(raw: Mapping[str, str] | None) -> Text | None:
    return text(raw) if raw else None


def pairs(query: Mapping[str, Any] | None) -> tuple[tuple[str, str], ...]:
    """A query as written in YAML, flattened in its order."""
    flat: list[tuple[str, str]] = []
    for name, value in (query or {}).items():
        flat += [(name, value)] if isinstance(value, str) else [(name, one) for one in value]
    return tuple(flat)


def _need(name: str, raw: Mapping[str, Any]) -> Need:
    return Need(
        name=name, search=pairs(raw.get("search")), pick=raw.get("pick", "some"), needs=_text(raw.get("needs")),
        **{key: raw.get(key, "") for key in ("among", "of", "follow", "holds", "lacks", "where", "value")},
    )


def _step(index: int, raw: Any, document: Any, file: str, defaults: Mapping[str, tuple[str, ...]]) -> Step:
    if "await" in raw:
        return _awaiting(index, raw, document, file, defaults)
    send = raw["send"]
    word = method_of(send)
    posted = word == "POST-search"
    query = pairs(send.get("query"))
    asked = {"grant_type": send[word]} if word == "POST-token" else {}
    line, column = source.where(document, ["steps", index])
    pages = raw.get("pages", 1)
    return Step(
        name=raw.get("as", f"step-{index + 1}"),
        method="POST" if posted or asked else word,
        path=TOKEN if asked else f"{send[word]}/_search" if posted else send[word],
        query=() if posted else query,
        headers=tuple(send.get("headers", {}).items()),
        form=query if posted else tuple(asked.items()),
        pages=_FOLLOWED.get(pages, pages),
        expect=tuple(_expectation(["steps", index, "expect", at], one, document, file, defaults)
                     for at, one in enumerate(raw["expect"])),
        place=Place(file, line, column),
        body=patch(send["patch"]) if "patch" in send else send.get("body"),
        base=TOKEN if asked else send.get("base", ""),
        access=str(send.get("access-profile", send.get("identity", ""))),
    )


def _awaiting(index: int, raw: Any, document: Any, file: str, defaults: Mapping[str, tuple[str, ...]]) -> Step:
    """A step in which an application acts."""
    told = raw["await"]
    line, column = source.where(document, ["steps", index])
    action = Action(told["action"], text({word: told[word] for word in ("fr", "en")}),
                    tuple(told.get("values", {}).items()), raw.get("serve", {}), float(told.get("idle", _IDLE)),
                    float(told.get("at-most", _AT_MOST)))
    return Step(
        name=raw.get("as", f"step-{index + 1}"), method=AWAIT, path=told["action"], query=(), headers=(), form=(),
        pages=1,
        expect=tuple(_expectation(["steps", index, "expect", at], one, document, file, defaults)
                     for at, one in enumerate(raw["expect"])),
        place=Place(file, line, column), action=action,
    )


def _expectation(
    at: list[str | int], raw: Mapping[str, Any], document: Any, file: str, defaults: Mapping[str, tuple[str, ...]]
) -> Expectation:
    check = next(name for name in raw if name != "verifies")
    line, column = source.where(document, at)
    return Expectation(check, raw[check], verified(raw, defaults), Place(file, line, column))


def verified(raw: Mapping[str, Any], defaults: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The requirements that an expectation verifies: those it names, else those of its check by default."""
    named = raw.get("verifies")
    if named is None:
        check = next((name for name in raw if name != "verifies"), "")
        return tuple(defaults.get(check, ()))
    return (named,) if isinstance(named, str) else tuple(named)


def choose(
    library: Library, profile: Profile, use_cases: Sequence[str] = (), only: Sequence[str] = ()
) -> list[Scenario]:
    """The scenarios of a profile, narrowed to use cases and to ids (of scenarios, transactions, requirements)."""
    chosen = library.of(profile.id)
    if use_cases:
        chosen = [scenario for scenario in chosen if scenario.use_case in use_cases]
    if only:
        known = {word for one in library.scenarios for word in _names(one, profile)}
        for word in only:
            if word not in known:
                raise OperatorError(f"nothing is called {word!r}; {source.suggest(word, known) or 'see rorqual list'}")
        chosen = [one for one in chosen if _names(one, profile) & set(only)]
    return chosen


def _names(one: Scenario, profile: Profile) -> set[str]:
    """All by which a scenario may be chosen; the requirements of its families one by one, too."""
    return {one.id, one.transaction, one.use_case, *one.verifies, *profile.named(one.verifies)}
