"""Files that block whoever opens them: pipes and devices under the names that are read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Attack, FakeMlflow, HandoffMaker, Hook


def fifo(path: Path) -> Path:
    """A pipe of that name, in place of what was there."""
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    return path


# Where certificates are read for; nobody needs to be there.
TLS = {"MLFLOW_TRACKING_URI": "https://127.0.0.1:9"}
Case = tuple[list[str | Path], dict[str, str]]


def handoff_itself(handoff: Path, home: Path) -> Case:
    return ["run", fifo(handoff)], {}


def found_settings(handoff: Path, home: Path) -> Case:
    fifo(handoff.parent / "modelhook.json")
    return ["run", handoff], {}


def named_settings(handoff: Path, home: Path) -> Case:
    return ["run", handoff, "--config", fifo(home / "c.json")], {}


def package(handoff: Path, home: Path) -> Case:
    return ["replay", fifo(home / "p.tar.gz")], {}


def inspected(handoff: Path, home: Path) -> Case:
    return ["inspect", fifo(home / "p.tar.gz")], {}


def spooled(handoff: Path, home: Path) -> Case:
    return ["replay", "--spool", fifo(home / "spool" / "fish-01234567-0123456789ab.tar.gz").parent], {}


def kept_result(handoff: Path, home: Path) -> Case:
    return ["outcome", fifo(home / "result.json")], {}


def output(handoff: Path, home: Path) -> Case:
    return ["pack", handoff, "-o", fifo(home / "p.tar.gz")], {}


def ca_bundle(handoff: Path, home: Path) -> Case:
    return ["run", handoff], {**TLS, "MLFLOW_TRACKING_SERVER_CERT_PATH": str(fifo(home / "ca.pem"))}


def client_certificate(handoff: Path, home: Path) -> Case:
    return ["run", handoff], {**TLS, "MLFLOW_TRACKING_CLIENT_CERT_PATH": str(fifo(home / "client.pem"))}


def credentials(handoff: Path, home: Path) -> Case:
    fifo(home / ".mlflow/credentials")
    return ["run", handoff], {}


def netrc(handoff: Path, home: Path) -> Case:
    fifo(home / ".netrc")
    return ["run", handoff], {}


def model_file(handoff: Path, home: Path) -> Case:
    fifo(handoff.parent / "saved_model/fingerprint.pb")
    return ["run", handoff], {}


# What is refused, and with which status; a netrc that is no use is left aside.
CASES: dict[Callable[[Path, Path], Case], int] = {
    handoff_itself: 65, found_settings: 78, named_settings: 78, package: 65, inspected: 65, spooled: 65,
    kept_result: 65, output: 73, ca_bundle: 78, client_certificate: 78, credentials: 78, netrc: 0, model_file: 65,
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_pipe_in_place_of_a_file_is_refused_at_once(
    attack: Attack, hook: Hook, fake: FakeMlflow, make_handoff: HandoffMaker, case: Callable[[Path, Path], Case]
) -> None:
    handoff = make_handoff(fake.registry.add_run())
    arguments, env = case(handoff, hook.home)
    ended = attack(*arguments, env={"MLFLOW_TRACKING_URI": fake.url, **env}, timeout=60)
    assert ended.status == CASES[case], ended.stderr
    assert ended.seconds < 55
    assert "not a regular file" in ended.stderr or "a device, a FIFO or a socket" in ended.stderr


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/tty", "/dev/random"])
def test_a_device_is_refused_and_no_device_is_an_empty_file(attack: Attack, device: str) -> None:
    assert attack("pack", device, timeout=60).status == 65
    assert attack("pack", "/dev/null", timeout=60).status == 65


def test_devices_that_stand_for_no_file_are_taken(
    attack: Attack, fake: FakeMlflow, make_handoff: HandoffMaker
) -> None:
    env = {"MLFLOW_TRACKING_URI": fake.url, "NETRC": "/dev/null"}
    ended = attack("run", make_handoff(fake.registry.add_run()), env=env)
    assert ended.status == 0
    assert ended.warnings == []
