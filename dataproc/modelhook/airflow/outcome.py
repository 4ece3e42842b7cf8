"""Where the outcome of a modelhook is found that ran elsewhere, and which outcomes count."""

import dataclasses
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Awaitable, Callable, Collection, Dict, Generator, List, Optional

from ..result import Result
from ..status import Status

if TYPE_CHECKING:
    from ._versions import Context

START_KEY = "modelhook_start"


@dataclasses.dataclass(frozen=True)
class Look:
    """Reads the place of a result, then the tag of a run.

    :param result: path or URL; None: the tag alone
    :param mlflow_run: None: the result alone; else a result of another run does not count
    :param config: modelhook.json
    :param since: what was written before does not count; None: everything does
    :param log: where it is told what does not count
    """

    result: Optional[str]
    mlflow_run: Optional[str]
    config: Optional[str]
    since: Optional[datetime]
    log: Any = None

    def find(self, call: Callable[..., Result]) -> Optional[Result]:
        """The outcome; None where there is none yet. A failure to read is returned as a result.

        :param call: runs modelhook with some arguments
        """
        steps = self._steps()
        try:
            arguments = next(steps)
            while True:
                arguments = steps.send(call(*arguments))
        except StopIteration as ended:
            return ended.value  # type: ignore[no-any-return]  # typeshed does not know it

    async def afind(self, call: Callable[..., Awaitable[Result]]) -> Optional[Result]:
        """As :meth:`find`, for a trigger.

        :param call: runs modelhook with some arguments
        """
        steps = self._steps()
        try:
            arguments = next(steps)
            while True:
                arguments = steps.send(await call(*arguments))
        except StopIteration as ended:
            return ended.value  # type: ignore[no-any-return]  # typeshed does not know it

    def places(self) -> str:
        """Where it looks, in words."""
        tag = f"the tag modelhook.outcome of the run {self.mlflow_run}" if self.mlflow_run else ""
        return ", ".join(filter(None, [self.result, tag]))

    def to_dict(self) -> Dict[str, Any]:
        """All but the log, for a trigger."""
        return {"result": self.result, "mlflow_run": self.mlflow_run, "config": self.config,
                "since": self.since.isoformat() if self.since else None}

    def _steps(self) -> Generator[List[str], Result, Optional[Result]]:
        """Yields command lines and takes their results; returns the outcome."""
        config = ["--config", self.config] if self.config else []
        for place in filter(None, [[self.result] if self.result else [],
                                   ["--run", self.mlflow_run] if self.mlflow_run else []]):
            found = yield ["outcome", *place, *config]
            if not found.raw and found.exit == Status.MISSING:
                continue
            if not found.raw:
                return found  # the place cannot be read
            why_not = self._does_not_count(found)
            if why_not is None:
                return found
            self.log.warning("%s does not count: %s", place[0], why_not)
        return None

    def _does_not_count(self, found: Result) -> Optional[str]:
        if self.mlflow_run and found.run_id not in (None, self.mlflow_run):
            return f"it is of another run, {found.run_id}"
        if self.since is None:
            return None
        at = written_at(found)
        if at is None:
            return "it has no time, as results of modelhook before 0.2.0"
        if at < self.since.replace(microsecond=0):  # results have whole seconds
            return f"it was written at {at.isoformat()}, before {self.since.isoformat()}"
        return None


def started_at(context: "Context", upstream: Collection[str]) -> Optional[datetime]:
    """When what this task waits for began: the DAG run, or the last try of an upstream task that recorded it.

    :param context: of the task
    :param upstream: ids of tasks that may have recorded their start (:func:`modelhook.airflow.record_start`)
    """
    times = [parse_time(getattr(context.get("dag_run"), "start_date", None))]
    for task_id in sorted(upstream):
        recorded = context["ti"].xcom_pull(task_ids=task_id, key=START_KEY)
        times += map(parse_time, recorded if isinstance(recorded, (list, tuple)) else [recorded])
    return max((time for time in times if time is not None), default=None)


def record_start(context: "Context") -> None:
    """``on_execute_callback`` of the task whose job runs modelhook: notes when this try of it began.

    A :class:`~modelhook.airflow.ModelhookOutcomeOperator` right after that task then ignores results of earlier tries.

    :param context: of the task
    """
    context["ti"].xcom_push(key=START_KEY, value=datetime.now(timezone.utc).isoformat())


def written_at(result: Result) -> Optional[datetime]:
    """When the result was written; None where it does not say.

    :param result: of ``modelhook outcome``
    """
    return parse_time(result.raw.get("at"))


def rendered_time(name: str, value: Any) -> Optional[datetime]:
    """A field that takes a time, as Airflow rendered it.

    :param name: of the field
    :param value: of the field
    :return: None where a template had no value, as that of a data interval in a DAG run that has none
    :raises ValueError: it is not a time
    """
    if value is None or value in ("", "None"):
        return None
    time = parse_time(value)
    if time is None:
        raise ValueError(f"{name}: {value!r} is not a time as RFC 3339 has it")
    return time


def parse_time(value: Any) -> Optional[datetime]:
    """A datetime, or RFC 3339 text as Airflow's templates render it, as a datetime; None where it is none.

    :param value: without a zone it is UTC
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=timezone.utc)
