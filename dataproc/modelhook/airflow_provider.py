"""Tells Airflow about modelhook.airflow; the entry point apache_airflow_provider names get_provider_info."""

from typing import Any, Dict


def get_provider_info() -> Dict[str, Any]:
    """What Airflow reads of a provider: its links, which the pages of Airflow 2 show only if told here."""
    return {
        "package-name": "modelhook",
        "name": "modelhook",
        "description": "Promotes trained models in the MLflow Model Registry.",
        "extra-links": ["modelhook.airflow.ModelVersionLink", "modelhook.airflow.RunLink"],
    }
