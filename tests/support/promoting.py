"""A training site for the command tests: handoffs one after another, and what must hold of the registry at the end."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fake_mlflow import FakeMlflow, Request
from jobs import Jobs

if TYPE_CHECKING:
    from conftest import HandoffMaker, Hook

MODEL = "fish-classifier-efficientnet-b4"
FILES = (
    "code/modelhook_savedmodel_2.py", "conda.yaml", "python_env.yaml", "requirements.txt",
    "saved_model/saved_model.pb", "saved_model/variables/variables.data-00000-of-00001",
    "saved_model/variables/variables.index", "MLmodel",
)
UPLOAD = [f"PUT model/{path}" for path in FILES]
PROMOTION = ["POST model-versions/transition-stage", "POST model-versions/set-tag modelhook.history",
             "POST registered-models/alias production"]
FIRST_RUN = [
    "POST runs/log-batch", *UPLOAD, "POST registered-models/create", "POST model-versions/create",
    *PROMOTION, "POST runs/set-tag modelhook.outcome",
]
REPORT = ["POST runs/set-tag modelhook.outcome"]


def named(request: Request) -> str:
    """A write by its call, and the tag, alias or file it is about."""
    name = request.name.rpartition("/artifacts/model/")
    if name[1]:
        return f"{request.method} model/{name[2]}"
    body = request.json if request.body else {}
    about = body.get("key") or body.get("alias") or ""
    return f"{request.method} {request.name} {about}".strip()


class Site(Jobs):
    """A training job after another on one machine, with one hook and one server."""

    def __init__(self, hook: Hook, fake: FakeMlflow, make_handoff: HandoffMaker) -> None:
        self.hook = hook
        self.fake = fake
        self.make_handoff = make_handoff
        self.numbers = itertools.count(1)
        hook.env.setdefault("MLFLOW_TRACKING_URI", fake.url)
        hook.env.setdefault("MODELHOOK_PARALLEL", "1")  # so that the order of requests is the same every time

    def train(self, hour: int = 12, *, run_metrics: dict[str, float] | None = None, **keys: Any) -> Path:
        """A training that ended at that hour, in a folder, a run and with weights of its own: the handoff."""
        number = next(self.numbers)
        run = keys.pop("run", None) or self.fake.add_run(metrics=run_metrics)
        defaults = {"trained_at": f"2026-11-22T{hour:02}:00:00Z", "folder": f"job{number}"}
        if "logged_model" not in keys and "saved_model" not in keys:
            defaults["weights"] = (number / 64,) * 8
        return self.make_handoff(run, **{**defaults, **keys})

    def forget(self) -> None:
        """Count requests anew from here."""
        with self.fake.lock:
            self.fake.requests.clear()
            self.fake.faults.clear()

    @property
    def sent(self) -> list[str]:
        """The writes that came, by name."""
        return [named(request) for request in self.fake.writes]

    @property
    def production(self) -> list[int]:
        """The versions in Production."""
        return self.fake.in_stage(MODEL)

    def version(self, number: int) -> dict[str, Any]:
        """One version."""
        return next(version for version in self.fake.versions(MODEL) if version["version"] == number)

    def spooled(self, handoff: Path) -> list[str]:
        """What the spool of a handoff holds; nothing when it is not there."""
        folder = handoff.parent / ".modelhook"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def package(self, handoff: Path) -> Path:
        """The one package in the spool of a handoff."""
        (package,) = (handoff.parent / ".modelhook").glob("*.tar.gz")
        return package


def complaints(site: Site, handoff: Path) -> list[str]:
    """What is not as it should be after one training was promoted: nothing."""
    versions = site.fake.versions(MODEL)
    found = []
    if len(versions) != 1:
        found.append(f"{len(versions)} versions")
    if site.production != [1]:
        found.append(f"Production: {site.production}")
    if versions and versions[0]["aliases"] != ["production"]:
        found.append(f"aliases {versions[0]['aliases']}")
    run = json.loads(handoff.read_text())["run_id"]
    if sorted(site.fake.artifacts(run)) != sorted(f"model/{path}" for path in FILES):
        found.append(f"files {sorted(site.fake.artifacts(run))}")
    if site.spooled(handoff):
        found.append(f"left in the spool: {site.spooled(handoff)}")
    return found


def wait_for(what: Callable[[], object], seconds: float = 30) -> None:
    """Wait until it holds."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.01)
