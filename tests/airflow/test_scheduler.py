"""A DAG whole, by the scheduler of Airflow 3.3 and its LocalExecutor: a process for each task, as in production."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Hook
from deployment import Airflow, Cluster, Task, install
from fault_proxy import FaultProxy
from plan import GATE_THAT_HOLDS, Plan, fails_first, hangs, hooks_of, parent_of, tell
from servers import MLflow

FINISHED = ("success", "failed")


class Whole:
    """The DAG whole, in a cluster, with a server that wants the password of the connection."""

    def __init__(self, cluster: Cluster, plan: Plan) -> None:
        self.cluster, self.plan = cluster, plan
        self.airflow = cluster.airflow
        self.run = ""

    def hooks(self) -> list[int]:
        """The hooks that run."""
        return hooks_of(self.cluster.scheduler)

    def finish(self) -> None:
        """Run the DAG; the task that hangs is marked as failed, as a person does, once all others are through."""
        self.run = str(self.cluster.ask("POST", "dags/whole/dagRuns", logical_date=None)["dag_run_id"])
        self.cluster.wait(lambda: self.airflow.task("waiting").state == "deferred")
        tell(Path(self.plan.tasks["waiting"]["result"]), outcome="held", exit=99, retryable=False, reason="by hand")
        others = ("later", "reload", "held", "reload_held", "out_of_memory", "waiting")
        self.cluster.wait(lambda: all(self.airflow.task(name).state in (*FINISHED, "skipped") for name in others))
        self.cluster.wait(lambda: self.airflow.task("stopped").state == "running" and self.hooks())
        self.plan.struck += self.hooks()
        self.cluster.ask("PATCH", f"dags/whole/dagRuns/{self.run}/taskInstances/stopped", new_state="failed")
        self.cluster.wait(lambda: "Task killed!" in self.log("stopped"))  # the last that Airflow writes there
        self.cluster.wait(lambda: self.airflow.run_state() in FINISHED)

    def log(self, task: str, tries: int = 1) -> str:
        """What a task's log of a try says, as Airflow keeps it."""
        folder = self.airflow.home / f"logs/dag_id=whole/run_id={self.run}/task_id={task}"
        return (folder / f"attempt={tries}.log").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def whole(modelhook: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    folder = tmp_path_factory.mktemp("scheduler")
    with MLflow(folder / "mlflow", auth=True) as server, FaultProxy(server.url) as proxy:
        plan = Plan(Hook(modelhook, folder), server, proxy, folder / "plan")
        plan.add("later", fails_first)
        plan.add("held", config=GATE_THAT_HOLDS)
        plan.add("stopped", hangs)
        plan.add("out_of_memory", plan.strikes_first(signal.SIGKILL, lambda _, hook: parent_of(hook)))
        plan.tasks["waiting"] = {"result": str(folder / "waiting.json")}
        connection = server.url.replace("//", f"//{server.user}:{server.password}@")
        airflow = Airflow("airflow33", folder / "home", install(wheel, folder / "package"), "whole", plan.tasks,
                          AIRFLOW_CONN_MLFLOW=connection)
        cluster = Cluster(airflow)
        with cluster.running():
            ran = Whole(cluster, plan)
            plan.airflow_runs(cluster.scheduler)
            ran.finish()
            yield ran


@pytest.mark.parametrize(("task", "state", "tries"), [
    ("train", "success", 1), ("later", "success", 2), ("reload", "success", 1), ("held", "skipped", 1),
    ("reload_held", "skipped", 0), ("stopped", "failed", 1), ("out_of_memory", "success", 2),
    ("waiting", "skipped", 1),
])
def test_the_scheduler_ends_each_task_as_its_hook_did(whole: Whole, task: str, state: str, tries: int) -> None:
    assert whole.airflow.task(task) == Task(state, tries)


def test_a_hook_does_not_outlive_its_task(whole: Whole) -> None:
    assert len(whole.plan.struck) == 2
    assert [pid for pid in whole.plan.struck if Path(f"/proc/{pid}").exists()] == []


def test_a_task_that_a_person_stops_waits_for_its_hook(whole: Whole) -> None:
    assert "modelhook: terminated (143)" in whole.log("stopped")


def test_an_outcome_is_waited_for_in_the_triggerer_without_a_slot(whole: Whole) -> None:
    told = whole.airflow.xcom("waiting")
    assert (told["outcome"], told["reason"]) == ("held", "by hand")
    assert "modelhook: held (99): fish: by hand" in whole.log("waiting")


def test_what_the_hook_says_is_in_the_tasks_log_and_is_no_error(whole: Whole) -> None:
    (line,) = (line for line in whole.log("later", 2).splitlines() if "upload   8 files sent" in line)
    assert '"level":"info"' in line


def test_the_pages_link_to_mlflow(whole: Whole) -> None:
    links = whole.cluster.ask("GET", f"dags/whole/dagRuns/{whole.run}/taskInstances/later/links")["extra_links"]
    team, url = whole.plan.teams["later"], whole.plan.tasks["later"]["env"]["MLFLOW_TRACKING_URI"]
    assert links == {"MLflow model version": f"{url}/#/models/{team.model}/versions/1",
                     "MLflow run": f"{url}/#/runs/{team.version(1)['run_id']}"}


def test_airflow_lists_the_provider(whole: Whole) -> None:
    providers = whole.cluster.ask("GET", "providers?limit=100")["providers"]
    assert "modelhook" in [provider["package_name"] for provider in providers]
