"""A SavedModel with a file that stores take in parts, without TensorFlow."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import tiny_model

SIZE = 12 << 20  # bytes: three parts, of 5, 5 and 2 MiB


BIG = "assets.extra/big.bin"


def large_model(folder: Path, size: int = SIZE) -> Path:
    """Writes it into folder; every one is another model."""
    tiny_model.write(folder)
    (folder / BIG).parent.mkdir(exist_ok=True)
    (folder / BIG).write_bytes(os.urandom(size))
    return folder


def files_below(folder: Path) -> set[str]:
    """Every file, by its path in the folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def many_files(folder: Path, files: int = 600) -> Path:
    """The same with so many small files in three folders: its manifest is larger than any buffer."""
    large_model(folder)
    for number in range(files):
        path = folder / f"assets.extra/{number % 3}/{number:04}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"file {number} of {folder}\n" * (number % 50 + 1))
    return folder
