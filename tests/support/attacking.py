"""Attacks on modelhook: what a call ended with, the memory it took at its peak, and its time, as a table."""

from __future__ import annotations

import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ended import Ended


@dataclass
class Attacked(Ended):
    """An ended call, with its peak memory in MiB and its wall time in seconds."""

    peak: float = 0.0
    seconds: float = 0.0


def attacked(binary: Path, arguments: tuple[str | Path, ...], memory: int | None = None, timeout: float = 120,
             **more: Any) -> Attacked:
    """Call the program and measure it; what is not named here is Popen's.

    memory, in MiB, limits the address space: a call that wants more ends with 75, out of memory, which no test
    expects. GNU time stands between, since a process starts with the peak memory of the one it was forked from.
    """
    limited = ["prlimit", f"--as={memory << 20}"] if memory else []
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **more}
    with tempfile.NamedTemporaryFile("r") as peak:
        timed = ["/usr/bin/time", "-q", "-f", "%M", "-o", peak.name]
        start = time.monotonic()
        with subprocess.Popen([*timed, *limited, binary, *map(str, arguments)], **pipes) as process:
            try:
                stdout, stderr = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        seconds = time.monotonic() - start
        mib = int(peak.read()) / 1024
    print("modelhook", *arguments, "->", process.returncode, stdout, stderr, sep="\n")
    return Attacked(process.returncode, stdout or "", stderr or "", mib, seconds)


class Table:
    """One row for each call, printed when all tests have run."""

    def __init__(self) -> None:
        self.rows: list[str] = []

    def add(self, name: str, ended: Attacked) -> None:
        """One call of the test of that name."""
        self.rows.append(f"{name[:84]:84} {ended.status:6} {ended.peak:8.1f} MiB {ended.seconds:7.2f} s")

    def lines(self) -> list[str]:
        """The table with its head; nothing where there was no attack."""
        return [f"{'attack':84} status   peak memory    time", *self.rows] if self.rows else []
