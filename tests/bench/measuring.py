"""What the benchmarks share: whole processes, timed from outside, as rows, ratios and goals."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import environment
from servers import MLflow

HOOK = environment.ROOT / "build/static/modelhook"
ROUNDS = int(os.environ.get("ROUNDS", "9"))


@dataclass
class Run:
    """One process from start to end: seconds of wall and CPU, peak memory in MiB."""

    wall: float
    cpu: float
    peak: float


class Failed(SystemExit):
    """A command with another exit status than it should have; what nobody catches ends the benchmark.

    status  the one that it had
    """

    def __init__(self, command: list[str | Path], status: int, said: str) -> None:
        super().__init__(f"{' '.join(map(str, command[:4]))} ... ended with {status}: {said}")
        self.status = status


def timed(command: list[str | Path], env: dict[str, str] | None = None) -> Run:
    """Run a command with its output thrown away; raises Failed where its exit status is not 0.

    GNU time stands between: a process starts with the peak memory of the one it was forked from, and Python's
    would be counted as the command's.
    """
    with tempfile.NamedTemporaryFile("r") as peak, tempfile.TemporaryFile() as log:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        ended = subprocess.run(["/usr/bin/time", "-q", "-f", "%M", "-o", peak.name, *command],
                               env={**os.environ, **(env or {})}, stdout=subprocess.DEVNULL, stderr=log)
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if ended.returncode != 0:
            log.seek(0)
            raise Failed(command, ended.returncode, log.read().decode()[-2000:])
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Run(wall, cpu, int(peak.read()) / 1024)


def median(runs: list[Run], part: str) -> float:
    """The median of one part of the runs."""
    return statistics.median(getattr(run, part) for run in runs)


def row(name: str, runs: list[Run]) -> str:
    """A line of the table."""
    wall, cpu, peak = (median(runs, part) for part in ("wall", "cpu", "peak"))
    low, high = min(run.wall for run in runs), max(run.wall for run in runs)
    return f"{name:28} {wall * 1000:10.1f} ms ({low * 1000:.1f}-{high * 1000:.1f}) {cpu:8.3f} s CPU {peak:8.1f} MiB"


def ratio(over: list[Run], under: list[Run], part: str) -> float:
    """The median of the ratios, round by round: what drifts in the machine drifts in both."""
    return statistics.median(getattr(a, part) / getattr(b, part) for a, b in zip(over, under, strict=True))


def goal(text: str, value: float, met: bool, unit: str = "") -> bool:
    """Print a figure beside its goal."""
    print(f"  {text}: {value:.2f}{unit} - {'met' if met else 'MISSED'}")
    return met


def call(server: MLflow, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """One call of MLflow's REST API."""
    request = urllib.request.Request(f"{server.url}/api/2.0/mlflow/{path}", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def new_run(server: MLflow, experiment: str = "0") -> str:
    """A new run of an experiment, the default one unless named."""
    made = call(server, "runs/create", {"experiment_id": experiment, "start_time": int(time.time() * 1000)})
    return made["run"]["info"]["run_id"]


def handoff(folder: Path, run_id: str, minute: int, **keys: Any) -> Path:
    """A handoff of a training that ended in that minute."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "handoff.json"
    at = f"2026-11-22T{minute // 60:02}:{minute % 60:02}:00Z"
    path.write_text(json.dumps({"schema": "modelhook/handoff@1", "run_id": run_id, "trained_at": at, **keys}))
    return path


def upload_step(result: Path) -> float:
    """The seconds of the upload in a result of the hook."""
    steps = {step["name"]: step["ms"] for step in json.loads(result.read_text())["steps"]}
    return steps["upload"] / 1000
