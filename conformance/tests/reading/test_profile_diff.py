"""What changed between two versions of the specification."""

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from conformance import profile
from conformance.cli.group import rorqual
from conformance.profile_diff import differences, sentence

DELTAS = Path(__file__).resolve().parents[4] / "shared" / "spec" / "ror-fhir" / "profiles" / "deltas.yaml"
OLD, NEW = (profile.read(name) for name in profile.known() if name.startswith("ror-fhir-"))
# announced by the change log, and not in the published files
ANNOUNCED_ONLY = {"HealthcareService.name"}
# told as a whole, structure by structure: the profile has another name
RENAMED = "ror-questionnaire-healthcareservice"


def changes(before, after, **wanted):
    return [one for one in differences(before, after)
            if all(getattr(one, word) == value for word, value in wanted.items())]


def test_a_version_does_not_differ_from_itself():
    for one in (OLD, NEW):
        assert differences(one, one) == []


def test_backwards_says_the_contrary():
    contrary = {"added": "removed", "removed": "added", "changed": "changed"}
    there = {(one.change, one.kind, one.name, one.word, str(one.before), str(one.after)) for one in differences(OLD, NEW)}
    back = {(contrary[one.change], one.kind, one.name, one.word, str(one.after), str(one.before))
            for one in differences(NEW, OLD)}
    assert there == back


@pytest.mark.skipif(not DELTAS.is_file(), reason="the facts of the specification are not part of this project; CI has them")
def test_each_change_that_was_announced_is_told():
    steps = yaml.safe_load(DELTAS.read_text(encoding="utf-8"))["steps"]
    step = next(one for one in steps if one["to"] == NEW.version)
    told = differences(OLD, NEW)
    names = [one.name for one in told]
    missing = []
    for fact in step["element_changes"]:
        if "Questionnaire" in fact["profile"]:
            continue
        words = fact["path"].split(".")
        last = words[-1].partition(":")
        plain = ".".join(word.partition(":")[0] for word in words) + last[1] + last[2]
        if not any(f" {plain}" in name for name in names):
            missing.append(fact["path"])
    assert set(missing) == ANNOUNCED_ONLY
    assert f"structure {RENAMED}" in [sentence(one) for one in told]


@pytest.mark.parametrize(("kind", "name", "word", "before", "after"), [
    ("element", "ror-healthcareservice HealthcareService.notAvailable", "max", "*", 1),
    ("element", "ror-healthcareservice HealthcareService.providedBy", "min", 0, 1),
    ("element", "ror-organization Organization.contact.extension:ror-contact-confidentiality-level", "min", 0, 1),
])
def test_changes_of_the_two_versions(kind, name, word, before, after):
    (found,) = changes(OLD, NEW, kind=kind, name=name)
    assert (found.change, found.word, found.before, found.after) == ("changed", word, before, after)


def test_a_change_of_each_kind_is_told():
    structures, capability = deepcopy(dict(NEW.structures)), deepcopy(dict(NEW.capability))
    offer = structures["ror-healthcareservice"]
    offer["elements"] = [one for one in offer["elements"] if one["path"] != "HealthcareService.name"]
    offer["elements"][0]["types"] = ["dateTime"]
    del structures["ror-task"]
    resource = capability["resources"][0]
    gone = resource["search-parameters"].pop(0)["name"]
    requirements = dict(NEW.requirements)
    first = next(iter(requirements))
    requirements["ROR-NEW-1"] = requirements.pop(first)
    other = replace(NEW, structures=structures, capability=capability, requirements=requirements, search_parameters={},
                    defects=NEW.defects[1:])
    told = [f"{one.change} {sentence(one)}" for one in differences(NEW, other)]
    for line in ("removed structure ror-task", "removed element ror-healthcareservice HealthcareService.name",
                 f"changed element ror-healthcareservice {offer['elements'][0]['path']}: types -instant +dateTime",
                 f"changed capability {resource['type']}: search-parameters -{gone}", "added requirement ROR-NEW-1",
                 f"removed requirement {first}", f"removed defect {NEW.defects[0].id}",
                 "removed search parameter HealthcareService.specialty"):
        assert line in told
    assert not [line for line in told if "element ror-task" in line], "a structure that went takes its elements along"


def test_the_command_filters_and_speaks_json():
    names = OLD.id, NEW.id
    told = CliRunner().invoke(rorqual, ["profile", "diff", *names, "--kind", "element", "--only", "ror-location "])
    assert told.exit_code == 0
    assert told.output.splitlines() == [
        "added    element ror-location Location.extension:ror-comment",
        "added    element ror-location Location.extension:ror-meta-questionnaire-used-as-a-template", "2 differences"]
    raw = json.loads(CliRunner().invoke(rorqual, ["profile", "diff", *names, "--format", "json"]).output)
    assert (raw["before"], raw["after"]) == names
    assert len(raw["changes"]) == len(differences(OLD, NEW))
    same = CliRunner().invoke(rorqual, ["profile", "diff", NEW.id, NEW.id])
    assert same.output == "no difference\n"


def test_a_version_that_is_not_known():
    told = CliRunner().invoke(rorqual, ["profile", "diff", "ror-fhir-0.7", NEW.id])
    assert told.exit_code != 0
    assert "ror-fhir-0.7" in str(told.exception)
