"""The floors of ARCHITECTURE.md, read from the imports: they go down only, and stand at the top of the module."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2]

# Lower floors first; a module may import those of lower floors, and its own floor where no cycle arises.
FLOORS = (
    ("verdict", "errors", "data", "clock", "draw", "scenario_words", "requirement_ids", "pki"),
    ("model", "cells", "specification", "policy", "finess", "endpoint", "codes", "source", "package", "documents", "queries"),
    ("events", "nomenclature", "fhir"),
    ("checks", "laws", "profile", "profile_elements", "profile_diff", "profile_export", "openapi", "profile_import",
     "nomenclature_import", "nomenclature_tabs", "nomenclature_diff"),
    ("candidate", "identities", "registry", "registry_table", "scenario", "scenario_rules"),
    ("plan", "generation", "drive", "lines", "ledger", "fhir_generation", "reached", "visits", "figures",
     "deduced"),
    ("engine", "report", "relied", "replay"),
    ("preflight", "workshop", "validation", "reference_data", "quality", "continued",
     "visiting", "lanes", "crew", "matrix"),
    ("selftest", "planted", "examples", "interrupted", "coverage", "pytest_bench", "doors", "driven", "bench", "selftest_bench",
     "page", "federation"),
    ("cli", "pytest_plugin", "allure_steps", "__main__"),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
# Loaded by every run of pytest on the machine, so that it imports the engine only when scenarios are collected.
LAZY = {"pytest_plugin"}
# The reference ROR stands beside the floors: it reads data, and nothing of the harness that judges it.
REFERENCE_MAY = {"data", "reference"}
USES_REFERENCE = {"bench", "federation", "doors", "selftest_bench", "cli", "selftest", "examples", "reference_data", "coverage"}


def modules():
    return [path for path in sorted(PACKAGE.rglob("*.py")) if "tests" not in path.relative_to(PACKAGE).parts]


def room(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


def ours(node):
    """The rooms that an import statement names, when they are ours."""
    if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "conformance":
        parts = (node.module or "").split(".")
        return [parts[1]] if len(parts) > 1 else [name.name for name in node.names if not name.name.startswith("__")]
    if isinstance(node, ast.Import):
        return [name.name.split(".")[1] for name in node.names if name.name.startswith("conformance.")]
    return []


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_go_down(path):
    here = room(path)
    if not here:
        return
    wanted = {name for node in ast.walk(ast.parse(path.read_text())) for name in ours(node)}
    if here == "reference":
        assert wanted <= REFERENCE_MAY
        return
    if "reference" in wanted:
        assert here in USES_REFERENCE
    for name in wanted - {"reference"}:
        assert FLOOR[name] <= FLOOR[here], f"{here} (floor {FLOOR[here]}) imports {name} (floor {FLOOR[name]})"


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_none_of_ours_is_imported_inside_a_function(path):
    inside = [
        ours(inner)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if ours(inner)
    ]
    assert not inside or room(path) in LAZY


def test_no_cycle():
    graph = {}
    for path in modules():
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        graph[name] = set()
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("conformance."):
                base = node.module.removeprefix("conformance.")
                graph[name] |= {f"{base}.{one.name}" for one in node.names} | {base}
    graph = {name: {one for one in wanted if one in graph and one != name} for name, wanted in graph.items()}
    done, path_ = set(), []

    def visit(name):
        assert name not in path_, f"cycle: {' -> '.join([*path_, name])}"
        if name in done:
            return
        path_.append(name)
        for other in sorted(graph[name]):
            visit(other)
        path_.pop()
        done.add(name)

    for name in sorted(graph):
        visit(name)


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_sizes(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 400
    longest = 60 if room(path) == "cli" else 40
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < longest, node.name
    if path.parent.name == "cli" and path.stem.endswith("_"):
        assert len(text.splitlines()) <= 120, "a command parses, calls, and chooses the exit code"
    if path.parent.name == "checks" and path.stem not in ("judge", "evidence"):
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno <= 32, node.name


def test_no_module_without_a_subject():
    assert not {path.stem for path in modules()} & {"utils", "helpers", "common", "misc", "tools", "base"}


def test_versions_are_data():
    for path in modules():
        assert not any(version in path.read_text() for version in ("0.6.0", "0.7.0", "csd-1.6", "csd-2.4")), path


def test_only_one_module_imports_httpx():
    using = {path.relative_to(PACKAGE).as_posix() for path in modules()
             for node in ast.walk(ast.parse(path.read_text()))
             if isinstance(node, ast.Import) and any(one.name == "httpx" for one in node.names)}
    assert using == {"drive/transport.py", "reference/caller.py"}  # the sample application is a client of its own


def test_engine_and_report_do_not_know_each_other():
    for here, other in (("engine", "report"), ("report", "engine")):
        for path in (PACKAGE / here).glob("*.py"):
            assert other not in {name for node in ast.walk(ast.parse(path.read_text())) for name in ours(node)}


def test_what_drives_and_reports_knows_no_body_language():
    for here in ("engine", "drive", "report"):
        for path in (PACKAGE / here).glob("*.py"):
            assert "fhir" not in {name for node in ast.walk(ast.parse(path.read_text())) for name in ours(node)}
