"""What a training job needs to end with modelhook; standard library only, Python 3.8 and later.

    from modelhook import exit_with, promote, write_handoff
    handoff = write_handoff("handoff.json", run_id=run_id, model="fish-classifier-efficientnet-b4",
                            saved_model="saved_model", metrics=history)
    exit_with(promote(handoff))
"""

from typing import TYPE_CHECKING, Any

from .errors import BinaryNotFoundError, CommandError, HandoffError, ModelhookError, RetryableError, SecretError
from .find import find_binary
from .handoff import Handoff, write_handoff
from .job import Job, promoting
from .result import ErrorDetail, GateVerdict, PackageOutcome, Result, Step, exit_with, scheduler_action
from .run import capture, promote, run_command
from .secret import load_secret
from .status import Status

__version__ = "0.2.0"
__all__ = [
    "BinaryNotFoundError", "CommandError", "ErrorDetail", "GateVerdict", "Handoff", "HandoffError", "Job",
    "ModelhookError", "PackageOutcome", "Result", "RetryableError", "SecretError", "Status", "Step", "__version__",
    "capture", "exit_with", "find_binary", "load_secret", "promote", "promoting", "run_command", "scheduler_action",
    "write_handoff"]

_RENAMED = {"HookError": "BinaryNotFoundError", "find_hook": "find_binary", "run_hook": "run_command"}


if not TYPE_CHECKING:  # else a type checker takes every misspelled name of this module for Any

    def __getattr__(name: str) -> Any:
        """A name of 0.1 raises ImportError, because `from modelhook import` hides the text of an AttributeError."""
        if name in _RENAMED:
            raise ImportError(f"modelhook.{name} was renamed in 0.2.0: use modelhook.{_RENAMED[name]}", name=__name__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
