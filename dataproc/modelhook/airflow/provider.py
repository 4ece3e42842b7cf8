"""Tells Airflow what this package has; the entry point apache_airflow_provider names get_provider_info."""

from typing import Any, Dict

_INTEGRATION = "modelhook"


def get_provider_info() -> Dict[str, Any]:
    """What Airflow reads of a provider. The form of the connection is here for Airflow 3.2 and later."""
    modules = {name: [f"modelhook.airflow.{name}"] for name in ("hooks", "operators", "sensors", "triggers")}
    return {
        "package-name": "modelhook",
        "name": "modelhook",
        "description": "Promotes trained models in the MLflow Model Registry.",
        "integrations": [{"integration-name": _INTEGRATION, "tags": ["software"],
                          "external-doc-url": "https://mlflow.org/docs/latest/model-registry"}],
        **{kind: [{"integration-name": _INTEGRATION, "python-modules": names}] for kind, names in modules.items()},
        "extra-links": ["modelhook.airflow.links.ModelVersionLink", "modelhook.airflow.links.RunLink"],
        "connection-types": [{
            "connection-type": "modelhook",
            "hook-class-name": "modelhook.airflow.hooks.ModelhookHook",
            "hook-name": "MLflow (modelhook)",
            "ui-field-behaviour": {
                "hidden-fields": [],
                "relabeling": {"host": "Server", "schema": "Scheme", "password": "Password or token"},
                "placeholders": {"host": "mlflow.example/prefix", "schema": "https",
                                 "login": "empty: Password is a token"},
            },
            "conn-fields": {
                "verify": {"label": "CA file, or false", "schema": {"type": ["string", "null"]},
                           "description": "A file of certificates to trust. Empty: those of the worker."},
                "cert": {"label": "Client certificate", "schema": {"type": ["string", "null"]},
                         "description": "A file with the client's certificate and key."},
                "workspace": {"label": "Workspace", "schema": {"type": ["string", "null"]},
                              "description": "MLflow's workspace, where the server has several."},
            },
        }],
    }
