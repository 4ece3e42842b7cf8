"""Runs the program as a part of this process: seen live, stopped with it, its answer as an object."""

import codecs
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import IO, Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, TextIO

from .errors import BinaryNotFoundError, ModelhookError
from .find import find_binary
from .handoff import AnyPath
from .result import Result, result_of

NAME = "modelhook: "  # begins every line that the program writes to stderr
_FORWARDED = (signal.SIGTERM, signal.SIGINT)
_BLOCK = 1 << 16
_LINE_MAX = 1 << 24  # of stdout, what is kept while no line ends
_PAUSE = 0.2  # between two looks at the clock while waiting


class Ended(NamedTuple):
    """A call that has ended."""

    result: Result
    line: str  # the last one on stdout
    signals: Sequence[int]  # that this process got meanwhile

    def deliver_signals(self) -> None:
        """Lets the handlers of this process have the signals, now that the program has ended."""
        for number in dict.fromkeys(self.signals):
            for stream in (sys.stdout, sys.stderr):
                _write(stream, "")
            signal.raise_signal(number)


def run_command(
    *arguments: AnyPath,
    binary: Optional[AnyPath] = None,
    timeout: Optional[float] = None,
    grace: float = 4.0,
    env: Optional[Mapping[str, str]] = None,
    stderr: Optional[TextIO] = None,
    label: Optional[str] = None,
    deliver_signals: bool = True,
) -> Result:
    """Runs modelhook and waits for it. No exit status raises: see ``Result.ok`` and ``Result.raise_for_status``.

    Each line that the program writes to stderr begins with ``modelhook:``. What it prints goes to ``sys.stdout``,
    except the result line. It runs in a session of its own and is stopped, as by SIGTERM, when this process is killed.

    SIGTERM and SIGINT that this process gets meanwhile are forwarded to the program. After it has ended they are
    delivered again: SIGINT raises KeyboardInterrupt, SIGTERM ends this process unless it has a handler. In a thread
    other than the main one Python handles no signals; there they stay with their handlers.

    :param arguments: the command line, without the program
    :param binary: the program; by default find_binary() finds it
    :param timeout: seconds until the program gets SIGTERM; None: no limit
    :param grace: seconds from SIGTERM until it gets SIGKILL
    :param env: environment variables besides those of this process
    :param stderr: a text stream for the messages; by default ``sys.stderr``
    :param label: stands in every message after ``modelhook:``, such as the name of the model
    :param deliver_signals: whether signals are delivered again; if not, the result tells of them: 130 or 143
    :return: the exit status and the result line
    :raises BinaryNotFoundError: the program is missing or cannot be started
    """
    ended = call(arguments, binary=binary, timeout=timeout, grace=grace, env=env, stderr=stderr, label=label)
    if not ended.result.raw:
        _write(sys.stdout, ended.line)
    if deliver_signals:
        ended.deliver_signals()
    return ended.result


def promote(
    handoff: AnyPath,
    *options: AnyPath,
    binary: Optional[AnyPath] = None,
    timeout: Optional[float] = None,
    grace: float = 4.0,
    env: Optional[Mapping[str, str]] = None,
    stderr: Optional[TextIO] = None,
    label: Optional[str] = None,
    deliver_signals: bool = True,
) -> Result:
    """Runs ``modelhook run HANDOFF OPTIONS``: packs, uploads, registers, decides, promotes.

    The parameters are those of run_command, and so are the result and the errors.

    :param handoff: the handoff that write_handoff wrote
    :param options: options of ``modelhook run``
    """
    return run_command("run", handoff, *options, binary=binary, timeout=timeout, grace=grace, env=env, stderr=stderr,
                       label=label, deliver_signals=deliver_signals)


def capture(
    *arguments: AnyPath,
    binary: Optional[AnyPath] = None,
    timeout: Optional[float] = None,
    grace: float = 4.0,
    env: Optional[Mapping[str, str]] = None,
    stderr: Optional[TextIO] = None,
) -> Any:
    """Runs a command with ``--json`` and returns what it printed, such as ``capture("status", "fish")``.

    The parameters are those of run_command.

    :param arguments: the command line, without the program and ``--json``
    :return: the JSON object, as Python has it
    :raises CommandError: the command failed
    :raises ModelhookError: the command printed no JSON
    """
    said: List[str] = []
    ended = call([*arguments[:1], "--json", *arguments[1:]], binary=binary, timeout=timeout, grace=grace, env=env,
                 stderr=stderr, stdout=said.append)
    ended.deliver_signals()
    ended.result.raise_for_status()
    try:
        return json.loads(ended.line)
    except ValueError:
        text = f"modelhook {' '.join(os.fspath(each) for each in arguments)}: the command printed no JSON"
        raise ModelhookError(text, ended.result) from None


def call(
    arguments: Sequence[AnyPath],
    *,
    binary: Optional[AnyPath] = None,
    timeout: Optional[float] = None,
    grace: float = 4.0,
    env: Optional[Mapping[str, str]] = None,
    stderr: Optional[TextIO] = None,
    stdout: Optional[Callable[[str], None]] = None,
    label: Optional[str] = None,
    messages: Optional[Callable[[str], None]] = None,
    started: "Optional[Callable[[subprocess.Popen[bytes]], None]]" = None,
) -> Ended:
    """Runs modelhook, and returns all that is known of the call. Nothing of the program is left then, nor if it raises.

    The parameters are those of run_command.

    :param arguments: the command line, without the program
    :param stdout: takes what is printed but for the last line; by default it is written to ``sys.stdout``
    :param messages: takes what the program writes to stderr, as it comes; by default that goes to ``stderr``
    :param started: gets the process, so that another thread or a signal handler can stop it
    """
    program = find_binary() if binary is None else os.fspath(binary)
    command = [program, *(os.fspath(argument) for argument in arguments)]
    with _Forwarding() as forwarding:
        process = _start(command, {**os.environ, "MODELHOOK_END_WITH_PARENT": "true", **(env or {})})
        try:
            labelled = _Labelled(stderr, f"{NAME}{label}: " if label else NAME)
            streams = _Streams(process, stdout or _print, messages or labelled.take)
            forwarding.to(process)
            if started is not None:
                started(process)
            _wait(process, forwarding, timeout, grace)
        finally:
            _end(process, grace, told=forwarding.since is not None)
    line = streams.last_line()
    labelled.end()
    status = process.returncode if process.returncode >= 0 else 128 - process.returncode
    return Ended(result_of(status, line), line, forwarding.taken)


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
        self.taken: List[int] = []
        self.since: Optional[float] = None
        self.before: Dict[int, Any] = {}

    def __enter__(self) -> "_Forwarding":
        """From here on no signal is lost, though there is no process yet."""
        with contextlib.suppress(ValueError):  # not the main thread
            for number in _FORWARDED:
                if signal.getsignal(number) is not signal.SIG_IGN:  # as in a background job of a shell: let it be so
                    self.before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        """The handlers are those from before; what was no handler of Python's cannot be put back."""
        for number, handler in self.before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def to(self, process: "subprocess.Popen[bytes]") -> None:
        """Names the process, which gets what has come before it was there."""
        self.process = process
        for number in self.taken:
            _signal(process, number)

    def _take(self, number: int, _frame: Any) -> None:
        self.since = self.since or time.monotonic()
        self.taken.append(number)
        if self.process is not None:
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


class _Labelled:
    """Messages, a whole line at a time, each with a beginning."""

    def __init__(self, stream: Optional[TextIO], label: str) -> None:
        self._stream = stream
        self._label = label
        self._rest = ""

    def take(self, text: str) -> None:
        """Writes the lines that are whole."""
        *lines, self._rest = (self._rest + text).split("\n")
        self._show(lines)

    def end(self) -> None:
        """Writes what is left."""
        self._show([self._rest] if self._rest else [])

    def _show(self, lines: List[str]) -> None:
        """In one piece, so that nobody else's line comes between."""
        said = [line[len(NAME):] if line.startswith(NAME) else line for line in lines]
        if said:
            _write(self._stream or sys.stderr, "".join(f"{self._label}{line}\n" for line in said))


class _Streams:
    """What the program writes, passed on as it comes; its last line on stdout is kept."""

    def __init__(self, process: "subprocess.Popen[bytes]", out: Callable[[str], None],
                 messages: Callable[[str], None]) -> None:
        self._line = ""
        self._out = out
        self._threads = [
            threading.Thread(target=self._each, args=(process.stdout, self._keep), daemon=True),
            threading.Thread(target=self._each, args=(process.stderr, messages), daemon=True),
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

    def _keep(self, text: str) -> None:
        """Whole lines that another one follows are passed on."""
        text = self._line + text
        body = text.rstrip("\n")
        start = max(body.rfind("\n") + 1, len(text) - _LINE_MAX)
        self._line = text[start:]
        if start:
            self._out(text[:start])


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
    if stream is None:
        return
    with contextlib.suppress(OSError, ValueError, AttributeError):
        stream.write(text)
        stream.flush()


def _print(text: str) -> None:
    _write(sys.stdout, text)
