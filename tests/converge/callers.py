"""modelhook's processes one by one, each reaching a real server by a path of its own through the fault proxy."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import environment
from fault_proxy import FaultProxy
from registry_oracle import Registry
from servers import MLflow, PostgreSQL

ENDED_WELL = (0, 99)  # promoted, or a newer training was there
UNWANTED = ("MLFLOW_", "MODELHOOK_", "AWS_", "AIRFLOW_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def program() -> Path:
    """The program under test."""
    return Path(os.environ.get("MODELHOOK", environment.ROOT / "build/dev/modelhook")).resolve()


def hook_env(url: str, home: Path, **more: str) -> dict[str, str]:
    """The variables of a call: short pauses between tries, nothing of this machine's own."""
    kept = {key: value for key, value in os.environ.items() if not key.upper().startswith(UNWANTED)}
    return {**kept, "HOME": str(home), "MLFLOW_TRACKING_URI": url, "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0.05",
            "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0.05", **more}


def rfc3339(seconds: float) -> str:
    """A time as a handoff has it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Caller:
    """One process: a training's promoter (with a handoff) or a person (without)."""

    label: str
    folder: Path
    arguments: list[str]
    run: str = ""  # of the training
    process: subprocess.Popen[bytes] | None = None

    def start(self, proxy: FaultProxy, **env: str) -> None:
        """Start it; what it says goes to a file in its folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "said", "ab") as said:
            self.process = subprocess.Popen([program(), *self.arguments], stdout=said, stderr=said,
                                            env=hook_env(proxy.url(self.label), self.folder, **env))

    def kill(self) -> None:
        """SIGKILL, wherever it is."""
        if self.process:
            self.process.kill()

    def wait(self) -> int:
        """Its exit status; -9 when it was killed."""
        assert self.process
        return self.process.wait(300)

    @property
    def status(self) -> int | None:
        """The exit status of an ended process."""
        return self.process.returncode if self.process else None


@dataclass
class Arena:
    """A server with a proxy before it, and runs that have a model each."""

    store: str
    url: str
    proxy: FaultProxy
    folder: Path
    seed: str
    runs: list[tuple[str, str]] = field(default_factory=list)

    def run(self, index: int) -> tuple[str, str]:
        """A run and the source of its model; the same ones in every round, for a round has a model of its own."""
        while len(self.runs) <= index:
            self.runs.append(Registry(self.url).logged_run())
        return self.runs[index]


def training(label: str, model: str, run: str, trained: float, folder: Path) -> Caller:
    """The promoter of a training, with a handoff in a folder of its own."""
    folder.mkdir(parents=True)
    handoff = folder / "handoff.json"
    handoff.write_text(json.dumps({
        "schema": "modelhook/handoff@1", "run_id": run, "model": model, "trained_at": rfc3339(trained),
        "logged_model": "model"}))
    return Caller(label, folder, ["run", str(handoff)], run)


@contextlib.contextmanager
def arena(store: str, folder: Path, seed: str, database: PostgreSQL | None = None) -> Iterator[Arena]:
    """A real MLflow 3 with two workers on a store."""
    with contextlib.ExitStack() as stack:
        where = "sqlite"
        if store == "postgresql":
            database = database or stack.enter_context(PostgreSQL(folder / store))
            where = database.create(f"converge{random.SystemRandom().randrange(10**9)}")
        server = stack.enter_context(MLflow(folder / store, store=where, workers=2))
        proxy = stack.enter_context(FaultProxy(server.url))
        yield Arena(store, server.url, proxy, folder / store, seed)
