"""However a hook ends, its task ends in the right state, after the right number of tries, with the result in XCom.

One DAG of real hooks against a real MLflow, in the real Airflow of each version (dags test).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Hook
from deployment import TIMEOUT, Airflow, Task, install
from fault_proxy import FaultProxy
from object_stores import Versitygw
from plan import Plan, environment_of, is_hook, outcomes
from servers import MLflow

pytestmark = pytest.mark.timeout(1200)  # the first one waits for all three

AIRFLOW_2, AIRFLOW_3 = ("airflow210",), ("airflow31", "airflow33")
WITHOUT_POLICY, WITH_POLICY = ("airflow210", "airflow31"), ("airflow33",)
PASSWORD = "not-to-be-seen"

# task: its state, its tries, the outcome in XCom
ENDS = {
    "promoted": ("success", 1, "promoted"),
    "held": ("skipped", 1, "held"),
    "after_held": ("skipped", 0, None),
    "after_held_anyway": ("success", 1, None),
    "later": ("success", 2, "promoted"),
    "outage": ("failed", 2, "later"),
    "replay": ("success", 1, "promoted"),
    "permanent": ("failed", 1, "unacceptable"),
    "terminated": ("success", 2, "promoted"),
    "killed": ("success", 2, "promoted"),
    "timed_out": ("failed", 2, "terminated"),
    "overtime": ("failed", 2, "terminated"),
    "rolled": ("success", 1, "rolled_back"),
    "listed": ("success", 1, None),
    "backdated": ("skipped", 1, "superseded"),
    "undated": ("success", 1, "promoted"),
    "no_time": ("failed", 1, "usage"),
    "no_end": ("failed", 1, "usage"),
    "no_program": ("failed", 1, "missing"),
    "secret": ("success", 1, "promoted"),
    "deferred": ("success", 1, "promoted"),
    "deferred_long": ("failed", 1, "later"),
    "task_promoted": ("success", 1, "promoted"),
    "task_held": ("skipped", 1, "held"),
    "task_permanent": ("failed", 1, "unacceptable"),
    "bash_promoted": ("success", 1, "promoted"),
    "bash_held": ("skipped", 1, None),
    "outcome_promoted_job": ("success", 1, "promoted"),
    "outcome_held_job": ("skipped", 1, "held"),
    "outcome_later_job": ("success", 1, "promoted"),
    "outcome_tag": ("success", 1, "promoted"),
    "outcome_tag_held": ("skipped", 1, "held"),
    "outcome_bucket": ("success", 1, "promoted"),
    "outcome_silent": ("success", 1, "promoted"),
    "outcome_empty": ("failed", 3, "later"),
    "outcome_stale": ("skipped", 1, "held"),
    "outcome_old": ("failed", 2, "later"),
    "outcome_undated": ("failed", 1, "missing"),
    "outcome_since": ("success", 1, "promoted"),
    "outcome_deferred": ("success", 1, "promoted"),
    "outcome_deferred_away": ("success", 1, "promoted"),
    "sensor": ("success", 1, "promoted"),
    "sensor_deferred": ("success", 1, "promoted"),
    "outcome_lost": ("failed", 1, "later"),
    "outcome_gone": ("failed", 1, "later"),
    "outcome_never": ("failed", 2, "later"),
}
ENDS_WITH_POLICY = {
    "policy_permanent": ("failed", 1, None),
    "policy_later": ("success", 2, "promoted"),
    "policy_held": ("skipped", 1, None),
}


@dataclass
class Ran:
    """An Airflow that has run the DAG, and what its tasks were given."""

    name: str
    airflow: Airflow
    plan: Plan
    bucket: Path

    def outcome(self, task: str) -> str | None:
        """What the result in XCom says; a stock operator keeps it as text."""
        result = self.airflow.xcom(task)
        if isinstance(result, str):
            result = json.loads(result)
        return result and result["outcome"]

    def hooks_left(self) -> list[int]:
        """The processes of modelhook that were started from here and still run."""
        home = f"AIRFLOW_HOME={self.airflow.home}".encode()
        hooks = filter(is_hook, (int(entry) for entry in os.listdir("/proc") if entry.isdigit()))
        return [pid for pid in hooks if home in environment_of(pid)]


@pytest.fixture(scope="module")
def all_ran(modelhook: Path, mlflow3: MLflow, versitygw: Versitygw, wheel: Path,
            tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Ran]]:
    """The DAG, run by all versions at once: much of its time each of them waits."""
    folder = tmp_path_factory.mktemp("airflow")
    package = install(wheel, folder / "package")
    connection = mlflow3.url.replace("//", f"//fish:{PASSWORD}@")
    with FaultProxy(mlflow3.url) as proxy, contextlib.ExitStack() as stack:
        ran = {}
        for name in (*AIRFLOW_2, *AIRFLOW_3):
            plan = Plan(Hook(modelhook, folder), mlflow3, proxy, folder / f"plan-{name}")
            given = outcomes(plan, versitygw.make_bucket(name))
            airflow = Airflow(name, folder / name, package, "outcomes", given, AIRFLOW_CONN_MLFLOW=connection,
                              **versitygw.client_env())
            ran[name] = Ran(name, airflow, plan, versitygw.path / name)
        started = {name: one.airflow.start("db", "migrate") for name, one in ran.items()}
        for name, one in ran.items():
            assert started[name].wait(TIMEOUT) == 0, one.airflow.said
            started[name] = one.airflow.start("dags", "test", "outcomes")
            stack.callback(started[name].kill)
            one.plan.airflow_runs(started[name].pid)
        for process in started.values():
            process.wait(TIMEOUT)
        yield ran


@pytest.fixture(params=AIRFLOW_2 + AIRFLOW_3)
def ran(request: pytest.FixtureRequest, all_ran: dict[str, Ran]) -> Ran:
    """Each version's turn."""
    return all_ran[request.param]


def check(ran: Ran, task: str, state: str, tries: int, outcome: str | None) -> None:
    """It ended so; else what Airflow said is shown."""
    print(ran.airflow.said)
    assert (ran.airflow.task(task), ran.outcome(task)) == (Task(state, tries), outcome)


@pytest.mark.parametrize(("task", "end"), ENDS.items())
def test_a_task_ends_as_its_hook_did(ran: Ran, task: str, end: tuple[str, int, str | None]) -> None:
    check(ran, task, *end)


@pytest.mark.parametrize("ran", WITH_POLICY, indirect=True)
@pytest.mark.parametrize(("task", "end"), ENDS_WITH_POLICY.items())
def test_a_retry_policy_tells_the_same_to_a_stock_operator(
    ran: Ran, task: str, end: tuple[str, int, str | None]
) -> None:
    check(ran, task, *end)


KEYS = {"schema", "outcome", "exit", "retryable", "model", "version", "previous_version", "run_id", "trained_at",
        "digest", "stage", "alias", "reason", "created", "verified", "gate", "steps", "package", "error",
        "served", "registry_url", "tracking_url", "at"}


@pytest.mark.parametrize("task", [
    "promoted", "held", "outage", "permanent", "terminated", "killed", "timed_out", "overtime", "rolled", "backdated",
    "deferred", "deferred_long", "task_held", "outcome_tag", "outcome_tag_held", "outcome_deferred_away",
    "outcome_later_job", "sensor_deferred", "no_time", "no_program", "outcome_lost", "outcome_never"])
def test_a_result_in_xcom_has_every_key(ran: Ran, task: str) -> None:
    told = ran.airflow.xcom(task)
    assert set(told) == KEYS
    assert told["schema"] == "modelhook/result@1"


@pytest.mark.parametrize(("task", "names"), [("outcome_tag", "job_tag"), ("outcome_tag_held", "job_tag_held")])
def test_the_outcome_of_a_run_names_it_and_its_servers(ran: Ran, task: str, names: str) -> None:
    told, url = ran.airflow.xcom(task), ran.plan.server.url
    assert (told["run_id"], told["tracking_url"], told["registry_url"]) == (ran.plan.tasks[names]["run"], url, url)


def test_a_timeout_is_named(ran: Ran) -> None:
    inside, outside = (ran.airflow.xcom(task)["error"]["message"] for task in ("timed_out", "overtime"))
    assert inside.startswith("modelhook was stopped after ")
    assert inside.endswith(" s: execution_timeout of the task is 8 s")
    assert outside == "execution_timeout of the task is over: 8 s"


def test_a_skip_names_the_version_that_won_and_its_date(ran: Ran) -> None:
    reason = "version 1 was trained later, at 2026-11-22T20:00:00Z"
    assert ran.airflow.xcom("backdated")["reason"] == reason
    assert ran.airflow.xcom("backdated")["trained_at"] == "2026-11-22T01:00:00Z"
    assert f": superseded (99): {ran.plan.teams['backdated'].model} version 2: {reason}" in ran.airflow.said


def test_a_command_given_as_a_string_is_split_as_a_shell_does(ran: Ran) -> None:
    team = ran.plan.teams["rolled"]
    assert team.production == [1]
    assert json.loads(team.version(2)["tags"]["modelhook.withdrawn"])["why"] == "p99 doubled"


def test_what_a_command_prints_as_json_is_in_xcom(ran: Ran) -> None:
    assert ran.plan.teams["listed"].model in json.dumps(ran.airflow.xcom("listed")["output"])


def test_a_job_records_when_its_try_began(ran: Ran) -> None:
    assert ran.airflow.xcom("job_tag", "modelhook_start").startswith("20")


def test_no_secret_is_a_rendered_field(ran: Ran) -> None:
    kept = ran.airflow.rendered("secret")
    assert "handoff.json" in kept
    assert PASSWORD not in kept
    assert "FISH" not in kept


@pytest.mark.parametrize(("level", "text"), [
    ("ERROR", "modelhook: "), ("WARNING", "gate     val_accuracy rejected"), ("INFO", "upload   8 files sent"),
    ("WARNING", "replaying its package"), ("WARNING", "does not count: it was written at 2026-01-01")])
def test_a_line_of_the_log_has_its_level(ran: Ran, level: str, text: str) -> None:
    told = re.sub(r"\x1b\[[0-9;]*m", "", ran.airflow.said)
    lines = [line for line in told.splitlines() if text in line and "Error" not in line]
    assert lines
    assert any(level in line or level.lower() in line for line in lines), lines[:5]


POLICY = """
import json
from modelhook.airflow import retry_policy
texts = {texts!r}
print(json.dumps([retry_policy().evaluate(Exception(text), 1, 5).action.value for text in texts]))
"""


@pytest.mark.parametrize("ran", WITH_POLICY, indirect=True)
def test_a_retry_policy_reads_what_each_stock_operator_says(ran: Ran) -> None:
    texts = {
        "Bash command failed. The command returned a non-zero exit code 75.": "retry",
        "Bash command failed. The command returned a non-zero exit code -15.": "retry",
        "Bash command failed. The command returned a non-zero exit code 127.": "default",
        "Bash command failed. The command returned a non-zero exit code 1.": "default",
        "the server said: exit code 69 of something else": "default",
        "Cannot execute: ['spark-submit', 'train.py']. Error code is: 75.": "retry",
        "Cannot execute: ['spark-submit', 'train.py']. Error code is: 65.": "fail",
        "SSH operator error: exit status = 77": "fail",
        "Connection timed out after 75 s": "default",
    }
    assert json.loads(ran.airflow.answer(POLICY.format(texts=list(texts)))) == list(texts.values())


@pytest.mark.parametrize("ran", WITHOUT_POLICY, indirect=True)
def test_an_airflow_without_retry_policies_says_so(ran: Ran) -> None:
    assert ran.airflow.xcom("without_policy").startswith("retry policies need Airflow 3.3: use ModelhookRunOperator")


@pytest.mark.parametrize("task", ["promoted", "later", "terminated", "killed", "outage", "task_promoted", "later_job",
                                  "bucket", "silent"])
def test_a_training_is_one_version_in_production_however_often_it_was_tried(ran: Ran, task: str) -> None:
    team = ran.plan.teams[task]
    assert team.registry.stages(team.model) == ["Production"]


@pytest.mark.parametrize("task", ["held", "permanent", "held_job"])
def test_what_was_not_promoted_is_not_in_production(ran: Ran, task: str) -> None:
    assert ran.plan.teams[task].production == []


def test_a_replay_of_the_outcome_leaves_its_own_result_and_no_package(ran: Ran) -> None:
    assert json.loads((ran.bucket / "result.json").read_text())["outcome"] == "promoted"
    assert list(ran.bucket.rglob("*.tar.gz")) == []


def test_a_replay_that_found_nothing_is_no_outcome_of_the_job(ran: Ran) -> None:
    results = ran.plan.folder / "results"
    assert json.loads((results / "lost.json").read_text())["outcome"] == "later"
    assert not (results / "empty.json").exists()


def test_no_hook_outlives_its_task(ran: Ran) -> None:
    assert len(ran.plan.struck) == 2
    assert ran.hooks_left() == []


@pytest.mark.parametrize("sentence", [
    " version 1: val_accuracy 0.9, at least 0.99",
    "weights: 4 of its 32 bytes are missing",
    "modelhook: later (75): fish-",
    "modelhook: signal 9 (137)",
    "modelhook: later (75): fish; there is no package to replay",
    "modelhook: later (75): fish; and the spool ",
    "results/empty is empty: nothing waits to be finished",
    "results/never.json, the tag modelhook.outcome of the run ",
    "results/stale.json does not count: it is of another run, 00000000",
    "results/undated.json does not count: it has no time",
    "waiting for the server in the triggerer",
    "trained_at: 'yesterday' is not a time as RFC 3339 has it",
    "arguments: rollback 'fish: no closing quotation",
    "/nowhere cannot be started: No such file or directory",
])
def test_the_log_says_why(ran: Ran, sentence: str) -> None:
    assert sentence in ran.airflow.said


def test_what_the_hook_says_while_it_runs_is_in_the_log(ran: Ran) -> None:
    assert "upload   8 files sent" in ran.airflow.said


def test_a_secret_of_a_connection_is_in_no_output(ran: Ran) -> None:
    assert PASSWORD not in ran.airflow.said


def test_the_version_tells_which_task_made_it(ran: Ran) -> None:
    assert " dag=outcomes task=promoted run=manual_" in ran.plan.teams["promoted"].version(1)["tags"]["modelhook.by"]


def pages(ran: Ran, task: str) -> list[str]:
    """The addresses of a training's pages in MLflow."""
    if task.startswith("outcome_"):  # of a job, told by the task after it, which has a connection
        url, team = ran.plan.server.url, ran.plan.teams[task.removeprefix("outcome_")]
    else:
        url, team = ran.plan.tasks[task]["env"]["MLFLOW_TRACKING_URI"], ran.plan.teams[task]
    return [f"{url}/#/models/{team.model}/versions/1", f"{url}/#/runs/{team.version(1)['run_id']}"]


@pytest.mark.parametrize("ran", AIRFLOW_3, indirect=True)
@pytest.mark.parametrize("task", ["promoted", "held", "outcome_tag", "outcome_tag_held"])
def test_a_task_of_airflow_3_has_links_to_mlflow(ran: Ran, task: str) -> None:
    found = [ran.airflow.xcom(task, f"_link_{name}") for name in ("ModelVersionLink", "RunLink")]
    assert found == pages(ran, task)


LINKS = """
import json
from airflow.models import DagBag, DagRun
from airflow.serialization.serialized_objects import SerializedDAG
from airflow.utils.session import create_session
dag = SerializedDAG.from_dict(SerializedDAG.to_dict(DagBag().get_dag("outcomes")))
with create_session() as session:
    instance = session.query(DagRun).one().get_task_instance("promoted")
    task = dag.get_task("promoted")
    print(json.dumps([task.get_extra_links(instance, name) for name in task.extra_links]))
"""


@pytest.mark.parametrize("ran", AIRFLOW_2, indirect=True)
def test_the_pages_of_airflow_2_know_the_links(ran: Ran) -> None:
    assert sorted(json.loads(ran.airflow.answer(LINKS))) == sorted(pages(ran, "promoted"))
