"""What came of a call of modelhook, and how a job ends with it."""

import contextlib
import json
import signal
import sys
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from typing import Any, Dict, List, NoReturn, Optional, Type, TypeVar, Union, cast

from .errors import CommandError, ModelhookError, RetryableError
from .status import Status

SCHEMA = "modelhook/result@1"
ENDS_WELL = ("go on", "skip")
_FROM_OUTSIDE = tuple(128 + number for number in (signal.SIGHUP, signal.SIGINT, signal.SIGKILL, signal.SIGTERM))


def scheduler_action(status: int) -> str:
    """What a scheduler should do about an exit status.

    A status that is not modelhook's own is a failure, unless it says that the process was ended from outside, as
    the kernel does when memory is short.

    :param status: the exit status; 128 + n for signal n
    :return: "go on", "skip", "retry" or "fail"
    """
    try:
        return Status(status).scheduler
    except ValueError:
        return "retry" if status in _FROM_OUTSIDE else "fail"


@dataclass(frozen=True)
class GateVerdict:
    """What one gate decided."""

    name: str
    verdict: str  # "passed", "rejected", "overridden"
    detail: str  # the numbers


@dataclass(frozen=True)
class ErrorDetail:
    """Why a command failed."""

    kind: str  # the word of the exit status: "later", "denied"
    message: str
    hint: Optional[str] = None


@dataclass(frozen=True)
class Step:
    """What one step did."""

    name: str
    ms: int  # milliseconds
    did: str


@dataclass(frozen=True)
class PackageOutcome:
    """What came of one of several packages that were replayed."""

    package: str
    outcome: str
    exit: int
    model: Optional[str] = None
    version: Optional[str] = None
    message: Optional[str] = None


@dataclass(frozen=True)
class Result:
    """What a command reported: its exit status and the result line, modelhook/result@1.

    A result is true if the command ended well. A key that the line does not have, or has as null, is None or empty.
    A command that has no result line, such as ``status``, has ``exit`` alone; ``outcome`` is None if it succeeded.
    """

    exit: int  # a Status if it is one of modelhook's own; 128 + n for signal n
    outcome: Optional[str] = None  # "promoted", "held", "superseded", "planned", ...; else the word of the status
    model: Optional[str] = None
    version: Optional[str] = None
    previous_version: Optional[str] = None
    run_id: Optional[str] = None
    trained_at: Optional[str] = None  # RFC 3339
    digest: Optional[str] = None
    stage: Optional[str] = None
    alias: Optional[str] = None
    reason: Optional[str] = None  # why the version is not Production although nothing failed
    created: Optional[bool] = None  # whether this call created the version; None: it did not get that far
    verified: Optional[str] = None  # how the stored files were: "full", "size"; None: none was
    package: Optional[str] = None  # where the package is kept; None: nothing is left to do
    registry_url: Optional[str] = None
    tracking_url: Optional[str] = None  # the server of the run, mostly the same
    served: Optional[Dict[str, Any]] = None  # what the service was seen to serve
    error: Optional[ErrorDetail] = None
    gate: List[GateVerdict] = field(default_factory=list)
    steps: List[Step] = field(default_factory=list)
    packages: List[PackageOutcome] = field(default_factory=list)  # of a replay of several
    raw: Dict[str, Any] = field(default_factory=dict)  # the whole line, as read

    def __bool__(self) -> bool:
        """The same as ``ok``."""
        return self.ok

    @property
    def scheduler(self) -> str:
        """What a scheduler should do: "go on", "skip", "retry" or "fail"."""
        return scheduler_action(self.exit)

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return self.scheduler == "retry"

    @property
    def ok(self) -> bool:
        """Whether the command ended well: for a promotion, that the model was promoted or held."""
        return self.scheduler in ENDS_WELL

    @property
    def url(self) -> Optional[str]:
        """The page of the version in MLflow; None if there is no version."""
        if not (self.registry_url and self.model and self.version):
            return None
        return f"{self.registry_url.rstrip('/')}/#/models/{self.model}/versions/{self.version}"

    def describe(self) -> str:
        """One line for people: the outcome, the model and its version, and why it ended so."""
        what = " ".join(filter(None, [self.model, self.version and f"version {self.version}"]))
        why = self.error.message if self.error else self.reason
        if why and self.model and why.startswith(f"{self.model}: "):
            why = why[len(self.model) + 2:]
        hint = self.error.hint if self.error else None
        parts = [f"{self.outcome or 'ended'} ({int(self.exit)})", what, why, hint]
        return ": ".join(part for part in parts if part)

    def to_dict(self) -> Dict[str, Any]:
        """The result line with every key of modelhook/result@1, also where the program did not print it."""
        known = {"schema": SCHEMA, "exit": int(self.exit), "retryable": self.retryable, "at": _now(),
                 **{name: value for name, value in asdict(self).items() if name not in _NOT_OF_LINE}}
        told = {**known, **self.raw}
        return {**told, "error": known["error"] or told["error"]}

    def raise_for_status(self) -> "Result":
        """Raises if the command failed.

        :return: this result, if the command ended well
        :raises RetryableError: the same command may succeed later
        :raises CommandError: a retry would end the same
        """
        if self.ok:
            return self
        raise (RetryableError if self.retryable else CommandError)(self.describe(), self)


_Part = TypeVar("_Part")
_PARTS: Dict[str, Type[Any]] = {"gate": GateVerdict, "steps": Step, "packages": PackageOutcome}
_FROM_LINE = [name for name in Result.__dataclass_fields__ if name not in ("exit", "outcome", "raw")]
_NOT_OF_LINE = ("exit", "raw", "packages")  # packages: of a replay of several alone


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _part(kind: Type[_Part], value: Any) -> _Part:
    """One dataclass of an object; keys that a later version added are left to ``raw``."""
    return kind(**{key: each for key, each in value.items() if key in cast(Any, kind).__dataclass_fields__})


def _value(name: str, value: Any) -> Any:
    if name == "error":
        return _part(ErrorDetail, value)
    return [_part(_PARTS[name], each) for each in value] if name in _PARTS else value


def parse_line(line: str) -> Optional[Dict[str, Any]]:
    """The JSON object of a line.

    :param line: of any command's output
    :return: None if it is none
    """
    with contextlib.suppress(ValueError):
        value = json.loads(line)
        return value if isinstance(value, dict) else None
    return None


def result_of(status: int, line: str) -> Result:
    """The result of a call.

    :param status: its exit status
    :param line: its last line on stdout; if that is no result line, ``raw`` is empty
    """
    raw = parse_line(line) or {}
    raw = raw if raw.get("schema") == SCHEMA else {}
    try:
        status = Status(status)
        word = status.name.lower()
    except ValueError:
        word = f"signal {status - 128}" if status > 128 else f"status {status}"
    values = {name: _value(name, raw[name]) for name in _FROM_LINE if raw.get(name) is not None}
    return Result(exit=status, outcome=raw.get("outcome") or (word if status else None), raw=raw, **values)


def exit_with(outcome: Union[Result, ModelhookError]) -> NoReturn:
    """Ends the job with 0 if the model was promoted or held, else with modelhook's status.

    Held is an answer, not a failure: a job that failed would be repeated, and would train again. Inside of
    ``with mlflow.start_run():`` the run is ended as FINISHED before, because MLflow marks a run as FAILED that is left
    by SystemExit, whatever its status.

    An error that is not caught ends a script with 1, which does not say whether a retry helps. Here it ends with its
    ``exit``: the status of the program; where that did not run, 65 for a HandoffError, 66 for a BinaryNotFoundError,
    75 for a SecretError.

    :param outcome: the result of the promotion, or the error that was raised in its place
    """
    if isinstance(outcome, ModelhookError):
        status = outcome.exit
        if outcome.result is None or outcome.result.ok:  # else the program has told it
            print(f"modelhook: {outcome}", file=sys.stderr)
    else:
        status = 0 if outcome.ok else int(outcome.exit)
    if status == 0:
        _finish_runs()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    sys.exit(status)


def _finish_runs() -> None:
    """Ends the active runs of this thread, if MLflow is in use; the model is promoted, whatever MLflow says of that."""
    mlflow = sys.modules.get("mlflow")
    try:
        while mlflow is not None and mlflow.active_run() is not None:
            mlflow.end_run("FINISHED")
    except Exception as error:  # of any kind: MLflow's server may be away
        print(f"modelhook: warning: MLflow could not end the run: {error}", file=sys.stderr)
