"""What a matrix tells beyond its cells: applications observed and deduced, white lists, several vantage points, rates."""

import json
from dataclasses import replace

import pytest
import yaml

from conformance import deduced, figures
from conformance.cells import Broken, Cell
from conformance.errors import AuthorError, OperatorError
from conformance.report import connect, grid_changes
from conformance.report.grid import grid, jsonable
from conformance.tests.matrix.stage import LATEST, members, served, tour

CONTRACT = {"contract": 1, "rorqual": "0", "product": "P", "version": "1", "vendor": "V", "complete": True, "profiles": {LATEST: {
    "transactions": [], "searches": [{"resource": "HealthcareService", "method": "GET"}], "shaping": [], "elements": [],
    "parameters": [{"resource": "HealthcareService", "parameter": "specialty", "modifier": ""},
                   {"resource": "HealthcareService", "parameter": "location.address-city", "modifier": ""}],
    "inclusions": [{"resource": "HealthcareService", "parameter": "_include",
                    "value": "HealthcareService:organization"}],
    "reads": [{"resource": "Location"}], "operations": [], "writes": [], "follows-links": True}}}
STATEMENT = {"rest": [{"operation": [{"name": "export"}], "searchParam": [{"name": "_id"}], "resource": [
    {"type": "HealthcareService", "interaction": [{"code": "search-type"}],
     "searchParam": [{"name": "specialty"}, {"name": "location"}],
     "searchInclude": ["HealthcareService:organization"]},
    {"type": "Location", "interaction": [{"code": "read"}]}]}]}


# --- deduced -----------------------------------------------------------------------------------------------------


def relied(**more):
    return {**CONTRACT, "profiles": {LATEST: {**CONTRACT["profiles"][LATEST], **more}}}


def counted(contract):
    """The same contract with what its file tells besides."""
    more = {"parameters": {"known": True, "prefixes": []}, "inclusions": {"known": True}}
    told = {name: [{**one, "requests": 1, "scenarios": ["s"], **more.get(name, {})} for one in rows]
            if isinstance(rows, list) else rows for name, rows in contract["profiles"][LATEST].items()}
    return {**contract, "profiles": {LATEST: told}}


def test_all_that_is_relied_on_is_declared():
    assert deduced.deduced(CONTRACT, LATEST, deduced.statement(STATEMENT)) == deduced.Deduced("yes")


@pytest.mark.parametrize(("more", "lacking"), [
    ({"reads": [{"resource": "Organization"}]}, "Organization: read"),
    ({"searches": [{"resource": "Location", "method": "GET"}]}, "Location: search-type"),
    ({"parameters": [{"resource": "Location", "parameter": "near", "modifier": ""}]}, "Location?near"),
    ({"inclusions": [{"resource": "HealthcareService", "parameter": "_include", "value": "HealthcareService:location"}]},
     "HealthcareService?_include=HealthcareService:location"),
    ({"inclusions": [{"resource": "HealthcareService", "parameter": "_revinclude", "value": "PractitionerRole:service"}]},
     "HealthcareService?_revinclude=PractitionerRole:service"),
    ({"writes": [{"method": "PATCH", "resource": "Location", "base": ""}]}, "Location: patch"),
    ({"operations": [{"name": "$other"}]}, "$other"),
])
def test_what_is_relied_on_and_not_declared(more, lacking):
    assert deduced.deduced(relied(**more), LATEST, deduced.statement(STATEMENT)) == deduced.Deduced("no", (lacking,))


@pytest.mark.parametrize("more", [
    {"parameters": [{"resource": "HealthcareService", "parameter": "_id", "modifier": ""}]},
    {"parameters": [{"resource": "HealthcareService", "parameter": "_has", "modifier": "x"}]},
    {"inclusions": [{"resource": "HealthcareService", "parameter": "_include:iterate", "value": "Organization:partof"}]},
    {"operations": [{"name": "$export"}]}, {"operations": [{"name": "$export-poll-status"}]},
])
def test_what_a_statement_tells_elsewhere_or_has_no_place_for(more):
    assert deduced.deduced(relied(**more), LATEST, deduced.statement(STATEMENT)).answer == "yes"


@pytest.mark.parametrize(("contract", "seen"), [(None, STATEMENT), (CONTRACT, None), ({"profiles": {}}, STATEMENT)])
def test_nothing_is_deduced_of_nothing(contract, seen):
    told = deduced.statement(seen) if seen is not None else None
    assert deduced.deduced(contract, LATEST, told) == deduced.Deduced("unknown")


@pytest.mark.parametrize("body", [{}, {"rest": None}, {"rest": [1, {"resource": "x"}]},
                                  {"rest": [{"resource": [{"type": [], "interaction": {}, "searchInclude": 3}]}]}])
def test_a_statement_of_another_form_declares_nothing(body):
    assert deduced.deduced(CONTRACT, LATEST, deduced.statement(body)).answer == "no"


def test_applications_are_observed_and_deduced_and_disagreements_told(tmp_path):
    with served(tmp_path / "keys", "alpha", "beta", responders={
            "beta": {"of": {"alpha": {"fault": "include-organization-missing"}}}}) as path:
        document = yaml.safe_load(path.read_text())
        identity = next(one["identity"] for one in document["rors"] if one["id"] == "alpha")
        (path.parent / "yes.json").write_text(json.dumps(counted(relied(parameters=[]))))
        (path.parent / "no.json").write_text(json.dumps(counted(relied(operations=[{"name": "$other"}]))))
        document["consumers"] = [
            {"id": "content", "name": "Contente", "profiles": [LATEST], "use-cases": ["inter-ror"],
             "identity": identity, "contract": "yes.json"},
            {"id": "asks-more", "name": "Exigeante", "profiles": [LATEST], "use-cases": ["inter-ror"],
             "identity": identity, "contract": "no.json"},
            {"id": "quiet", "name": "Muette", "profiles": [LATEST], "use-cases": ["inter-ror"], "identity": identity}]
        path.write_text(yaml.safe_dump(document))
        tour(path).into(tmp_path / "run", lambda _one: None)
    told = jsonable(grid([tmp_path / "run"]))
    seen = {(one["requester"], one["responder"]): (one["observed"], one.get("deduced", {}).get("answer"))
            for one in told["cells"]}
    assert seen["content", "beta"] == ("not-effective", "yes")
    assert seen["asks-more", "beta"] == ("not-effective", "no")
    assert seen["quiet", "beta"][1] == "unknown"
    assert seen["alpha", "beta"][1] is None
    notes = {(one["code"], one["requester"], one["responder"]) for one in told["notes"]}
    assert ("declared-and-not-done", "content", "beta") in notes
    assert {one["id"] for one in told["by"]["applications"]} == {"content", "asks-more", "quiet"}
    assert told["rates"]["all"]["ordered"]["total"] == 2


def test_a_contract_that_is_none_is_told_before_anything_is_tried(tmp_path):
    from conformance import matrix, registry
    from conformance.clock import SystemClock

    (tmp_path / "c.json").write_text('{"contract": 1}')
    (tmp_path / "registry.yaml").write_text(yaml.safe_dump({
        "registry": 1, "rors": [{"id": "a", "region": "11", "name": "A", "metropolitan": True, "profiles": [LATEST]}],
        "consumers": [{"id": "c", "name": "C", "profiles": [LATEST], "contract": "c.json"}]}))
    tour_ = matrix.Tour(registry.read(tmp_path / "registry.yaml"), matrix.Wanted(), SystemClock())
    with pytest.raises(AuthorError, match=r"c\.json:1:1: missing key 'rorqual'"):
        tour_.into(tmp_path / "run", lambda _one: None)
    assert not (tmp_path / "run").exists()


# --- the gate ------------------------------------------------------------------------------------------------------


def gate(cell, **how):
    told = {"members": [{"id": "a"}, {"id": "b"}], "cells": [
        {"requester": "a", "responder": "b", "profile": LATEST, "use-cases": {}, "at": "2026-01-01T", **cell}]}
    return connect.can_connect(told, "a", "b", **how)


@pytest.mark.parametrize(("cell", "how", "word", "known"), [
    ({"observed": "effective", "use-cases": {"inter-ror": "effective"}}, {}, "true", "observed"),
    ({"observed": "partial", "use-cases": {"inter-ror": "effective", "regulation-snp": "not-effective"}},
     {"use_case": "inter-ror"}, "true", "observed"),
    ({"observed": "effective", "use-cases": {"inter-ror": "effective"}}, {"use_case": "regulation-snp"}, "unknown", ""),
    ({"observed": "not-effective", "cause": "tcp.refused"}, {"use_case": "regulation-snp"}, "false", "observed"),
    ({"observed": "effective", "use-cases": {}}, {"profile": "another"}, "unknown", ""),
    ({"observed": "not-tested", "cause": "untested.no-endpoint"}, {}, "unknown", ""),
    ({"observed": "partial", "step": "scenarios", "cause": "scenarios.failed", "use-cases": {"inter-ror": "partial"}},
     {"use_case": "regulation-snp"}, "unknown", ""),
    ({"observed": "not-tested", "deduced": {"answer": "yes", "lacking": []}}, {"profile": "another"}, "unknown", ""),
    ({"observed": "not-tested", "deduced": {"answer": "yes", "lacking": []}}, {}, "true", "deduced"),
    ({"observed": "not-tested", "deduced": {"answer": "no", "lacking": ["$x"]}}, {}, "false", "deduced"),
    ({"observed": "not-tested", "deduced": {"answer": "yes", "lacking": []}}, {"observed": True}, "unknown", ""),
])
def test_the_answer_of_a_cell(cell, how, word, known):
    answer = gate(cell, **how)
    assert (answer.word, answer.known) == (word, known)
    assert word == "unknown" or all(one.fr and one.en for one in answer.sentences)


def test_a_member_that_is_not_there_is_told():
    with pytest.raises(OperatorError, match="nobody called 'c'"):
        connect.can_connect({"members": [{"id": "a"}], "cells": []}, "a", "c")


# --- cells together --------------------------------------------------------------------------------------------------


def cells(*told):
    found = {}
    for requester, responder, cause in told:
        state = "effective" if not cause else "not-tested" if cause.startswith("untested") else "not-effective"
        found[requester, responder] = Cell(requester, responder, state, Broken(cause) if cause else None)
    return found


def known(**lists):
    return [{"id": name, "name": name, "kind": "ror", "region": "11", "metropolitan": name != "c", "solution": "S",
             "lets-in": lists.get(name)} for name in "abc"]


def test_rates_are_counts_of_pairs():
    told = figures.rates(known(), cells(("a", "b", ""), ("b", "a", ""), ("a", "c", ""), ("c", "a", "tcp.refused"),
                                        ("b", "c", "untested.time"), ("c", "b", "")))
    assert told["all"]["ordered"] == {"effective": 4, "partial": 0, "not-effective": 1, "not-tested": 1, "total": 6}
    assert told["all"]["unordered"] == {"effective": 1, "one-way": 1, "not-tested": 1, "total": 3}
    assert told["metropolitan"]["ordered"]["total"] == 2
    assert told["metropolitan"]["unordered"] == {"effective": 1, "one-way": 0, "not-tested": 0, "total": 1}


def test_white_lists_beside_what_was_seen():
    found = cells(("a", "b", "list.refused"), ("c", "b", ""), ("b", "a", "list.refused"), ("c", "a", "scenarios.failed"))
    told = {(one.code, one.requester, one.responder) for one in figures.notes(known(a=["b"], b=["all"]), found)}
    assert ("refused-though-listed", "a", "b") in told
    assert ("refused-though-listed", "b", "a") in told
    assert ("let-in-though-not-listed", "c", "a") in told
    assert ("let-in-though-not-listed", "c", "b") not in told


def test_who_is_refused_the_statement_is_not_let_in():
    found = cells(("c", "a", "capability.refused"), ("b", "a", "capability.not-found"))
    assert figures.notes(known(a=[]), found) == [figures.Note("nobody-reaches", "", "a", "capability.not-found")]


def test_use_cases_count_those_that_were_to_be_tried():
    one = replace(cells(("a", "b", ""))["a", "b"], use_cases=("inter-ror",), scenarios={"inter-ror": {"pass": 1}})
    other = replace(cells(("b", "a", "tcp.refused"))["b", "a"], use_cases=("inter-ror", "regulation-snp"))
    told = {row["use-case"]: (row["effective"], row["total"])
            for row in figures.shares(known(), {("a", "b"): one, ("b", "a"): other})["use-cases"]}
    assert told == {"inter-ror": (1, 2), "regulation-snp": (0, 1)}


@pytest.mark.parametrize(("was", "now", "change"), [
    ("effective", "partial", "broke"), ("partial", "effective", "opened"), ("not-tested", "effective", "tested"),
    ("effective", "not-tested", "untested"), ("partial", "not-effective", "otherwise")])
def test_how_a_connection_changes(was, now, change):
    told = [{"cells": [{"requester": "a", "responder": "b", "observed": state}], "rates": {}} for state in (was, now)]
    moved = grid_changes.changes(*told)
    assert [name for name in grid_changes.CHANGES if moved[name]] == [change]


def test_on_whose_side_a_connection_breaks():
    found = cells(("a", "b", "tls.expired"), ("c", "b", "tls.expired"), ("a", "c", ""), ("b", "c", "client.expired"),
                  ("b", "a", "client.expired"), ("c", "a", "list.refused"))
    sides = figures.sides(found)
    assert sides["a", "b"] == "responder"
    assert sides["b", "c"] == "requester"
    assert ("a", "c") not in sides
    assert figures.sides(cells(("a", "b", "client.expired")))["a", "b"] == "requester"
    assert figures.sides(cells(("a", "b", "list.refused")))["a", "b"] == "unknown"


# --- several records -------------------------------------------------------------------------------------------------


def test_records_of_several_places_are_one_matrix(tmp_path):
    with served(tmp_path / "keys", "alpha", "beta", "gamma") as path:
        tour(path, vantage="alpha's network", requesters=("alpha",)).into(tmp_path / "one", lambda _one: None)
        tour(path, vantage="the programme's").into(tmp_path / "two", lambda _one: None)
        document = yaml.safe_load(path.read_text())
        document["rors"][1]["endpoint"]["base-url"] = "https://beta.invalid/fhir"
        path.write_text(yaml.safe_dump(document))
        tour(path, vantage="elsewhere", responders=("beta",)).into(tmp_path / "three", lambda _one: None)
        document["rors"][1]["name"] = "another"
        path.write_text(yaml.safe_dump(document))
        tour(path, requesters=("alpha",)).into(tmp_path / "other", lambda _one: None)
    first = grid([tmp_path / "one"])
    assert len(first.cells) == 2
    made = grid([tmp_path / "one", tmp_path / "two"])
    assert len(made.cells) == 6
    assert made.complete
    assert not [one for one in made.notes if one.code == "seen-otherwise"]
    third = grid([tmp_path / "one", tmp_path / "two", tmp_path / "three"])
    assert third.cells["alpha", "beta"].broken.cause == "name.unknown"
    assert third.cells["alpha", "beta"].vantage == "elsewhere"
    seen = {(one.requester, one.responder): one.detail for one in third.notes if one.code == "seen-otherwise"}
    assert seen["gamma", "beta"] == "the programme's: effective; elsewhere: not-effective"
    moved = grid_changes.changes(jsonable(made), jsonable(third))
    assert {(one["requester"], one["responder"]) for one in moved["broke"]} == {("alpha", "beta"), ("gamma", "beta")}
    with pytest.raises(OperatorError, match="merge records of one registry"):
        grid([tmp_path / "one", tmp_path / "other"])


def test_a_registry_without_addresses_is_told_and_not_tried(tmp_path):
    from conformance import matrix
    from conformance.clock import SystemClock

    one = replace(members("alpha", "beta"), folder=tmp_path)
    matrix.Tour(one, matrix.Wanted(), SystemClock()).into(tmp_path / "run", lambda _one: None)
    told = jsonable(grid([tmp_path / "run"]))
    assert {cell["cause"] for cell in told["cells"]} == {"untested.no-endpoint"}
    assert told["rates"]["all"]["ordered"] == {"effective": 0, "partial": 0, "not-effective": 0, "not-tested": 2, "total": 2}
