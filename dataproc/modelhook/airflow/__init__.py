"""modelhook in Apache Airflow 2.10 and 3: the exit status of modelhook becomes the state of a task.

A model that was promoted is success, one that was held is skipped, what may succeed later is retried, and everything
else fails at once, whatever ``retries`` says. The result, ``modelhook/result@1``, is in XCom (``return_value``) however
the task ended.

========================  ======================================================================================
``hooks``                 :class:`~modelhook.airflow.hooks.ModelhookHook`, and its connection type
``operators``             run modelhook, or report what came of one that ran elsewhere
``sensors``               wait for the outcome of a job that this DAG did not start
``triggers``              the waiting of both in the triggerer, without a worker slot
``links``                 from a task to the version and the run in MLflow
``policy``                ``retry_policy()`` for stock operators, Airflow 3.3 and later
``results``               ``raise_for_result()`` for ``@task`` functions
``google``, ``yandex``    clusters and jobs of both clouds, started once however often a task is tried
========================  ======================================================================================

Names are imported when they are used, so that Airflow can read the provider info while it starts.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .hooks import ModelhookHook
    from .links import ModelVersionLink, RunLink
    from .operators import ModelhookOutcomeOperator, ModelhookRunOperator
    from .outcome import record_start
    from .policy import retry_policy
    from .results import raise_for_result
    from .sensors import ModelhookOutcomeSensor
    from .triggers import ModelhookOutcomeTrigger, ModelhookServerTrigger

__all__ = ["ModelVersionLink", "ModelhookHook", "ModelhookOutcomeOperator", "ModelhookOutcomeSensor",
           "ModelhookOutcomeTrigger", "ModelhookRunOperator", "ModelhookServerTrigger", "RunLink", "raise_for_result",
           "record_start", "retry_policy"]

_MODULES = {
    "ModelVersionLink": "links", "ModelhookHook": "hooks", "ModelhookOutcomeOperator": "operators",
    "ModelhookOutcomeSensor": "sensors", "ModelhookOutcomeTrigger": "triggers", "ModelhookRunOperator": "operators",
    "ModelhookServerTrigger": "triggers", "RunLink": "links", "raise_for_result": "results", "record_start": "outcome",
    "retry_policy": "policy",
}
_RENAMED = {"HookOperator": "ModelhookRunOperator", "OutcomeOperator": "ModelhookOutcomeOperator"}

if not TYPE_CHECKING:  # else a type checker takes every misspelled name of this module for Any

    def __getattr__(name: str) -> Any:
        """A name of 0.1 raises ImportError, because `from ... import` hides the text of an AttributeError."""
        if name in _RENAMED:
            raise ImportError(f"modelhook.airflow.{name} was renamed in 0.2.0: use modelhook.airflow.{_RENAMED[name]}",
                              name=__name__)
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
