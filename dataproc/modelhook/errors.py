"""The errors of this package. All of them are a ModelhookError."""

from typing import TYPE_CHECKING, Any, ClassVar, Optional, Tuple

from .status import Status

if TYPE_CHECKING:
    from .result import Result


class ModelhookError(Exception):
    """Base class: catch it to catch every error of this package.

    :param message: what failed and why
    :param result: what the program reported; None: it did not run
    """

    own_exit: ClassVar[Status] = Status.USAGE  # where the program reported no failure

    def __init__(self, message: str, result: "Optional[Result]" = None) -> None:
        super().__init__(message)
        self.result = result

    @property
    def exit(self) -> int:
        """The exit status of a job that ends with this error: see ``exit_with``."""
        return int(self.own_exit if self.result is None or self.result.ok else self.result.exit)

    def __reduce__(self) -> Tuple[Any, ...]:
        """As Spark and multiprocessing carry it from one process to another."""
        return type(self), (str(self), self.result) if self.result is not None else (str(self),)


class BinaryNotFoundError(ModelhookError):
    """The program is missing or does not start; the text names every place that was searched."""

    own_exit = Status.MISSING


class HandoffError(ModelhookError, ValueError):
    """A value that modelhook would refuse; the text begins with the key of the handoff."""

    own_exit = Status.UNACCEPTABLE


class SecretError(ModelhookError):
    """The secret cannot be read; the text has its name, never a value."""

    own_exit = Status.LATER  # the service may answer later


class CommandError(ModelhookError):
    """A command of modelhook failed: its exit status is permanent, and a retry ends the same.

    :param message: what failed and why
    :param result: what the program reported
    """

    result: "Result"

    def __init__(self, message: str, result: "Result") -> None:
        super().__init__(message, result)


class RetryableError(CommandError):
    """A command of modelhook failed, and the same command may succeed later."""
