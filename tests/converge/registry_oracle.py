"""Which version should be Production, worked out from a registry's tags and from nothing of modelhook's own.

    registry = Registry(server.url)
    state = registry.state("fish")
    assert state.complaints() == []
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

INTENT, WITHDRAWN = "modelhook.intent", "modelhook.withdrawn"
DUPLICATE, DECISION = "modelhook.duplicate_of", "modelhook.decision"


class Registry:
    """A server's REST API. One for each thread."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False  # neither proxies nor a .netrc of this machine

    def call(self, method: str, path: str, /, *, tries: int = 1, **body: Any) -> dict[str, Any]:
        """What a call returns; 5xx and 429 are tried again as MLflow's client does, `tries` times in all."""
        sent = {"params": body} if method == "GET" else {"json": body}
        for left in reversed(range(tries)):
            answer = self._session.request(method, f"{self.url}/api/2.0/mlflow/{path}", timeout=120, **sent)
            if answer.ok or not left or (answer.status_code < 500 and answer.status_code != 429):
                break
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    def logged_run(self) -> tuple[str, str]:
        """A run with an MLmodel among its artifacts, as log_model leaves one: its id and the version's source."""
        run = self.call("POST", "runs/create", experiment_id="0", start_time=1)["run"]["info"]["run_id"]
        where = f"0/{run}/artifacts/model"
        self._session.put(f"{self.url}/api/2.0/mlflow-artifacts/artifacts/{where}/MLmodel",
                          data=b"flavors: {}\n", timeout=60).raise_for_status()
        return run, f"mlflow-artifacts:/{where}"

    def create(self, model: str, source: str, run: str) -> int:
        """An unmanaged version."""
        made = self.call("POST", "model-versions/create", tries=8, name=model, source=source, run_id=run)
        return int(made["model_version"]["version"])

    def transition(self, model: str, version: int, *, archive: bool) -> None:
        """MLflow's own way to Production."""
        self.call("POST", "model-versions/transition-stage", tries=8, name=model, version=str(version),
                  stage="Production", archive_existing_versions=archive)

    def versions(self, model: str) -> list[dict[str, Any]]:
        """All versions of a model, lowest first, with their tags as a dictionary."""
        found = self.call("GET", "model-versions/search", filter=f"name='{model}'", max_results=1000)
        versions = found.get("model_versions", [])
        for version in versions:
            version["number"] = int(version["version"])
            version["tags"] = {tag["key"]: tag["value"] for tag in version.get("tags", [])}
        return sorted(versions, key=lambda version: version["number"])

    def state(self, model: str) -> State:
        """A model with all its versions."""
        found = self.call("GET", "registered-models/get", name=model)["registered_model"]
        return State(
            {tag["key"]: tag["value"] for tag in found.get("tags", [])},
            {alias["alias"]: int(alias["version"]) for alias in found.get("aliases", [])},
            self.versions(model))


def moment(text: str) -> int:
    """RFC 3339 in milliseconds since 1970."""
    since = datetime.fromisoformat(text).astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return round(since.total_seconds() * 1000)


@dataclass
class State:
    """What a registry says about one model at one moment."""

    tags: dict[str, str]
    aliases: dict[str, int]
    versions: list[dict[str, Any]]

    def numbers(self) -> set[int]:
        """All version numbers."""
        return {version["number"] for version in self.versions}

    def production(self) -> list[int]:
        """The versions in stage Production."""
        return [version["number"] for version in self.versions if version["current_stage"] == "Production"]

    def is_marked(self, version: dict[str, Any]) -> bool:
        """Whether another version, one that is there, stands for it."""
        return int(version["tags"].get(DUPLICATE, 0)) in self.numbers() - {version["number"]}

    def candidates(self) -> list[tuple[int, int]]:
        """(when it was trained, number) of those that may be Production, oldest first."""
        found = []
        for version in self.versions:
            intent = version["tags"].get(INTENT)
            if intent is None and version["current_stage"] != "Production":
                continue
            if WITHDRAWN in version["tags"] or self.is_marked(version):
                continue
            trained = moment(intent) if intent is not None else int(version["creation_timestamp"])
            found.append((trained, version["number"]))
        return sorted(found)

    def winner(self) -> int:
        """Who should be Production: the person's choice, or what was trained after it; 0: nobody."""
        decision = json.loads(self.tags[DECISION]) if DECISION in self.tags else None
        newest = self.candidates()[-1:]
        if decision and not (newest and newest[0][0] > moment(decision["at"])):
            return int(decision["version"])
        return newest[0][1] if newest else 0

    def previous(self) -> int:
        """Where a rollback goes: what was Production once and was trained last before the winner; 0: nowhere."""
        winner = next(version for version in self.versions if version["number"] == self.winner())
        served = {version["number"] for version in self.versions
                  if version["current_stage"] in ("Production", "Archived")}
        intent = winner["tags"].get(INTENT)
        at = (moment(intent) if intent else int(winner["creation_timestamp"]), winner["number"])
        return max([(0, 0), *(one for one in self.candidates() if one[1] in served and one < at)])[1]

    def complaints(self) -> list[str]:
        """What is wrong with it: nothing, where one version is Production, the right one, and the aliases agree."""
        found = []
        if self.production() != [self.winner()]:
            found.append(f"Production is {self.production()}, and should be {self.winner()}")
        if self.aliases.get("production") != self.winner():
            found.append(f"alias production is {self.aliases.get('production')}, and should be {self.winner()}")
        if self.winner() and self.aliases.get("previous", 0) != self.previous():
            found.append(f"alias previous is {self.aliases.get('previous', 0)}, and should be {self.previous()}")
        return found
