"""The ids of the requirements that structures carry: derived from the elements, so that a place tells its rule."""

from __future__ import annotations


def structure_id(element: str) -> str:
    """The id of the requirement of an element."""
    return f"ROR-STR-{element}"


def nomenclature_id(element: str) -> str:
    """The id of the requirement of an element's codes."""
    return f"ROR-NOM-{element}"


def family(kind: str) -> str:
    """The name of all that the structure of a resource type asks."""
    return f"ROR-STR-{kind}.*"
