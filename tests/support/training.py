"""Trainings against a real MLflow server: their runs and handoffs, and the registry as its REST API shows it."""

from __future__ import annotations

import contextlib
import itertools
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import tiny_model
from jobs import Jobs
from servers import MLflow

if TYPE_CHECKING:
    from conftest import Hook


class Registry:
    """What a server says, asked by REST and by nothing of modelhook's."""

    def __init__(self, url: str, auth: tuple[str, str] | None = None, workspace: str = "") -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False  # neither proxies nor a .netrc of this machine
        self.session.auth = auth
        if workspace:
            self.session.headers["X-MLFLOW-WORKSPACE"] = workspace

    def answer(self, method: str, path: str, /, **body: Any) -> requests.Response:
        """The answer to a call, whatever it is; a GET's body goes into the query."""
        sent = {"params": body} if method == "GET" else {"json": body}
        return self.session.request(method, f"{self.url}/api/2.0/{path}", timeout=60, **sent)

    def call(self, method: str, path: str, /, **body: Any) -> dict[str, Any]:
        """What a call that must succeed returns."""
        answer = self.answer(method, f"mlflow/{path}", **body)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def add_run(self, experiment: str = "0", **metrics: float) -> str:
        """A run with these metrics; its id."""
        run = self.call("POST", "runs/create", experiment_id=experiment, start_time=1)["run"]["info"]["run_id"]
        for key, value in metrics.items():
            self.call("POST", "runs/log-metric", run_id=run, key=key, value=value, timestamp=1)
        return str(run)

    def run(self, run: str) -> dict[str, Any]:
        """A run with its metrics and tags as dictionaries."""
        found = self.call("GET", "runs/get", run_id=run)["run"]
        data = found["data"]
        return {**found["info"], "metrics": {item["key"]: item["value"] for item in data.get("metrics", [])},
                "tags": {item["key"]: item["value"] for item in data.get("tags", [])}}

    def models(self) -> list[dict[str, Any]]:
        """Every registered model but those of the test that asks, as the server gives them."""
        found = self.call("GET", "registered-models/search", max_results=1000)
        assert not found.get("next_page_token")
        return sorted(found.get("registered_models", []), key=lambda model: str(model["name"]))

    def model(self, name: str) -> dict[str, Any]:
        """A registered model with tags and aliases as dictionaries."""
        found = self.call("GET", "registered-models/get", name=name)["registered_model"]
        return {**found, "tags": {item["key"]: item["value"] for item in found.get("tags", [])},
                "aliases": {item["alias"]: int(item["version"]) for item in found.get("aliases", [])}}

    def versions(self, name: str) -> list[dict[str, Any]]:
        """All versions by number, with their tags as dictionaries; none where there is no such model."""
        found = self.call("GET", "model-versions/search", filter=f"name='{name}'", max_results=1000)
        assert not found.get("next_page_token")
        versions = [{**version, "version": int(version["version"]),
                     "tags": {item["key"]: item["value"] for item in version.get("tags", [])}}
                    for version in found.get("model_versions", [])]
        return sorted(versions, key=lambda version: int(version["version"]))

    def stages(self, name: str) -> list[str]:
        """The stage of each version by number."""
        return [version["current_stage"] for version in self.versions(name)]

    def artifacts(self, run: str, path: str = "") -> dict[str, int]:
        """Every file among a run's artifacts, with its size."""
        listed = self.call("GET", "artifacts/list", run_id=run, **({"path": path} if path else {})).get("files", [])
        found: dict[str, int] = {}
        for item in listed:
            found |= self.artifacts(run, item["path"]) if item.get("is_dir") else {item["path"]: int(item["file_size"])}
        return found

    def seed(self, name: str, *stages: str) -> None:
        """Versions made by somebody else, in these stages: several may be in Production."""
        self.call("POST", "registered-models/create", name=name)
        run = self.add_run()
        source = self.run(run)["artifact_uri"] + "/model"
        for stage in stages:
            made = self.call("POST", "model-versions/create", name=name, source=source, run_id=run)["model_version"]
            if stage != "None":
                self.call("POST", "model-versions/transition-stage", name=name, version=str(made["version"]),
                          stage=stage, archive_existing_versions=False)


class Team(Jobs):
    """One team's trainings of one model: a hook, a server, and a model name that no other test uses."""

    def __init__(self, hook: Hook, server: MLflow, folder: Path, workspace: str = "") -> None:
        self.hook = hook
        self.server = server
        self.folder = folder
        auth = (server.user, server.password) if server.password else None
        self.registry = Registry(server.url, auth, workspace)
        self.model = f"fish-{uuid.uuid4().hex[:8]}-efficientnet-b4"
        self.numbers = itertools.count(1)
        hook.env.update({name: value for name, value in server.client_env().items() if name.startswith("MLFLOW_T")})

    def train(self, hour: int = 12, *, saved_model: Path | None = None, config: dict[str, Any] | None = None,
              run_metrics: dict[str, float] | None = None, **keys: Any) -> Path:
        """A training that ended at that hour, with a run of its own: its handoff."""
        job = self.folder / f"job{next(self.numbers)}"
        job.mkdir()
        run = keys.pop("run_id", None) or self.registry.add_run(**(run_metrics or {}))
        handoff = {"schema": "modelhook/handoff@1", "run_id": run, "model": self.model,
                   "trained_at": f"2026-11-22T{hour:02}:00:00Z",
                   "metrics": {"train_accuracy": 0.93, "val_accuracy": 0.9},
                   "samples": {"train": 800, "validation": 200}, **keys}
        if saved_model is None and "logged_model" not in keys:
            saved_model = job / "saved_model"
            tiny_model.write(saved_model, (float(uuid.uuid4().int % 997),) * 8)
        if saved_model is not None:
            handoff["saved_model"] = str(saved_model)
        (job / "handoff.json").write_text(json.dumps(handoff), encoding="utf-8")
        if config is not None:
            (job / "modelhook.json").write_text(json.dumps(config), encoding="utf-8")
        return job / "handoff.json"

    @property
    def production(self) -> list[int]:
        """The versions in Production."""
        return [version["version"] for version in self.registry.versions(self.model)
                if version["current_stage"] == "Production"]

    def version(self, number: int) -> dict[str, Any]:
        """One version."""
        return self.registry.versions(self.model)[number - 1]

    @property
    def aliases(self) -> dict[str, int]:
        """The aliases of the model."""
        return self.registry.model(self.model)["aliases"]


def run_of(handoff: Path) -> str:
    """The run that a handoff names."""
    return str(json.loads(handoff.read_text(encoding="utf-8"))["run_id"])


def spooled(handoff: Path) -> list[Path]:
    """The packages that wait in the spool of a handoff."""
    return sorted((handoff.parent / ".modelhook").glob("*.tar.gz"))


@contextlib.contextmanager
def unchanged(registry: Registry, but: str) -> Iterator[None]:
    """Nothing of any other registered model, nor of its versions, is changed by what is done inside."""
    def others() -> list[Any]:
        return [(model, registry.versions(model["name"])) for model in registry.models() if model["name"] != but]

    before = others()
    yield
    assert others() == before
