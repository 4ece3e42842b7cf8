"""The inference API of the examples, with a real registry and real TensorFlow: it follows Production under load."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import environment
import numpy as np
import pytest
from conftest import Hook
from example_api import SECRET, ExampleApi, numbered_models, photo
from load import Load
from servers import MLflow, descendants
from training import Team

sys.path.insert(0, str(environment.ROOT / "dataproc"))

from modelhook import golden

COUNT = 3
SPECIES = ["none", "bream", "roach", "parkki"]
WEIGHTS = "variables.data-00000-of-00001"


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SavedModels: number N takes each photo for class N."""
    folder = numbered_models(tmp_path_factory.mktemp("numbered"), COUNT)
    photos = np.zeros((1, 8, 8, 3), dtype="float32")
    for number in range(1, COUNT + 1):
        answer = np.eye(32, dtype="float32")[[number]]
        golden.record(str(folder / str(number)), [(photos + shade, answer) for shade in range(5)], "numbered")
    return folder


@pytest.fixture
def team(hook: Hook, mlflow3: MLflow, tmp_path: Path) -> Team:
    """A team at the server that all tests share."""
    return Team(hook, mlflow3, tmp_path)


@pytest.fixture
def api(team: Team, tmp_path: Path) -> Iterator[ExampleApi]:
    """The API for that team's model, which is not there yet."""
    with ExampleApi(tmp_path / "api", "--model", team.model, env=team.server.client_env()) as api:
        yield api


def train(team: Team, numbered: Path, number: int, **config: Any) -> Path:
    """The handoff of a training whose model is that one."""
    return team.train(10 + number, saved_model=numbered / str(number), tags={"species": ", ".join(SPECIES)},
                      golden=golden.REQUESTS, config=config or None)


def promote(team: Team, numbered: Path, number: int, **config: Any) -> dict[str, Any]:
    """Train, run, and be in Production: the result."""
    ended = team.run(train(team, numbered, number, **config))
    assert ended.status == 0, ended.stderr
    return ended.result


def delivery(secret: str, at: float) -> dict[str, str]:
    """The headers of an empty delivery that was signed then."""
    stamp = str(int(at))
    mac = hmac.new(secret.encode(), f"some-id.{stamp}.".encode(), hashlib.sha256)
    return {"X_MLflow_Delivery_Id": "some-id", "X_MLflow_Timestamp": stamp,
            "X_MLflow_Signature": f"v1,{base64.b64encode(mac.digest()).decode()}"}


def test_it_lives_before_there_is_a_model_and_serves_the_first(team: Team, api: ExampleApi, numbered: Path) -> None:
    assert (api.get("/health").status_code, api.get("/ready").status_code) == (200, 503)
    assert api.post("/predict", photo()).status_code == 503
    result = promote(team, numbered, 1)
    api.wait_for_version(1)
    assert api.get("/ready").status_code == 200
    about = api.model()
    assert (about["name"], about["digest"], about["run_id"], about["refused"]) == (
        team.model, result["digest"], result["run_id"], None)
    assert len(about["model_uuid"]) == 32

    answer = api.post("/predict", photo(side=40))
    assert (answer.status_code, answer.headers["X-Model-Version"]) == (200, "1")
    assert answer.json() == {"class": "bream", "probability": 1}
    assert api.post("/predict", b"no photo").status_code == 400
    inputs = json.dumps({"inputs": {"image": [[[[0.0] * 3] * 8] * 8]}}).encode()
    answer = api.post("/invocations", inputs, Content_Type="application/json")
    assert answer.status_code == 200
    assert answer.json()["predictions"][0].index(1) == 1
    assert api.post("/invocations", b"{", Content_Type="application/json").status_code == 400

    for headers in ({}, delivery("another-secret", time.time()), delivery(SECRET, time.time() - 3600)):
        assert api.post("/hooks/mlflow", b"", **headers).status_code == 401
    answer = api.post("/hooks/mlflow", b"", **delivery(SECRET, time.time()))
    assert (answer.status_code, answer.json()["version"]) == (200, "1")


def test_a_promotion_is_served_without_losing_a_request(team: Team, api: ExampleApi, numbered: Path) -> None:
    promote(team, numbered, 1, **api.settings())
    with Load(f"{api.url}/predict", photo()) as load:
        load.wait_for_more()
        result = promote(team, numbered, 2, **api.settings(golden=True))
        served_at = time.monotonic()
        load.wait_for_more()
        assert team.hook("rollback", team.model).status == 0
        api.hang_up()
        api.wait_for_version(1)
        load.wait_for_more()
        before_end = load.began_after(served_at)
    assert [step["name"] for step in result["steps"]][-2:] == ["reload", "served"]
    assert result["served"]["golden"] == 5
    assert load.lost == []
    named = {sample.version: json.loads(sample.body)["class"] for sample in load.samples}
    assert named == {"1": "bream", "2": "roach"}
    first = next(index for index, sample in enumerate(before_end) if sample.version == "1")
    assert {sample.version for sample in before_end[:first]} == {"2"}


def test_what_it_refuses_is_rolled_back_while_the_old_version_answers(
        team: Team, api: ExampleApi, numbered: Path, tmp_path: Path) -> None:
    promote(team, numbered, 1, **api.settings())
    damage = tmp_path / "damage.py"
    damage.write_text(f"""
import pathlib, sys
(weights,) = pathlib.Path(sys.argv[1]).rglob("{WEIGHTS}")
content = bytearray(weights.read_bytes())
content[3] ^= 1
weights.write_bytes(content)
""")
    settings = api.settings(on_failure="roll_back", timeout="2s")
    handoff = train(team, numbered, 2)
    artifacts = Path(team.server.artifacts) / "0" / json.loads(handoff.read_text())["run_id"]
    damaging = {"name": "disk", "command": ["python3", str(damage), str(artifacts)]}
    settings["deploy"].insert(0, damaging)
    (handoff.parent / "modelhook.json").write_text(json.dumps(settings))
    with Load(f"{api.url}/predict", photo()) as load:
        load.wait_for_more()
        ended = team.run(handoff)
        load.wait_for_more()
    assert (ended.status, ended.result["outcome"]) == (81, "rolled_back"), ended.stderr
    assert "checksum mismatch" in ended.stderr
    assert team.production == [1]
    assert (load.lost, {sample.version for sample in load.samples}) == ([], {"1"})


def test_a_model_that_does_not_load_is_refused_with_the_reason(team: Team, api: ExampleApi, numbered: Path) -> None:
    promote(team, numbered, 1, **api.settings())
    ended = team.run(team.train(20, config=api.settings()))  # no graph: TensorFlow cannot load it
    assert ended.status == 80
    assert "HTTP 422" in ended.result["error"]["message"]
    about = api.model()
    assert (about["version"], about["refused"]["version"]) == ("1", "2")


def test_a_process_that_is_killed_is_replaced(team: Team, api: ExampleApi, numbered: Path) -> None:
    promote(team, numbered, 1, **api.settings())
    loaded = api.model()["loaded_at"]
    (worker,) = [child for child in descendants(api.process)
                 if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
    os.kill(worker, signal.SIGKILL)
    answer = api.post("/predict", photo())
    assert (answer.status_code, answer.json()["class"]) == (200, "bream")
    assert api.model()["loaded_at"] != loaded


def test_it_serves_what_watch_publishes(team: Team, numbered: Path, tmp_path: Path) -> None:
    into = tmp_path / "published"
    with ExampleApi(tmp_path / "api", "--published", into, env={}) as api:
        promote(team, numbered, 1)
        watch = team.hook.start("watch", team.model, "--into", into, "--every", "100ms", "--signal", api.pid_file,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with watch, contextlib.ExitStack() as ending:
            ending.callback(watch.terminate)
            api.wait_for_version(1)
            with Load(f"{api.url}/predict", photo()) as load:
                for number in (2, 3):
                    promote(team, numbered, number)
                    api.wait_for_version(number)
                    load.wait_for_more()
        assert watch.returncode == 143
        assert (load.lost, {sample.version for sample in load.samples}) == ([], {"1", "2", "3"})
        assert api.model()["digest"] == team.version(3)["tags"]["modelhook.digest"]
