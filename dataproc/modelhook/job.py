"""The common case in one block: check, train, hand over, promote."""

import datetime
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generator, List, Mapping, Optional, Sequence, TextIO, Tuple, Union

from .errors import HandoffError, ModelhookError
from .find import find_binary
from .handoff import AnyPath, Handoff, write_handoff
from .result import Result, parse_line
from .run import NAME, call, run_command

if TYPE_CHECKING:
    from .handoff import History, ModelInfo

# Options of `run` that others do not take: they change what it prints or sends, or are about the handoff.
_NOT_OF_CHECK = ("--plan", "--json", "--verbose", "--exit-code")
_NOT_OF_REPLAY = (*_NOT_OF_CHECK, "--allow-nonfinite")
_TRAINED_AT = "--trained-at"  # the same, with a value behind it


@dataclass
class Job(Handoff):
    """What a training says of its model, and in the end the result of its promotion."""

    _result: Optional[Result] = field(default=None, init=False, repr=False)

    @property
    def result(self) -> Result:
        """What came of the promotion.

        :raises ModelhookError: the block has not ended, or was left by an exception
        """
        if self._result is None:
            raise ModelhookError("nothing was promoted yet: the result is there when the block has ended")
        return self._result


@dataclass(frozen=True)
class _Call:
    """How the program is called."""

    program: str
    options: Sequence[str]
    timeout: Optional[float]
    grace: float
    env: Optional[Mapping[str, str]]
    stderr: Optional[TextIO]

    def say(self, text: str) -> None:
        """A line of our own among those of the program."""
        print(f"{NAME}{text}", file=self.stderr or sys.stderr, flush=True)


@contextmanager
def promoting(
    model: str,
    *,
    run_id: Optional[str] = None,
    handoff: AnyPath = "handoff.json",
    options: Sequence[AnyPath] = (),
    check: bool = True,
    preflight: bool = True,
    replay: bool = False,
    spark: Any = None,
    uri: Optional[str] = None,
    binary: Optional[AnyPath] = None,
    timeout: Optional[float] = None,
    grace: float = 4.0,
    env: Optional[Mapping[str, str]] = None,
    stderr: Optional[TextIO] = None,
    saved_model: Optional[AnyPath] = None,
    logged_model: "Union[str, ModelInfo, None]" = None,
    metrics: "Union[Mapping[str, Any], History, None]" = None,
    trained_at: Union[str, datetime.datetime, None] = None,
    samples: Optional[Mapping[str, int]] = None,
    params: Optional[Mapping[str, Any]] = None,
    tags: Optional[Mapping[str, Any]] = None,
    description: Optional[str] = None,
    requirements: Optional[Sequence[str]] = None,
    artifact_path: Optional[str] = None,
    files: bool = True,
    golden: Optional[Sequence[Tuple[Any, Any]]] = None,
    tolerance: Optional[float] = None,
) -> Generator[Job, None, None]:
    """Promotes what the block trains; after it, ``job.result`` is what came of it.

        with modelhook.promoting("fish-classifier-efficientnet-b4", run_id=run.info.run_id) as job:
            job.metrics = net.fit(...)
            net.export("saved_model")
            job.saved_model = "saved_model"

    What it raises ends a script with 1 where it is not caught; ``exit_with`` ends it with modelhook's status.

    Before the block ``modelhook check`` asks whether the program, the options, the settings, the server, the run and
    the store will do, and names the packages that wait in the spool. At its end the handoff is written and
    ``modelhook run`` promotes the model. Whatever the block raises goes on, and nothing is promoted.

    :param model: name of the registered model
    :param run_id: the MLflow run; None: the active run
    :param handoff: the file to write; settings and the spool lie beside it
    :param options: options of ``modelhook run``
    :param check: whether to raise if the model was neither promoted nor held; the check before the block raises
        whatever this is
    :param preflight: whether to run ``modelhook check`` before the block
    :param replay: whether to finish the packages that wait in the spool before the block
    :param spark: a SparkSession, for find_binary
    :param uri: where Spark fetches the program from, for find_binary
    :param binary: the program; None: find_binary finds it
    :param timeout: seconds until the program gets SIGTERM; None: no limit
    :param grace: seconds from SIGTERM until it gets SIGKILL
    :param env: environment variables for the program, besides those of this process
    :param stderr: a text stream for the messages; None: ``sys.stderr``
    :param saved_model: directory of the SavedModel; this and all that follow are parameters of Handoff
    :raises BinaryNotFoundError: the program is missing
    :raises HandoffError: modelhook would refuse a value of the handoff, or the block set no model
    :raises RetryableError: a failure that may pass; ``result.package`` is what ``modelhook replay`` finishes
    :raises CommandError: a failure that a retry does not mend
    """
    job = Job(run_id=_active_run() if run_id is None else run_id, model=model, saved_model=saved_model,
              logged_model=logged_model, metrics=metrics, trained_at=trained_at, samples=samples, params=params,
              tags=tags, description=description, requirements=requirements, artifact_path=artifact_path, files=files,
              golden=golden, tolerance=tolerance)
    _check_place(handoff)
    how = _Call(find_binary(binary, spark=spark, uri=uri), [os.fspath(option) for option in options], timeout, grace,
                env, stderr)
    if preflight or replay:
        waiting = _check(how, job, handoff)
        if replay and waiting:
            _replay(how, handoff, waiting)
    try:
        yield job
    except SystemExit as left:
        how.say(f"warning: nothing was promoted: the block was left by sys.exit({left.code!r})")
        raise
    _promote(how, job, handoff)
    if check:
        job.result.raise_for_status()


def _active_run() -> str:
    """The run that the script has started."""
    mlflow = sys.modules.get("mlflow")
    run = mlflow.active_run() if mlflow is not None else None
    if run is None:
        raise HandoffError("run_id: none was given, and no MLflow run is active: mlflow.start_run() starts one")
    return str(run.info.run_id)


def _check_place(handoff: AnyPath) -> None:
    """Raises where the handoff could not be written when the training has ended."""
    path = os.path.abspath(os.fspath(handoff))
    folder = os.path.dirname(path)
    if os.path.isdir(path):
        raise HandoffError(f"handoff {path}: is a directory, not the file to write")
    if not os.path.isdir(folder):
        raise HandoffError(f"handoff {path}: there is no directory {folder}")
    if not os.access(folder, os.W_OK):
        raise HandoffError(f"handoff {path}: the directory {folder} cannot be written to")


def _without(options: Sequence[str], flags: Sequence[str]) -> List[str]:
    """The options without those flags, and without --trained-at and its value."""
    kept: List[str] = []
    rest = iter(options)
    for option in rest:
        if option == _TRAINED_AT:
            next(rest, None)
        elif option not in flags and not option.startswith(f"{_TRAINED_AT}="):
            kept.append(option)
    return kept


def _check(how: _Call, job: Job, handoff: AnyPath) -> Optional[str]:
    """Raises for what would fail after the training; the spool, where packages wait in it."""
    options = _without(how.options, _NOT_OF_CHECK)
    printed: List[str] = []
    ended = call(["check", "--json", handoff, "--model", job.model, "--run", job.run_id, *options], binary=how.program,
                 grace=how.grace, env=how.env, stderr=how.stderr, stdout=printed.append)
    ended.deliver_signals()
    told = parse_line("".join(printed) or ended.line) or {}
    for row in told.get("checks", []):
        if row["verdict"] == "warning":
            how.say(f"warning: {row['name']}: {row['detail']}")
    ended.result.raise_for_status()
    return str(told["spool"]) if told.get("waiting") else None


def _replay(how: _Call, handoff: AnyPath, spool: str) -> None:
    """Finishes what waits; what cannot be finished stays there, and is no reason not to train."""
    options = _without(how.options, _NOT_OF_REPLAY)
    settings = os.path.join(os.path.dirname(os.path.abspath(os.fspath(handoff))), "modelhook.json")
    if os.path.exists(settings) and not any(option.startswith("--config") for option in options):
        options += ["--config", settings]
    result = run_command("replay", "--all", *options, "--spool", spool, binary=how.program, timeout=how.timeout,
                         grace=how.grace, env=how.env, stderr=how.stderr)
    if not result:
        how.say(f"warning: not all packages in {spool} could be finished: {result.describe()}")


def _promote(how: _Call, job: Job, handoff: AnyPath) -> None:
    """The handoff is written and the model promoted; a stop is delivered when the job has its result."""
    if job.saved_model is None and job.logged_model is None:
        raise HandoffError("saved_model: the block set neither saved_model nor logged_model: nothing was promoted")
    path = write_handoff(handoff, job)
    ended = call(["run", path, *how.options], binary=how.program, timeout=how.timeout, grace=how.grace, env=how.env,
                 stderr=how.stderr)
    job._result = ended.result
    ended.deliver_signals()
