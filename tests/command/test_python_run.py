"""dataproc/modelhook: the program as a part of a Python process, with a fake MLflow, and a stand-in that misbehaves."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import environment
import pytest
from conftest import Hook
from promoting import Site, wait_for

sys.path.insert(0, str(environment.ROOT / "dataproc"))

import modelhook as api
from modelhook import Status

LATER = '{"schema": "modelhook/result@1", "outcome": "later", "exit": 75, "error": {"message": "no answer"}}'
# What a stand-in may do: tell its process id, then this.
SLEEPY = f"""trap 'kill $nap; echo "{LATER.replace('"', chr(92) + '"')}"; exit 75' TERM INT
sleep 60 & nap=$!
echo ready >&2
wait"""
DEAF = "trap '' TERM INT; echo ready >&2; while :; do sleep 60; done"


@pytest.fixture
def stand_in(tmp_path: Path) -> Any:
    """A function that makes a program of a shell script."""

    def make(script: str) -> Path:
        path = tmp_path / "bin/modelhook"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\necho $$ >{tmp_path}/pid\n{script}\n")
        path.chmod(0o755)
        return path

    return make


def is_gone(tmp_path: Path) -> bool:
    """Whether nothing of a stand-in's group runs any more, at once or while the kernel ends it."""
    group = (tmp_path / "pid").read_text().strip()

    def runs(process: Path) -> bool:
        try:
            state, _, of_group = process.joinpath("stat").read_text().rpartition(")")[2].split()[:3]
        except OSError:
            return False
        return of_group == group and state != "Z"

    wait_for(lambda: not any(runs(process) for process in Path("/proc").glob("[0-9]*")), 10)
    return True


def alone(monkeypatch: pytest.MonkeyPatch, hook: Hook) -> None:
    """The environment of this process is the one that the hook would have."""
    for name in set(os.environ) - set(hook.environment()):
        monkeypatch.delenv(name)
    for name, value in hook.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def promote(modelhook: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> Any:
    """modelhook.promote with the program under test and nothing of this machine's environment."""
    alone(monkeypatch, hook)
    return lambda handoff, *options, **more: api.promote(
        handoff, *options, binary=modelhook, **more)


def test_the_constants_are_the_programs(hook: Hook, tmp_path: Path) -> None:
    committed = environment.ROOT / "dataproc/modelhook/status.py"
    made = Path(shutil.copy(committed, tmp_path))
    subprocess.run([sys.executable, environment.ROOT / "scripts/lib/status-constants.py", made], check=True, text=True,
                   input=hook("help", "statuses", "--json").stdout)
    assert committed.read_text() == made.read_text()
    assert (Status(99), Status.LATER.scheduler, Status.HELD.name) == (Status.HELD, "retry", "HELD")


@pytest.mark.parametrize(("status", "action"), [
    (0, "go on"), (99, "skip"), (75, "retry"), (143, "retry"), (137, "retry"), (65, "fail"), (1, "fail"), (139, "fail"),
])
def test_every_status_has_its_action(status: int, action: str) -> None:
    assert api.scheduler_action(status) == action


def test_a_promotion_comes_back_typed(site: Site, promote: Any, capfd: pytest.CaptureFixture[str]) -> None:
    result = promote(site.train(), env={"MLFLOW_TRACKING_URI": site.fake.url})
    assert (result.exit, result.outcome, result.version) == (Status.PROMOTED, "promoted", "1")
    assert (result.retryable, result.scheduler, result.error, result.package) == (False, "go on", None, None)
    assert [step["name"] for step in result.steps][-1] == "verify"
    assert result.raw["digest"] == result.digest
    out, said = capfd.readouterr()
    assert (out, "Production" in said) == ("", True)


def test_what_it_says_goes_where_it_is_told_to(site: Site, promote: Any, capfd: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    assert promote(site.train(), env={"MLFLOW_TRACKING_URI": site.fake.url}, stderr=stream).exit == 0
    assert ("Production" in stream.getvalue(), *capfd.readouterr()) == (True, "", "")


def test_a_held_one_names_its_gate_and_raises_nothing(site: Site, promote: Any) -> None:
    handoff = site.train(config={"gates": [{"metric": "val_accuracy", "at_least": 0.99}]})
    result = promote(handoff, env={"MLFLOW_TRACKING_URI": site.fake.url})
    assert (result.exit, result.scheduler, result.gate[0]["verdict"]) == (Status.HELD, "skip", "rejected")


def test_a_refusal_has_its_error(promote: Any, tmp_path: Path) -> None:
    result = promote(tmp_path / "nothing.json", "--tracking-uri", "http://127.0.0.1:1")
    assert (result.exit, result.outcome, result.error["kind"]) == (Status.MISSING, "missing", "missing")


def test_what_is_no_result_is_printed(modelhook: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = api.run_command("--version", binary=modelhook)
    assert (result.exit, result.outcome, result.raw) == (0, "promoted", {})
    assert capfd.readouterr().out.startswith("modelhook ")


def test_both_streams_come_while_it_runs(stand_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = []

    class Listener:
        def write(self, text: str) -> None:
            heard.append(text)
            if "fish \u20ac" in "".join(heard):
                (tmp_path / "go").touch()

        def flush(self) -> None:
            """Nothing is held back."""

    monkeypatch.setattr(sys, "stderr", Listener())
    monkeypatch.setattr(sys, "stdout", Listener())
    program = stand_in(f"printf 'fish \\342' >&2; printf '\\202\\254\\n' >&2; echo first\n"
                       f"until [ -e {tmp_path}/go ]; do sleep 0.02; done; echo '{LATER}'; exit 75")
    result = api.run_command("run", binary=program, timeout=60)
    assert (result.exit, result.error) == (75, {"message": "no answer"})
    assert "".join(heard).replace("first\n", "") == "fish \u20ac\n"
    assert "first\n" in "".join(heard)


def test_a_program_killed_from_outside_is_128_and_the_signal(stand_in: Any) -> None:
    result = api.run_command(binary=stand_in("kill -KILL $$"))
    assert (result.exit, result.outcome, result.scheduler) == (137, "signal 9", "retry")


def test_a_timeout_asks_first(stand_in: Any, tmp_path: Path) -> None:
    result = api.run_command(binary=stand_in(SLEEPY), timeout=2, grace=30)
    assert (result.exit, result.outcome, is_gone(tmp_path)) == (75, "later", True)


def test_who_does_not_heed_a_timeout_is_killed_with_all_its_processes(stand_in: Any, tmp_path: Path) -> None:
    result = api.run_command(binary=stand_in(DEAF), timeout=1, grace=0.2)
    assert (result.exit, is_gone(tmp_path)) == (137, True)


def test_what_it_leaves_behind_is_ended_and_not_waited_for(stand_in: Any, tmp_path: Path) -> None:
    result = api.run_command(binary=stand_in(f"sleep 600 &\necho '{LATER}'; exit 75"), timeout=60)
    assert (result.exit, is_gone(tmp_path)) == (75, True)


def test_it_works_in_a_thread(stand_in: Any) -> None:
    found = []
    program = stand_in(f"echo '{LATER}'; exit 75")
    thread = threading.Thread(target=lambda: found.append(api.run_command(binary=program)))
    before = signal.getsignal(signal.SIGTERM)
    thread.start()
    thread.join()
    assert (found[0].exit, signal.getsignal(signal.SIGTERM)) == (75, before)


def test_what_cannot_be_started_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(api.BinaryNotFoundError, match="cannot be started: No such file"):
        api.run_command(binary=tmp_path / "nothing")


CALLER = """
import signal, sys
sys.path.insert(0, {dataproc!r})
import modelhook
result = modelhook.run_command(binary={program!r}, grace={grace})
print(result.outcome, flush=True)
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
modelhook.exit_with(result)
"""


@pytest.mark.parametrize(("script", "number", "status", "outcome"), [
    (SLEEPY, signal.SIGTERM, 75, "later"),
    (SLEEPY, signal.SIGINT, 75, "later"),
    (DEAF, signal.SIGTERM, 137, "signal 9"),
])
def test_signals_go_on_to_it_and_it_is_waited_for(stand_in: Any, tmp_path: Path, *, script: str, number: int,
                                                  status: int, outcome: str) -> None:
    program = str(stand_in(script))
    code = CALLER.format(dataproc=str(environment.ROOT / "dataproc"), program=program,
                         grace=0.3 if script == DEAF else 30)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        assert process.stderr.readline() == "ready\n"
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
    assert (out, process.returncode, is_gone(tmp_path)) == (f"{outcome}\n", status, True)


def test_a_caller_that_is_killed_takes_it_along(modelhook: Path, hook: Hook, make_handoff: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        call = ("run", str(make_handoff("0" * 32)), "--tracking-uri", url)
        code = f"import modelhook; modelhook.run_command(*{call}, binary={str(modelhook)!r})"
        env = hook.environment(PYTHONPATH=str(environment.ROOT / "dataproc"))
        with subprocess.Popen([sys.executable, "-c", code], env=env) as process:
            connection, _ = server.accept()
            process.kill()
        connection.settimeout(60)
        while connection.recv(4096):
            """It asks, and gets no answer; it closes the connection when it ends."""


def test_an_exception_while_waiting_ends_it_first(stand_in: Any, tmp_path: Path) -> None:
    class TimeIsUp(Exception):
        pass

    def interrupt(*_: object) -> None:
        raise TimeIsUp

    program = stand_in(SLEEPY)
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(TimeIsUp):
            api.run_command(binary=program)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert is_gone(tmp_path)


@pytest.mark.parametrize(("status", "ends_with"), [(0, 0), (99, 0), (75, 75), (65, 65), (137, 137)])
def test_a_job_ends_well_with_what_was_promoted_or_held(status: int, ends_with: int) -> None:
    with pytest.raises(SystemExit) as left:
        api.exit_with(api.Result(exit=status, outcome=""))
    assert left.value.code == ends_with


def test_a_block_promotes_what_it_has_trained(site: Site, modelhook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handoff = site.train()
    folder = handoff.parent
    run = json.loads(handoff.read_text())["run_id"]
    handoff.unlink()
    alone(monkeypatch, site.hook)
    with api.promoting("fish", run_id=run, handoff=handoff, binary=modelhook,
                                            tags={"team": "fish"}) as job:
        job.saved_model = folder / "saved_model"
        job.metrics = {"val_accuracy": 0.9}
    assert (job.result.exit, job.result.version, job.result.model) == (0, "1", "fish")
    assert json.loads(handoff.read_text())["tags"] == {"team": "fish"}
    assert len(site.fake.in_stage("fish")) == 1


def test_a_block_that_fails_promotes_nothing(site: Site, modelhook: Path, tmp_path: Path) -> None:
    handoff = tmp_path / "handoff.json"
    with pytest.raises(ZeroDivisionError), \
            api.promoting("fish", run_id="0" * 32, handoff=handoff, binary=modelhook) as job:
        job.metrics = {"val_accuracy": 1 / 0}
    assert (site.fake.requests, handoff.exists(), job.result) == ([], False, None)


def test_a_misspelled_key_is_an_error_where_it_is_written(modelhook: Path) -> None:
    with pytest.raises(AttributeError, match="savedmodel is no key of a handoff"), \
            api.promoting("fish", run_id="0" * 32, binary=modelhook) as job:
        job.savedmodel = "saved_model"


def test_no_program_is_noticed_before_the_training(tmp_path: Path) -> None:
    trained = []
    with pytest.raises(api.BinaryNotFoundError), \
            api.promoting("fish", run_id="0" * 32, binary=tmp_path / "nothing"):
        trained.append("for hours")
    assert trained == []


def test_sigterm_comes_to_modelhook_which_keeps_the_package(site: Site, promote: Any) -> None:
    site.fake.fail("model-versions/create", times=None, delay=60,
                   before=lambda: os.kill(os.getpid(), signal.SIGTERM))
    handoff = site.train()
    result = promote(handoff, env={"MLFLOW_TRACKING_URI": site.fake.url}, grace=60)
    assert (result.exit, result.scheduler) == (Status.TERMINATED, "retry")
    assert result.package == str(site.package(handoff))
