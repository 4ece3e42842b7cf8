"""The wheel: installed where nothing else is, it promotes a model on a real MLflow server."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import environment
import pytest
from conftest import Hook
from servers import MLflow
from training import Team, run_of

CODE = """
import modelhook
with modelhook.promoting({model!r}, run_id={run!r}, options=["--tracking-uri", {url!r}]) as job:
    job.saved_model = {saved_model!r}
    job.metrics = {{"val_accuracy": 0.9}}
modelhook.exit_with(job.result)
"""


def install(wheel: Path, folder: Path, python: str) -> Path:
    """A clean virtual environment with the wheel, made without any index; its bin folder."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    pip = [folder / "bin/pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-q", "--no-index", wheel], check=True)
    return folder / "bin"


@pytest.mark.parametrize("python", environment.pythons())
def test_five_lines_promote_a_model(wheel: Path, python: str, hook: Hook, mlflow3: MLflow, tmp_path: Path) -> None:
    installed = install(wheel, tmp_path / "venv", python)
    team = Team(hook, mlflow3, tmp_path)
    handoff = team.train()
    code = CODE.format(model=team.model, run=run_of(handoff), url=mlflow3.url,
                       saved_model=str(handoff.parent / "saved_model"))
    work = tmp_path / "work"
    work.mkdir()
    env = {name: value for name, value in hook.environment().items() if name not in ("PATH", "PYTHONPATH")}
    subprocess.run([installed / "python", "-W", "error", "-c", code], cwd=work, env=env, check=True)
    assert team.production == [1]
    said = subprocess.run([installed / "modelhook", "status", team.model, "--tracking-uri", mlflow3.url], env=env,
                          stdout=subprocess.PIPE, text=True, check=True)
    assert team.model in said.stdout


@pytest.mark.parametrize(("platform", "status"), [
    ("x86_64-manylinux_2_28", 0), ("x86_64-manylinux_2_17", 0), ("x86_64-unknown-linux-musl", 0),
    ("aarch64-manylinux_2_28", 2), ("x86_64-apple-darwin", 2),
])
def test_glibc_and_musl_take_it_and_another_machine_does_not(
    wheel: Path, tmp_path: Path, platform: str, status: int
) -> None:
    command = [environment.venv("uv") / "bin/uv", "--no-config", "pip", "install", "-q", "--no-index", "--no-cache",
               "--target", tmp_path / "there", "--python", sys.executable, "--python-platform", platform, wheel]
    assert subprocess.run(command).returncode == status
    assert (tmp_path / "there/modelhook/bin/modelhook").exists() == (status == 0)


def test_the_same_sources_make_the_same_bytes_elsewhere(wheel: Path, tmp_path: Path) -> None:
    for name in ("dataproc", "CMakeLists.txt", "build/static"):
        source, copy = environment.ROOT / name, tmp_path / "a checkout" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-r", source, copy], check=True)
    env = {**os.environ, "SOURCE_DATE_EPOCH": "315532800", "PYTHONHASHSEED": "1"}
    subprocess.run([environment.python("wheel"), "-m", "build", "-w", "-n", "-o", tmp_path,
                    tmp_path / "a checkout/dataproc"], check=True, umask=0o077, env=env)
    again = tmp_path / wheel.name
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(wheel.read_bytes()).digest()


def test_the_version_is_the_programs(wheel: Path, hook: Hook) -> None:
    assert hook("--version").stdout.split()[1] == wheel.name.split("-")[1]
