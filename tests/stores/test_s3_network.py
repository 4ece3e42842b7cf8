"""The way to S3 is bad: slow, cut, reset, silent. What ends in time is right, and the same work is finished later."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import environment
import pytest
from conftest import Hook
from object_stores import Versitygw
from s3_bucket import Bucket
from servers import MLflow
from toxiproxy import Toxiproxy

LATER = 75
WEIGHTS = "saved_model/variables/variables.data-00000-of-00001"


@pytest.fixture(scope="session")
def toxiproxy(versitygw: Versitygw, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toxiproxy]:
    """Before the S3 server."""
    with Toxiproxy(tmp_path_factory.mktemp("toxiproxy"), f"127.0.0.1:{versitygw.port}") as proxy:
        yield proxy


@pytest.fixture
def bucket(versitygw: Versitygw, mlflow3: MLflow, hook: Hook, tmp_path: Path, toxiproxy: Toxiproxy) -> Iterator[Bucket]:
    """One of its own, behind it."""
    with Bucket(versitygw, mlflow3, hook, tmp_path) as made:
        hook.env |= {"MLFLOW_S3_ENDPOINT_URL": toxiproxy.url, "MLFLOW_HTTP_REQUEST_TIMEOUT": "1",
                     "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
        yield made


BREAKS = {
    "nobody listens": ("down", "", {}),
    "connections are reset": ("reset_peer", "upstream", {"timeout": 0}),
    "what is sent is cut": ("limit_data", "upstream", {"bytes": 3_000_000}),
    "what is sent goes nowhere": ("timeout", "upstream", {"timeout": 0}),
    "half an answer": ("limit_data", "downstream", {"bytes": 40}),
    "no answer": ("timeout", "downstream", {"timeout": 0}),
}


@pytest.mark.parametrize("fault", list(BREAKS))
def test_what_cannot_be_sent_is_kept_and_finished_later(
    bucket: Bucket, toxiproxy: Toxiproxy, large_model: Path, fault: str
) -> None:
    kind, stream, attributes = BREAKS[fault]
    handoff = bucket.train(large_model)
    with toxiproxy.toxic(kind, stream, **attributes):
        done = bucket.team.run(handoff)
    assert (done.status, done.result["retryable"]) == (LATER, True)
    assert bucket.team.registry.versions(bucket.team.model) == []
    assert bucket.hook("replay", done.result["package"]).status == 0
    assert bucket.holds(handoff, large_model)
    assert bucket.open_uploads(bucket.key(handoff, WEIGHTS)) == 0


def test_the_deadline_ends_what_would_be_tried_for_long(
    bucket: Bucket, toxiproxy: Toxiproxy, large_model: Path
) -> None:
    handoff = bucket.train(large_model)
    with toxiproxy.toxic("timeout", timeout=0):
        done = bucket.team.run(handoff, "--deadline", "4s", env={"MLFLOW_HTTP_REQUEST_TIMEOUT": "600"})
    assert done.status == LATER
    assert "deadline" in done.result["error"]["message"]
    assert bucket.hook("replay", done.result["package"]).status == 0
    assert bucket.holds(handoff, large_model)


SLOWS = {
    "latency": ("latency", "downstream", {"latency": 200}),
    "a narrow line": ("bandwidth", "upstream", {"rate": 10_000}),
    "crumbs": ("slicer", "upstream", {"average_size": 2000, "size_variation": 1000, "delay": 10}),
}


@pytest.mark.parametrize("fault", list(SLOWS))
def test_what_is_only_slow_arrives(bucket: Bucket, toxiproxy: Toxiproxy, large_model: Path, fault: str) -> None:
    kind, stream, attributes = SLOWS[fault]
    handoff = bucket.train(large_model)
    with toxiproxy.toxic(kind, stream, **attributes):
        assert bucket.team.run(handoff).status == 0
    assert bucket.holds(handoff, large_model)


def test_packets_that_are_lost_and_swallowed() -> None:
    """Those of in_namespace.py, where the kernel's packet filter may be told what to do."""
    inside = [sys.executable, "-m", "pytest", "-c", "tests/pytest.ini", "-q", "tests/stores/in_namespace.py"]
    done = subprocess.run([environment.ROOT / "scripts/lib/namespace.sh", *inside], cwd=environment.ROOT,
                          env={**os.environ, "PYTEST_ADDOPTS": "-p no:cacheprovider"}, stdout=subprocess.PIPE,
                          text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0
