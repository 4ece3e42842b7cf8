"""A day in production: a job that trains, the hook as a task of its own, what follows, and what is stopped."""

import json
import os
from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from modelhook.airflow import ModelhookOutcomeOperator, ModelhookRunOperator

with open(os.environ["MODELHOOK_TEST_PLAN"], encoding="utf-8") as file:
    PLAN = json.load(file)

with DAG(
    "whole",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    default_args={"retries": 1, "retry_delay": timedelta(0)},
):
    train = BashOperator(task_id="train", bash_command=f"ls {PLAN['later']['handoff']}")
    waiting = PLAN.pop("waiting")
    ModelhookOutcomeOperator(task_id="waiting", deferrable=True, poll_interval=1, mlflow_conn_id="mlflow", **waiting)
    hooks = {name: ModelhookRunOperator(task_id=name, mlflow_conn_id="mlflow", **fields)
             for name, fields in PLAN.items()}
    train >> list(hooks.values())
    hooks["later"] >> EmptyOperator(task_id="reload")
    hooks["held"] >> EmptyOperator(task_id="reload_held")
