"""Training jobs one after another, each ended by modelhook: what is the same with a fake server and a real one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conftest import Ended, Hook


class Jobs:
    """The jobs of one model."""

    hook: Hook

    def train(self, hour: int = 12, **keys: Any) -> Path:
        """A training that ended at that hour: its handoff."""
        raise NotImplementedError

    def run(self, handoff: Path, *flags: str, **more: Any) -> Ended:
        """Call modelhook run."""
        return self.hook("run", handoff, *flags, **more)

    def promote(self, hour: int = 12, *flags: str, **keys: Any) -> Ended:
        """Train and run; it must become Production."""
        ended = self.run(self.train(hour, **keys), *flags)
        assert (ended.status, ended.result["outcome"]) == (0, "promoted")
        return ended
