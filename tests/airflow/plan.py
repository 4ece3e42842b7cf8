"""What each task of tests/airflow/dags/outcomes gets, and the faults that it meets."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tiny_model
from conftest import Hook
from fault_proxy import Decide, Fault, FaultProxy, Request
from servers import MLflow, descendants, kill
from training import Registry, Team, run_of

TODAY = "2100-01-01T00:00:00Z"  # later than any DAG run began
GATE_THAT_HOLDS = {"gates": [{"metric": "val_accuracy", "at_least": 0.99}]}


def is_hook(pid: int) -> bool:
    """Whether a process is modelhook."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe")) == "modelhook"
    except OSError:
        return False


def hooks_of(ancestor: int) -> list[int]:
    """The processes of modelhook that descend from one."""
    return [pid for pid in descendants(ancestor) if is_hook(pid)]


def environment_of(pid: int) -> list[bytes]:
    """The variables of a process, each as NAME=value; none where it is gone."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def parent_of(pid: int) -> int:
    """The process that started one."""
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


class Plan:
    """Trainings on one real MLflow, each with a model of its own and a way of its own through the proxy."""

    def __init__(self, hook: Hook, server: MLflow, proxy: FaultProxy, folder: Path) -> None:
        folder.mkdir()
        self.hook, self.server, self.proxy, self.folder = hook, server, proxy, folder
        self.teams: dict[str, Team] = {}
        self.tasks: dict[str, Any] = {}
        self.struck: list[int] = []  # the hooks that were running when they, their task or Airflow got a signal
        self._pid = 0
        self._started = threading.Event()

    def add(self, name: str, decide: Decide | None = None, **training: Any) -> Path:
        """A training for a task, whose requests the function decides about; returns its handoff."""
        folder = self.folder / name
        folder.mkdir()
        team = Team(self.hook, self.server, folder)
        handoff = team.train(**training)
        label = f"{self.folder.name}-{name}"
        if decide:
            self.proxy.on(label, decide)
        env = {"MLFLOW_TRACKING_URI": self.proxy.url(label), "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
        self.teams[name] = team
        self.tasks[name] = {"handoff": str(handoff), "env": env}
        return handoff

    def add_job(self, name: str, decide: Decide | None = None, **training: Any) -> None:
        """The training of a job that loses its exit status, and its run."""
        self.tasks[f"job_{name}"] = {"run": run_of(self.add(name, decide, **training)), **self.tasks.pop(name)}

    def add_run(self, name: str, **outcome: Any) -> None:
        """A run whose tag tells this; no hook has run for it."""
        registry = Registry(self.server.url)
        run = registry.add_run()
        if outcome:
            value = json.dumps({"schema": "modelhook/result@1", "model": "fish", "at": TODAY, **outcome})
            registry.call("POST", "runs/set-tag", run_id=run, key="modelhook.outcome", value=value)
        self.tasks[name] = {"run": run}

    def add_waiting(self, name: str, decide: Decide, result: Path | None = None) -> None:
        """A task that waits for the outcome of a run, whose requests the function decides about."""
        self.add_run(name, outcome="promoted", exit=0, retryable=False)
        label = f"{self.folder.name}-{name}"
        self.proxy.on(label, decide)
        env = {"MLFLOW_TRACKING_URI": self.proxy.url(label), "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
        self.tasks[name] = {"mlflow_run": self.tasks[name]["run"], "env": env, "result": result and str(result)}

    def add_command(self, name: str, *versions: int) -> Team:
        """A model that has a version of each of these hours, and no training for the task yet."""
        self.add(name, hour=versions[0])
        team = self.teams[name]
        for hour in versions:
            assert team.run(team.train(hour)).status == 0
        return team

    def airflow_runs(self, pid: int) -> None:
        """From now on, faults know whom to signal."""
        self._pid = pid
        self._started.set()

    def strikes_first(self, number: int, whom: Callable[[int, int], int]) -> Decide:
        """The first request is not answered; whom(Airflow, the hook that asks) gets a signal meanwhile."""
        def strike(folder: str) -> None:
            self._started.wait()
            (hook,) = (pid for pid in hooks_of(self._pid) if folder in Path(f"/proc/{pid}/cmdline").read_text())
            self.struck.append(hook)
            kill([whom(self._pid, hook)], number)

        def decide(request: Request) -> Fault | None:
            folder = f"/{self.folder.name}/{request.label.removeprefix(self.folder.name + '-')}/"
            return Fault("slow", 600, before=lambda: strike(folder)) if request.index == 1 else None

        return decide


def fails_first(request: Request) -> Fault | None:
    """Nobody answers the first request."""
    return Fault("reset") if request.index == 1 else None


def fails(_: Request) -> Fault:
    """Nobody ever answers."""
    return Fault("reset")


def hangs(_: Request) -> Fault:
    """No answer comes, and no end either."""
    return Fault("slow", 600)


def fails_to_register(request: Request) -> Fault | None:
    """The run is there, the registry is not."""
    return Fault("reset") if request.name.startswith(("model-versions", "registered-models")) else None


def fails_to_create(request: Request) -> Fault | None:
    """The registry answers who asks, and goes away when a version is to be made: what a check cannot see."""
    return Fault("reset") if request.name == "model-versions/create" else None


def bad_model(folder: Path) -> Path:
    """A SavedModel that lost its end."""
    shard = tiny_model.write(folder) / "variables/variables.data-00000-of-00001"
    shard.write_bytes(shard.read_bytes()[:-4])
    return folder


def tell(place: Path, at: str | None = TODAY, **result: Any) -> None:
    """A result line, as an earlier hook has left it."""
    line = {"schema": "modelhook/result@1", "model": "fish", "at": at, **result}
    place.write_text(json.dumps(line), encoding="utf-8")


def answers_a_later_probe() -> Decide:
    """A server that is away until `check`, which alone asks for its version, has asked several times."""
    probes: list[int] = []

    def decide(request: Request) -> Fault | None:
        if request.name == "version":
            probes.append(request.index)
        return None if len(probes) > 3 else Fault("reset")

    return decide


def fails_until(index: int, before: Callable[[], None] = lambda: None) -> Decide:
    """Nobody answers earlier requests than that one, before which something happens."""
    def decide(request: Request) -> Fault | None:
        if request.index == index:
            before()
        return Fault("reset") if request.index < index else None

    return decide


def outcomes(plan: Plan, bucket: str) -> dict[str, Any]:
    """The plan of dags/outcomes, with a bucket for what a cluster's disk would lose."""
    for name in ("promoted", "task_promoted", "bash_promoted"):
        plan.add(name)
    for name in ("held", "task_held", "bash_held", "policy_held"):
        plan.add(name, config=GATE_THAT_HOLDS)
    for name in ("permanent", "task_permanent", "policy_permanent"):
        plan.add(name, saved_model=bad_model(plan.folder / f"model_{name}"))
    plan.add("later", fails_first)
    plan.add("outage", fails)
    plan.add("policy_later", fails_first)
    plan.add("terminated", plan.strikes_first(signal.SIGTERM, lambda airflow, _: airflow))
    plan.add("killed", plan.strikes_first(signal.SIGKILL, lambda _, hook: hook))
    plan.add("timed_out", hangs)
    plan.add("overtime", hangs)
    plan.add("undated")
    plan.add("secret")
    plan.add("deferred", answers_a_later_probe())
    plan.add("deferred_long", fails)
    model = plan.add_command("rolled", 10, 11).model
    plan.tasks["rolled"] = {"arguments": f"rollback {model} --reason 'p99 doubled'", "env": plan.tasks["rolled"]["env"]}
    model = plan.add_command("listed", 10).model
    plan.tasks["listed"] = {"arguments": ["status", model, "--json"], "env": plan.tasks["listed"]["env"]}
    team = plan.add_command("backdated", 20)
    plan.tasks["backdated"]["handoff"] = str(team.train(22))
    plan.add_job("promoted_job")
    plan.add_job("held_job", config=GATE_THAT_HOLDS)
    plan.add_job("later_job", fails)
    plan.add_job("tag")
    plan.add_job("tag_held", config=GATE_THAT_HOLDS)
    plan.add_job("bucket", fails_to_register)
    plan.add_job("silent", fails_to_register)
    plan.add_run("stale", outcome="held", exit=99, retryable=False)
    plan.add_run("never")
    results = plan.folder / "results"
    results.mkdir()
    tell(results / "old.json", "2026-01-01T00:00:00Z", outcome="promoted", exit=0, retryable=False, run_id="1" * 32,
         version="7")
    tell(results / "undated.json", None, outcome="promoted", exit=0, retryable=False, run_id="1" * 32)
    late = results / "late.json"
    promoted = {"outcome": "promoted", "exit": 0, "retryable": False}
    plan.add_waiting("outcome_deferred", fails_until(3, lambda: tell(late, **promoted, version="9")), late)
    plan.add_waiting("outcome_deferred_away", fails_until(3))
    plan.add_waiting("outcome_sensor_deferred", fails_until(3))
    tell(results / "stale.json", outcome="promoted", exit=0, retryable=False, run_id="0" * 32)
    tell(results / "lost.json", outcome="later", exit=75, retryable=True, package="/a/disk/that/is/gone.tar.gz")
    return {**plan.tasks, "results": str(results), "spool": str(plan.folder / "spool"), "bucket": bucket}
