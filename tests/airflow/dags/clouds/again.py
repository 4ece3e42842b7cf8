"""What a second try finds that the first one has begun, and what a task that is stopped leaves behind."""

import json
import os
from datetime import UTC, datetime, timedelta

from airflow.providers.google.cloud.operators.dataproc import DataprocCreateClusterOperator
from airflow.sdk import DAG
from modelhook.airflow.google import SubmitJobOnceOperator
from modelhook.airflow.yandex import CreateClusterOperator, DeleteClusterOperator, RunPysparkJobOperator

with open(os.environ["MODELHOOK_TEST_PLAN"], encoding="utf-8") as file:
    PLAN = json.load(file)
ENDLESS = {**PLAN["job"], "args": ["--images", "none", "--epochs", "600", "--"]}

with DAG("again", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
    create = [CreateClusterOperator(task_id=name, cluster_name="again", poll_seconds=0.1, **PLAN["yandex"])
              for name in ("create", "create_again")]
    jobs = [RunPysparkJobOperator(task_id=name, name="again", poll_seconds=0.1, **PLAN["job"],
                          cluster_id="{{ ti.xcom_pull(task_ids='create') }}") for name in ("job", "job_again")]
    stopped = RunPysparkJobOperator(task_id="stopped", name="endless", execution_timeout=timedelta(seconds=20),
                                    cluster_id="{{ ti.xcom_pull(task_ids='create') }}", **ENDLESS)
    delete = [DeleteClusterOperator(task_id=name, cluster_name="again", trigger_rule="all_done")
              for name in ("delete", "delete_again")]
    create[0] >> create[1] >> jobs[0] >> jobs[1] >> stopped >> delete[0] >> delete[1]

    google_create = DataprocCreateClusterOperator(task_id="google_create", cluster_name="google-again",
                                                  **PLAN["google"])
    google_jobs = [
        SubmitJobOnceOperator(task_id=name, request_id="again", region=PLAN["google"]["region"],
                      project_id=PLAN["google"]["project_id"],
                      job={"reference": {"job_id": "google-again"}, "placement": {"cluster_name": "google-again"},
                           "pyspark_job": PLAN["job"]}) for name in ("google_job", "google_job_again")]
    google_create >> google_jobs[0] >> google_jobs[1]
