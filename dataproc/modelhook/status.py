"""The exit statuses, which are those of hook/base/status.h."""

import enum


class Status(enum.IntEnum):
    """How modelhook ended, what a scheduler should do about it, and when it ends so."""

    scheduler: str  # "go on", "skip", "retry" or "fail"
    when: str

    def __new__(cls, number: int, scheduler: str = "", when: str = "") -> "Status":
        """A number that has two texts along."""
        self = int.__new__(cls, number)
        self._value_ = number
        self.scheduler = scheduler
        self.when = when
        return self

    def __str__(self) -> str:
        """The number, in every version of Python."""
        return str(int(self))

    # from here on made by scripts/lib/status-constants.py
    PROMOTED = 0, "go on", "it is the one Production version, now or already"
    PLANNED = 2, "go on", "something would change: --plan with --exit-code"
    HELD = 99, "skip", "a gate rejected it, a newer training is already there, or the policy stops early"
    USAGE = 64, "fail", "the command line is wrong"
    UNACCEPTABLE = 65, "fail", "the handoff, the SavedModel or the package is not valid"
    MISSING = 66, "fail", "an input file or directory is not there"
    REFUSED = 69, "fail", "the registry or the store said no for good: not found, invalid, quota"
    DEFECT = 70, "fail", "a broken invariant in modelhook itself"
    DISK = 73, "retry", "a local file cannot be written: full, read-only"
    LATER = 75, "retry", "no answer, 5xx, 429 or the deadline: the package is kept"
    NOT_A_REGISTRY = 76, "fail", "what answers does not speak the MLflow API"
    DENIED = 77, "fail", "credentials are missing or not allowed to do this"
    CONFIGURATION = 78, "fail", "settings contradict each other or cannot be read"
    NOT_SERVED = 80, "fail", "promoted, but the service was not seen serving it; left in place by policy"
    ROLLED_BACK = 81, "fail", "not served, and the previous version is Production again"
    INTERRUPTED = 130, "retry", "SIGINT: the package is kept"
    TERMINATED = 143, "retry", "SIGTERM: the package is kept"
