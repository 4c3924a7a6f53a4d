"""Corpora made from the structures: valid resources, and the same made wrong by every operator."""

import random
import re

from conformance import nomenclature, profile
from conformance.draw import Seeded
from conformance.fhir.coding import judged
from conformance.fhir.engine import Fast
from conformance.fhir.maker import Maker
from conformance.fhir.mutation import mutants
from conformance.fhir.r4 import r4
from conformance.fhir.structure import Structures, path_of

PROFILES = [name for name in profile.known() if name.startswith("ror-fhir-")]
RELEASE = nomenclature.shipped()
DAY = "2026-12-01"


def structures(name, engine=Fast):
    """The structures of a version, judged by one of the two validators."""
    made = profile.read(name)
    return Structures(made.structures, made.extensions, made.canonical, RELEASE, r4(), engine)


def valid(whole, count, seed=1):
    """So many resources of each structure, each with its compiled structure."""
    maker = Maker(whole, RELEASE, Seeded(random.Random(seed)))
    for name in whole.structures:
        for _ in range(count):
            yield whole.of(name), maker.resource(name)


def wrong(whole, count, seed=1):
    """The valid ones made wrong by each operator that finds something in them; what a slice asked and asks no more is
    not wrong."""
    draw = Seeded(random.Random(seed))
    for compiled, resource in valid(whole, count, seed):
        for one in mutants(resource, compiled, draw):
            if not (one.moved and one.operator in ("drop-required", "wrong-fixed-value")):
                yield compiled, one


def told(compiled, resource):
    """All that is wrong with a resource, codes that the release cannot tell left out."""
    codes = judged(compiled.codings(resource), RELEASE, DAY).differences
    return [*compiled.differences(resource), *(one for one in codes if one.code != "nomenclature.not-held")]


def found(compiled, mutant):
    """Whether what the operator broke is told: by a code of it, at its place, with its element."""
    codes = judged(compiled.codings(mutant.resource), RELEASE, DAY).differences
    element = compiled.element(mutant.resource, mutant.path)
    return any(one.code in mutant.codes and _near(path_of(one.place), mutant.path) and _same(one.element, element)
               for one in (*compiled.differences(mutant.resource), *codes))


def _unsliced(element):
    """The element without the slices of lists that are not of extensions."""
    return re.sub(r"(?<!extension):[^.]+", "", element)


def _near(place, path):
    return place[: len(path)] == path or path[: len(place)] == place


def _same(told_of, element):
    """The element itself, a slice or a part of it; an element that is missing may be told of its holder, one of a slice
    of all members of its list."""
    if _unsliced(told_of) == told_of:
        element = _unsliced(element)
    if not element:
        return not told_of
    return f"{told_of}.".startswith((f"{element}.", f"{element}:")) or (bool(told_of) and element.startswith(told_of))
