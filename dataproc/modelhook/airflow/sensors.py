"""Waiting for the outcome of a modelhook that this DAG did not start."""

import logging
from datetime import timedelta
from typing import Any, Dict, Mapping, Optional, Sequence

from ..handoff import AnyPath
from ..result import Result
from ._log import Messages
from ._versions import AirflowException, AirflowFailException, BaseSensorOperator, Context, PokeReturnValue
from .hooks import ModelhookHook
from .links import ModelVersionLink, RunLink
from .outcome import Look, rendered_time
from .results import describe, end
from .triggers import ModelhookOutcomeTrigger


class ModelhookOutcomeSensor(BaseSensorOperator):
    """Waits until a modelhook elsewhere has come to a final outcome, and ends as that ended; the result is in XCom.

    An outcome that a retry may change, such as *later*, is waited through: whoever runs that modelhook retries it.
    ``mode`` and ``timeout`` are Airflow's own.

    :param result: where it writes its result line (``--result``): a path or a URL; and, or
    :param mlflow_run: the id of the training's run, whose tag is read
    :param since: outcomes written before do not count; ``"{{ dag_run.data_interval_start }}"`` for a job of the
        same interval. Empty: all outcomes count
    :param config: modelhook.json
    :param mlflow_conn_id: as for :class:`~modelhook.airflow.ModelhookRunOperator`
    :param storage_conn_id: the same
    :param env: the same
    :param binary: the same
    :param deferrable: wait in the triggerer
    """

    template_fields: Sequence[str] = ("result", "mlflow_run", "since", "config", "mlflow_conn_id", "storage_conn_id")
    operator_extra_links = (ModelVersionLink(), RunLink())
    ui_color = "#dae8fc"

    def __init__(
        self,
        *,
        result: Optional[AnyPath] = None,
        mlflow_run: Optional[str] = None,
        since: Any = None,
        config: Optional[AnyPath] = None,
        mlflow_conn_id: Optional[str] = None,
        storage_conn_id: Optional[str] = None,
        env: Optional[Mapping[str, str]] = None,
        binary: Optional[AnyPath] = None,
        deferrable: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if result is None and mlflow_run is None:
            raise ValueError("one of result and mlflow_run, or both, are required")
        self.result = result
        self.mlflow_run = mlflow_run
        self.since = since
        self.config = config
        self.mlflow_conn_id = mlflow_conn_id
        self.storage_conn_id = storage_conn_id
        self.env = env
        self.binary = binary
        self.deferrable = deferrable

    def execute(self, context: Context) -> Any:
        """Waits, in a worker or in the triggerer.

        :param context: of the task
        """
        if not self.deferrable or self._final(context) is not None:
            return super().execute(context)
        trigger = ModelhookOutcomeTrigger(
            look=self._look().to_dict(), final=True, mlflow_conn_id=self.mlflow_conn_id,
            storage_conn_id=self.storage_conn_id, env=self._env(context),
            binary=str(self.binary) if self.binary else None, poll_interval=self.poke_interval,
            wait_timeout=float(self.timeout))
        self.defer(trigger=trigger, method_name="resume", timeout=timedelta(seconds=float(self.timeout) + 60))

    def poke(self, context: Context) -> PokeReturnValue:
        """Whether there is a final outcome.

        :param context: of the task
        """
        found = self._final(context)
        return PokeReturnValue(found is not None, end(found, context["ti"]) if found is not None else None)

    def resume(self, context: Context, event: Mapping[str, Any]) -> Dict[str, Any]:
        """Airflow calls it when the triggerer has found an outcome, or has waited for `timeout`.

        :param context: of the task
        :param event: whether an outcome was found; it is read again here
        """
        found = self._final(context)
        if found is None:
            raise AirflowException(f"no outcome after {float(self.timeout):.0f} s in {self._look().places()}")
        return end(found, context["ti"])

    def _final(self, context: Context) -> Optional[Result]:
        """The outcome where it is final."""
        hook = ModelhookHook(self.mlflow_conn_id, self.storage_conn_id, self._env(context), self.binary)

        def call(*arguments: str) -> Result:
            with Messages(self.log, most=logging.INFO) as messages:
                return hook.run(*arguments, messages=messages.take).result

        found = self._look().find(call)
        if found is not None and found.retryable:
            self.log.warning("%s; waiting on", describe(found))
        return None if found is None or found.retryable else found

    def _look(self) -> Look:
        try:
            since = rendered_time("since", self.since)
        except ValueError as error:
            raise AirflowFailException(str(error)) from error
        return Look(result=str(self.result) if self.result else None, mlflow_run=self.mlflow_run or None,
                    config=str(self.config) if self.config else None, since=since, log=self.log)

    def _env(self, context: Context) -> Optional[Mapping[str, str]]:
        return self.render_template(self.env, context) if self.env else None
