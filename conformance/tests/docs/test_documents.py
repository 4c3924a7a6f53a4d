"""The commands of the documents run, and the documents name what there is."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.cli import COMMANDS
from conformance.cli.demo_ import reference
from conformance.codes import CODES
from conformance.laws import LAWS
from conformance.reference.access import CLIENTS
from conformance.reference.region import generate
from conformance.report import texts

ROOT = Path(__file__).resolve().parents[3]
_PACE = re.compile(r"requests-per-second: \d+")
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands(path):
    for block in re.findall(r"```console\n(.*?)```", path.read_text(), re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                yield line.removeprefix("$ ")


@pytest.fixture(scope="module")
def base():
    with reference(["--offers", "120"]) as address:
        yield address


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_run(path, tmp_path, base):
    (tmp_path / "scenarios" / "socle").mkdir(parents=True)
    for name in ("04-ressource-inconnue", "06-resultat-vide"):
        shutil.copy(ROOT / "scenarios" / "socle" / f"{name}.yaml", tmp_path / "scenarios" / "socle")
    door = f"{base.rpartition('/')[0]}/auth/token"
    clients = "".join(f"    - access-profile: {one.access}\n      oauth2: {{token-url: '{door}', client-id: {one.name}, "
                      f"client-secret: {{env: ROR_SECRET_{one.access}}}}}\n" for one in CLIENTS if one.access != 1)
    environment = {**os.environ, **{f"ROR_SECRET_{one.access}": one.secret for one in CLIENTS}}
    candidate = (f'product: Mon ROR\nversion: "1"\nvendor: moi\nrole: server\nprofiles: [ror-fhir-0.7.0]\nwrites: allowed\n'
                 f"endpoint:\n  base-url: {base}\n  access-profile: 1\n  clients:\n{clients}")
    (tmp_path / "export.ndjson").write_text("".join(f"{json.dumps(one)}\n" for one in generate(20)
                                                      if one["resourceType"] != "Questionnaire"))  # those are of one version
    for line in commands(path):
        if line.startswith(("python3", ".venv")):
            continue
        words = shlex.split(line.replace("http://127.0.0.1:8017", base.rpartition("/")[0]))
        file = tmp_path / "candidate.yaml"
        file.write_text(_PACE.sub("requests-per-second: 1000", file.read_text()) if file.exists() else candidate)
        if words[:2] == ["rorqual", "run"] and not {"--depth", "--only"} <= set(words):
            words += ["--depth", "none"]  # the last one counts: whole runs take minutes, and laws have tests of their own
        module = {"rorqual": "conformance", "pytest": "pytest"}[words[0]]
        done = subprocess.run([sys.executable, "-m", module, *words[1:]], cwd=tmp_path, capture_output=True, text=True,
                              env=environment)
        assert done.returncode == 0, f"{line}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"


def test_each_command_is_documented():
    written = "\n".join(path.read_text() for path in DOCUMENTS)
    for name in COMMANDS:
        assert re.search(rf"`rorqual [^`]*{name}|`{name}`", written), name


def test_each_law_is_documented_with_its_meaning():
    written = (ROOT / "docs" / "laws.md").read_text()
    for name in LAWS:
        assert re.search(rf"^\| `{name}` \| [^|]+ \| [^|]+ \| [^|]*\|$", written, re.MULTILINE), name


def told(text):
    return text.replace("{expected}", "*expected*").replace("{actual}", "*actual*").replace("{place}", "*place*").replace("|", "\\|")


@pytest.mark.parametrize("code", CODES)
def test_each_finding_is_documented_as_it_is_told(code):
    path = ROOT / "docs" / "findings.md"
    row = re.search(rf"^\| `{re.escape(code)}` \| ([^|]+) \|.*$", path.read_text(), re.MULTILINE)
    assert row, f"{code} has no row in {path.name}"
    one = texts.findings()[code]
    written = [f"**{told(one.title.in_(name))}.** {told(one.says.in_(name))}<br>{remedy}: {told(one.remedy.in_(name))}"
               for name, remedy in (("en", "Remedy"), ("fr", "Remède "))]
    wanted = f"| `{code}` | {row[1]} | {' | '.join(written)} |"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(path.read_text().replace(row[0], wanted))
    assert row[0] == wanted


def test_links_between_documents_lead_somewhere():
    for path in [*DOCUMENTS, ROOT / "ARCHITECTURE.md"]:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
