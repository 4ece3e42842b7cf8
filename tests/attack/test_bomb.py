"""Answers that are small on their way and large when decoded."""

from __future__ import annotations

import zlib

import pytest
from conftest import MODEL, Attack, FakeMlflow, HandoffMaker

MIB = 1024  # decoded; about 1 MiB on the wire


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """Gzip of a JSON string of a GiB."""
    packer = zlib.compressobj(9, wbits=31)
    parts = [packer.compress(b'{"x": "'), *(packer.compress(b"A" * (1 << 20)) for _ in range(MIB))]
    return b"".join([*parts, packer.flush()])


@pytest.mark.parametrize("path", ["model-versions/search", "runs/get", "mlflow-artifacts/artifacts/"])
def test_a_bomb_of_gzip_ends_with_little_memory(
    attack: Attack, fake: FakeMlflow, make_handoff: HandoffMaker, bomb: bytes, path: str
) -> None:
    assert len(bomb) < 2 << 20
    fake.fail(path, method="GET", times=None, body=bomb, content_type="application/json",
              headers={"Content-Encoding": "gzip"})
    ended = attack("run", make_handoff(fake.add_run()), env={"MLFLOW_TRACKING_URI": fake.url,
                                                             "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"})
    assert ended.status in (69, 75, 76)
    assert ended.peak < 100
    assert fake.in_stage(MODEL) == []
