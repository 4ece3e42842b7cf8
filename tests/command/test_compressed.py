"""Compressed answers: decoded, bounded by what they decode to, and named where they cannot be decoded."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
from conftest import MODEL, FakeMlflow, HandoffMaker, Hook

ONCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}


@pytest.mark.parametrize(("coding", "unasked"), [("gzip", False), ("deflate", False), ("gzip", True), ("x-raw", True)])
def test_a_promotion_through_a_server_that_compresses(
    hook: Hook, fake: FakeMlflow, make_handoff: HandoffMaker, coding: str, unasked: bool
) -> None:
    fake.fail(".", times=None, coding=coding, unasked=unasked)
    run = fake.add_run()
    ended = hook("run", make_handoff(run), env={"MLFLOW_TRACKING_URI": fake.url})
    assert (ended.status, ended.result["outcome"]) == (0, "promoted")
    assert fake.in_stage(MODEL) == [1]
    assert {request.headers["accept-encoding"] for request in fake.requests if request.method != "HEAD"} == {
        "gzip, deflate"}
    reads = [request for request in fake.requests if request.method == "GET" and "mlflow-artifacts" in request.path]
    assert reads, "the files were read back"


def test_an_error_that_is_compressed_is_read(hook: Hook, fake: FakeMlflow) -> None:
    fake.add_version(MODEL, "Production")
    fake.fail("search", status=400, body=gzip.compress(json.dumps({"error_code": "BAD", "message": "why"}).encode()),
              content_type="application/json", headers={"Content-Encoding": "gzip"})
    ended = hook("status", MODEL, env={"MLFLOW_TRACKING_URI": fake.url, **ONCE})
    assert ended.status == 69
    assert "400 BAD: why" in ended.stderr


@pytest.mark.parametrize("coding", ["br", "zstd", "compress"])
def test_a_coding_that_was_not_asked_for_is_named(hook: Hook, fake: FakeMlflow, coding: str) -> None:
    fake.add_version(MODEL, "Production")
    fake.fail("search", times=None, coding=coding, unasked=True)
    ended = hook("status", MODEL, env={"MLFLOW_TRACKING_URI": fake.url, **ONCE})
    assert ended.status == 76
    assert "compressed in a way that cannot be decoded" in ended.stderr
    assert "Content-Encoding" in ended.stderr


def test_a_broken_stream_is_named(hook: Hook, fake: FakeMlflow) -> None:
    fake.add_version(MODEL, "Production")
    broken = gzip.compress(b'{"model_versions": []}')[:10] + b"\xff" * 30
    fake.fail("search", times=None, body=broken, content_type="application/json",
              headers={"Content-Encoding": "gzip"})
    ended = hook("status", MODEL, env={"MLFLOW_TRACKING_URI": fake.url, **ONCE})
    assert ended.status == 76
    assert "compressed in a way that cannot be decoded" in ended.stderr


def test_a_create_whose_answer_is_broken_is_asked_about_and_not_repeated(
    hook: Hook, fake: FakeMlflow, make_handoff: HandoffMaker
) -> None:
    fake.fail("model-versions/create", coding="br", unasked=True)
    ended = hook("run", make_handoff(fake.add_run()), env={"MLFLOW_TRACKING_URI": fake.url})
    assert fake.count("POST", "model-versions/create") == 1
    assert (ended.status, fake.in_stage(MODEL)) == (0, [1])


def bomb(mib: int) -> bytes:
    """Gzip of a JSON string of so many MiB."""
    packer = zlib.compressobj(9, wbits=31)
    parts = [packer.compress(b'{"x": "')]
    parts += [packer.compress(b"A" * (1 << 20)) for _ in range(mib)]
    return b"".join([*parts, packer.flush()])


@pytest.mark.parametrize("path", ["search", "runs/get", "mlflow-artifacts/artifacts/"])
def test_a_bomb_ends_where_it_is_known_for_one(
    hook: Hook, fake: FakeMlflow, make_handoff: HandoffMaker, path: str
) -> None:
    packed = bomb(256)
    assert len(packed) < 300_000
    fake.fail(path, method="GET", times=None, body=packed, content_type="application/json",
              headers={"Content-Encoding": "gzip"})
    ended = hook("run", make_handoff(fake.add_run()), env={"MLFLOW_TRACKING_URI": fake.url, **ONCE})
    assert ended.status != 0
    assert fake.in_stage(MODEL) == []
