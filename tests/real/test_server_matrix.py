"""The whole life of a model on every kind of server: MLflow 1, 2, 3.17 and 3.18, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Hook
from servers import VERSIONS, MLflow, PostgreSQL
from training import Team, run_of, spooled, unchanged

SERVERS = [(version, store) for version in VERSIONS for store in ("sqlite", "postgresql")]
TAGS = {"accuracy": "0.9300", "val_accuracy": "0.9000", "framework": "tensorflow", "auto_registered": "true"}


@pytest.fixture(scope="module", params=SERVERS, ids=[f"mlflow{version}-{store}" for version, store in SERVERS])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    """Each server in turn; those on SQLite are shared with the other tests."""
    version, store = request.param
    if store == "sqlite":
        yield request.getfixturevalue(f"mlflow{version}")
        return
    database: PostgreSQL = request.getfixturevalue("postgresql")
    folder = tmp_path_factory.mktemp(f"mlflow{version}-postgresql")
    with MLflow(folder, version=version, store=lambda: database.create(f"matrix{version}")) as started:
        yield started


@pytest.fixture
def team(hook: Hook, server: MLflow, tmp_path: Path) -> Team:
    """A team with that server."""
    return Team(hook, server, tmp_path)


def has_aliases(server: MLflow) -> bool:
    """MLflow 1 has none."""
    return server.version != "1"


def test_a_model_lives_on_it(team: Team, server: MLflow, tmp_path: Path) -> None:
    first = team.train(10, tags={"team": "reef"}, description="the first one")
    with unchanged(team.registry, but=team.model):
        ended = team.run(first)
    assert ended.status == 0
    assert team.registry.stages(team.model) == ["Production"]
    version = team.version(1)
    assert version["source"] == team.registry.run(run_of(first))["artifact_uri"] + "/model"
    assert (version["run_id"], version["description"]) == (run_of(first), "the first one")
    assert {**TAGS, "team": "reef"}.items() <= version["tags"].items()
    assert team.registry.run(run_of(first))["metrics"]["val_accuracy"] == 0.9
    assert json.loads(team.registry.run(run_of(first))["tags"]["modelhook.outcome"])["outcome"] == "promoted"
    assert "model/MLmodel" in team.registry.artifacts(run_of(first))
    assert spooled(first) == []

    newer = team.promote(12)
    assert (newer.result["version"], newer.result["previous_version"]) == ("2", "1")
    older = team.run(team.train(11))
    assert (older.status, older.result["outcome"]) == (99, "superseded")
    again = team.run(first)
    assert (again.status, again.result["version"]) == (99, "1")
    assert team.registry.stages(team.model) == ["Archived", "Production", "None"]
    if has_aliases(server):
        assert team.aliases == {"production": 2, "previous": 1}
        assert newer.result["alias"] == "production"
    else:
        assert newer.result["alias"] is None
        assert newer.warnings == []

    status = team.hook("status", team.model, "--json")
    said = json.loads(status.stdout.splitlines()[0])
    assert ([one["version"] for one in said["production"]], said["anomalies"]) == (["2"], [])

    back = team.hook("rollback", team.model, "--reason", "it sees sharks everywhere", "--json")
    assert (back.status, back.result["version"]) == (0, "1")
    assert team.registry.stages(team.model) == ["Production", "Archived", "None"]
    superseded = team.run(team.train(12))
    assert superseded.result["outcome"] == "superseded", "a person's decision outranks what was trained before it"
    history = json.loads(team.hook("history", team.model, "--json").stdout.splitlines()[-1])["production"]
    assert [(was["version"], was["why"], was["replaced_by"]) for was in history] == [
        ("1", None, "2"), ("2", None, "1"), ("1", "it sees sharks everywhere", None)]
    assert team.production == [1]


def test_a_replay_elsewhere_finishes_it_once(team: Team, tmp_path: Path) -> None:
    handoff = team.train()
    package = tmp_path / "kept.tar.gz"
    assert team.hook("pack", handoff, "-o", package).status == 0
    ended = [team.hook("replay", package) for _ in range(2)]
    assert [(one.status, one.result["version"]) for one in ended] == [(0, "1"), (0, "1")]
    assert team.registry.stages(team.model) == ["Production"]


def test_several_productions_of_others_are_shown_and_fixed(team: Team, server: MLflow) -> None:
    team.registry.seed(team.model, "Production", "Staging", "Production", "None", "Production")
    said = json.loads(team.hook("status", team.model, "--json").stdout.splitlines()[0])
    assert [anomaly["kind"] for anomaly in said["anomalies"]] == ["several_production"]
    planned = team.hook("repair", team.model, "--plan")
    assert planned.status == 0
    assert team.production == [1, 3, 5]
    ended = team.hook("repair", team.model, "--yes", "--json")
    assert (ended.status, ended.result["outcome"], ended.result["version"]) == (0, "repaired", "5")
    assert team.registry.stages(team.model) == ["Archived", "Staging", "Archived", "None", "Production"]
    if has_aliases(server):
        assert team.aliases["production"] == 5
    said = json.loads(team.hook("status", team.model, "--json").stdout.splitlines()[0])
    assert said["anomalies"] == []


def test_the_doctor_finds_it_sound(team: Team, server: MLflow) -> None:
    ended = team.hook("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(ended.stdout.splitlines()[0])["checks"]}
    assert ended.status == 0
    assert {check["verdict"] for check in checks.values()} == {"ok"}
    assert ("none here" in checks["aliases"]["detail"]) != has_aliases(server)
    found = {"1": "MLflow (no version told)", "2": "MLflow 2.22.5", "3": "MLflow 3.17.2",
             "318": "MLflow 3.18.0"}[server.version]
    assert checks["server"]["detail"].startswith(found)


def test_an_unknown_run_and_an_unknown_model_are_refused(team: Team) -> None:
    ended = team.run(team.train(run_id="0123456789abcdef0123456789abcdef"))
    assert (ended.status, ended.result["outcome"]) == (69, "refused")
    assert ended.errors == ["run 0123456789abcdef0123456789abcdef: not found on this server"]
    assert team.registry.versions(team.model) == []
    assert team.hook("status", "no-such-model").status == 69
    assert "no-such-model" not in [model["name"] for model in team.registry.models()]
