#!/usr/bin/env python3
"""Makes dataproc/modelhook/status.py of the program's own list, so that no status is typed twice.

modelhook help statuses --json | scripts/lib/status-constants.py >dataproc/modelhook/status.py
"""

import json
import sys

HEAD = '''"""The exit statuses. Made by scripts/lib/status-constants.py of hook/base/status.h; not to be edited."""

import enum


class Status(enum.IntEnum):
    """How modelhook ended, what a scheduler should do about it, and when it ends so."""

    scheduler: str  # "go on", "skip", "retry" or "fail"
    when: str

    def __new__(cls, number: int, scheduler: str, when: str) -> "Status":
        """A number that has two texts along."""
        self = int.__new__(cls, number)
        self._value_ = number
        self.scheduler = scheduler
        self.when = when
        return self

    def __str__(self) -> str:
        """The number, in every version of Python."""
        return str(int(self))

'''


def main() -> None:
    """Reads the list, writes the module."""
    rows = json.load(sys.stdin)
    texts = [tuple(json.dumps(row[key]) for key in ("scheduler", "when")) for row in rows]
    lines = [f"    {row['name'].upper()} = {row['status']}, {scheduler}, {when}\n"
             for row, (scheduler, when) in zip(rows, texts, strict=True)]
    sys.stdout.write(HEAD + "".join(lines))


if __name__ == "__main__":
    main()
