"""One promotion for every way in which a connection names a server; tests/airflow/test_connections.py says which.

The file is parsed by Airflow 2.10, 3.1 and 3.3, as a user's would be.
"""

import json
import os
from datetime import datetime

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

from modelhook.airflow import ModelhookRunOperator

with open(os.environ["MODELHOOK_TEST_PLAN"], encoding="utf-8") as file:
    PLAN = json.load(file)

with DAG("connections", schedule=None, start_date=datetime(2026, 1, 1), default_args={"retries": 0}):
    for name, handoff in PLAN.items():
        ModelhookRunOperator(task_id=name, handoff=handoff, mlflow_conn_id=name,
                     env={"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"})
