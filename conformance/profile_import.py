"""A version of the specification from a FHIR package: its definitions become a folder of ours.

What a package does not say (requirements, defects of the specification, what checks rest on, headers) comes from the
package's own folder ``other``, where our exporter puts it, or from a version that we know.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from conformance import nomenclature_import, profile, source
from conformance.errors import AuthorError, OperatorError, Problem
from conformance.fhir.definition import BASE
from conformance.fhir.published import Published, Wrong, beside
from conformance.fhir.r4 import r4
from conformance.fhir.tree import short
from conformance.nomenclature_import import name_of
from conformance.package import Found, Package, dicts

Raw = Mapping[str, Any]
Written = dict[str, Any]
IDENTITY = "profile.yaml"
NOMENCLATURES = "nomenclatures"
_ORDER = ("resource", "name", "type", "expression", "targets", "declared", "draft", "origin", "definition", "defect")
_FLAGS = ("declared", "draft", "defect")


@dataclass
class Imported:
    """A version in our format: documents by their paths in the folder, and what was left out, with the reason."""

    documents: dict[str, Any] = field(default_factory=dict)
    left: list[tuple[str, str]] = field(default_factory=list)
    texts: dict[str, bytes] = field(default_factory=dict)


class ProfileImporter:
    """Reads one package; ``others`` are packages that hold what it rests on, ``like`` the folder of a known version.

    AuthorError with all that is wrong in the package, OperatorError when it holds no structure.
    """

    def __init__(self, package: Package, others: Sequence[Package], like: Path | None, statement: str = "") -> None:
        self.package, self.like, self.statement = package, like, statement
        every = [found for one in (package, *others) for found in one.resources]
        definitions = {str(one["url"]): one for _, one in every
                       if one["resourceType"] == "StructureDefinition" and "url" in one}
        self._published = Published(r4(), definitions, name_of)
        self._aside = [found for one in others for found in one.resources]
        self._problems: list[Problem] = []
        self._made = Imported()

    def imported(self, identifier: str = "") -> Imported:
        """The version; it is called ``identifier``, or as the package says."""
        structures, extensions = self._structures(self.package.resources)
        extensions |= self._missing(structures, extensions)
        capability = self._capability()
        parameters = self._parameters(capability)
        if self._problems:
            raise AuthorError(self._problems)
        if not structures:
            raise OperatorError("no StructureDefinition of a resource is in it" + "".join(
                f"\n  {name}: {why}" for name, why in self._made.left[:10]))
        documents = self._made.documents
        documents[IDENTITY] = self._identity(identifier)
        for name, one in structures.items():
            documents[f"structures/{name}.yaml"] = one
        documents["structures/extensions.yaml"] = {"extensions": [one for _, one in sorted(extensions.items())]}
        documents["search-parameters.yaml"] = {"search-parameters": parameters}
        documents["capability.yaml"] = capability
        self._beside()
        return self._made

    def _wrong(self, place: str, message: str, remedy: str = "") -> None:
        self._problems.append(Problem(place, 1, 1, message, remedy))

    def _structures(self, found: Iterable[Found]) -> tuple[dict[str, Written], dict[str, Written]]:
        structures: dict[str, Written] = {}
        extensions: dict[str, Written] = {}
        for place, one in found:
            if one["resourceType"] != "StructureDefinition":
                continue
            reason = self._unread(one)
            if reason:
                self._made.left.append((str(one.get("url", place)), reason))
                continue
            try:
                made = self._published.of(one)
            except Wrong as error:
                self._wrong(place, error.message, error.remedy)
                continue
            name = str(made.get("id", made["url"]))
            held = structures if "id" in made else extensions
            if name in held:
                self._wrong(place, f"{name} is there twice", "keep one of the two")
            if ("id" in made and not re.fullmatch(r"[A-Za-z0-9.-]{1,64}", name)) or name == "extensions":
                self._wrong(place, f"the id {name!r} cannot name a file", "letters, digits, points and dashes are due")
            held[name] = made
        return structures, extensions

    def _unread(self, one: Raw) -> str:
        """Why a definition has no place in a version of ours; empty when it has one."""
        kind = str(one.get("type"))
        if not isinstance(one.get("url"), str):
            return "it has no url"
        if one.get("derivation") != "constraint":
            return "it is no profile: it constrains nothing"
        if kind != "Extension" and not r4().resource(kind):
            return f"profiles of {kind} are not read: rorqual judges the resources that a ROR exchanges"
        return ""

    def _missing(self, structures: Mapping[str, Raw], known: Mapping[str, Raw]) -> dict[str, Written]:
        """The extensions that structures use and the package does not define: of the other packages, of the known
        version, or left out."""
        given = {str(one.get("url")): (place, one) for place, one in self._aside
                 if one["resourceType"] == "StructureDefinition" and one.get("type") == "Extension"}
        like = profile.read(str(self.like)).extensions if self.like else {}
        found: dict[str, Written] = {}
        waiting = list(_extensions([*structures.values(), *known.values()]))
        while waiting:
            url = waiting.pop(0)
            if url in known or url in found:
                continue
            if url in given:
                _, more = self._structures([given[url]])
                found |= more
            elif url in like:
                found[url] = dict(like[url])
            else:
                self._made.left.append((url, "an extension used but not defined here: give its package with --with"))
                known = {**known, url: {"elements": []}}
            waiting += _extensions([found[url]] if url in found else [])
        return found

    def _of_kind(self, kind: str) -> Iterator[Found]:
        return (found for found in self.package.resources if found[1]["resourceType"] == kind)

    def _capability(self) -> Written:
        """What the statement of the server asks; empty where the package has none."""
        held = [(place, one, rest) for place, one in self._of_kind("CapabilityStatement")
                for rest in dicts(one.get("rest")) if rest.get("mode") == "server"
                and self.statement in ("", str(one.get("id")), str(one.get("url")))]
        if len(held) > 1:
            names = ", ".join(str(one.get("id")) for _, one, _ in held)
            raise OperatorError(f"several statements of a server are in it: {names}; choose with --statement ID")
        if not held:
            if self.statement:
                raise OperatorError(f"no CapabilityStatement of a server is called {self.statement!r} in it")
            self._made.left.append(("capability", "no CapabilityStatement of a server is in it"))
            return {"formats": [], "resources": []}
        _, one, rest = held[0]
        patch = _texts(one.get("patchFormat"))
        return {"formats": _texts(one.get("format")), **({"patch-formats": patch} if patch else {}),
                "resources": [_asked(each) for each in dicts(rest.get("resource"))]}

    def _parameters(self, capability: Raw) -> list[Written]:
        """The search parameters: those defined, then those that the statement declares besides."""
        asked = {(one["type"], each["name"]): each for one in capability["resources"]
                 for each in one["search-parameters"]}
        like = profile.read(str(self.like)).search_parameters if self.like else {}
        found: dict[tuple[str, str], Written] = {}
        for place, one in self._of_kind("SearchParameter"):
            for base in _texts(one.get("base")):
                made = _parameter(one, base)
                if not made["name"] or made["type"] not in _kinds():
                    self._wrong(place, f"a search parameter needs a code and a known type, not {made['type']!r}")
                    continue
                told = beside(one)
                flags = {word: told[word] for word in _FLAGS if word in told}
                made |= flags or {"declared": (base, made["name"]) in asked}
                found[base, made["name"]] = made
        for (base, name), each in asked.items():
            if (base, name) not in found:
                known = like.get((base, name))
                kind = each.get("type") or (known.type if known else "special")
                found[base, name] = {
                    "resource": base, "name": name, "type": kind,
                    "expression": (known.expression or None) if known else None,
                    **({"targets": list(known.targets)} if known and known.targets else {}), "declared": True}
        return [{word: one[word] for word in _ORDER if word in one} for _, one in sorted(found.items())]

    def _identity(self, identifier: str) -> Written:
        manifest = self.package.manifest
        like = profile.document(str(self.like), IDENTITY) if self.like else {}
        if IDENTITY in self.package.beside:
            given, problems = source.load(self.package.beside[IDENTITY], IDENTITY)
            if problems or not isinstance(given, dict):
                raise AuthorError(problems or [Problem(IDENTITY, 1, 1, "not a mapping")])
            return {**given, **({"id": identifier} if identifier else {})}
        name, version = (str(manifest.get(word, "")) for word in ("name", "version"))
        title = str(manifest.get("title") or name or identifier)
        published = re.match(r"(\d{4})-?(\d\d)-?(\d\d)", str(manifest.get("date", "")))
        fhir = manifest.get("fhirVersions") or manifest.get("fhir-version-list") or ["4.0.1"]
        made_id = identifier or re.sub(r"[^a-z0-9.-]", "-", f"{name}-{version}".lower())
        return {
            "id": made_id, "title": {"fr": f"{title}, version {version}", "en": f"{title}, version {version}"},
            "generation": "fhir", "version": version or "unknown",
            "published": "-".join(published.groups()) if published else None,
            "fhir-version": str(fhir[0] if isinstance(fhir, list) else fhir),
            "canonical": str(manifest.get("canonical") or self._common()),
            "sources": [{"name": f"{name} {version}".strip() or "a FHIR package", "what": "the package imported"}],
            "headers": like.get("headers", []), "constants": like.get("constants", {}),
        }

    def _common(self) -> str:
        """The canonical of the guide where the manifest is silent: what its structures begin with most often."""
        bases = [one["url"].rpartition("/StructureDefinition/")[0]
                 for _, one in self._of_kind("StructureDefinition") if isinstance(one.get("url"), str)]
        return max(set(bases), key=bases.count, default="")

    def _beside(self) -> None:
        empty = {"requirements.yaml": {"requirements": []}, "spec-defects.yaml": {"defects": []},
                 "checks.yaml": {"checks": {}}, "writes.yaml": {"removal": {}, "optional": []},
                 "transactions.yaml": {"transactions": []},
                 "access.yaml": {"everything": "", "entitled": False, "rules": []}}
        for name in profile.BESIDE[1:]:
            if name in self.package.beside:
                self._made.texts[name] = self.package.beside[name]
            elif self.like is not None:
                self._made.texts[name] = (profile.folder_of(str(self.like)) / name).read_bytes()
            else:
                self._made.documents[name] = empty[name]


def _extensions(structures: Iterable[Raw]) -> Iterator[str]:
    return (str(each["extension"]) for one in structures for each in one["elements"] if "extension" in each)


def _kinds() -> Sequence[str]:
    properties = profile.schema("search-parameters")["properties"]["search-parameters"]["items"]["properties"]
    kinds: Sequence[str] = properties["type"]["enum"]
    return kinds


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _asked(one: Raw) -> Written:
    """What a statement asks of a resource type."""
    supported = [*_texts(one.get("supportedProfile")), *_texts([one.get("profile")])]
    made: Written = {"type": str(one.get("type"))}
    made |= {"structure": supported[0]} if supported else {}
    made["interactions"] = [str(each.get("code")) for each in dicts(one.get("interaction"))]
    made["search-parameters"] = [{word: str(each[word]) for word in ("name", "type", "definition") if word in each}
                                 for each in dicts(one.get("searchParam")) if "name" in each]
    for word, told in (("search-include", "searchInclude"), ("search-revinclude", "searchRevInclude")):
        names = [each.strip() for text in _texts(one.get(told)) for each in text.split(",")]
        made[word] = names
    return made


def _parameter(one: Raw, base: str) -> Written:
    """A search parameter for one resource type; of an expression for several, the parts for this one."""
    expression = str(one.get("expression") or "")
    parts = [part.strip() for part in re.split(r"\s\|\s(?![^(]*\))", expression)]
    mine = [part for part in parts if part.lstrip("(").startswith(f"{base}.") or part.split(".")[0].strip("(") == base]
    targets = _texts(one.get("target"))
    return {"resource": base, "name": str(one.get("code") or ""), "type": str(one.get("type")),
            "expression": " | ".join(mine) or expression or None, **({"targets": targets} if targets else {}),
            "definition": str(one.get("url", ""))}


def write(made: Imported, package: Package, out: Path) -> int:
    """Writes the folder, nomenclatures of the package beside, whole or not at all; gives the number of files.
    OperatorError when something is there already or nothing can be written, AuthorError when what the package says
    does not make a version that can be read."""
    if out.exists():
        raise OperatorError(f"{out} exists already; choose another place")
    coded = any(one["resourceType"] in ("CodeSystem", "ValueSet") for _, one in package.resources)
    release = nomenclature_import.Importer(package.resources).documents() if coded else {}
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent) as beside:
            under_way = Path(beside) / "made"
            (under_way / "structures").mkdir(parents=True)
            for name, text in made.texts.items():
                (under_way / name).write_bytes(text)
            for name, document in made.documents.items():
                (under_way / name).write_text(_yaml(document), encoding="utf-8")
            profile.read(str(under_way))
            if release:
                nomenclature_import.write(release, under_way / NOMENCLATURES)
            shutil.move(under_way, out)
    except OSError as error:
        raise OperatorError(f"{out}: cannot be written ({error.strerror})") from None
    return sum(1 for path in out.rglob("*") if path.is_file())


def _yaml(document: Raw, deep: int = 0) -> str:
    """YAML as people read it: a line for each member of a list, however long."""
    lines: list[str] = []
    for word, said in document.items():
        name = f"{' ' * deep}{_flow(word)}:"
        if isinstance(said, list) and said and all(isinstance(one, dict) for one in said):
            lines.append(name)
            for one in said:
                nested = {key: value for key, value in one.items() if _rows(value)}
                if nested:
                    inner = _yaml(one, deep + 4).splitlines()
                    lines += [f"{' ' * deep}  - {inner[0].strip()}", *inner[1:]]
                else:
                    lines.append(f"{' ' * deep}  - {_flow(one)}")
        else:
            lines.append(f"{name} {_flow(said)}")
    return "\n".join(lines) + "\n"


def _rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) and len(one) > 1 for one in value)


def _flow(value: Any) -> str:
    plain = json.loads(json.dumps(value))  # no aliases, no types of ours
    text: str = yaml.safe_dump(plain, default_flow_style=True, sort_keys=False, allow_unicode=True,
                               width=float("inf"))
    return text.strip().removesuffix("\n...").strip()


def untold(made: Imported) -> list[str]:
    """What was left out, one line for each reason."""
    by_reason: dict[str, list[str]] = {}
    for name, why in made.left:
        by_reason.setdefault(why, []).append(short(name) if name.startswith((BASE, "http")) else name)
    return [f"{why}: {', '.join(names[:8])}" + (f" and {len(names) - 8} more" if len(names) > 8 else "")
            for why, names in by_reason.items()]
