"""Reading a profile: the folder of data files that holds one published version of the specification."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from conformance import data, source
from conformance.errors import AuthorError, OperatorError, Problem
from conformance.policy import AccessPolicy, AccessRule
from conformance.profile_elements import derived
from conformance.specification import Defect, Live, Profile, Requirement, SearchParameter, Text
from conformance.verdict import Strength

_FILES = {
    "profile.yaml": "profile",
    "requirements.yaml": "requirements",
    "search-parameters.yaml": "search-parameters",
    "capability.yaml": "capability",
    "spec-defects.yaml": "spec-defects",
    "checks.yaml": "checks",
    "writes.yaml": "writes",
    "transactions.yaml": "transactions",
    "access.yaml": "access",
}
BESIDE = ("profile.yaml", "requirements.yaml", "spec-defects.yaml", "checks.yaml", "writes.yaml",
          "transactions.yaml", "access.yaml")  # FHIR has no word for them


@functools.cache
def schema(name: str) -> Mapping[str, Any]:
    """A published JSON Schema of ours, by its name without ending."""
    text = data.path("reports", "schemas", f"{name}.schema.json").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = json.loads(text)
    return loaded


def known() -> list[str]:
    """The ids of the profiles shipped, oldest name first."""
    return sorted(path.parent.name for path in data.path("profiles").glob("*/profile.yaml"))


def read_file(path: Path, schema_name: str, shown: str = "") -> tuple[Any, list[Problem]]:
    """The data of a YAML file checked against one of our schemas, and every problem met."""
    name = shown or str(path)
    try:
        text = path.read_bytes()
    except OSError as error:
        return None, [Problem(name, 1, 1, f"cannot be read: {error.strerror}", "check the path and the rights")]
    document, problems = source.load(text, name)
    if problems:
        return None, problems
    return document, source.check(document, schema(schema_name), name)


def folder_of(name: str) -> Path:
    """The folder of a profile, by its id or its own path; OperatorError for one that is not known."""
    base = data.path("profiles") / name
    if not (base / "profile.yaml").is_file():
        base = Path(name)
    if not (base / "profile.yaml").is_file():
        hint = source.suggest(name, known()) or f"known profiles: {', '.join(known())}; or give a folder"
        raise OperatorError(f"no profile is called {name!r}; {hint}")
    return base


def beside(name: str) -> dict[str, bytes]:
    """The files of a profile that FHIR has no word for, as they are."""
    folder = folder_of(name)
    return {file: (folder / file).read_bytes() for file in BESIDE}


def document(name: str, file: str) -> Any:
    """One file of a profile as data."""
    found, problems = read_file(folder_of(name) / file, _FILES[file])
    if problems:
        raise AuthorError(problems)
    return found


def read(name: str) -> Profile:
    """A profile by its id or the path of its folder; OperatorError for an unknown one, AuthorError with every problem
    of its files."""
    base = folder_of(name)
    paths = {path.relative_to(base).as_posix(): path
             for path in [*(base / name for name in _FILES), *sorted((base / "structures").glob("*.yaml"))]}
    digest = hashlib.sha256()
    for name, path in paths.items():
        digest.update(name.encode() + b"\0" + (path.read_bytes() if path.is_file() else b"") + b"\0")
    key = digest.hexdigest()
    if key not in _read:
        _read[key] = _build(_documents(base.name, paths), key)
    return _read[key]


_read: dict[str, Profile] = {}  # by the hash of their files: the same bytes are the same profile


def _documents(profile_id: str, paths: Mapping[str, Path]) -> dict[str, Any]:
    documents: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, path in paths.items():
        kind = _FILES.get(name) or ("extensions" if path.name == "extensions.yaml" else "structure")
        document, found = read_file(path, kind, f"{profile_id}/{name}")
        problems += found
        documents[name] = document
    if problems:
        raise AuthorError(problems)
    return documents


def _build(documents: Mapping[str, Any], digest: str) -> Profile:
    identity = documents["profile.yaml"]
    structures = {d["id"]: d for name, d in documents.items()
                  if name.startswith("structures/") and "extensions" not in d}
    raw = documents.get("structures/extensions.yaml") or {"extensions": []}
    extensions = {one["url"]: one for one in raw["extensions"]}
    written = documents["requirements.yaml"]
    elements = derived(structures, extensions, {kind: text(why) for kind, why in
                                                written.get("structures-not-received", {}).items()})
    return Profile(
        id=identity["id"],
        title=text(identity["title"]),
        version=identity["version"],
        published=identity.get("published") or "",
        fhir_version=identity.get("fhir-version", ""),
        canonical=identity.get("canonical", ""),
        hash=digest,
        sources=tuple(item["name"] for item in identity["sources"]),
        constants=dict(identity["constants"]),
        headers=tuple(item["name"] for item in identity["headers"]),
        requirements={**{one["id"]: _requirement(one) for one in written["requirements"]}, **elements.requirements},
        search_parameters={
            (p["resource"], p["name"]): _parameter(p)
            for p in documents["search-parameters.yaml"]["search-parameters"]
        },
        capability=documents["capability.yaml"],
        defects=tuple(_defect(d) for d in documents["spec-defects.yaml"]["defects"]),
        structures=structures,
        extensions=extensions,
        checks={name: tuple([ids] if isinstance(ids, str) else ids)
                for name, ids in documents["checks.yaml"]["checks"].items()},
        rests_on=documents["checks.yaml"].get("rests-on", {}),
        families=elements.families,
        removal=documents["writes.yaml"]["removal"],
        transactions=tuple(_live(documents["transactions.yaml"])),
        optional_writes=tuple(documents["writes.yaml"]["optional"]),
        access=_access(documents["access.yaml"], identity["constants"]),
    )


def _access(document: Mapping[str, Any], constants: Mapping[str, str]) -> AccessPolicy:
    rules = [AccessRule(
        tuple(one["requirements"]), one["resource"],
        tuple(_member(word, constants) for word in re.findall(r"\w+(?:\([^)]*\))?", one.get("element", ""))),
        {str(number): tuple(tuple(each.split(" + ")) for each in ([said] if isinstance(said, str) else said))
         for number, said in one["visible"].items()},
        tuple(one.get("rest", ())),
    ) for one in document["rules"]]
    return AccessPolicy(document["everything"], document["entitled"], tuple(rules))


def _member(word: str, constants: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """A member of an element with the systems, or the ends of urls, that its values must be of."""
    name, _, inside = word.rstrip(")").partition("(")
    return name, tuple(constants.get(one.strip(), one.strip()) for one in inside.split(",") if one.strip())


def _live(document: Mapping[str, Any]) -> Iterator[Live]:
    for one in document["transactions"]:
        for each in one["scenarios"]:
            yield Live(f"{one['id']}/{each['number']}", text(one["title"]), text(each["title"]), each["maturity"],
                       each.get("unconfirmed", False))


def text(value: Mapping[str, str]) -> Text:
    """A bilingual text from its YAML form."""
    return Text(value["fr"], value["en"])


def _optional(value: Mapping[str, str] | None) -> Text | None:
    return text(value) if value else None


def _requirement(raw: Mapping[str, Any]) -> Requirement:
    return Requirement(
        id=raw["id"], topic=raw["topic"], strength=Strength(raw["strength"]), actor=raw["actor"],
        statement=text(raw["statement"]), source=raw["source"], section=raw.get("section", ""),
        remedy=_optional(raw.get("remedy")), note=raw.get("note", ""), unconfirmed=raw.get("unconfirmed", False),
        not_tested=_optional(raw.get("not-tested")),
    )


def _parameter(raw: Mapping[str, Any]) -> SearchParameter:
    return SearchParameter(
        resource=raw["resource"], name=raw["name"], type=raw["type"], expression=raw.get("expression") or "",
        targets=tuple(raw.get("targets", ())), declared=raw.get("declared", False), draft=raw.get("draft", False),
        defect=raw.get("defect", ""),
    )


def _defect(raw: Mapping[str, Any]) -> Defect:
    touches = raw.get("touches", {})
    return Defect(
        id=raw["id"], title=text(raw["title"]), what=text(raw["what"]), reading=text(raw["reading"]),
        source=raw.get("source", ""), requirements=_words(touches, "requirements"),
        search_parameters=_words(touches, "search-parameters"), paths=_words(touches, "paths"),
        scenarios=_words(touches, "scenarios"),
        codes=tuple((c["system"], c.get("code") or "") for c in touches.get("codes", ())),
        findings=tuple(touches.get("findings", ())),
        unevaluable=raw.get("unevaluable", False),
    )


def _words(touches: Mapping[str, Iterable[str]], key: str) -> tuple[str, ...]:
    return tuple(touches.get(key, ()))
