"""modelhook as a task of its own, and the outcome of one that ran elsewhere."""

import json
import logging
import os
import shlex
import time
from datetime import datetime
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ..errors import BinaryNotFoundError, CommandError, RetryableError
from ..handoff import AnyPath
from ..result import Result, result_of
from ..status import Status
from ._log import Messages
from ._versions import AirflowException, AirflowFailException, AirflowTaskTimeout, BaseOperator, Context
from .hooks import ModelhookHook
from .links import ModelVersionLink, RunLink
from .outcome import Look, rendered_time, started_at
from .results import describe, end, failure, push, with_error, with_output
from .triggers import ModelhookOutcomeTrigger, ModelhookServerTrigger

Arguments = Union[str, Sequence[str]]
_RESERVE = 1.0  # seconds that a task needs at its end, to put the result in XCom
_BY_HAND = ("promote", "rollback", "repair", "archive", "tag", "describe", "delete")  # report with --json alone
_STOPPED = (Status.TERMINATED, 137)


class ModelhookBaseOperator(BaseOperator):
    """Calls of modelhook from one task.

    When the task is stopped, modelhook is, too, and has `grace` seconds to end: fewer than the 5 after which Airflow
    kills the task.

    :param mlflow_conn_id: connection of type ``modelhook`` or ``http``; see
        :class:`~modelhook.airflow.ModelhookHook`. None: the worker's own environment
    :param storage_conn_id: connection of type ``aws``, for results, spools and artifacts in S3. None: the worker's own
        credentials
    :param env: variables for modelhook, besides the task's own. Templates in it are rendered when the task runs, and
        are not kept among the rendered fields, so that a secret in one is shown nowhere
    :param binary: the program. None: ``modelhook.find_binary()`` finds it
    :param timeout: seconds, after which modelhook gets SIGTERM. None: as many as the task's ``execution_timeout``
        leaves, less what it takes to end well and to keep the result
    :param grace: seconds between SIGTERM and SIGKILL
    """

    operator_extra_links = (ModelVersionLink(), RunLink())

    def __init__(
        self,
        *,
        mlflow_conn_id: Optional[str] = None,
        storage_conn_id: Optional[str] = None,
        env: Optional[Mapping[str, str]] = None,
        binary: Optional[AnyPath] = None,
        timeout: Optional[float] = None,
        grace: float = 4.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.mlflow_conn_id = mlflow_conn_id
        self.storage_conn_id = storage_conn_id
        self.env = env
        self.binary = binary
        self.timeout = timeout
        self.grace = grace
        self._hook: Optional[ModelhookHook] = None
        self._begin = 0.0

    def execute(self, context: Context) -> Dict[str, Any]:
        """Ends as modelhook ended.

        :param context: of the task
        :return: the result, where the model was promoted
        """
        return self._keeping(self.act, context)

    def act(self, context: Context) -> Result:
        """What the operator does.

        :param context: of the task
        :return: the result that the task ends with
        """
        raise NotImplementedError

    def call(self, *arguments: str) -> Result:
        """Runs modelhook; its messages go to the task's log.

        :param arguments: the command line
        :return: with an error that names the timeout, where that stopped it
        :raises CommandError: there is no program, or a connection names no server
        """
        limit, grace, why = self._limits()
        begin = time.monotonic()
        assert self._hook is not None
        try:
            with Messages(self.log, most=logging.INFO if arguments[0] == "outcome" else logging.ERROR) as messages:
                ended = self._hook.run(*arguments, timeout=limit, grace=grace, messages=messages.take)
        except BinaryNotFoundError as error:
            raise failure(Status.MISSING, str(error)) from error
        except AirflowFailException as error:  # the hook's, of a connection
            raise failure(Status.CONFIGURATION, str(error)) from error
        if limit is None or time.monotonic() - begin < limit or ended.result.exit not in _STOPPED:
            return with_output(ended)
        return with_error(ended.result, f"modelhook was stopped after {limit:.0f} s: {why}",
                          "MLFLOW_HTTP_REQUEST_TIMEOUT and MLFLOW_HTTP_REQUEST_MAX_RETRIES bound each request")

    def on_kill(self) -> None:
        """Stops modelhook where it still runs; it keeps its package."""
        if self._hook is not None:
            self._hook.stop()

    def _keeping(self, function: Any, *arguments: Any) -> Dict[str, Any]:
        """What a function ends with; the result is in XCom also where it raises, or Airflow's timeout comes first."""
        context = arguments[0]
        self._begin = time.monotonic()
        self._hook = ModelhookHook(self.mlflow_conn_id, self.storage_conn_id,
                                   self.render_template(self.env, context) if self.env else None, self.binary)
        task_instance = context["ti"] if self.do_xcom_push else None
        try:
            return end(function(*arguments), task_instance)
        except CommandError as error:
            push(error.result, task_instance)
            kind = AirflowException if isinstance(error, RetryableError) else AirflowFailException
            raise kind(str(error)) from error
        except AirflowTaskTimeout:
            whole = self.execution_timeout.total_seconds() if self.execution_timeout else 0
            told = Result(exit=Status.TERMINATED, outcome="terminated")
            return end(with_error(told, f"execution_timeout of the task is over: {whole:.0f} s"), task_instance)

    def _limits(self) -> Tuple[Optional[float], float, str]:
        """Seconds for the next call and for its end, and why no more; a short execution_timeout is divided."""
        if self.timeout is not None or self.execution_timeout is None:
            return self.timeout, self.grace, "timeout of the operator is over"
        whole = self.execution_timeout.total_seconds()
        left = whole - (time.monotonic() - self._begin)
        grace = min(self.grace, left / 4)
        why = f"execution_timeout of the task is {whole:.0f} s"
        return max(left - grace - min(_RESERVE, left / 4), 0.0), grace, why


class ModelhookRunOperator(ModelhookBaseOperator):
    """Runs modelhook: promoted is success, held is skipped, later is retried, all else fails at once.

    :param handoff: run this handoff; or
    :param package: replay this package, a path or a URL; or
    :param spool: alone: replay all packages in it; with a handoff: where its package is kept
    :param arguments: more arguments, a list or one string as for a shell; alone: any command, such as
        ``"rollback fish-classifier"``
    :param config: modelhook.json, where it is not beside the handoff
    :param result: where the result line is written, too: a path or a URL
    :param trained_at: with a handoff: the time that orders this training among others, in place of the handoff's. In a
        backfill ``"{{ dag_run.data_interval_end }}"``, so that an old day never replaces a newer one. Empty, as in a
        DAG run without a data interval: the handoff's
    :param deferrable: where modelhook ends with 75 because the server is away, wait for the server in the triggerer,
        without a worker slot and without a retry, and then replay the package
    :param poll_interval: seconds between two looks at the server, and the least to wait
    :param wait_timeout: seconds to wait for the server; then the task is retried as ``retries`` says
    """

    template_fields: Sequence[str] = ("handoff", "package", "spool", "arguments", "config", "result", "trained_at",
                                      "mlflow_conn_id", "storage_conn_id")
    ui_color = "#d5e8d4"

    def __init__(
        self,
        *,
        handoff: Optional[AnyPath] = None,
        package: Optional[AnyPath] = None,
        spool: Optional[AnyPath] = None,
        arguments: Arguments = (),
        config: Optional[AnyPath] = None,
        result: Optional[AnyPath] = None,
        trained_at: Any = None,
        deferrable: bool = False,
        poll_interval: float = 60.0,
        wait_timeout: float = 6 * 3600.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if handoff is not None and package is not None:
            raise ValueError("handoff or package, not both")
        if handoff is None and package is None and spool is None and not arguments:
            raise ValueError("one of handoff, package, spool and arguments is required")
        if trained_at is not None and handoff is None:
            raise ValueError("trained_at takes a handoff: a package has its own")
        self.handoff = handoff
        self.package = package
        self.spool = spool
        self.arguments = arguments
        self.config = config
        self.result = result
        self.trained_at = trained_at
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.wait_timeout = wait_timeout

    def act(self, context: Context) -> Result:
        """Runs the command that the fields describe; defers where the server is away.

        :param context: of the task
        """
        result = self.call(*self.command())
        if self.deferrable and result.exit == Status.LATER and result.package:
            self.log.warning("%s; waiting for the server in the triggerer", describe(result))
            trigger = ModelhookServerTrigger(
                mlflow_conn_id=self.mlflow_conn_id, storage_conn_id=self.storage_conn_id,
                env=self._hook.env if self._hook else None, binary=_text(self.binary),
                poll_interval=self.poll_interval, wait_timeout=self.wait_timeout, waiting=result.to_dict())
            self.defer(trigger=trigger, method_name="resume")
        return result

    def resume(self, context: Context, event: Mapping[str, Any]) -> Dict[str, Any]:
        """Airflow calls it when the triggerer has waited.

        :param context: of the task
        :param event: whether the server answers, and the result before the wait
        """
        return self._keeping(self._replay, context, event)

    def command(self) -> List[str]:
        """The command line, as the rendered fields have it."""
        options = _options(spool=self.spool, config=self.config, result=self.result)
        more = _words(self.arguments)
        if self.handoff is not None:
            trained_at = _time("trained_at", self.trained_at)
            dated = _options(trained_at=trained_at.isoformat() if trained_at else None)
            return ["run", os.fspath(self.handoff), *options, *dated, *more]
        if self.package is not None:
            return ["replay", os.fspath(self.package), *options, *more]
        if self.spool is not None:
            return ["replay", "--all", *options, *more]
        if more and more[0] in _BY_HAND and "--json" not in more:
            more.insert(1, "--json")  # else the result is not printed
        return [*more, *options]

    def _replay(self, context: Context, event: Mapping[str, Any]) -> Result:
        """The package once more; what it ended with before, where the server is still away."""
        if not event["answers"]:
            return result_of(Status.LATER, json.dumps(event["waiting"]))
        return self.call("replay", str(event["waiting"]["package"]), *_options(config=self.config, result=self.result))


class ModelhookOutcomeOperator(ModelhookBaseOperator):
    """Ends as a modelhook ended that ran where its exit status is lost, such as in a Spark job.

    Where that could not finish, or was killed before it reported anything, its package is replayed here: modelhook
    alone, never the training. Where nothing reports an outcome and no package waits, the task is retried, and fails
    when its tries are over; at once where that is `final`.

    Its ``trigger_rule`` is ``all_done`` unless given, because a job that could not finish has failed.

    :param result: where modelhook wrote its result line (``--result``): a path or a URL; and, or
    :param mlflow_run: the id of the training's run: its tag counts where there is no result, and a result of another
        run does not
    :param package: replayed where modelhook could not finish. None: the package that the result names
    :param spool: else all packages that wait there: give each job one of its own
    :param config: modelhook.json, for the replay
    :param final: the job is over, as it is where this task comes after it: what is not reported now never will be
    :param since: results written before do not count. None: the start of the DAG run, or of the last try of an
        upstream task with ``on_execute_callback=record_start``; a result must then have a time
    :param deferrable: wait for the outcome in the triggerer, where the job is not over
    :param poll_interval: seconds between two looks
    :param wait_timeout: seconds to wait; then as where nothing reports an outcome
    """

    template_fields: Sequence[str] = ("result", "mlflow_run", "package", "spool", "config", "since", "mlflow_conn_id",
                                      "storage_conn_id")
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
        since: Any = None,
        deferrable: bool = False,
        poll_interval: float = 60.0,
        wait_timeout: float = 24 * 3600.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"trigger_rule": "all_done", **kwargs})
        if result is None and mlflow_run is None:
            raise ValueError("one of result and mlflow_run, or both, are required")
        if final and deferrable:
            raise ValueError("final or deferrable, not both: nothing is waited for where the job is over")
        self.result = result
        self.mlflow_run = mlflow_run
        self.package = package
        self.spool = spool
        self.config = config
        self.final = final
        self.since = since
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.wait_timeout = wait_timeout

    def act(self, context: Context) -> Result:
        """The outcome, or that of a replay; defers where there is none yet.

        :param context: of the task
        """
        look = self._look(context)
        found = look.find(self.call)
        away = found is not None and not found.raw and found.retryable  # the place could not be read
        if self.deferrable and (found is None or away):
            trigger = ModelhookOutcomeTrigger(
                look=look.to_dict(), mlflow_conn_id=self.mlflow_conn_id, storage_conn_id=self.storage_conn_id,
                env=self._hook.env if self._hook else None, binary=_text(self.binary),
                poll_interval=self.poll_interval, wait_timeout=self.wait_timeout)
            self.defer(trigger=trigger, method_name="resume")
        return self._settle(look, found)

    def resume(self, context: Context, event: Mapping[str, Any]) -> Dict[str, Any]:
        """Airflow calls it when the triggerer has found an outcome, or has waited long enough.

        :param context: of the task
        :param event: whether an outcome was found; it is read again here
        """
        return self._keeping(self._settle_again, context)

    def _settle_again(self, context: Context) -> Result:
        look = self._look(context)
        return self._settle(look, look.find(self.call))

    def _look(self, context: Context) -> Look:
        since = _time("since", self.since) or started_at(context, self.upstream_task_ids)
        return Look(result=_text(self.result), mlflow_run=self.mlflow_run or None, config=_text(self.config),
                    since=since, log=self.log)

    def _settle(self, look: Look, found: Optional[Result]) -> Result:
        """What was found where that is final, else what the package ends with now; raises where there is none."""
        if found is not None and (not found.retryable or not found.raw):  # without raw the place could not be read
            return found
        so_far = describe(found) if found is not None else f"no outcome of modelhook was found in {look.places()}"
        what = self._what_to_replay(found)
        if not what:
            raise self._unsettled(found, f"{so_far}; there is no package to replay")
        self.log.warning("%s; replaying its package", so_far)
        result = self.call("replay", *what, *_options(config=self.config, result=self.result))
        if result.exit == Status.MISSING and not result.digest:  # no package: that is not how modelhook ended
            why = result.error.message if result.error else describe(result)
            raise self._unsettled(found, f"{so_far}; and {why}")
        return result

    def _unsettled(self, found: Optional[Result], message: str) -> CommandError:
        """The end of a task that found no final outcome; another try may find one where the job is not over."""
        if found is not None:
            return CommandError(message, with_error(found, message))
        return failure(Status.MISSING if self.final else Status.LATER, message)

    def _what_to_replay(self, found: Optional[Result]) -> Sequence[str]:
        """The arguments that name it."""
        if self.package:
            return [os.fspath(self.package)]
        if found is not None and found.package and ("://" in found.package or os.path.exists(found.package)):
            return [found.package]
        return ["--all", *_options(spool=self.spool)] if self.spool else []


def _options(**values: Optional[AnyPath]) -> List[str]:
    """--name value, for those that have one."""
    return [part for name, value in values.items() if value
            for part in (f"--{name.replace('_', '-')}", os.fspath(value))]


def _text(path: Optional[AnyPath]) -> Optional[str]:
    return os.fspath(path) if path else None


def _words(arguments: Arguments) -> List[str]:
    """A command line as a list."""
    if not isinstance(arguments, str):
        return [str(one) for one in arguments]
    try:
        return shlex.split(arguments)
    except ValueError as error:
        raise failure(Status.USAGE, f"arguments: {arguments}: {str(error).lower()}") from error


def _time(name: str, value: Any) -> Optional[datetime]:
    """A field that takes a time."""
    try:
        return rendered_time(name, value)
    except ValueError as error:
        raise failure(Status.USAGE, str(error)) from error
