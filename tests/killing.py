"""A call that is killed at each of its requests to a store, one after another, and then made again."""

from __future__ import annotations

import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fault_proxy import Fault, FaultProxy, Request
from training import Team, run_of


class Killed:
    """One training whose upload was killed and made again.

    at       which request of the upload it was, from 1
    parts    how often each part was sent in both calls together
    places   what the names of its artifacts, and of those before it, begin with
    """

    def __init__(self, at: int, places: list[str]) -> None:
        self.at = at
        self.parts: Counter[str] = Counter()
        self.places = places


def killed_everywhere(team: Team, proxy: FaultProxy, label: str, part_of: Callable[[Request], str],
                      saved_model: Path) -> Iterator[Killed]:
    """Trains anew for each request that an upload makes, kills the call once that is carried out, and calls again.

    One request is on its way at a time, so that every part that was sent was taken.
    """
    died = True
    places: list[str] = []
    while died:
        handoff = team.train(saved_model=saved_model)
        places.append(f"runs/0/{run_of(handoff)}/artifacts")
        killed = Killed(len(places), places)
        seen = 0
        started: list[subprocess.Popen[str]] = []

        def decide(request: Request, killed: Killed = killed, started: list[Any] = started) -> Fault | None:
            nonlocal seen
            seen += 1
            if part_of(request):
                killed.parts[part_of(request)] += 1
            return Fault(after=started[0].kill) if seen == killed.at else None

        proxy.on(label, decide)
        with team.hook.start("run", handoff, "--parallel", "1") as process:
            started.append(process)
            process.communicate()
        died = process.returncode == -signal.SIGKILL
        assert died or process.returncode == 0
        proxy.settle()
        assert team.run(handoff).status == 0
        yield killed
