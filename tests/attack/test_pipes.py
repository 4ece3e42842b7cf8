"""Streams that nobody reads any more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import Attack, FakeMlflow, HandoffMaker


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_is_gone_does_not_change_the_outcome(
    attack: Attack, fake: FakeMlflow, make_handoff: HandoffMaker, tmp_path: Path, stream: str
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    handoff = make_handoff(fake.registry.add_run())
    ended = attack("run", handoff, "--result", tmp_path / "result.json",
                   env={"MLFLOW_TRACKING_URI": fake.url}, **{stream: writing})
    os.close(writing)
    assert ended.status == 0
    assert '"outcome":"promoted"' in (tmp_path / "result.json").read_text()
