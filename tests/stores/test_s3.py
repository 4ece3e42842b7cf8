"""Runs whose artifacts are in S3, on real servers: what arrives, who may send it, what a consumer loads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Hook
from consumer import Consumer
from object_stores import Versitygw
from servers import MLflow
from training import Team, run_of


@pytest.fixture(scope="session")
def mlflow_s3(versitygw: Versitygw, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    """A real MLflow whose runs keep their artifacts in a bucket, where its clients send them themselves."""
    with MLflow(tmp_path_factory.mktemp("mlflow-s3"), artifacts=versitygw.make_bucket("models") + "/runs",
                direct_artifacts=True, env=versitygw.client_env()) as server:
        yield server


@pytest.fixture
def team(hook: Hook, mlflow_s3: MLflow, versitygw: Versitygw, tmp_path: Path) -> Team:
    """A team that has the keys of the bucket."""
    hook.env |= versitygw.client_env()
    return Team(hook, mlflow_s3, tmp_path)


def test_a_consumer_loads_what_was_sent_to_the_bucket(team: Team, versitygw: Versitygw, models: Path) -> None:
    saved_model = models / "keras_export/saved_model"
    handoff = team.train(saved_model=saved_model)
    assert team.run(handoff).status == 0
    sent = versitygw.path / "models/runs/0" / run_of(handoff) / "artifacts/model"
    inside = [file.relative_to(saved_model) for file in saved_model.rglob("*") if file.is_file()]
    assert {path: (sent / "saved_model" / path).read_bytes() for path in inside} == {
        path: (saved_model / path).read_bytes() for path in inside}
    with Consumer("tensorflow", versitygw.client_env()) as consumer:
        said = consumer.ask("load", uri=team.server.url, model=f"models:/{team.model}/Production",
                            cases=models / "keras_export/cases.npz")
    assert said == "equal"
