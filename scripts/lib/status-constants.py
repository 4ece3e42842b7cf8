#!/usr/bin/env python3
"""Writes the program's own list of statuses into dataproc/modelhook/status.py, so that none is typed twice.

modelhook help statuses --json | scripts/lib/status-constants.py [FILE]

What stands in the file after the line with this script's name is made anew.
"""

import json
import sys
from pathlib import Path

STATUS = Path(__file__).resolve().parent.parent.parent / "dataproc/modelhook/status.py"


def main() -> None:
    """Reads the list, writes the lines."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else STATUS
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    (mark,) = (number for number, line in enumerate(lines) if Path(__file__).name in line)
    made = [f"    {row['name'].upper()} = {row['status']}, {json.dumps(row['scheduler'])}, {json.dumps(row['when'])}\n"
            for row in json.load(sys.stdin)]
    path.write_text("".join(lines[: mark + 1] + made), encoding="utf-8")


if __name__ == "__main__":
    main()
