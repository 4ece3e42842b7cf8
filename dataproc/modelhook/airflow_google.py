"""Renamed: modelhook.airflow.google."""

raise ImportError("modelhook.airflow_google was renamed in 0.2.0: use modelhook.airflow.google", name=__name__)
