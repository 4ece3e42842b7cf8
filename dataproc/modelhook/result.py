"""What came of a call of modelhook, and how a job ends with it."""

import json
import signal
import sys
from dataclasses import dataclass, field
from typing import Any, Dict, List, NoReturn, Optional

from .status import Status

SCHEMA = "modelhook/result@1"
ENDS_WELL = ("go on", "skip")
_FROM_OUTSIDE = tuple(128 + number for number in (signal.SIGHUP, signal.SIGINT, signal.SIGKILL, signal.SIGTERM))


def scheduler_action(status: int) -> str:
    """What a scheduler should do about an exit status: "go on", "skip", "retry" or "fail".

    One that is not modelhook's own fails, unless it tells that someone ended the process from outside,
    as the kernel does where memory is short.
    """
    try:
        return Status(status).scheduler
    except ValueError:
        return "retry" if status in _FROM_OUTSIDE else "fail"


@dataclass(frozen=True)
class Result:
    """The result line, modelhook/result@1. What the line does not have, or has as null, is None or empty."""

    exit: int  # a Status where it is one of modelhook's own; 128 + n for signal n
    outcome: str
    model: Optional[str] = None
    version: Optional[str] = None
    previous_version: Optional[str] = None
    run_id: Optional[str] = None
    trained_at: Optional[str] = None
    digest: Optional[str] = None
    stage: Optional[str] = None
    alias: Optional[str] = None
    package: Optional[str] = None
    registry_url: Optional[str] = None
    tracking_url: Optional[str] = None  # the server of the run, mostly the same
    error: Optional[Dict[str, Any]] = None  # kind, message, hint
    gate: List[Dict[str, Any]] = field(default_factory=list)  # name, verdict, detail
    steps: List[Dict[str, Any]] = field(default_factory=list)  # name, ms, did
    packages: List[Dict[str, Any]] = field(default_factory=list)  # of a replay of several
    raw: Dict[str, Any] = field(default_factory=dict)  # the whole line, as read

    @property
    def scheduler(self) -> str:
        """What a scheduler should do: "go on", "skip", "retry" or "fail"."""
        return scheduler_action(self.exit)

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return self.scheduler == "retry"


_FROM_LINE = [name for name in Result.__dataclass_fields__ if name not in ("exit", "outcome", "raw")]


def result_of(status: int, line: str) -> Result:
    """The result of a call that left with a status and this last line on stdout; raw is empty where that is none."""
    try:
        raw = json.loads(line)
    except ValueError:
        raw = None
    if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
        raw = {}
    try:
        status = Status(status)
        word = status.name.lower()
    except ValueError:
        word = f"signal {status - 128}" if status > 128 else f"status {status}"
    values = {name: raw[name] for name in _FROM_LINE if raw.get(name) is not None}
    return Result(exit=status, outcome=str(raw.get("outcome") or word), raw=raw, **values)


def exit_with(result: Result) -> NoReturn:
    """Ends the job: with 0 where the model was promoted or held, else with modelhook's status.

    Held is an answer, not a failure: a job that failed would be run again, which trains again.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    sys.exit(0 if result.scheduler in ENDS_WELL else int(result.exit))
