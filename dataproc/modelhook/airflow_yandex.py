"""Renamed: modelhook.airflow.yandex."""

raise ImportError("modelhook.airflow_yandex was renamed in 0.2.0: use modelhook.airflow.yandex", name=__name__)
