"""modelhook in Airflow 2.10 and 3: what an exit status means becomes the state of a task.

    HookOperator(task_id="promote", handoff="/data/{{ run_id }}/handoff.json", mlflow_conn_id="mlflow", retries=5)

    @task(retries=5)
    def promote(handoff):
        return raise_for_result(run_command("run", handoff))

    OutcomeOperator(task_id="outcome", result="s3://bucket/results/{{ run_id }}.json", retries=5)

    BashOperator(task_id="promote", bash_command="modelhook run ...", retry_policy=retry_policy())  # 3.3 and later

Promoted is success, held is skipped, what may succeed later is retried, and everything else fails at
once, whatever `retries` says. The result, modelhook/result@1, is in XCom (return_value) however it ended.
"""

import contextlib
import io
import os
import re
from string import Formatter
from typing import Any, Dict, Optional, Sequence

try:  # Airflow 3
    from airflow.sdk import BaseHook, BaseOperator, BaseOperatorLink, get_current_context
    from airflow.sdk.execution_time.xcom import XCom
except ImportError:
    from airflow.hooks.base import BaseHook
    from airflow.models.baseoperator import BaseOperator
    from airflow.models.baseoperatorlink import BaseOperatorLink
    from airflow.models.xcom import XCom
    from airflow.operators.python import get_current_context
try:  # 3.2 and later
    from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
except ImportError:
    from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException
try:  # 3.3 and later
    from airflow.sdk import RetryDecision, RetryPolicy
except ImportError:
    RetryDecision = RetryPolicy = None

from .connection import ConnectionFault, connection_env
from .errors import BinaryNotFoundError
from .handoff import AnyPath
from .result import Result, scheduler_action
from .run import run_command
from .status import Status

XCOM_KEY = "return_value"
_TO_TELL = 1.0  # seconds that a task needs at its end
_RAISED = {"skip": AirflowSkipException, "retry": AirflowException, "fail": AirflowFailException}

# how the stock operators put an exit status into words: Bash and Docker, SSH, spark-submit
_STATUS_IN_TEXT = re.compile(r"(?:exit|error|return) (?:code|status)(?: is)?\s*[:=]?\s*(-?\d+)", re.IGNORECASE)


def raise_for_result(result: Result) -> Dict[str, Any]:
    """The result as a dict where the model was promoted; else what Airflow skips, retries or fails on.

    To be called last in a task, with what run_command gave. What is raised has the result in XCom before.
    """
    try:
        task_instance = get_current_context()["ti"]
    except (AirflowException, RuntimeError):  # not in a task
        task_instance = None
    return _end(result, task_instance)


def retry_policy() -> Any:
    """For any stock operator of Airflow 3.3 and later: what can succeed later is retried, the rest fails at once.

    It reads the exit status from the text of the operator's exception, and leaves what has none there to
    `retries`. It cannot skip: BashOperator and others skip on 99 by themselves.
    """
    if RetryPolicy is None:
        raise RuntimeError("retry policies came with Airflow 3.3: use HookOperator, or raise_for_result in a @task")

    class StatusPolicy(RetryPolicy):
        def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> Any:
            found = _STATUS_IN_TEXT.search(str(exception))
            if found is None:
                return RetryDecision.default()
            status = int(found.group(1))
            status = status if status >= 0 else 128 - status
            decide = RetryDecision.retry if scheduler_action(status) == "retry" else RetryDecision.fail
            return decide(reason=f"modelhook ended with {status}: {_word(status)}")

    return StatusPolicy()


class ModelVersionLink(BaseOperatorLink):
    """To the registered version, in MLflow's pages."""

    name = "MLflow model version"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The page, empty where there is no version yet."""
        return _page(ti_key, "{registry_url}/#/models/{model}/versions/{version}")


class RunLink(BaseOperatorLink):
    """To the run of the training; MLflow 2 and later."""

    name = "MLflow run"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The page, empty where the run is not known."""
        return _page(ti_key, "{tracking_url}/#/runs/{run_id}")


class _Operator(BaseOperator):
    """Calls of modelhook from one task.

    env             variables for modelhook, besides the task's own
    mlflow_conn_id  an Airflow connection of type HTTP: the server, and its user and password, or a token as
                    password without a user; then no credentials of the worker's own are used. With the schema,
                    or as a connection's URI the type, https, or port 443, it is called by TLS
    binary          the program; else modelhook.find_binary() finds it
    timeout         seconds, after which it gets SIGTERM; else so many that the task's execution_timeout, which
                    would lose the result, does not come first

    When the task is stopped, modelhook is, too, and has `grace` seconds to end: fewer than the 5 after
    which Airflow kills the task.
    """

    operator_extra_links = (ModelVersionLink(), RunLink())

    def __init__(
        self,
        *,
        env: Optional[Dict[str, str]] = None,
        mlflow_conn_id: Optional[str] = None,
        binary: Optional[AnyPath] = None,
        timeout: Optional[float] = None,
        grace: float = 4.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.env = env
        self.mlflow_conn_id = mlflow_conn_id
        self.binary = binary
        self.timeout = timeout
        self.grace = grace

    def call(self, *arguments: str) -> Result:
        """Runs modelhook; what it says goes to the task's log."""
        env = {**(_connection_env(self.mlflow_conn_id) if self.mlflow_conn_id else {}), **(self.env or {})}
        try:
            return run_command(*arguments, binary=self.binary, timeout=self._time(), grace=self.grace, env=env,
                            stderr=_LogStream(self.log))
        except BinaryNotFoundError as error:
            raise AirflowFailException(str(error)) from error

    def _time(self) -> Optional[float]:
        """What modelhook is given before it is told to end; None: any time."""
        if self.timeout is not None or self.execution_timeout is None:
            return self.timeout
        left = self.execution_timeout.total_seconds() - self.grace - _TO_TELL
        return left if left > 0 else None

    def end(self, result: Result, context: Any) -> Dict[str, Any]:
        """The result in XCom, and the state that it means."""
        return _end(result, context["ti"] if self.do_xcom_push else None)


class HookOperator(_Operator):
    """Runs modelhook as a task of its own.

    handoff    run this handoff; or
    package    replay this package, a path or a URL; or
    spool      alone: replay all that waits there; with a handoff: where its package is kept
    arguments  more arguments; alone: a command of any kind, such as ["rollback", "fish-classifier"]
    config     modelhook.json, when it is not beside the handoff
    result     where the result line is written, too: a file or a URL
    """

    template_fields = ("handoff", "package", "spool", "arguments", "config", "result", "env", "mlflow_conn_id")
    ui_color = "#d5e8d4"

    def __init__(
        self,
        *,
        handoff: Optional[AnyPath] = None,
        package: Optional[AnyPath] = None,
        spool: Optional[AnyPath] = None,
        arguments: Sequence[str] = (),
        config: Optional[AnyPath] = None,
        result: Optional[AnyPath] = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if handoff is not None and package is not None:
            raise ValueError("handoff or package, not both")
        if handoff is None and package is None and spool is None and not arguments:
            raise ValueError("a handoff, a package, a spool or arguments are needed")
        self.handoff = handoff
        self.package = package
        self.spool = spool
        self.arguments = arguments
        self.config = config
        self.result = result

    def execute(self, context: Any) -> Dict[str, Any]:
        """Success is promoted; see the module's own words for the rest."""
        return self.end(self.call(*self._command()), context)

    def _command(self) -> Sequence[str]:
        """The command line, as the fields tell it."""
        options = _options(spool=self.spool, config=self.config, result=self.result)
        if self.handoff is not None:
            return ["run", os.fspath(self.handoff), *options, *self.arguments]
        if self.package is not None:
            return ["replay", os.fspath(self.package), *options, *self.arguments]
        if self.spool is not None:
            return ["replay", "--all", *options, *self.arguments]
        return [*self.arguments, *options]


class OutcomeOperator(_Operator):
    """Tells what came of a hook that ran where its exit status is lost, such as in a Spark job.

    result      where the hook wrote its result line (--result): a file or a URL; and, or
    mlflow_run  the id of the training's run: what its tag tells where there is no result; and a result of
                another run, left by an earlier try, does not count
    package     what is replayed when the hook could not finish; else what the result names
    spool       else all that waits there: let it be of this job alone
    config      modelhook.json, for the replay
    final       the job is over, as where this task comes after it: what it has not told yet it never will

    Where the hook could not finish, or was killed before it told anything, its package is replayed here:
    the hook alone, never the training. Where nothing tells of it and no package waits, the task is
    retried, and fails when its tries are over; at once where that is final.
    """

    template_fields = ("result", "mlflow_run", "package", "spool", "config", "env", "mlflow_conn_id")
    ui_color = "#dae8fc"

    def __init__(
        self,
        *,
        result: Optional[AnyPath] = None,
        mlflow_run: Optional[str] = None,
        package: Optional[AnyPath] = None,
        spool: Optional[AnyPath] = None,
        config: Optional[AnyPath] = None,
        final: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if result is None and mlflow_run is None:
            raise ValueError("the place of the result, or the run, or both are needed")
        self.result = result
        self.mlflow_run = mlflow_run
        self.package = package
        self.spool = spool
        self.config = config
        self.final = final

    def execute(self, context: Any) -> Dict[str, Any]:
        """What the hook ended with, or its replay."""
        told = self._look(context)
        if told is None or told.retryable:
            told = self._replay(told)
        return self.end(told, context)

    def _look(self, context: Any) -> Optional[Result]:
        """What the hook told: the result where it was to be written, else the run's tag; None where neither is."""
        places = [[os.fspath(self.result)]] if self.result else []
        places += [["--run", self.mlflow_run]] if self.mlflow_run else []
        for place in places:
            found = self.call("outcome", *place, *_options(config=self.config))
            if not found.raw and found.exit != Status.MISSING:
                self.end(found, context)
            if found.raw and (not self.mlflow_run or found.run_id in (None, self.mlflow_run)):
                return found
            if found.raw:
                self.log.warning("%s is of another run, %s", place[0], found.run_id)
        return None

    def _replay(self, told: Optional[Result]) -> Result:
        """What the package, or the spool, ends with now; raises where there is neither."""
        so_far = _described(told) if told else f"no hook has told what came of it: {self._places()}"
        what = self._what_to_replay(told)
        over = AirflowFailException if told or self.final else AirflowException
        if not what:
            raise over(f"{so_far}; there is nothing here to replay")
        self.log.info("%s; its package is replayed", so_far)
        result = self.call("replay", *what, *_options(config=self.config, result=self.result))
        if result.exit == Status.MISSING and not result.digest:  # there was no package: that is not how the hook ended
            raise over(f"{so_far}; and {_message(result)}")
        return result

    def _what_to_replay(self, told: Optional[Result]) -> Sequence[str]:
        """The arguments that name it."""
        if self.package:
            return [os.fspath(self.package)]
        if told and told.package and ("://" in told.package or os.path.exists(told.package)):
            return [told.package]
        return ["--all", *_options(spool=self.spool)] if self.spool else []

    def _places(self) -> str:
        """Where it was looked for."""
        tag = f"the tag modelhook.outcome of the run {self.mlflow_run}" if self.mlflow_run else ""
        return ", ".join(filter(None, [self.result and os.fspath(self.result), tag]))


def _kept(result: Result) -> Dict[str, Any]:
    """The result line; where the program was killed before it told one, what is known."""
    return result.raw or {"outcome": result.outcome, "exit": int(result.exit), "retryable": result.retryable}


def _end(result: Result, task_instance: Any) -> Dict[str, Any]:
    """The result where the task goes on, for Airflow to put in XCom; else it is put there before the raise."""
    if result.scheduler == "go on":
        return _kept(result)
    if task_instance is not None:
        task_instance.xcom_push(key=XCOM_KEY, value=_kept(result))
    raise _RAISED[result.scheduler](_described(result))


def _described(result: Result) -> str:
    """One line for people: how it ended, and why."""
    return f"modelhook: {result.describe()}"


def _message(result: Result) -> str:
    return result.error.message if result.error else ""


def _word(status: int) -> str:
    """What a status is called."""
    with contextlib.suppress(ValueError):
        return Status(status).name.lower()
    return "no status of modelhook"


def _options(**values: Optional[AnyPath]) -> Sequence[str]:
    """--name value, for those that have one."""
    return [part for name, value in values.items() if value for part in (f"--{name}", os.fspath(value))]


def _page(ti_key: Any, address: str) -> str:
    """A page of MLflow's, its address filled from the result in XCom; empty where that does not tell all of it."""
    result = XCom.get_value(ti_key=ti_key, key=XCOM_KEY)
    needed = {name for _, name, _, _ in Formatter().parse(address) if name}
    if not isinstance(result, dict) or not all(result.get(name) for name in needed):
        return ""
    return address.format(**{name: str(result[name]).rstrip("/") for name in needed})


def _connection_env(conn_id: str) -> Dict[str, str]:
    """An HTTP connection as MLflow's own variables."""
    try:
        return connection_env(BaseHook.get_connection(conn_id))
    except ConnectionFault as error:
        raise AirflowFailException(f"the connection {conn_id} {error}") from error


class _LogStream(io.TextIOBase):
    """What is written, line by line in a log: Airflow 3 would show a line of stderr as an error."""

    def __init__(self, log: Any) -> None:
        super().__init__()
        self._log = log
        self._rest = ""

    def write(self, text: str) -> int:
        """A line is logged when it is whole, as each one of modelhook's is."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._log.info("%s", line)
        return len(text)
