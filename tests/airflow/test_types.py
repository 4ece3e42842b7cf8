"""modelhook.airflow is typed, against the types that Airflow and both clouds' providers themselves have."""

from __future__ import annotations

import subprocess

import environment


def test_the_package_passes_mypy_strict() -> None:
    mypy = [environment.venv("types") / "bin/mypy", "--config-file", "tests/types/mypy.ini",
            "--cache-dir", "build/mypy-airflow", "--python-executable", environment.python("clouds")]
    command = [*mypy, "-p", "modelhook.airflow"]
    checked = subprocess.run(command, cwd=environment.ROOT, stdout=subprocess.PIPE, text=True)
    assert checked.returncode == 0, checked.stdout
