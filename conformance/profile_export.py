"""A profile as a FHIR package: structures, value sets and code systems that any FHIR tool can load.

What FHIR has no word for (how we recognise a slice, what is doubtful, which defect of the specification an element
rests on) stands in extensions of ours. The same profile gives the same bytes.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from conformance.errors import OperatorError
from conformance.fhir.definition import OURS, Definitions, ours
from conformance.fhir.r4 import r4
from conformance.nomenclature import Nomenclature, Release
from conformance.specification import Profile

Written = dict[str, Any]
_PACKAGE = "package"
_INDEXED = ("resourceType", "id", "url", "version", "kind", "type")


def resources(profile: Profile, release: Release) -> Iterator[Written]:
    """Everything that the package of a profile holds, in the order of its names."""
    held = [release.nomenclature(name) for name in release.names()]
    urls = {one.name: one.canonical for one in held if one.kind == "value-set"}
    for name in _bound(profile):
        urls.setdefault(name, f"{profile.canonical}/ValueSet/{name}")
    definitions = Definitions(r4(), profile.fhir_version, profile.version, urls)
    for _, structure in sorted(profile.structures.items()):
        yield definitions.of_structure(structure)
    for _, extension in sorted(profile.extensions.items()):
        yield definitions.of_extension(extension)
    yield from _parameters(profile)
    if profile.capability["resources"]:
        yield _statement(profile)
    yield from (_value_set(one) if one.kind == "value-set" else _code_system(one) for one in held)


def _parameters(profile: Profile) -> Iterator[Written]:
    """A search parameter for each resource type that has it."""
    defined = {(one["type"], each["name"]): each["definition"] for one in profile.capability["resources"]
               for each in one["search-parameters"] if "definition" in each}
    for (kind, name), one in sorted(profile.search_parameters.items()):
        made_id = f"{kind}-{name}".replace("_", "-")
        flags = {"declared": one.declared, "draft": one.draft, "defect": one.defect}
        yield {
            "resourceType": "SearchParameter", "id": made_id,
            "extension": [ours(word, said) for word, said in flags.items() if said or word == "declared"],
            "url": defined.get((kind, name), f"{profile.canonical}/SearchParameter/{made_id}"),
            "version": profile.version, "name": re.sub(r"\W", "_", made_id), "status": "active",
            "description": f"Search of {kind} by {name}", "code": name, "base": [kind], "type": one.type,
            **({"expression": one.expression} if one.expression else {}),
            **({"target": list(one.targets)} if one.targets else {}),
        }


def _statement(profile: Profile) -> Written:
    """What a server is asked to declare."""
    asked = profile.capability
    return {
        "resourceType": "CapabilityStatement", "id": "server", "url": f"{profile.canonical}/CapabilityStatement/server",
        "version": profile.version, "status": "active", "date": profile.published or _UNDATED, "kind": "requirements",
        "fhirVersion": profile.fhir_version, "format": list(asked["formats"]),
        **({"patchFormat": list(asked["patch-formats"])} if asked.get("patch-formats") else {}),
        "rest": [{"mode": "server", "resource": [_asked(one) for one in asked["resources"]]}],
    }


def _asked(one: Mapping[str, Any]) -> Written:
    made: Written = {"type": one["type"]}
    if "structure" in one:
        made["supportedProfile"] = [one["structure"]]
    made["interaction"] = [{"code": code} for code in one["interactions"]]
    for word, told in (("search-include", "searchInclude"), ("search-revinclude", "searchRevInclude")):
        if one.get(word):
            made[told] = list(one[word])
    made["searchParam"] = [dict(each) for each in one["search-parameters"]]
    return {word: said for word, said in made.items() if said != []}


def _bound(profile: Profile) -> list[str]:
    """The names of the value sets that bindings name."""
    every = [*profile.structures.values(), *profile.extensions.values()]
    return sorted({one["binding"]["value-set"] for each in every for one in each["elements"] if "binding" in one})


def _identity(one: Nomenclature, kind: str) -> Written:
    made: Written = {"resourceType": kind, "id": re.sub(r"[^A-Za-z0-9.-]", "-", one.name)[:64], "url": one.canonical}
    if not one.complete:
        made["extension"] = [{"url": f"{OURS}partial", "valueBoolean": True}]
    if one.oid:
        made["identifier"] = [{"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{one.oid}"}]
    made |= {word: said for word, said in (("version", one.version), ("date", one.date), ("description", one.note))
             if said}
    return {**made, "name": re.sub(r"\W", "_", one.name), "status": one.status or "unknown", "experimental": False}


def _value_set(one: Nomenclature) -> Written:
    systems: dict[str, list[Written]] = {}
    for code in one.codes:
        systems.setdefault(code.system, []).append({"code": code.code, "display": code.display})
    included = [{"system": system, "concept": concepts} for system, concepts in systems.items()]
    return {**_identity(one, "ValueSet"), **({"compose": {"include": included}} if included else {})}


def _code_system(one: Nomenclature) -> Written:
    concepts: list[Written] = []
    for code in one.codes:
        concept: Written = {"code": code.code, "display": code.display}
        if code.status:
            concept["property"] = [{"code": "status", "valueCode": code.status}]
            if code.until:
                concept["property"].append({"code": f"{_ENDS[code.status]}Date", "valueDateTime": code.until})
        concepts.append(concept)
    made: Written = {**_identity(one, "CodeSystem"), "content": "complete" if one.complete and concepts else "fragment"}
    used = {each["code"] for concept in concepts for each in concept.get("property", ())}
    if used:
        made["property"] = [{"code": name, "type": "code" if name == "status" else "dateTime"} for name in sorted(used)]
    if concepts:
        made["concept"] = concepts
    return made


_UNDATED = "1970-01-01"  # FHIR wants a date
_ENDS: Mapping[str, str] = {"retired": "retirement", "deprecated": "deprecation"}


def files(profile: Profile, release: Release, beside: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """The files of the package, by their paths in it; ``beside`` are those of ours that FHIR has no word for."""
    manifest = {
        "name": f"rorqual.{profile.id.removesuffix(f'-{profile.version}')}", "version": profile.version, "type": "IG",
        "title": profile.title.en,
        "description": "Structures and nomenclatures as rorqual holds them, carried over from public sources.",
        "canonical": profile.canonical, "fhirVersions": [profile.fhir_version],
        "dependencies": {"hl7.fhir.r4.core": profile.fhir_version},
        **({"date": profile.published.replace("-", "")} if profile.published else {}),
    }
    index: list[Written] = []
    written: list[tuple[str, bytes]] = []
    for one in resources(profile, release):
        name = f"{one['resourceType']}-{one['id']}.json"
        told: Written = {word: one[word] for word in _INDEXED if word in one}
        index.append({"filename": name, **told})
        written.append((f"{_PACKAGE}/{name}", _json(one)))
    yield f"{_PACKAGE}/package.json", _json(manifest)
    yield f"{_PACKAGE}/.index.json", _json({"index-version": 1, "files": index})
    yield from written
    for name, content in beside.items():
        yield f"{_PACKAGE}/other/{name}", content


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def write(profile: Profile, release: Release, beside: Mapping[str, bytes], out: Path) -> int:
    """Writes the package to a file that ends with .tgz, or as a folder; gives the number of its files. OperatorError
    when something is there already, or nothing can be written."""
    if out.exists():
        raise OperatorError(f"{out} exists already; choose another place")
    made = list(files(profile, release, beside))
    try:
        if out.suffix == ".tgz":
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_bytes(_archive(made))
        else:
            for name, content in made:
                path = out / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    except OSError as error:
        raise OperatorError(f"{out}: cannot be written ({error.strerror})") from None
    return len(made)


def _archive(made: list[tuple[str, bytes]]) -> bytes:
    """A tar in gzip without owners and dates, so that it only says what is in it."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, filename="") as squeezed, \
            tarfile.open(fileobj=squeezed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in made:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
