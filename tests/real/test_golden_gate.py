"""The golden requests as a gate: a command asks the packed model, with TensorFlow, before it is registered."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import environment
import numpy
import pytest
from conftest import Hook
from servers import MLflow
from training import Team

sys.path.insert(0, str(environment.ROOT / "dataproc"))

from modelhook import golden

GATE = {"name": "golden", "command": [environment.python("tensorflow"), "-m", "modelhook.golden", "{model}"],
        "environment": ["PYTHONPATH"], "timeout": "10m"}
INPUTS = numpy.array([1.0, 2.0, -3.5], dtype="float32")


@pytest.mark.parametrize(("factor", "status", "says"), [
    (3, 0, "every golden request is answered as recorded"),
    (4, 99, "request 1: output 'y'[0]: 3.0, recorded 4.0"),
], ids=["as recorded", "otherwise"])
def test_a_packed_model_answers_as_it_did_at_training(  # noqa: PLR0917 - fixtures
    hook: Hook, mlflow3: MLflow, scaled: Path, tmp_path: Path, factor: int, status: int, says: str
) -> None:
    saved_model = tmp_path / "saved_model"
    shutil.copytree(scaled / "3", saved_model)
    golden.record(str(saved_model), [(INPUTS, INPUTS * factor), (INPUTS[:1], INPUTS[:1] * factor)], "scaled")
    team = Team(hook, mlflow3, tmp_path)
    handoff = team.train(saved_model=saved_model, config={"gates": [GATE]}, golden=golden.REQUESTS)
    ended = team.run(handoff, env={"PYTHONPATH": str(environment.ROOT / "dataproc")})
    assert ended.status == status, ended.stderr
    (gate,) = ended.result["gate"]
    assert (gate["name"], gate["verdict"]) == ("golden", "passed" if status == 0 else "rejected")
    assert says in gate["detail"]


def test_a_golden_file_that_is_broken_is_no_pass(hook: Hook, mlflow3: MLflow, scaled: Path, tmp_path: Path) -> None:
    saved_model = tmp_path / "saved_model"
    shutil.copytree(scaled / "3", saved_model)
    golden.record(str(saved_model), [(INPUTS, INPUTS * 3)], "scaled")
    requests: Any = saved_model / golden.REQUESTS
    content = bytearray(requests.read_bytes())
    content[len(content) // 2] ^= 1
    requests.write_bytes(content)
    team = Team(hook, mlflow3, tmp_path)
    handoff = team.train(saved_model=saved_model, config={"gates": [GATE]}, golden=golden.REQUESTS)
    ended = team.run(handoff, env={"PYTHONPATH": str(environment.ROOT / "dataproc")})
    assert ended.status in (65, 99), ended.stderr
    assert team.production == []
