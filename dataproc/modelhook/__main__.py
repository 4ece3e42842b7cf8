"""python -m modelhook: the program itself, in this process's place."""

import os
import sys

from .find import packaged_binary


def main() -> None:
    """Runs the wheel's own program."""
    program = packaged_binary()
    if program is None:
        sys.exit("modelhook: this package has no program in it: scripts/wheel makes one that has")
    os.execv(program, [program, *sys.argv[1:]])


if __name__ == "__main__":
    main()
