"""Trains the fish classifier on a cluster that is made for it, promotes it, and removes the cluster.

    create_cluster ── train ─┬─ outcome ── verdict      what came of it: promoted, held (skipped), or failed
                             └─ delete_cluster          whatever happened

`train` runs once: a second try, of Airflow or of YARN, finds the first one's job. `outcome` reads what modelhook at
the end of that job reported; where MLflow was away it replays the package, here, with retries, while the cluster is
deleted already. The state of the run is that of `verdict` and `delete_cluster`.

Without the variable, or with one that lacks something, the DAG has the one task `settings`, which says what is missing.

Connections
    mlflow                  modelhook (or HTTP): the server, with user and password or a token
    yandexcloud_default, or google_cloud_default
    the one that storage_conn_id names: AWS; the key for object storage, endpoint_url and region_name in its extra
    alerts                  HTTP: a webhook that takes {"text": ...}; the secret part of its path is the password

The variable fish_classification, JSON
    cloud             "yandex" or "google"
    code              folder of the job's files: train_fish_model_minimal.py, fish_pictures.py, fish_training.py,
                      modelhook.zip (the wheel, renamed), modelhook.json
    images            folder of the photos
    outcomes          folder for results and spools, as modelhook takes it: s3://, gs://, hdfs://
    tracking_uri      MLflow, as the cluster reaches it
    cluster           what the operator that makes the cluster takes: subnet_id, s3_bucket, ... of Yandex;
                      region, project_id and cluster_config of Google
    epochs            60 unless given
    env               variables for the job, none of them secret, as the cloud's console shows them;
                      MODELHOOK_SECRET names the cloud's secret that holds those that are
    storage_conn_id   none: modelhook finds credentials itself, as on a worker with an identity of its own
    trained_at        a template of the time that orders trainings, for backfills
                      "{{ (dag_run.data_interval_end | ts) or '' }}"; where there is none, when the training ended
    retry_seconds     between two tries of `outcome`, doubled each time; 60 unless given
    schedule          as Airflow takes it; none unless given
"""

import hashlib
import json
import urllib.request
from datetime import datetime, timedelta, timezone

try:  # Airflow 3
    from airflow.sdk import DAG, BaseHook, Variable, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task
    from airflow.hooks.base import BaseHook
    from airflow.models import Variable
try:
    from airflow.providers.standard.operators.empty import EmptyOperator
except ImportError:
    from airflow.operators.empty import EmptyOperator

from modelhook.airflow import ModelhookOutcomeOperator

VARIABLE = "fish_classification"
REQUIRED = ("cloud", "code", "images", "outcomes", "tracking_uri", "cluster")
NAME = "fish-{{ run_id | short }}"  # of the cluster and of the job


def read_settings():
    """The variable, and what is wrong with it; the cloud's operators depend on it, so that it is read while parsing."""
    try:
        settings = Variable.get(VARIABLE, deserialize_json=True)
    except Exception as error:  # Airflow 2 and 3 raise different ones where there is no such variable
        return {}, f"the variable {VARIABLE} is missing, or is not JSON: {error}"
    missing = [key for key in REQUIRED if not isinstance(settings, dict) or not settings.get(key)]
    if missing:
        return {}, f"the variable {VARIABLE} lacks {', '.join(missing)}"
    if settings["cloud"] not in ("yandex", "google"):
        return {}, f"the variable {VARIABLE}: cloud is yandex or google, not {settings['cloud']}"
    return settings, None


SETTINGS, PROBLEM = read_settings()


def short(run_id):
    """A run's id as clusters may be called."""
    return hashlib.sha256(run_id.encode()).hexdigest()[:12]


def alert(context):
    """Tells people that a task has failed for good."""
    failed = context["ti"]
    text = f"{failed.dag_id}, {failed.task_id}: {context.get('exception') or 'see its log'} ({context['run_id']})"
    webhook = BaseHook.get_connection("alerts")
    address = f"{webhook.host}/{webhook.password}" if webhook.password else webhook.host
    request = urllib.request.Request(address, json.dumps({"text": text}).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30):
        pass


ALWAYS = {"trigger_rule": "all_done", "on_failure_callback": alert}  # of a cluster that would cost money


def place(folder, cluster):
    """Where this training's outcome goes: a run that is cleared gets a new cluster, and so a place of its own."""
    return f"{SETTINGS['outcomes']}/{folder}/{NAME}-{cluster}"


def pyspark_job(cluster):
    """What runs on the cluster, in the words that both clouds use."""
    env = {"MLFLOW_TRACKING_URI": SETTINGS["tracking_uri"], **SETTINGS.get("env", {})}
    if SETTINGS.get("trained_at"):
        env["MODELHOOK_TRAINED_AT"] = SETTINGS["trained_at"]
    return {
        "main_python_file_uri": f"{SETTINGS['code']}/train_fish_model_minimal.py",
        "python_file_uris": [f"{SETTINGS['code']}/{name}"
                             for name in ("modelhook.zip", "fish_pictures.py", "fish_training.py")],
        "file_uris": [f"{SETTINGS['code']}/modelhook.json"],
        "args": ["--images", SETTINGS["images"], "--epochs", str(SETTINGS.get("epochs", 60)), "--",
                 "--result", f"{place('results', cluster)}.json", "--spool", place("spool", cluster),
                 "--config", "modelhook.json"],
        "properties": {
            # the driver where its files are, in its working directory; and one driver, not a second one after it
            "spark.submit.deployMode": "cluster",
            "spark.yarn.maxAppAttempts": "1",
            **{f"spark.yarn.appMasterEnv.{name}": value for name, value in env.items()},
        },
    }


def on_yandex():
    """The tasks of Yandex Data Processing, and what names a cluster."""
    from airflow.providers.yandex.operators.dataproc import InitializationAction
    from modelhook.airflow.yandex import CreateClusterOperator, DeleteClusterOperator, RunPysparkJobOperator

    cluster = "{{ ti.xcom_pull(task_ids='create_cluster') }}"
    folder = SETTINGS["cluster"].get("folder_id")
    actions = [InitializationAction(**action) for action in SETTINGS["cluster"].get("initialization_actions", [])]
    create = CreateClusterOperator(task_id="create_cluster", cluster_name=NAME,
                                   **{**SETTINGS["cluster"], "initialization_actions": actions},
                                   on_failure_callback=alert)
    train = RunPysparkJobOperator(task_id="train", name=NAME, cluster_id=cluster, **pyspark_job(cluster))
    delete = DeleteClusterOperator(task_id="delete_cluster", cluster_name=NAME, folder_id=folder, **ALWAYS)
    return create, train, delete, cluster


def on_google():
    """The tasks of Google Dataproc, and what names a cluster, which gets one job."""
    from airflow.providers.google.cloud.operators.dataproc import (
        DataprocCreateClusterOperator,
        DataprocDeleteClusterOperator,
    )
    from modelhook.airflow.google import SubmitJobOnceOperator

    cluster = "{{ ti.xcom_pull(task_ids='create_cluster')['cluster_uuid'] }}"
    where = {name: SETTINGS["cluster"].get(name) for name in ("region", "project_id")}
    job = {"reference": {"job_id": f"{NAME}-{cluster}"}, "placement": {"cluster_name": NAME},
           "pyspark_job": pyspark_job(cluster)}
    create = DataprocCreateClusterOperator(task_id="create_cluster", cluster_name=NAME, **SETTINGS["cluster"],
                                          on_failure_callback=alert)
    train = SubmitJobOnceOperator(task_id="train", job=job, request_id=cluster, **where)
    delete = DataprocDeleteClusterOperator(task_id="delete_cluster", cluster_name=NAME, **where, **ALWAYS)
    return create, train, delete, cluster


def training():
    """The tasks, in order."""
    create_cluster, train, delete_cluster, cluster = {"yandex": on_yandex, "google": on_google}[SETTINGS["cloud"]]()
    outcome = ModelhookOutcomeOperator(
        task_id="outcome",
        result=f"{place('results', cluster)}.json",
        spool=place("spool", cluster),
        mlflow_conn_id="mlflow",
        storage_conn_id=SETTINGS.get("storage_conn_id"),
        final=True,
        retries=8,
        retry_exponential_backoff=True,
        trigger_rule="one_done",  # also of a job that failed, but not where no cluster was there for it
        on_failure_callback=alert,
    )
    verdict = EmptyOperator(task_id="verdict", trigger_rule="none_failed")  # held is a skipped outcome
    create_cluster >> train >> [outcome, delete_cluster]
    [create_cluster, outcome] >> verdict


@task(retries=0)
def settings():
    """Says what is missing, where somebody who starts the DAG looks."""
    raise ValueError(f"{PROBLEM}; the first lines of {__file__} say what it holds")


with DAG(
    "fish_classification_training_full",
    description="Trains the fish classifier, and promotes it where it is good enough",
    doc_md=__doc__,
    schedule=SETTINGS.get("schedule"),
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    user_defined_filters={"short": short},
    default_args={"retries": 2, "retry_delay": timedelta(seconds=SETTINGS.get("retry_seconds", 60))},
):
    if PROBLEM:
        settings()
    else:
        training()
