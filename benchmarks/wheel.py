"""Builds the wheel, installs it in a fresh virtual environment away from the sources, and runs the demo there."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run(*line: str, cwd: Path) -> str:
    done = subprocess.run(line, cwd=cwd, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(line)}: exit {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        run(sys.executable, "-m", "build", "--wheel", "--outdir", str(here / "dist"), str(ROOT), cwd=here)
        wheel = next((here / "dist").glob("rorqual-*.whl"))
        venv.create(here / "venv", with_pip=True)
        python = str(here / "venv" / "bin" / "python")
        run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", str(wheel), cwd=here)
        told = run(python, "-m", "conformance", "demo", "--offers", "60", "--depth", "none", "--format", "json",
                   "--out", "run", cwd=here)
        outcome = json.loads(told)
        assert outcome["decision"] == "granted", outcome
        assert (here / "run" / "report.html").stat().st_size > 10_000
        print(f"{wheel.name}: {wheel.stat().st_size // 1024} kB, demo {outcome['decision']} in {outcome['seconds']} s")


if __name__ == "__main__":
    main()
