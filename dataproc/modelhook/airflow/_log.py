"""What modelhook writes on stderr, as lines of a task's log."""

import logging
import re
import threading
import time
from typing import Any, Optional

_LEVELS = (
    (re.compile(r"(modelhook: )?warning: "), logging.WARNING),
    (re.compile(r"modelhook: "), logging.ERROR),
    (re.compile(r".*, again in [\d.]+ s \(try \d+ of \d+\)"), logging.WARNING),
    (re.compile(r"gate +(no gate is configured|.* rejected \()|promote +(not promoted|version \d+ stays)"),
     logging.WARNING),
)


def level_of(line: str) -> int:
    """The level that a line deserves.

    :param line: of modelhook's stderr
    """
    return next((level for pattern, level in _LEVELS if pattern.match(line)), logging.INFO)


class Messages:
    """Logs what modelhook writes on stderr, line by line: Airflow 3 would show each line of stderr as an error.

    While a block runs (``with Messages(log) as messages``), a silence is logged, too, every `silence` seconds: else
    nobody could tell a server that does not answer from a task that hangs.

    :param log: the task's logger
    :param silence: seconds
    :param most: the highest level, where a failure is an answer
    """

    def __init__(self, log: Any, silence: float = 30.0, most: int = logging.ERROR) -> None:
        self._log = log
        self._most = most
        self._rest = ""
        self._silence = silence
        self._begin = self._last = time.monotonic()
        self._ended = threading.Event()
        self._watch: Optional[threading.Thread] = None

    def __enter__(self) -> "Messages":
        """From here on silence is logged."""
        self._watch = threading.Thread(target=self._watch_silence, daemon=True)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is logged from here on."""
        self._ended.set()
        if self._watch is not None:
            self._watch.join()
        if self._rest:
            self.take("\n")

    def take(self, text: str) -> None:
        """A line is logged when it is whole, as each one of modelhook's is.

        :param text: any part of the output
        """
        self._last = time.monotonic()
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._log.log(min(level_of(line), self._most), "%s", line)

    def _watch_silence(self) -> None:
        while not self._ended.wait(self._silence):
            now = time.monotonic()
            if now - self._last >= self._silence:
                self._log.info("modelhook has run for %d s and has reported nothing for %d s", now - self._begin,
                               now - self._last)
