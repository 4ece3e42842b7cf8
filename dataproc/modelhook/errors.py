"""The errors of this package. All of them are a ModelhookError."""

from typing import TYPE_CHECKING, Any, Optional, Tuple

if TYPE_CHECKING:
    from .result import Result


class ModelhookError(Exception):
    """Base class: catch it to catch every error of this package.

    ``result`` is what the program reported, or None where it did not run.
    """

    def __init__(self, message: str, result: "Optional[Result]" = None) -> None:
        super().__init__(message)
        self.result = result

    def __reduce__(self) -> Tuple[Any, ...]:
        """As Spark and multiprocessing carry it from one process to another."""
        return type(self), (str(self), self.result) if self.result is not None else (str(self),)


class BinaryNotFoundError(ModelhookError):
    """The program is missing or does not start; the text names every place that was searched."""


class HandoffError(ModelhookError, ValueError):
    """A value that modelhook would refuse; the text begins with the key of the handoff."""


class SecretError(ModelhookError):
    """The secret cannot be read; the text has its name, never a value."""


class CommandError(ModelhookError):
    """A command of modelhook failed: its exit status is permanent, and a retry ends the same."""

    result: "Result"

    def __init__(self, message: str, result: "Result") -> None:
        super().__init__(message, result)


class RetryableError(CommandError):
    """A command of modelhook failed, and the same command may succeed later."""
