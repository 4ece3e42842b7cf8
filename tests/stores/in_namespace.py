"""Tests that filter packets, in a network namespace of their own: scripts/lib/namespace.sh pytest ... in_namespace.py

test_s3_network.py starts them so; elsewhere they would filter the machine's own loopback, and refuse to.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Hook
from object_stores import Versitygw
from s3_bucket import Bucket
from servers import MLflow

LATER = 75


@contextlib.contextmanager
def filtered(*rules: str) -> Iterator[None]:
    """With these rules for what leaves on the loopback."""
    assert os.readlink("/proc/self/ns/net") != os.environ["NAMESPACE_OUTSIDE"], "this is no namespace of our own"
    table = "table ip faults { chain output { type filter hook output priority 0; %s; }; }"
    subprocess.run(["nft", table % "; ".join(rules)], check=True)
    yield
    subprocess.run(["nft", "delete table ip faults"], check=True)


@pytest.fixture
def bucket(versitygw: Versitygw, mlflow3: MLflow, hook: Hook, tmp_path: Path) -> Iterator[Bucket]:
    """One of its own, without a proxy."""
    with Bucket(versitygw, mlflow3, hook, tmp_path) as made:
        hook.env |= {"MLFLOW_S3_ENDPOINT_URL": versitygw.url, "MLFLOW_HTTP_REQUEST_TIMEOUT": "1",
                     "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
        yield made


BREAKS = {
    "no connection is ever made": "tcp dport PORT tcp flags & (syn | ack) == syn drop",
    "answers vanish once much was sent": "tcp sport PORT ct original bytes > 3000000 drop",
    "connections are reset once much was sent": "tcp dport PORT ct original bytes > 3000000 reject with tcp reset",
}


@pytest.mark.parametrize("fault", list(BREAKS))
def test_what_cannot_be_sent_is_kept_and_finished_later(
    bucket: Bucket, versitygw: Versitygw, large_model: Path, fault: str
) -> None:
    """Its status says so, nothing is registered, and the package finishes it."""
    handoff = bucket.train(large_model)
    with filtered(BREAKS[fault].replace("PORT", str(versitygw.port))):
        done = bucket.team.run(handoff)
    assert (done.status, done.result["retryable"]) == (LATER, True)
    assert bucket.team.registry.versions(bucket.team.model) == []
    assert bucket.hook("replay", done.result["package"]).status == 0
    assert bucket.holds(handoff, large_model)


def test_of_a_hundred_packets_one_is_lost(bucket: Bucket, versitygw: Versitygw, large_model: Path) -> None:
    """And all arrive."""
    handoff = bucket.train(large_model)
    with filtered(f"tcp dport {versitygw.port} numgen random mod 1000 < 10 drop",
                  f"tcp sport {versitygw.port} numgen random mod 1000 < 10 drop"):
        assert bucket.team.run(handoff).status == 0
    assert bucket.holds(handoff, large_model)
