"""One task for every way in which a hook ends; tests/airflow/plan.py says what each task gets.

The file is parsed by Airflow 2.10, 3.1 and 3.3, as a user's would be.
"""

import json
import os
from datetime import datetime, timedelta

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task
try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.empty import EmptyOperator
except ImportError:
    from airflow.operators.bash import BashOperator
    from airflow.operators.empty import EmptyOperator

from modelhook import find_binary, run_command
from modelhook.airflow import HookOperator, OutcomeOperator, raise_for_result, retry_policy

with open(os.environ["MODELHOOK_TEST_PLAN"], encoding="utf-8") as file:
    PLAN = json.load(file)


def shell(name, *options):
    """The command line of a stock operator."""
    variables = " ".join(f"{key}={value}" for key, value in PLAN[name]["env"].items())
    return " ".join(["env", variables, find_binary(), "run", PLAN[name]["handoff"], *options])


with DAG(
    "outcomes",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    default_args={"retries": 1, "retry_delay": timedelta(0)},
):
    # the operator, however the hook ends
    hooks = {
        name: HookOperator(task_id=name, **PLAN[name])
        for name in ("promoted", "held", "later", "outage", "permanent", "terminated", "killed")
    }
    # the hook has one second
    HookOperator(task_id="timed_out", execution_timeout=timedelta(seconds=60), grace=58, **PLAN["timed_out"])
    hooks["held"] >> EmptyOperator(task_id="after_held")
    hooks["held"] >> EmptyOperator(task_id="after_held_anyway", trigger_rule="none_failed")
    hooks["outage"] >> HookOperator(
        task_id="replay",
        package="{{ ti.xcom_pull(task_ids='outage')['package'] }}",
        mlflow_conn_id="mlflow",
        trigger_rule="all_done",
    )

    # inside a task
    @task
    def in_task(name):
        """What raise_for_result is for."""
        return raise_for_result(run_command("run", PLAN[name]["handoff"], env=PLAN[name]["env"]))

    in_task.override(task_id="task_promoted")("task_promoted")
    in_task.override(task_id="task_held")("task_held")
    in_task.override(task_id="task_permanent")("task_permanent")

    # stock operators
    BashOperator(task_id="bash_promoted", bash_command=shell("bash_promoted"))
    BashOperator(task_id="bash_held", bash_command=shell("bash_held"))

    # a job that loses the exit status, and the task after it
    def job(name, *options):
        """Ends with 0 or 1, as a Spark job on YARN does."""
        command = shell(f"job_{name}", *options) + " || exit 1"
        return BashOperator(task_id=f"job_{name}", bash_command=command, retries=0)

    def outcome(name, **fields):
        """What came of that job."""
        return OutcomeOperator(task_id=f"outcome_{name}", trigger_rule="all_done", mlflow_conn_id="mlflow", **fields)

    for name in ("promoted_job", "held_job", "later_job"):
        place = f"{PLAN['results']}/{name}.json"
        job(name, "--result", place) >> outcome(name, result=place)
    for name in ("tag", "tag_held"):
        job(name) >> outcome(name, mlflow_run=PLAN[f"job_{name}"]["run"])
    job("bucket", "--result", f"{PLAN['bucket']}/result.json", "--spool", f"{PLAN['bucket']}/spool") >> outcome(
        "bucket", result=f"{PLAN['bucket']}/result.json")
    silent = {"mlflow_run": PLAN["job_silent"]["run"], "spool": PLAN["spool"]}
    job("silent", "--spool", PLAN["spool"]) >> outcome("silent", **silent)
    outcome("empty", result=f"{PLAN['results']}/empty.json", mlflow_run=PLAN["never"]["run"],
            spool=f"{PLAN['results']}/empty", retries=2)
    outcome("stale", result=f"{PLAN['results']}/stale.json", mlflow_run=PLAN["stale"]["run"])
    outcome("never", result=f"{PLAN['results']}/never.json", mlflow_run=PLAN["never"]["run"])
    outcome("lost", result=f"{PLAN['results']}/lost.json")
    outcome("gone", result=f"{PLAN['results']}/lost.json", spool=f"{PLAN['results']}/empty")

    # retry policies, where there are any
    try:
        policy = retry_policy()
    except RuntimeError as error:
        refusal = str(error)

        @task
        def without_policy():
            """What an Airflow without them says."""
            return refusal

        without_policy()
    else:
        BashOperator(task_id="policy_permanent", bash_command=shell("policy_permanent"), retry_policy=policy)
        BashOperator(task_id="policy_later", bash_command=shell("policy_later"), retry_policy=policy)
        BashOperator(task_id="policy_held", bash_command=shell("policy_held"), retry_policy=policy)
