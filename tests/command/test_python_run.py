"""dataproc/modelhook: the program as a part of a Python process, with a fake MLflow, and a stand-in that misbehaves."""

from __future__ import annotations

import io
import json
import os
import pickle
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

LATER = ('{"schema": "modelhook/result@1", "outcome": "later", "exit": 75, '
         '"error": {"kind": "later", "message": "no answer"}}')
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
    assert [step.name for step in result.steps][-1] == "verify"
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
    assert (result.exit, result.scheduler, result.gate[0].verdict) == (Status.HELD, "skip", "rejected")


def test_a_refusal_has_its_error(promote: Any, tmp_path: Path) -> None:
    result = promote(tmp_path / "nothing.json", "--tracking-uri", "http://127.0.0.1:1")
    assert (result.exit, result.outcome, result.error.kind) == (Status.MISSING, "missing", "missing")


def test_what_is_no_result_is_printed(modelhook: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = api.run_command("--version", binary=modelhook)
    assert (result.exit, result.outcome, result.raw) == (0, None, {})
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
    assert (result.exit, result.error) == (75, api.ErrorDetail("later", "no answer"))
    assert "".join(heard).replace("first\n", "") == "modelhook: fish \u20ac\n"
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
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the tests were started with
for model in ("first", "second"):
    print(model, flush=True)
    result = modelhook.run_command(binary={program!r}, grace={grace}, deliver_signals={deliver})
    print(result.outcome, flush=True)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if not {deliver}:
        modelhook.exit_with(result)
"""


def stopped(stand_in: Any, script: str, number: int, *, deliver: bool) -> tuple[str, int]:
    """What a loop over two models prints, and its status, when it is stopped at the first."""
    code = CALLER.format(dataproc=str(environment.ROOT / "dataproc"), program=str(stand_in(script)),
                         grace=0.3 if script == DEAF else 30, deliver=deliver)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        assert process.stderr.readline() == "modelhook: ready\n"
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
    return out, process.returncode


@pytest.mark.parametrize("script", [SLEEPY, DEAF])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_the_program_and_then_the_loop(stand_in: Any, tmp_path: Path, *, script: str, number: int) -> None:
    assert stopped(stand_in, script, number, deliver=True) == ("first\n", -number)
    assert is_gone(tmp_path)


@pytest.mark.parametrize(("script", "number", "status", "outcome"), [
    (SLEEPY, signal.SIGTERM, 75, "later"),
    (SLEEPY, signal.SIGINT, 75, "later"),
    (DEAF, signal.SIGTERM, 137, "signal 9"),
])
def test_who_wants_the_result_of_a_stop_gets_it(stand_in: Any, tmp_path: Path, *, script: str, number: int,
                                                status: int, outcome: str) -> None:
    assert stopped(stand_in, script, number, deliver=False) == (f"first\n{outcome}\n", status)
    assert is_gone(tmp_path)


def test_a_signal_that_is_ignored_stays_ignored(stand_in: Any) -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        result = api.run_command(binary=stand_in(f"kill -TERM $PPID; echo '{LATER}'; exit 75"), timeout=60)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
    assert result.exit == 75


def test_a_handler_has_the_stop_once_and_the_result_comes_back(stand_in: Any) -> None:
    taken = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: taken.append(number))
    try:
        script = SLEEPY.replace("echo ready", "kill -TERM $PPID; kill -TERM $PPID; echo ready")
        result = api.run_command(binary=stand_in(script), grace=30)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (taken, result.exit) == ([signal.SIGTERM], 75)


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


def test_sigterm_comes_to_modelhook_which_keeps_the_package(site: Site, promote: Any) -> None:
    site.fake.fail("model-versions/create", times=None, delay=60,
                   before=lambda: os.kill(os.getpid(), signal.SIGTERM))
    handoff = site.train()
    result = promote(handoff, env={"MLFLOW_TRACKING_URI": site.fake.url}, grace=60, deliver_signals=False)
    assert (result.exit, result.scheduler) == (Status.TERMINATED, "retry")
    assert result.package == str(site.package(handoff))


# ---- results


def test_a_result_is_true_where_it_ended_well_and_raises_where_it_did_not() -> None:
    held = api.Result(exit=99, outcome="held")
    assert (bool(held), held.ok, held.raise_for_status()) == (True, True, held)
    later = api.Result(exit=75, outcome="later", model="fish", error=api.ErrorDetail("later", "no answer", "wait"))
    assert (bool(later), later.ok) == (False, False)
    with pytest.raises(api.RetryableError, match=r"^later \(75\): fish: no answer: wait$") as raised:
        later.raise_for_status()
    assert raised.value.result is later
    with pytest.raises(api.CommandError, match=r"^denied \(77\)$") as raised:
        api.Result(exit=77, outcome="denied").raise_for_status()
    assert not isinstance(raised.value, api.RetryableError)


def test_a_result_as_a_dict_has_every_key_of_the_line(modelhook: Path, stand_in: Any) -> None:
    told = api.run_command("run", "/nowhere/handoff.json", binary=modelhook)
    assert told.raw["outcome"] == "missing"
    for result in (told, api.run_command(binary=stand_in("kill -KILL $$")), api.Result(exit=75, outcome="later")):
        made = result.to_dict()
        assert set(made) == set(told.raw)
        assert (made["exit"], made["outcome"], made["retryable"]) == (result.exit, result.outcome, result.retryable)


def test_a_description_names_the_model_once() -> None:
    error = api.ErrorDetail("refused", "fish: no version was good before version 1")
    refused = api.Result(exit=69, outcome="refused", model="fish", error=error)
    assert refused.describe() == "refused (69): fish: no version was good before version 1"


def test_an_error_survives_the_way_between_processes() -> None:
    result = api.Result(exit=77, outcome="denied")
    copy = pickle.loads(pickle.dumps(api.CommandError("denied", result)))
    assert (str(copy), copy.result) == ("denied", result)


def test_a_key_of_a_later_version_does_not_break_an_earlier_package(stand_in: Any) -> None:
    line = json.dumps({"schema": "modelhook/result@1", "outcome": "held", "exit": 99, "new_key": 1,
                       "reason": "a: 0.1",
                       "gate": [{"name": "a", "verdict": "rejected", "detail": "0.1", "new_key": 2}]})
    result = api.run_command(binary=stand_in(f"echo '{line}'; exit 99"))
    assert (result.gate, result.raw["new_key"]) == ([api.GateVerdict("a", "rejected", "0.1")], 1)
    assert result.describe() == "held (99): a: 0.1"


@pytest.mark.parametrize(("status", "outcome"), [(0, None), (75, "later"), (1, "status 1")])
def test_a_command_without_a_result_line_has_no_outcome_of_a_promotion(stand_in: Any, status: int,
                                                                      outcome: str | None) -> None:
    result = api.run_command(binary=stand_in(f"echo a table; exit {status}"))
    assert (result.exit, result.outcome) == (status, outcome)


def test_every_message_begins_with_the_products_name_and_a_label(stand_in: Any,
                                                                 capfd: pytest.CaptureFixture[str]) -> None:
    program = stand_in("echo step one >&2; echo 'modelhook: no answer' >&2; printf 'no end' >&2; exit 75")
    api.run_command(binary=program)
    assert capfd.readouterr().err == "modelhook: step one\nmodelhook: no answer\nmodelhook: no end\n"
    api.run_command(binary=program, label="fish")
    assert capfd.readouterr().err.splitlines()[:2] == ["modelhook: fish: step one", "modelhook: fish: no answer"]


def test_capture_gives_what_a_command_printed(site: Site, modelhook: Path, monkeypatch: pytest.MonkeyPatch,
                                              capfd: pytest.CaptureFixture[str]) -> None:
    alone(monkeypatch, site.hook)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", site.fake.url)
    site.fake.add_version("fish", "Production", tags={"modelhook.intent": "2026-11-01T00:00:00Z"})
    assert api.capture("status", "fish", binary=modelhook)["production"][0]["version"] == "1"
    assert capfd.readouterr().out == ""
    with pytest.raises(api.CommandError, match=r"^refused \(69\): .*no such registered model") as raised:
        api.capture("status", "mackerel", binary=modelhook)
    assert raised.value.result.error.kind == "refused"


def test_capture_of_a_command_without_json_is_an_error(stand_in: Any) -> None:
    with pytest.raises(api.ModelhookError, match=r"^modelhook status: the command printed no JSON$"):
        api.capture("status", binary=stand_in("echo a table"))
