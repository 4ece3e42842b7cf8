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
from modelhook.airflow import (
    ModelhookOutcomeOperator,
    ModelhookOutcomeSensor,
    ModelhookRunOperator,
    raise_for_result,
    record_start,
    retry_policy,
)

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
        name: ModelhookRunOperator(task_id=name, **PLAN[name])
        for name in ("promoted", "held", "later", "outage", "permanent", "terminated", "killed")
    }
    # modelhook is stopped in time, or only by Airflow
    brief = {"execution_timeout": timedelta(seconds=8)}
    ModelhookRunOperator(task_id="timed_out", **brief, **PLAN["timed_out"])
    ModelhookRunOperator(task_id="overtime", timeout=600, **brief, **PLAN["overtime"])
    # commands of any kind, as a string and as a list
    for name in ("rolled", "listed"):
        ModelhookRunOperator(task_id=name, **PLAN[name])
    ModelhookRunOperator(task_id="backdated", trained_at="2026-11-22T01:00:00+00:00", **PLAN["backdated"])
    ModelhookRunOperator(task_id="undated", trained_at="", **PLAN["undated"])
    # what is found before modelhook runs
    ModelhookRunOperator(task_id="no_time", trained_at="yesterday", **PLAN["secret"])
    ModelhookRunOperator(task_id="no_end", arguments="rollback 'fish")
    ModelhookRunOperator(task_id="no_program", binary="/nowhere", **PLAN["secret"])
    # a secret in a variable
    secret = {**PLAN["secret"]["env"], "FISH": "{{ conn.mlflow.password }}"}
    ModelhookRunOperator(task_id="secret", handoff=PLAN["secret"]["handoff"], mlflow_conn_id="mlflow", env=secret)
    # in the triggerer, until the server is back
    ModelhookRunOperator(task_id="deferred", deferrable=True, poll_interval=0.1, retries=0, **PLAN["deferred"])
    ModelhookRunOperator(task_id="deferred_long", deferrable=True, poll_interval=0.1, wait_timeout=1, retries=0,
                         **PLAN["deferred_long"])
    hooks["held"] >> EmptyOperator(task_id="after_held")
    hooks["held"] >> EmptyOperator(task_id="after_held_anyway", trigger_rule="none_failed")
    hooks["outage"] >> ModelhookRunOperator(
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
        return BashOperator(task_id=f"job_{name}", bash_command=command, retries=0, on_execute_callback=record_start)

    def outcome(name, **fields):
        """What came of that job."""
        return ModelhookOutcomeOperator(task_id=f"outcome_{name}", **{"mlflow_conn_id": "mlflow", **fields})

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
    outcome("old", result=f"{PLAN['results']}/old.json")
    outcome("undated", result=f"{PLAN['results']}/undated.json", final=True)
    outcome("since", result=f"{PLAN['results']}/old.json", since="2020-01-01T00:00:00Z")
    for name in ("deferred", "deferred_away"):
        outcome(name, deferrable=True, poll_interval=0.1, mlflow_conn_id=None, **PLAN[f"outcome_{name}"])
    ModelhookOutcomeSensor(task_id="sensor", mode="reschedule", poke_interval=1, result=f"{PLAN['results']}/old.json")
    ModelhookOutcomeSensor(task_id="sensor_deferred", deferrable=True, poke_interval=0.1,
                           **PLAN["outcome_sensor_deferred"])
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
