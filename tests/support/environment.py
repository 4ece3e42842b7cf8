"""Where the tests find things: the checkout, the Python environments, the SavedModels.

Everything is made on first use by the same scripts that a person calls, and kept in the cache.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def cache() -> Path:
    """The folder that survives a clean checkout, as scripts/lib/common.sh has it."""
    if "MODELHOOK_CACHE" in os.environ:
        return Path(os.environ["MODELHOOK_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "modelhook")


@functools.cache
def venv(name: str) -> Path:
    """The folder of the Python environment tests/requirements/NAME.txt, made when missing."""
    made = subprocess.run([ROOT / "scripts/lib/venv.sh", name], stdout=subprocess.PIPE, text=True, check=True)
    return Path(made.stdout.strip())


def python(name: str) -> str:
    """The interpreter of an environment."""
    return str(venv(name) / "bin/python")


def pythons() -> list[str]:
    """This interpreter, and those of other clusters' versions that a version manager may have here."""
    others = (sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python3")) for minor in (8, 9, 10, 12, 13))
    return [sys.executable, *(str(found[-1]) for found in others if found)]


@functools.cache
def models(*big: int) -> Path:
    """The folder of the SavedModels made by tests/models/make_models.py; with sizes, those of random weights."""
    folder = cache() / "models"
    sizes = ["--big", *map(str, big)] if big else []
    subprocess.run([python("tensorflow"), ROOT / "tests/models/make_models.py", folder, *sizes], check=True)
    return folder
