"""A process that has ended, and what it said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Ended:
    """Its status, and its streams as text."""

    status: int
    stdout: str
    stderr: str

    @property
    def warnings(self) -> list[str]:
        """Its warnings, but for the one that there is no gate: most tests have none."""
        lines = (line for line in self.stderr.splitlines() if "warning" in line)
        return [line for line in lines if "no gate is configured" not in line]
