"""Fixtures of all tests: the program, a handoff, the fake MLflow, the real ones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ended
import environment
import pytest
import tiny_model
from attacking import Attacked, Table, attacked
from consumer import Consumer
from fake_mlflow import FakeMlflow
from fault_proxy import FaultProxy
from hadoop import Hadoop
from kube_cluster import Cases, Kubernetes
from object_stores import Minio, Versitygw
from promoting import Site
from served_table import ServedTable
from servers import MLflow, PostgreSQL
from submitting import Spark, python_package

MODEL = "fish-classifier-efficientnet-b4"

# What the machine may have set and no test wants: every test says what it needs.
UNWANTED = ("MLFLOW_", "MODELHOOK_", "AWS_", "AZURE_", "GOOGLE_", "GCE_", "STORAGE_EMULATOR_HOST",
            "API_ENDPOINT_OVERRIDE", "CLOUDSDK_", "AIRFLOW_", "HADOOP_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
            "NO_PROXY", "KUBE", "POD_NAMESPACE")


class Ended(ended.Ended):
    """A finished call of modelhook."""

    @property
    def result(self) -> dict[str, Any]:
        """The result line: the last line of stdout."""
        return json.loads(self.stdout.splitlines()[-1])

    @property
    def errors(self) -> list[str]:
        """What stderr says as an error, hints left out."""
        return [
            line.removeprefix("modelhook: ")
            for line in self.stderr.splitlines()
            if line.startswith("modelhook: ") and not line.startswith("modelhook: hint: ")
        ]


@dataclass
class Hook:
    """modelhook with an environment of its own; called with its arguments."""

    binary: Path
    home: Path
    env: dict[str, str] = field(default_factory=dict)

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a call: nothing of the machine's that would change what it does."""
        kept = {key: value for key, value in os.environ.items() if not key.upper().startswith(UNWANTED)}
        fast = {"MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0.05", "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0.05"}
        return {**kept, "HOME": str(self.home), **fast, **self.env, **more}

    def start(self, *arguments: str | Path, **more: Any) -> subprocess.Popen[str]:
        """Start a call; env= adds variables, the rest is Popen's."""
        env = self.environment(**more.pop("env", {}))
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen([self.binary, *map(str, arguments)], env=env, **{**pipes, **more})

    def __call__(self, *arguments: str | Path, **more: Any) -> Ended:
        """Call it and wait; its output is kept and shown when a test fails."""
        with self.start(*arguments, **more) as process:
            stdout, stderr = process.communicate(timeout=300)
        print("modelhook", *arguments, "->", process.returncode, stdout, stderr, sep="\n", file=sys.stderr)
        return Ended(process.returncode, stdout or "", stderr or "")


@pytest.fixture(scope="session")
def modelhook() -> Path:
    """The program under test: $MODELHOOK, else the development build."""
    binary = Path(os.environ.get("MODELHOOK", environment.ROOT / "build/dev/modelhook")).resolve()
    assert binary.exists(), f"{binary} is not built: scripts/test builds it"
    return binary


@pytest.fixture(scope="session")
def wheel() -> Path:
    """The Python wheel with the program that is shipped."""
    made = subprocess.run([environment.ROOT / "scripts/wheel"], stdout=subprocess.PIPE, text=True, check=True)
    return Path(made.stdout.strip())


@pytest.fixture
def hook(modelhook: Path, tmp_path: Path) -> Hook:
    """modelhook with an empty home folder and short pauses between tries."""
    home = tmp_path / "home"
    home.mkdir()
    return Hook(modelhook, home)


@pytest.fixture(scope="session")
def models() -> Path:
    """SavedModels of many shapes, made by TensorFlow."""
    return environment.models()


@pytest.fixture(scope="session")
def large_model() -> Path:
    """A SavedModel whose weights are three parts of an upload."""
    return environment.models(12) / "big-12/saved_model"


@pytest.fixture(scope="session")
def scaled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SavedModels that tell which one they are: 1 to 5, y = x * NUMBER."""
    folder = tmp_path_factory.mktemp("scaled")
    subprocess.run([environment.python("tensorflow"), environment.ROOT / "tests/models/scaled_models.py", folder,
                    *"12345"], check=True)
    return folder


@pytest.fixture
def fake() -> Iterator[FakeMlflow]:
    """A fake MLflow server that counts requests and injects faults."""
    with FakeMlflow() as server:
        yield server


Attack = Callable[..., Attacked]
ATTACKS = Table()
SERVED = ServedTable()
CASES = Cases()


@pytest.fixture
def attack(hook: Hook, request: pytest.FixtureRequest) -> Attack:
    """A function that calls modelhook and measures it, for tests/attack: attack(*arguments, memory=MIB, env={...})."""

    def call(*arguments: str | Path, **more: Any) -> Attacked:
        ended = attacked(hook.binary, arguments, env=hook.environment(**more.pop("env", {})), **more)
        ATTACKS.add(request.node.name, ended)
        return ended

    return call


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the tables of the attacks, of the model servers and of the reloads in Kubernetes, where there were some."""
    for line in [*ATTACKS.lines(), *SERVED.lines(), *CASES.lines()]:
        terminalreporter.write_line(line)


HandoffMaker = Callable[..., Path]


@pytest.fixture
def make_handoff(tmp_path: Path) -> HandoffMaker:
    """A function that writes a handoff (and a tiny SavedModel unless told otherwise) and returns its path.

    make_handoff(run_id, folder="job", weights=(...), config={...}, **keys of the handoff)
    """

    def make(
        run_id: str,
        folder: str = "job",
        weights: tuple[float, ...] = (0.5,) * 8,
        config: dict[str, Any] | None = None,
        **keys: Any,
    ) -> Path:
        job = tmp_path / folder
        job.mkdir(exist_ok=True)
        handoff = {
            "schema": "modelhook/handoff@1",
            "run_id": run_id,
            "model": MODEL,
            "trained_at": "2026-11-22T20:03:17Z",
            "metrics": {"train_accuracy": 0.93, "val_accuracy": 0.9},
            "samples": {"train": 800, "validation": 200},
        }
        if "logged_model" not in keys and "saved_model" not in keys:
            tiny_model.write(job / "saved_model", weights)
            handoff["saved_model"] = "saved_model"
        handoff.update(keys)
        (job / "handoff.json").write_text(json.dumps(handoff))
        if config is not None:
            (job / "modelhook.json").write_text(json.dumps(config))
        return job / "handoff.json"

    return make


@pytest.fixture
def site(hook: Hook, fake: FakeMlflow, make_handoff: HandoffMaker) -> Site:
    """A training job after another, with one hook and one fake server."""
    return Site(hook, fake, make_handoff)


needs_root = pytest.mark.skipif(os.geteuid() != 0 and not os.environ.get("CI"), reason="mounting needs root")
Mount = Callable[[str, str], Path]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """A function that mounts a tmpfs with these options and returns its folder."""
    mounted: list[Path] = []

    def make(name: str, options: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubernetes]:
    """A real Kubernetes API with controllers; tests make workloads of their own."""
    with Kubernetes(tmp_path_factory.mktemp("kubernetes")) as started:
        yield started


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL]:
    """A PostgreSQL 15 for the whole session."""
    with PostgreSQL(tmp_path_factory.mktemp("postgresql")) as database:
        yield database


def _server(tmp_path_factory: pytest.TempPathFactory, version: str) -> Iterator[MLflow]:
    with MLflow(tmp_path_factory.mktemp(f"mlflow{version}"), version=version) as server:
        yield server


@pytest.fixture(scope="session")
def mlflow318(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    """A real MLflow 3.18 on SQLite."""
    yield from _server(tmp_path_factory, "318")


@pytest.fixture(scope="session")
def mlflow3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    """A real MLflow 3.17 on SQLite."""
    yield from _server(tmp_path_factory, "3")


@pytest.fixture(scope="session")
def mlflow2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    """A real MLflow 2.22 on SQLite."""
    yield from _server(tmp_path_factory, "2")


@pytest.fixture(scope="session")
def mlflow1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    """A real MLflow 1.30 on SQLite."""
    yield from _server(tmp_path_factory, "1")


@pytest.fixture(scope="session")
def versitygw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Versitygw]:
    """An S3 server; tests make buckets of their own."""
    with Versitygw(tmp_path_factory.mktemp("versitygw")) as server:
        yield server


@pytest.fixture(scope="session")
def hdfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hadoop]:
    """A NameNode and a DataNode; tests use folders of their own."""
    with Hadoop(tmp_path_factory.mktemp("hdfs")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Minio]:
    """Another S3 server, which says some things otherwise."""
    with Minio(tmp_path_factory.mktemp("minio")) as server:
        yield server


@pytest.fixture(scope="session")
def s3_door(versitygw: Versitygw) -> Iterator[FaultProxy]:
    """What stands before that S3 server: for servers that sign addresses, so that they lead there."""
    with FaultProxy(versitygw.url, signed=True) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def consumer() -> Iterator[Consumer]:
    """MLflow's client of today with TensorFlow: one process for the whole session."""
    with Consumer("tensorflow") as process:
        yield process


@pytest.fixture(scope="session")
def yarn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hadoop]:
    """A real HDFS and a real YARN."""
    with Hadoop(tmp_path_factory.mktemp("hadoop"), yarn=True) as cluster:
        yield cluster


@pytest.fixture(params=["spark35", "spark4"])
def spark(request: pytest.FixtureRequest, tmp_path: Path) -> Spark:
    """PySpark 3.5 and 4."""
    return Spark(request.param, tmp_path / "spark")


@pytest.fixture
def spark35(tmp_path: Path) -> Spark:
    """PySpark 3.5."""
    return Spark("spark35", tmp_path / "spark")


@pytest.fixture
def spark4(tmp_path: Path) -> Spark:
    """PySpark 4."""
    return Spark("spark4", tmp_path / "spark")


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python package modelhook for --py-files, without a program."""
    return python_package(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def zipped(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, with its program, under the name that --py-files takes."""
    return Path(shutil.copyfile(wheel, tmp_path_factory.mktemp("wheel") / "modelhook.zip"))
