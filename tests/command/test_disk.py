"""Local disks that are full, read-only or limited, and streams that nobody reads: nothing torn, the right status."""

from __future__ import annotations

import json
import os
import resource
import signal
from pathlib import Path

import pytest
from conftest import Mount, needs_root
from promoting import FIRST_RUN, Site, complaints

KIB = 1024


def big(site: Site, **keys: object) -> Path:
    """A training whose package is larger than 256 KiB."""
    return site.train(weights=[1 / (n + 2) for n in range(100_000)], **keys)


@needs_root
def test_a_spool_that_is_full_ends_with_73_and_holds_nothing_torn(site: Site, mount: Mount) -> None:
    folder = mount("full", "size=64k")
    ended = site.run(big(site), "--spool", str(folder))
    assert ended.status == 73
    assert len(ended.errors) == 1
    assert ended.errors[0].endswith(": No space left on device")
    assert (ended.result["retryable"], ended.result["package"]) == (True, None)
    assert list(folder.iterdir()) == []
    assert site.fake.requests == []


@needs_root
def test_once_there_is_room_the_same_command_succeeds(site: Site, mount: Mount) -> None:
    folder = mount("full", "size=4m")
    (folder / "filler").write_bytes(b"x" * (4096 - 128) * KIB)
    handoff = big(site)
    assert site.run(handoff, "--spool", str(folder)).status == 73
    (folder / "filler").unlink()
    assert site.run(handoff, "--spool", str(folder)).status == 0
    assert complaints(site, handoff) == []


@needs_root
def test_a_spool_that_is_read_only_ends_with_73(site: Site, mount: Mount) -> None:
    folder = mount("readonly", "size=1m,ro")
    ended = site.run(site.train(), "--spool", str(folder))
    assert ended.status == 73
    assert len(ended.errors) == 1
    assert ended.errors[0].endswith(": Read-only file system")
    assert site.fake.requests == []


@needs_root
def test_a_package_on_a_full_disk_is_packed_whole_or_not_at_all(site: Site, mount: Mount) -> None:
    folder = mount("full", "size=64k")
    ended = site.hook("pack", big(site), "-o", folder / "package.tar.gz")
    assert ended.status == 73
    assert list(folder.iterdir()) == []


@needs_root
def test_a_result_file_on_a_full_disk_is_a_warning_and_leaves_the_old_one_whole(site: Site, mount: Mount) -> None:
    folder = mount("full", "size=8k")
    result = folder / "result.json"
    result.write_text('{"old": true}\n')
    with (folder / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 512)
        except OSError:
            pass
    ended = site.run(site.train(), "--result", str(result))
    assert (ended.status, ended.result["exit"]) == (0, 0)
    assert f"warning: result file: {result}: No space left on device" in ended.stderr.splitlines()
    assert result.read_text() == '{"old": true}\n'
    assert sorted(path.name for path in folder.iterdir()) == ["filler", "result.json"]


@needs_root
def test_a_result_for_the_spool_that_does_not_fit_keeps_the_package(site: Site, mount: Mount) -> None:
    folder = mount("spool", "size=1m")
    handoff = site.train()

    def fill() -> None:
        with (folder / "filler").open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * KIB)
            except OSError:
                pass

    site.fake.fail("runs/get", status=500, times=None, before=fill)
    ended = site.run(handoff, "--spool", str(folder), env={"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"})
    assert ended.status == 75
    assert "warning: spool: " in ended.stderr
    (package,) = folder.glob("*.tar.gz")
    assert ended.result["package"] == str(package)
    (folder / "filler").unlink()
    site.forget()
    assert site.hook("replay", package).status == 0


def test_a_limit_on_file_sizes_ends_with_73_and_no_signal(site: Site) -> None:
    handoff = big(site)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 * KIB, 64 * KIB))

    ended = site.run(handoff, preexec_fn=limit)
    assert ended.status == 73
    assert ended.errors[0].endswith(": File too large")
    assert site.spooled(handoff) == []
    assert site.fake.requests == []


def test_a_stdout_that_nobody_reads_does_not_stop_a_promotion(site: Site) -> None:
    handoff = site.train()
    reading, writing = os.pipe()
    os.close(reading)
    try:
        process = site.hook.start("run", handoff, stdout=writing)
    finally:
        os.close(writing)
    process.communicate(timeout=120)
    assert process.returncode == 0
    assert site.sent == FIRST_RUN
    assert complaints(site, handoff) == []


def test_a_stderr_that_nobody_reads_does_not_stop_a_promotion(site: Site) -> None:
    handoff = site.train()
    reading, writing = os.pipe()
    os.close(reading)
    try:
        process = site.hook.start("run", handoff, stderr=writing)
    finally:
        os.close(writing)
    stdout, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert json.loads(stdout.splitlines()[-1])["outcome"] == "promoted"


@pytest.mark.parametrize("closed", [(1,), (2,), (0, 1, 2)], ids=["stdout", "stderr", "all"])
def test_streams_that_are_closed_from_the_start_harm_no_file(
    site: Site, tmp_path: Path, closed: tuple[int, ...]
) -> None:
    handoff = site.train()
    result = tmp_path / "result.json"

    def close() -> None:
        for number in closed:
            os.close(number)

    process = site.hook.start("run", handoff, "--result", result, stdout=None, stderr=None, preexec_fn=close)
    assert process.wait(120) == 0
    assert json.loads(result.read_text())["outcome"] == "promoted"
    assert complaints(site, handoff) == []


def test_a_stdout_on_a_full_device_does_not_stop_a_promotion(site: Site, tmp_path: Path) -> None:
    handoff = site.train()
    with Path("/dev/full").open("w") as full:
        process = site.hook.start("run", handoff, "--result", tmp_path / "result.json", stdout=full)
        process.communicate(timeout=120)
    assert process.returncode == 0
    assert json.loads((tmp_path / "result.json").read_text())["outcome"] == "promoted"


def test_pack_does_not_replace_a_device(site: Site) -> None:
    ended = site.hook("pack", site.train(), "-o", "/dev/full")
    assert ended.status == 73
    assert ended.errors == ["package: /dev/full: not a regular file"]
    assert Path("/dev/full").is_char_device()


def test_sigpipe_and_sigxfsz_that_arrive_are_no_end(site: Site) -> None:
    handoff = site.train()

    def poke() -> None:
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            process.send_signal(number)

    site.fake.fail("runs/get", before=poke)
    process = site.hook.start("run", handoff)
    process.communicate(timeout=120)
    assert process.returncode == 0
