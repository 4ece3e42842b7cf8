"""A SavedModel with a file that stores take in parts, without TensorFlow."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import tiny_model

THREE_PARTS = 12 << 20  # bytes: 5, 5 and 2 MiB
TWO_PARTS = 5 << 20 | 1


def large_model(folder: Path, size: int = THREE_PARTS) -> Path:
    """Writes it into folder; every one is another model."""
    tiny_model.write(folder)
    (folder / "assets.extra").mkdir()
    (folder / "assets.extra/big.bin").write_bytes(os.urandom(size))
    return folder


def files_below(folder: Path) -> set[str]:
    """Every file, by its path in the folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
