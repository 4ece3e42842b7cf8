"""A bucket of an S3 server, behind a proxy, in which a team's runs keep their artifacts.

    with Bucket(s3, mlflow, hook, folder) as bucket:
        handoff = bucket.train(saved_model)
        bucket.team.run(handoff)
        assert bucket.holds(handoff, saved_model)
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

from object_stores import ObjectStore
from s3_proxy import S3Proxy
from servers import MLflow
from training import Team, run_of

if TYPE_CHECKING:
    from conftest import Hook


class Bucket:
    """A bucket whose requests go through a proxy, an experiment of MLflow's in it, and a team that uses both."""

    numbers = itertools.count(1)

    def __init__(self, server: ObjectStore, mlflow: MLflow, hook: Hook, folder: Path) -> None:
        self.server = server
        self.name = f"bucket-{next(self.numbers)}"
        self.uri = server.make_bucket(self.name)
        self.proxy = S3Proxy(server.url)
        self.team = Team(hook, mlflow, folder)
        self.hook = hook
        self.experiment = self.team.registry.call(
            "POST", "experiments/create", name=f"{server.name}-{server.port}-{self.name}",
            artifact_location=self.uri)["experiment_id"]

    def __enter__(self) -> Bucket:
        """The proxy listens."""
        self.proxy.__enter__()
        self.hook.env |= {**self.server.client_env(), "MLFLOW_S3_ENDPOINT_URL": self.proxy.url()}
        return self

    def __exit__(self, *error: object) -> None:
        """It is gone."""
        self.proxy.__exit__(None, None, None)

    def train(self, model: Path) -> Path:
        """A training whose run keeps its artifacts in the bucket."""
        return self.team.train(saved_model=model, run_id=self.team.registry.add_run(self.experiment))

    def key(self, handoff: Path, path: str) -> str:
        """The key of one of its model's files."""
        return f"{run_of(handoff)}/artifacts/model/{path}"

    def holds(self, handoff: Path, model: Path) -> bool:
        """Whether every file of the SavedModel is there, whole."""
        client = self.server.boto()
        return all(
            client.get_object(Bucket=self.name, Key=self.key(handoff, f"saved_model/{file.relative_to(model)}"))
            ["Body"].read() == file.read_bytes() for file in model.rglob("*") if file.is_file())

    def open_uploads(self, key: str) -> int:
        """How many uploads of a key are open."""
        return len(self.server.boto().list_multipart_uploads(Bucket=self.name, Prefix=key).get("Uploads", []))
