"""The guard of the real servers: nothing of a server outlives its owner."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from servers import Guarded, ServerError, descendants, reserve_port

# a server with a worker in its own session that ignores TERM, as the worst of them do
STUBBORN = "trap '' TERM; setsid bash -c 'trap \"\" TERM; sleep 600 & wait' & wait; wait"
OWNER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from servers import Guarded
server = Guarded(["bash", "-c", sys.argv[2]], Path(sys.argv[3]))
print(server.process.pid, flush=True)
time.sleep(600)
"""


def alive(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    try:
        return Path("/proc", str(pid), "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for_family(pid: int, size: int) -> list[int]:
    """The descendants of a process, once there are as many."""
    until = time.monotonic() + 20
    while len(found := descendants(pid)) < size:
        assert time.monotonic() < until, f"only {found} under {pid}"
        time.sleep(0.02)
    return found


def wait_until_gone(pids: list[int], seconds: float) -> None:
    """Fails when one of them is still there after that time."""
    until = time.monotonic() + seconds
    while left := [pid for pid in pids if alive(pid)]:
        assert time.monotonic() < until, f"{left} still run"
        time.sleep(0.05)


def test_a_stopped_server_leaves_no_worker(tmp_path: Path) -> None:
    server = Guarded(["bash", "-c", "trap 'exit 0' TERM; setsid sleep 600 & wait"], tmp_path / "log")
    family = wait_for_family(server.process.pid, 2)
    server.stop()
    assert not [pid for pid in family if alive(pid)]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_an_owner_that_dies_takes_even_a_stubborn_server_with_it(tmp_path: Path, number: int) -> None:
    tests = Path(__file__).resolve().parent.parent / "support"
    owner = subprocess.Popen([sys.executable, "-c", OWNER, tests, STUBBORN, tmp_path / "log"], stdout=subprocess.PIPE)
    assert owner.stdout
    guard = int(owner.stdout.readline())
    family = wait_for_family(guard, 3)
    owner.send_signal(number)
    owner.wait()
    wait_until_gone([guard, *family], 15)


def test_a_server_that_ends_takes_its_workers_with_it(tmp_path: Path) -> None:
    server = Guarded(["bash", "-c", "setsid sleep 600 & echo $!; exit 3"], tmp_path / "log")
    assert server.process.wait(10) == 3
    assert not alive(int((tmp_path / "log").read_text(encoding="utf-8")))


def test_no_two_hold_the_same_port() -> None:
    held = [reserve_port() for _ in range(40)]
    try:
        assert len({port for port, _ in held}) == len(held)
    finally:
        for _, lock in held:
            lock.close()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    servers = Path(__file__).resolve().parent.parent / "support/servers.py"
    tried = subprocess.run([sys.executable, servers, "mlflow", "--dir", tmp_path, "--", "--no-such-option"],
                           capture_output=True, text=True, check=False, timeout=120, env={**os.environ})
    assert tried.returncode == 1
    assert tried.stdout == ""
    assert "No such option" in tried.stderr and tried.stderr.startswith("servers.py: MLflow 3 ended while starting")
    assert ServerError.__name__ not in tried.stderr


def test_the_command_line_serves_until_its_caller_is_gone(tmp_path: Path) -> None:
    servers = Path(__file__).resolve().parent.parent / "support/servers.py"
    script = f"{sys.executable} {servers} postgresql --dir {tmp_path} & echo $!; sleep 600"
    caller = subprocess.Popen(["bash", "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert caller.stdout
    pid = int(caller.stdout.readline())
    facts = json.loads(caller.stdout.readline())
    assert facts["pid"] == pid and facts["url"].startswith("postgresql+psycopg2://")
    family = [pid, *wait_for_family(pid, 2)]
    os.killpg(caller.pid, signal.SIGKILL)
    wait_until_gone(family, 15)
    assert caller.wait() == -signal.SIGKILL
    assert not Path(facts["socket"]).exists()
