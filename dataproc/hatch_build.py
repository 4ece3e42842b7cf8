"""Puts the static program into the wheel, and says where such a wheel runs."""

from pathlib import Path
from typing import Any, Dict

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# The program needs no library, neither glibc nor musl: whatever a glibc machine's installer takes, and a musl one's,
# it may take. One wheel has both tags; linux_x86_64 would run in the same places, but package indexes refuse it.
PLATFORMS = "manylinux2014_x86_64.musllinux_1_1_x86_64"
X86_64 = b"\x7fELF\x02\x01"
STATIC = Path(__file__).resolve().parent.parent / "build/static"


class CustomBuildHook(BuildHookInterface):
    """A wheel for any Python 3, on Linux on x86_64."""

    def initialize(self, version: str, build_data: Dict[str, Any]) -> None:
        """The program with the licences of what is in it."""
        program = STATIC / "modelhook"
        if not program.is_file():
            raise FileNotFoundError(f"{program} is not there: scripts/static builds it")
        if program.read_bytes()[:6] != X86_64:
            raise ValueError(f"{program} is not a program for x86_64")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{PLATFORMS}"
        for name in ("modelhook", "sources.txt", "licenses"):
            build_data["force_include"][str(STATIC / name)] = f"modelhook/bin/{name}"
