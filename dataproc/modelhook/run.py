"""Runs the program as a part of this process: seen live, stopped with it, its answer as an object."""

import codecs
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from typing import IO, Any, Callable, Dict, Iterator, List, Mapping, Optional, TextIO

from .errors import BinaryNotFoundError
from .find import find_binary
from .handoff import AnyPath
from .result import Result, result_of

_FORWARDED = (signal.SIGTERM, signal.SIGINT)
_BLOCK = 1 << 16
_LINE_MAX = 1 << 24  # of stdout, what is kept while no line ends
_PAUSE = 0.2  # between two looks at the clock while waiting


def run_command(
    *arguments: AnyPath,
    binary: Optional[AnyPath] = None,
    timeout: Optional[float] = None,
    grace: float = 4.0,
    env: Optional[Mapping[str, str]] = None,
    stderr: Optional[TextIO] = None,
) -> Result:
    """Runs modelhook with these arguments, waits for it and tells what came of it; no status raises.

    binary   the program; else find_binary() finds it
    timeout  after so many seconds it gets SIGTERM
    grace    and after so many more, SIGKILL
    env      variables, besides this process's own
    stderr   a text stream for what it says on stderr; else that comes on sys.stderr

    What it says comes as it is said, and so does, on sys.stdout, what it prints, but for the result line.
    It has a session of its own. SIGTERM and SIGINT that this process gets meanwhile go to it, and its
    result comes back then, too: 143 or 130. In a thread other than the main one Python handles no signals,
    and they stay with their handlers. Nothing of it is left when this returns or raises; and it stops, as on
    SIGTERM, when this process is killed.

    Raises BinaryNotFoundError where there is no program, or none that can be started.
    """
    command = [find_binary() if binary is None else os.fspath(binary), *map(os.fspath, arguments)]
    with _Forwarding() as forwarding:
        process = _start(command, {**os.environ, "MODELHOOK_END_WITH_PARENT": "true", **(env or {})})
        try:
            streams = _Streams(process, stderr)
            forwarding.to(process)
            _wait(process, forwarding, timeout, grace)
        finally:
            _end(process, grace, told=forwarding.since is not None)
    line = streams.last_line()
    result = result_of(process.returncode if process.returncode >= 0 else 128 - process.returncode, line)
    if not result.raw:
        _write(sys.stdout, line)
    return result


def promote(handoff: AnyPath, *options: AnyPath, **more: Any) -> Result:
    """modelhook run HANDOFF OPTIONS, as run_command runs it: packs, uploads, registers, decides, promotes."""
    return run_command("run", handoff, *options, **more)


def _start(command: List[str], env: Dict[str, str]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=env, start_new_session=True)
    except OSError as error:
        raise BinaryNotFoundError(f"{command[0]} cannot be started: {error.strerror or error}") from error


class _Forwarding:
    """SIGTERM and SIGINT of this process go to another, while the block lasts."""

    def __init__(self) -> None:
        self.process: Optional[subprocess.Popen[bytes]] = None
        self.asked: List[int] = []
        self.since: Optional[float] = None
        self.before: Dict[int, Any] = {}

    def __enter__(self) -> "_Forwarding":
        """From here on no signal is lost, though there is no process yet."""
        with contextlib.suppress(ValueError):  # not the main thread
            for number in _FORWARDED:
                self.before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        """The handlers are those from before; what was no handler of Python's cannot be put back."""
        for number, handler in self.before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def to(self, process: "subprocess.Popen[bytes]") -> None:
        """Names the process, which gets what has come before it was there."""
        self.process = process
        for number in self.asked:
            _signal(process, number)

    def _take(self, number: int, _frame: Any) -> None:
        self.since = self.since or time.monotonic()
        if self.process is None:
            self.asked.append(number)
        else:
            _signal(self.process, number)


def _wait(process: "subprocess.Popen[bytes]", forwarding: _Forwarding, timeout: Optional[float],
          grace: float) -> None:
    """Returns when it has ended, or has had its time: of the timeout, or of the grace after a signal."""
    end = None if timeout is None else time.monotonic() + timeout
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PAUSE)
            return
        now = time.monotonic()
        if (end is not None and now >= end) or (forwarding.since is not None and now >= forwarding.since + grace):
            return


def _end(process: "subprocess.Popen[bytes]", grace: float, told: bool) -> None:
    """SIGTERM where it still runs and was not told, SIGKILL where that did not do and to what is left of its group."""
    if process.poll() is None and not told:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _signal(process: "subprocess.Popen[bytes]", number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


class _Streams:
    """What the program writes, passed on as it comes; its last line on stdout is kept."""

    def __init__(self, process: "subprocess.Popen[bytes]", stderr: Optional[TextIO]) -> None:
        self._line = ""
        self._stderr = stderr
        self._threads = [
            threading.Thread(target=self._each, args=(process.stdout, self._keep), daemon=True),
            threading.Thread(target=self._each, args=(process.stderr, self._show), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def last_line(self) -> str:
        """The last line of stdout, when all is read."""
        for thread in self._threads:
            thread.join()
        return self._line

    @staticmethod
    def _each(stream: IO[bytes], take: Callable[[str], None]) -> None:
        with stream:
            for text in _texts(stream):
                take(text)

    def _show(self, text: str) -> None:
        _write(self._stderr or sys.stderr, text)

    def _keep(self, text: str) -> None:
        """Whole lines that another one follows are printed."""
        text = self._line + text
        body = text.rstrip("\n")
        start = max(body.rfind("\n") + 1, len(text) - _LINE_MAX)
        self._line = text[start:]
        if start:
            _write(sys.stdout, text[:start])


def _texts(stream: IO[bytes]) -> Iterator[str]:
    """What comes, as soon as it comes; bytes that are no UTF-8 replaced."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while True:
        block = os.read(stream.fileno(), _BLOCK)
        text = decoder.decode(block, final=not block)
        if text:
            yield text
        if not block:
            return


def _write(stream: Optional[TextIO], text: str) -> None:
    """Where it cannot be written, the job goes on."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        stream.write(text)
        stream.flush()
