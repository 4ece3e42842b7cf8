"""A training that called log_model itself: the hook finds what was logged, and promotes that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Hook
from consumer import Consumer
from servers import VERSIONS, MLflow
from training import Team, run_of

REFUSED, HELD = 69, 99


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda version: f"mlflow{version}")
def side(request: pytest.FixtureRequest) -> Iterator[tuple[MLflow, Consumer]]:
    """A server with a client of its own version; that of today logs by mlflow.tensorflow."""
    server = request.getfixturevalue(f"mlflow{request.param}")
    if request.param.startswith("3"):
        yield server, request.getfixturevalue("consumer")
        return
    with Consumer(f"mlflow{request.param}") as consumer:
        yield server, consumer


def log(side: tuple[MLflow, Consumer], number: int) -> dict[str, str]:
    """Log a model that is like no other number's: its run, and its LoggedModel where there are such."""
    server, consumer = side
    if server.version.startswith("3"):
        logged = consumer.ask("log_keras", uri=server.url, width=number + 1)
    else:
        logged = consumer.ask("log_python", uri=server.url, factor=number)
    assert isinstance(logged, dict)
    return logged


def logged_model_tags(team: Team, model: str) -> dict[str, Any]:
    """The tags of a LoggedModel."""
    info = team.registry.call("GET", f"logged-models/{model}")["model"]["info"]
    return {item["key"]: item["value"] for item in info["tags"]}


def test_what_the_script_logged_is_promoted_and_loads(
        hook: Hook, side: tuple[MLflow, Consumer], tmp_path: Path) -> None:
    server, consumer = side
    team = Team(hook, server, tmp_path)
    first, second = log(side, 2), log(side, 3)
    handoff = team.train(10, run_id=first["run"], logged_model="model")
    ended = team.run(handoff)
    assert (ended.status, ended.result["version"], ended.result["stage"]) == (0, "1", "Production")
    version = team.version(1)
    run = team.registry.run(first["run"])
    assert version["run_id"] == first["run"]
    if server.version.startswith("3"):
        assert first["model"].startswith("m-")
        assert version["source"] == f"models:/{first['model']}"
        registered = json.loads(logged_model_tags(team, first["model"])["mlflow.modelVersions"])
        assert registered == [{"name": team.model, "version": 1}]
    else:
        assert version["source"] == f"{run['artifact_uri']}/model"
    assert len(version["tags"]["modelhook.digest"]) == 64
    assert run["metrics"]["train_accuracy"] == 0.93
    assert consumer.ask("load_logged", uri=server.url, model=f"models:/{team.model}/Production", run=first["run"])

    again = team.run(handoff)
    assert (again.status, again.result["version"], again.result["digest"]) == (0, "1", ended.result["digest"])
    newer = team.promote(11, run_id=second["run"], logged_model="model")
    assert newer.result["version"] == "2"
    assert newer.result["digest"] != ended.result["digest"]
    assert team.registry.stages(team.model) == ["Archived", "Production"]
    assert consumer.ask("load_logged", uri=server.url, model=f"models:/{team.model}/Production", run=second["run"])
    assert (team.run(handoff).status, team.production) == (HELD, [2])


def test_a_path_at_which_nothing_was_logged_is_refused(
        hook: Hook, side: tuple[MLflow, Consumer], tmp_path: Path) -> None:
    team = Team(hook, side[0], tmp_path)
    handoff = team.train(logged_model="no/model")
    ended = team.run(handoff)
    assert (ended.status, ended.result["outcome"], ended.result["retryable"]) == (REFUSED, "refused", False)
    assert ended.errors == [
        "logged_model no/model: the run has no such model, neither in its artifacts nor as a LoggedModel"]
    assert ended.result["error"]["hint"].startswith('was log_model(..., "no/model") called in this run')
    assert team.model not in [model["name"] for model in team.registry.models()]


def test_a_logged_model_whose_upload_never_ended_is_refused(hook: Hook, mlflow3: MLflow, tmp_path: Path) -> None:
    team = Team(hook, mlflow3, tmp_path)
    handoff = team.train(logged_model="model")
    team.registry.call("POST", "logged-models", experiment_id="0", name="model", source_run_id=run_of(handoff))
    ended = team.run(handoff)
    assert (ended.status, team.registry.versions(team.model)) == (REFUSED, [])
