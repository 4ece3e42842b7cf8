"""The main job on a real MLflow 3.17: a SavedModel becomes the one Production version, and is served as it was."""

from __future__ import annotations

import json
import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Ended, Hook
from consumer import Consumer
from front import Front
from servers import MLflow
from training import Team, run_of, spooled, unchanged

FINITE = ["keras_export", "saved_model_save", "multi_io", "shards", "strings_asset", "bfloat16_unknown_rank",
          "scalar_output", "many_dtypes", "many_tensors"]
NONFINITE = ["nan_weights", "nonfinite_dtypes"]
SHAPES = [*FINITE, *NONFINITE]
STOPPED, LATER, HELD, UNACCEPTABLE = 143, 75, 99, 65


@pytest.fixture
def team(hook: Hook, mlflow3: MLflow, tmp_path: Path) -> Iterator[Team]:
    """A team at the server that all tests share: whatever it does, the other models there stay as they are."""
    team = Team(hook, mlflow3, tmp_path)
    with unchanged(team.registry, but=team.model):
        yield team


def cases(models: Path, shape: str) -> Path:
    """What the live model answered."""
    return models / shape / "cases.npz"


@pytest.mark.parametrize("shape", SHAPES)
def test_production_answers_as_the_live_model_did(team: Team, models: Path, consumer: Consumer, shape: str) -> None:
    flags = ["--allow-nonfinite"] if shape in NONFINITE else []
    ended = team.promote(12, *flags, saved_model=models / shape / "saved_model")
    assert (ended.result["version"], ended.result["stage"]) == ("1", "Production")
    said = consumer.ask("load", uri=team.server.url, model=f"models:/{team.model}/Production",
                        cases=cases(models, shape))
    assert said == "equal"


@pytest.mark.parametrize("shape", [*NONFINITE, "no_serving_default"])
def test_what_cannot_be_served_never_reaches_the_server(team: Team, models: Path, shape: str) -> None:
    handoff = team.train(saved_model=models / shape / "saved_model")
    ended = team.run(handoff)
    assert (ended.status, ended.result["outcome"]) == (UNACCEPTABLE, "unacceptable")
    assert team.registry.versions(team.model) == []
    run = team.registry.run(run_of(handoff))
    assert (run["metrics"], team.registry.artifacts(run_of(handoff))) == ({}, {})


def test_the_second_training_is_served_and_the_first_archived(team: Team, models: Path, consumer: Consumer) -> None:
    team.promote(10, saved_model=models / "keras_export/saved_model")
    second = team.promote(11, saved_model=models / "saved_model_save/saved_model")
    assert (second.result["version"], second.result["previous_version"]) == ("2", "1")
    assert team.registry.stages(team.model) == ["Archived", "Production"]
    assert team.aliases == {"production": 2, "previous": 1}
    for model, shape in (("/Production", "saved_model_save"), ("@production", "saved_model_save"),
                         ("/1", "keras_export")):
        said = consumer.ask("load", uri=team.server.url, model=f"models:/{team.model}{model}",
                            cases=cases(models, shape))
        assert said == "equal"
    status = team.hook("status", team.model)
    assert re.search(r"^version 2 is Production$", status.stdout, re.MULTILINE)
    assert "nothing is wrong" in status.stdout


def test_the_version_and_the_run_say_what_was_trained(team: Team, models: Path) -> None:
    handoff = team.train(saved_model=models / "keras_export/saved_model", run_metrics={"val_accuracy": 0.75},
                         metrics={"train_accuracy": 0.9312, "val_accuracy": 0.9, "loss": 0.25},
                         tags={"team": "reef", "рыба": "да ✓", "accuracy": "1.0000"})
    ended = team.run(handoff)
    version = team.version(1)
    assert version["status"] == "READY"
    assert version["run_id"] == run_of(handoff)
    assert version["source"] == team.registry.run(run_of(handoff))["artifact_uri"] + "/model"
    tags = version["tags"]
    assert {"accuracy": "0.9312", "val_accuracy": "0.9000", "framework": "tensorflow", "auto_registered": "true",
            "training_date": "2026-11-22T12:00:00Z", "team": "reef", "рыба": "да ✓",
            "modelhook.trained_at": "2026-11-22T12:00:00Z", "modelhook.intent": "2026-11-22T12:00:00Z",
            "modelhook.digest": ended.result["digest"]}.items() <= tags.items()
    assert tags["architecture"] == "efficientnet-b4"
    assert re.fullmatch(r"\S+@\S+", tags["modelhook.by"])
    (entry,) = json.loads(tags["modelhook.history"])
    assert entry["to"] == "Production"
    for said in ("800", "200", "0.9", "2026-11-22"):
        assert said in version["description"]
    run = team.registry.run(run_of(handoff))
    size = sum(team.registry.artifacts(run_of(handoff)).values())
    assert run["metrics"] == {"train_accuracy": 0.9312, "val_accuracy": 0.75, "loss": 0.25, "model_size_bytes": size}
    outcome = json.loads(run["tags"]["modelhook.outcome"])
    assert (outcome["outcome"], outcome["exit"], outcome["version"]) == ("promoted", 0, "1")
    assert run["status"] == "RUNNING", "the run is the training's to end"


def test_a_worse_model_is_registered_and_held(team: Team) -> None:
    config = {"gates": [{"metric": "val_accuracy", "not_below_champion_by": 0.01}]}
    assert team.promote(10, config=config).result["gate"][0]["verdict"] == "passed"
    worse = team.train(11, config=config, metrics={"train_accuracy": 0.9, "val_accuracy": 0.6})
    ended = team.run(worse)
    assert (ended.status, ended.result["outcome"], ended.result["version"]) == (HELD, "held", "2")
    assert ended.result["gate"][0]["verdict"] == "rejected"
    assert team.registry.stages(team.model) == ["Production", "None"]
    assert team.aliases == {"production": 1}
    tags = team.version(2)["tags"]
    assert "rejected" in tags["modelhook.gate"]
    assert "modelhook.intent" not in tags
    assert json.loads(team.registry.run(run_of(worse))["tags"]["modelhook.outcome"])["outcome"] == "held"
    assert spooled(worse) == []
    good_again = team.run(team.train(12, config=config, metrics={"train_accuracy": 0.9, "val_accuracy": 0.895}))
    assert (good_again.status, team.registry.stages(team.model)) == (0, ["Archived", "None", "Production"])


def test_a_run_that_met_an_outage_is_finished_by_replay(hook: Hook, tmp_path: Path) -> None:
    with MLflow(tmp_path / "server") as server:
        team = Team(hook, server, tmp_path)
        handoff = team.train(10)
        server.stop()
        ended = team.run(handoff, env={"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"})
        assert (ended.status, ended.result["outcome"], ended.result["retryable"]) == (LATER, "later", True)
        (package,) = spooled(handoff)
        assert ended.result["package"] == str(package)
        url = server.url
        assert server.start().url == url

        elsewhere = tmp_path / "elsewhere" / package.name
        elsewhere.parent.mkdir()
        shutil.copy(package, elsewhere)
        shutil.rmtree(handoff.parent)
        replays = [hook("replay", elsewhere) for _ in range(2)]
        assert [(one.status, one.result["version"]) for one in replays] == [(0, "1"), (0, "1")]
        assert team.production == [1]

        team.promote(11)
        overtaken = hook("replay", elsewhere)
        assert (overtaken.status, overtaken.result["outcome"]) == (HELD, "superseded")
        assert team.registry.stages(team.model) == ["Archived", "Production"]


def test_a_package_takes_its_gates_along(team: Team, tmp_path: Path) -> None:
    config = {"gates": [{"metric": "val_accuracy", "at_least": 0.95}]}
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    packed = team.hook("pack", team.train(10, config=config), "-o", folder)
    (package,) = folder.iterdir()
    assert packed.stdout.splitlines()[0] == str(package)
    home = tmp_path / "other-home"
    home.mkdir()
    ended = team.hook("replay", package, env={"HOME": str(home)}, cwd=home)
    assert (ended.status, ended.result["outcome"]) == (HELD, "held")
    assert [gate["verdict"] for gate in ended.result["gate"]] == ["rejected"]
    assert team.registry.stages(team.model) == ["None"]
    by_hand = team.hook("promote", team.model, "1", "--reason", "looked at it", "--json")
    assert (by_hand.status, team.registry.stages(team.model)) == (0, ["Production"])


def stopped_in_mid_upload(team: Team, handoff: Path) -> Ended:
    """A run whose upload hangs, and which is then told to end."""
    with Front(team.server.port, dead_at=b"variables.data") as front:
        process = team.hook.start("run", handoff, "--parallel", "1", env={"MLFLOW_TRACKING_URI": front.url})
        assert front.dead.wait(60)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        stdout, stderr = process.communicate(timeout=120)
        assert time.monotonic() - begun < 100  # a silent server is waited for for 120
    return Ended(process.returncode, stdout, stderr)


def test_a_run_stopped_in_mid_upload_leaves_nothing_half_and_is_finished_by_the_next(team: Team) -> None:
    team.promote(10)
    handoff = team.train(11)
    ended = stopped_in_mid_upload(team, handoff)
    assert (ended.status, ended.result["outcome"], ended.result["retryable"]) == (STOPPED, "terminated", True)
    assert len(spooled(handoff)) == 1
    there = team.registry.artifacts(run_of(handoff))
    assert len(there) >= 3  # one at a time: the files before the one that hung
    assert "model/MLmodel" not in there
    assert team.registry.stages(team.model) == ["Production"]

    again = team.run(handoff)
    assert (again.status, again.result["version"]) == (0, "2")
    upload = next(step["did"] for step in again.result["steps"] if step["name"] == "upload")
    assert re.search(rf"\b{len(there)} there already", upload)
    assert team.registry.stages(team.model) == ["Archived", "Production"]
    assert spooled(handoff) == []


def test_a_plan_writes_nothing_to_a_real_server(team: Team) -> None:
    handoff = team.train()
    before = team.registry.run(run_of(handoff))
    ended = team.run(handoff, "--plan")
    assert ended.status == 0
    assert "POST model-versions/create" in ended.stdout
    assert team.registry.run(run_of(handoff)) == before
    assert team.registry.artifacts(run_of(handoff)) == {}
    assert team.registry.versions(team.model) == []
    assert team.model not in [model["name"] for model in team.registry.models()]
