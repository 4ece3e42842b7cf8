"""What a training job needs to end with modelhook; standard library only, Python 3.8 and later.

    from modelhook import exit_with, promote, write_handoff
    handoff = write_handoff("handoff.json", run_id=run_id, model="fish-classifier-efficientnet-b4",
                            saved_model="saved_model", metrics=history)
    exit_with(promote(handoff))
"""

from .find import HookError, find_hook
from .handoff import HandoffError, write_handoff
from .job import promoting
from .result import Result, exit_with, scheduler_action
from .run import promote, run_hook
from .secret import SecretError, load_secret
from .status import Status

__all__ = ["HandoffError", "HookError", "Result", "SecretError", "Status", "exit_with", "find_hook", "load_secret",
           "promote", "promoting", "run_hook", "scheduler_action", "write_handoff"]
