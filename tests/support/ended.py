"""A process that has ended, and what it said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Ended:
    """Its status, and its streams as text."""

    status: int
    stdout: str
    stderr: str
