"""python -m modelhook: the program itself, in this process's place."""

import os
import sys

from .find import HookError, packaged_hook


def main() -> None:
    """Runs the wheel's own program."""
    program = packaged_hook()
    if program is None:
        raise HookError("this package was installed without its program: scripts/wheel makes one that has it")
    os.execv(program, [program, *sys.argv[1:]])


if __name__ == "__main__":
    main()
