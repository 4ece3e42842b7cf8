"""Streams that nobody reads, or that are not there."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import signal
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Attack, FakeMlflow, HandoffMaker, Hook

STREAMS = ("stdin", "stdout", "stderr")
CLOSED = [names for count in (1, 2, 3) for names in itertools.combinations(STREAMS, count)]


@pytest.fixture
def full() -> Iterator[int]:
    """The writing end of a pipe that is full, and that nobody reads."""
    reading, writing = os.pipe()
    flags = fcntl.fcntl(writing, fcntl.F_GETFL)
    fcntl.fcntl(writing, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    for size in (65536, 1):
        try:
            while True:
                os.write(writing, b"x" * size)
        except BlockingIOError:
            pass
    fcntl.fcntl(writing, fcntl.F_SETFL, flags)
    yield writing
    os.close(reading)
    os.close(writing)


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


@pytest.mark.parametrize("streams", [("stdout",), ("stderr",), ("stdout", "stderr")], ids="+".join)
def test_a_reader_that_never_reads_does_not_hold_up_the_end(  # noqa: PLR0917 - fixtures
    attack: Attack, fake: FakeMlflow, make_handoff: HandoffMaker, tmp_path: Path, full: int, streams: tuple[str, ...]
) -> None:
    handoff = make_handoff(fake.registry.add_run())
    ended = attack("run", handoff, "--result", tmp_path / "result.json", "--deadline", "8s",
                   env={"MLFLOW_TRACKING_URI": fake.url}, **dict.fromkeys(streams, full))
    assert ended.status == 0
    assert ended.seconds < 28  # 8 and what is left for the last words, not 30 more
    assert '"outcome":"promoted"' in (tmp_path / "result.json").read_text()


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (None, 75)])
def test_a_stop_and_the_deadline_end_it_when_nobody_reads(  # noqa: PLR0917 - fixtures
    hook: Hook, fake: FakeMlflow, make_handoff: HandoffMaker, tmp_path: Path, full: int,
    sent: signal.Signals | None, status: int,
) -> None:
    handoff = make_handoff(fake.registry.add_run())
    fake.fail("model-versions/create", delay=60)
    hook.env["MLFLOW_TRACKING_URI"] = fake.url
    result = tmp_path / "result.json"
    started = time.monotonic()
    with hook.start("run", handoff, "--result", result, "--deadline", "4s" if sent is None else "60s",
                    stdout=full, stderr=full) as process:
        if sent is not None:
            while not fake.count("POST", "model-versions/create"):
                time.sleep(0.05)
            process.send_signal(sent)
            started = time.monotonic()
        process.wait(timeout=60)
    assert process.returncode == status
    assert time.monotonic() - started < 55
    assert json.loads(result.read_text())["exit"] == status


@pytest.mark.parametrize("command", ["inspect", "pack"])
def test_inspect_and_pack_obey_their_deadline(
    attack: Attack, make_handoff: HandoffMaker, full: int, command: str
) -> None:
    handoff = make_handoff("0" * 32)
    what = handoff if command == "pack" else handoff.parent / "saved_model"
    ended = attack(command, what, "--deadline", "2s", stdout=full)
    assert ended.status == 75
    assert "modelhook: the deadline is over\n" in ended.stderr
    assert ended.seconds < 55


@pytest.mark.parametrize("names", CLOSED, ids="+".join)
def test_a_closed_descriptor_is_not_taken_by_a_file(  # noqa: PLR0917 - fixtures
    hook: Hook, attack: Attack, fake: FakeMlflow, make_handoff: HandoffMaker, tmp_path: Path, names: tuple[str, ...]
) -> None:
    script = tmp_path / "closed"
    closing = " ".join(f"{STREAMS.index(name)}>&-" for name in names)
    script.write_text(f'#!/bin/sh\nexec "{hook.binary}" "$@" {closing}\n')
    script.chmod(0o755)
    hook.binary = script
    handoff = make_handoff(fake.registry.add_run())
    package, result = tmp_path / "package.tar.gz", tmp_path / "result.json"
    assert attack("pack", handoff, "-o", package).status == 0
    with tarfile.open(package) as archive:
        assert archive.getnames()[0] == "manifest.json"
    ended = attack("run", handoff, "--result", result, env={"MLFLOW_TRACKING_URI": fake.url})
    assert ended.status == 0
    assert json.loads(result.read_text())["outcome"] == "promoted"
    for content in fake.artifacts(json.loads(handoff.read_text())["run_id"]).values():
        assert b"upload" not in content[:16]
        assert b"inspect " not in content
