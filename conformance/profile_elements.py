"""The requirements that the structures of a version carry: one for each element that they constrain, one more for each
that they bind to a value set. They are derived, not written: their ids are the places of the elements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.fhir.r4 import r4
from conformance.fhir.tree import Node, keys, short, tree
from conformance.requirement_ids import family, nomenclature_id, structure_id
from conformance.specification import Requirement, Text
from conformance.verdict import Strength

Raw = Mapping[str, Any]
_GUIDE = "IG profils"
_TEXT = Text(
    "L'élément est un texte : rien ne dit s'il porte un code ou son libellé, et un exemple officiel écrit le libellé.",
    "The element is a text: nothing says whether it carries a code or its display; an official example writes this.")


@dataclass(frozen=True, slots=True)
class Derived:
    """The requirements by id, and the families of them: by the name that scenarios give to all that a structure and the
    extensions in it ask (``ROR-STR-HealthcareService.*``)."""

    requirements: Mapping[str, Requirement]
    families: Mapping[str, tuple[str, ...]]


def derived(structures: Mapping[str, Raw], extensions: Mapping[str, Raw], judged: Mapping[str, Text]) -> Derived:
    """What the structures ask; ``judged`` tells of the resource types that no scenario receives yet why that is."""
    facts = r4()
    trees = {url: tree(one, "Extension", facts) for url, one in extensions.items()}
    of_extension = {url: list(_of_tree(root, short(url), extensions[url])) for url, root in trees.items()}
    found: dict[str, Requirement] = {}
    families: dict[str, tuple[str, ...]] = {}
    for raw in structures.values():
        root = tree(raw, raw["type"], facts)
        mine = [*_of_tree(root, raw["type"], raw)]
        for url in used(root, trees):
            mine += of_extension[url]
        families[family(raw["type"])] = tuple(one.id for one in mine if one.not_tested is None)
        reason = judged.get(raw["type"])
        for one in mine:
            if one.id not in found or found[one.id].not_tested is not None:
                found[one.id] = one if one.not_tested is not None else _untested(one, reason)
    return Derived(found, families)


def used(root: Node, trees: Mapping[str, Node]) -> list[str]:
    """The extensions that stand in a structure, in it or in one another."""
    met: dict[str, None] = {}
    waiting = [root]
    while waiting:
        for node in waiting.pop().everything():
            url = str(node.said.get("extension", ""))
            if url in trees and url not in met:
                met[url] = None
                waiting.append(trees[url])
    return list(met)


def _untested(one: Requirement, reason: Text | None) -> Requirement:
    if reason is None:
        return one
    return Requirement(one.id, one.topic, one.strength, one.actor, one.statement, one.source, one.section,
                       unconfirmed=one.unconfirmed, not_tested=reason)


def _of_tree(root: Node, name: str, raw: Raw) -> Iterator[Requirement]:
    where = str(raw.get("id") or name)
    doubt = bool(raw.get("unconfirmed"))
    if root.id == "Extension" and not root.said:
        said = Text(f"L'extension {name} a la forme de sa définition.",
                    f"The extension {name} has the form of its definition.")
        yield Requirement(structure_id(name), "structure", Strength.SHALL, "server", said, _GUIDE, where,
                          unconfirmed=doubt)
    for key, node in keys(root, name):
        unsure = doubt or bool(node.said.get("unconfirmed"))
        yield Requirement(structure_id(key), "structure", Strength.SHALL, "server", _statement(key, node), _GUIDE,
                          where, note=str(node.said.get("defect", "")), unconfirmed=unsure)
        binding = node.said.get("binding")
        if binding:
            strength = Strength.SHALL if binding["strength"] == "required" else Strength.SHOULD
            yield Requirement(nomenclature_id(key), "nomenclature", strength, "server", _coded(key, binding), _GUIDE,
                              where, note=str(node.said.get("defect", "")), unconfirmed=unsure,
                              not_tested=None if node.codes else _TEXT)


def _coded(key: str, binding: Raw) -> Text:
    name = binding["value-set"]
    return Text(f"{key} est codé dans {name}.", f"{key} is coded in {name}.")


def _statement(key: str, node: Node) -> Text:
    least, most = node.said.get("min", 0), str(node.said.get("max", "*"))
    french, english = [_times(least, most)[0]], [_times(least, most)[1]]
    said = node.said
    if said.get("types") and "extension" not in said:
        french.append("de type " + " ou ".join(said["types"]))
        english.append("of type " + " or ".join(said["types"]))
    if "extension" in said:
        french.append(f"extension {short(said['extension'])}")
        english.append(f"extension {short(said['extension'])}")
    if said.get("targets"):
        names = [short(one) for one in said["targets"]]
        french.append("vers " + " ou ".join(names))
        english.append("pointing at " + " or ".join(names))
    for word in ("fixed", "pattern"):
        if word in said:
            french.append(f"valeur imposée {said[word]}")
            english.append(f"of the fixed value {said[word]}")
    for rule in said.get("invariants", ()):
        french.append(f"règle {rule['key']}")
        english.append(f"rule {rule['key']}")
    return Text(f"{key} : {', '.join(french)}.", f"{key}: {', '.join(english)}.")


def _times(least: int, most: str) -> tuple[str, str]:
    if most == "0":
        return "absent", "absent"
    if str(least) == most:
        return f"exactement {least} fois", f"exactly {least} {'time' if least == 1 else 'times'}"
    if most == "*":
        return (f"au moins {least} fois", f"at least {least} {'time' if least == 1 else 'times'}") if least else (
            "autant de fois que de besoin", "any number of times")
    return ("au plus " if not least else f"de {least} à ") + f"{most} fois", (
        "at most " if not least else f"{least} to ") + f"{most} {'time' if most == '1' else 'times'}"
