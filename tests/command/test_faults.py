"""Whatever goes wrong between the hook and the server: one version, one Production, and the right exit status."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import tiny_model
from conftest import HandoffMaker, Hook
from fake_mlflow import FakeMlflow
from promoting import FIRST_RUN, MODEL, REPORT, UPLOAD, Site, complaints

SHORT = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "0.4"}  # seconds without a byte
ONCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
ALONG = 6  # trials at the same time: they mostly wait


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A SavedModel of 16 MB, which takes a while to read, to pack and to send."""
    return str(tiny_model.write(tmp_path_factory.mktemp("large") / "saved_model", (0.25,) * 4_000_000))


@pytest.fixture
def requests_of_a_run(site: Site) -> int:
    """How many requests an undisturbed promotion sends."""
    site.promote()
    assert site.sent == FIRST_RUN
    return len(site.fake.requests)


def at_every_request(count: int, trial: Callable[[int], list[str]]) -> dict[int, list[str]]:
    """Make a trial at each request, several at once; what each found wrong, those that found nothing left out."""
    with ThreadPoolExecutor(ALONG) as pool:
        found = dict(zip(range(1, count + 1), pool.map(trial, range(1, count + 1)), strict=True))
    return {number: what for number, what in found.items() if what}


@pytest.fixture
def new_site(modelhook: Path, tmp_path: Path, make_handoff: HandoffMaker) -> Callable[[FakeMlflow, int], Site]:
    """A function that makes a site of its own for the trial of that number."""

    def make(fake: FakeMlflow, number: int) -> Site:
        home = tmp_path / f"home{number}"
        home.mkdir()
        site = Site(Hook(modelhook, home), fake, make_handoff)
        site.numbers = iter([1000 + number])
        return site

    return make


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for it, without adding to the output of the test."""
    with process:
        stdout, stderr = process.communicate(timeout=120)
    return process.returncode, stdout, stderr


@pytest.mark.parametrize(
    ("fault", "env"),
    [
        pytest.param({"lost": True}, {}, id="done and the answer lost"),
        pytest.param({"status": 503}, {}, id="answered with 503"),
        pytest.param({"status": 503, "retry_after": "1"}, {}, id="answered with 503 and Retry-After"),
        pytest.param({"status": 429, "retry_after": "0"}, {}, id="answered with 429"),
        pytest.param({"reset": True}, {}, id="reset before it is handled"),
        pytest.param({"cut": -1}, {}, id="done and the answer cut before its last byte"),
        pytest.param({"cut": 20}, {}, id="done and the answer cut in its head"),
        pytest.param({"delay_after": 1.2}, SHORT, id="done and answered too late"),
        pytest.param({"delay": 1.2}, SHORT, id="done after the client gave up"),
    ],
)
def test_one_request_of_a_promotion_may_be(
    fault: dict[str, Any], env: dict[str, str], requests_of_a_run: int,
    new_site: Callable[[FakeMlflow, int], Site],
) -> None:
    def trial(number: int) -> list[str]:
        with FakeMlflow() as fake:
            site = new_site(fake, number)
            handoff = site.train()
            injected = fake.fail(".*", nth=number, **fault)
            status, _, stderr = ended(site.hook.start("run", handoff, env=env))
            found = complaints(site, handoff)
            if injected.seen < number:
                found.append("the fault was not met")
            if status != 0:
                found.append(f"exit {status}: {stderr}")
            return found

    assert at_every_request(requests_of_a_run, trial) == {}


@pytest.mark.parametrize(
    "fault",
    [pytest.param({}, id="carried out all the same"), pytest.param({"reset": True}, id="and it never arrived")],
)
def test_killed_at_any_request_the_same_command_finishes_and_sends_no_file_twice(
    fault: dict[str, Any], requests_of_a_run: int, new_site: Callable[[FakeMlflow, int], Site]
) -> None:
    def trial(number: int) -> list[str]:
        with FakeMlflow() as fake:
            site = new_site(fake, number)
            handoff = site.train()
            started = threading.Event()

            def kill() -> None:
                started.wait()
                process.kill()
                process.wait()

            fake.fail(".*", nth=number, before=kill, **fault)
            process = site.hook.start("run", handoff)
            started.set()
            status, stdout, _ = ended(process)
            found = [] if (status, stdout) == (-signal.SIGKILL, "") else [f"not killed: exit {status}"]
            before = [r for r in fake.requests if r.status is not None]
            site.forget()
            status, _, stderr = ended(site.hook.start("run", handoff))
            found += complaints(site, handoff)
            if status != 0:
                found.append(f"exit {status}: {stderr}")
            verified = {r.path for r in before if r.method == "GET"} & {r.path for r in before if r.method == "PUT"}
            again = verified & {r.path for r in fake.writes}
            return found + [f"sent again: {path}" for path in sorted(again)]

    assert at_every_request(requests_of_a_run, trial) == {}


def test_killed_at_any_request_a_replay_on_another_machine_finishes(
    requests_of_a_run: int, new_site: Callable[[FakeMlflow, int], Site], tmp_path: Path
) -> None:
    def trial(number: int) -> list[str]:
        with FakeMlflow() as fake:
            site = new_site(fake, number)
            handoff = site.train()
            started = threading.Event()
            fake.fail(".*", nth=number, before=lambda: started.wait() and process.kill())
            process = site.hook.start("run", handoff)
            started.set()
            ended(process)
            elsewhere = tmp_path / f"elsewhere{number}" / "any-name"
            elsewhere.parent.mkdir()
            site.package(handoff).rename(elsewhere)
            for path in (handoff.parent / ".modelhook").iterdir():
                path.unlink()
            status, _, stderr = ended(site.hook.start("replay", elsewhere))
            return complaints(site, handoff) + ([] if status == 0 else [f"exit {status}: {stderr}"])

    assert at_every_request(requests_of_a_run, trial) == {}


def test_a_create_that_is_carried_out_after_it_was_sent_again_is_marked_as_a_duplicate(site: Site) -> None:
    handoff = site.train()
    late = threading.Event()
    site.fake.fail("model-versions/create", delay=7, after=late.set)
    assert site.run(handoff, env=SHORT).status == 0
    assert site.fake.count("POST", "model-versions/create") == 2
    assert late.wait(30)
    marking, knowing = site.run(handoff), site.run(handoff)
    assert (marking.status, knowing.status) == (0, 0)
    assert f"version 2 of {MODEL} is a duplicate of version 1" in marking.stderr
    assert "is a duplicate of" not in knowing.stderr
    tags = [version["tags"].get("modelhook.duplicate_of") for version in site.fake.versions(MODEL)]
    assert tags == [None, "1"]
    assert site.production == [1]


def test_a_create_that_was_lost_before_it_was_carried_out_is_sent_again_after_asking(site: Site) -> None:
    site.fake.fail("model-versions/create", reset=True)
    ended = site.run(site.train())
    assert (ended.status, ended.result["version"]) == (0, "1")
    assert f"no answer to the create of a version of {MODEL}: asking whether it was carried out" in ended.stderr
    assert site.fake.count("POST", "model-versions/create") == 2
    assert len(site.fake.versions(MODEL)) == 1


def test_a_create_whose_answer_was_lost_is_not_sent_again(site: Site) -> None:
    site.fake.fail("model-versions/create", lost=True)
    ended = site.run(site.train())
    assert (ended.status, ended.result["version"]) == (0, "1")
    assert site.sent == FIRST_RUN


# ---- failures that last


def kept(site: Site, handoff: Path) -> Path:
    """The package is kept with its result beside it."""
    package = site.package(handoff)
    assert site.spooled(handoff) == [package.name, f"{package.name}.result.json"]
    return package


def test_a_deadline_ends_a_server_that_hangs_and_replay_finishes(site: Site) -> None:
    handoff = site.train()
    site.fake.fail("transition-stage", delay=60, times=None)
    started = time.monotonic()
    ended = site.run(handoff, "--deadline", "3s")
    assert time.monotonic() - started < 50  # the answer would come after 60
    assert ended.status == 75
    assert ended.errors == [
        f"version 1 to Production: POST {site.fake.url}/api/2.0/mlflow/model-versions/transition-stage: "
        "no answer before the deadline"
    ]
    package = kept(site, handoff)
    assert ended.result["retryable"] is True
    assert ended.result["package"] == str(package)
    beside = json.loads((package.parent / f"{package.name}.result.json").read_text())
    assert {**beside, "at": ended.result["at"]} == ended.result  # each line says when it was made
    site.forget()
    assert site.hook("replay", package).status == 0
    assert site.production == [1]


@pytest.mark.parametrize("command", ["run", "pack", "replay"])
def test_a_deadline_ends_local_work_too(site: Site, large: str, tmp_path: Path, command: str) -> None:
    handoff = site.train(saved_model=large)
    package = tmp_path / "package.tar.gz"
    if command == "replay":
        assert site.hook("pack", handoff, "-o", package).status == 0
    arguments = {"run": ["run", handoff], "pack": ["pack", handoff, "-o", package], "replay": ["replay", package]}
    ended = site.hook(*arguments[command], "--deadline", "10ms")
    assert ended.status == 75
    assert len(ended.errors) == 1
    assert ended.errors[0].endswith(": the deadline is over")
    assert site.fake.requests == []
    assert site.spooled(handoff) == []
    assert package.exists() == (command == "replay")


@pytest.mark.parametrize("pause", [0.03, 0.06, 0.12, 0.25])
def test_a_signal_during_local_work_ends_it_and_leaves_nothing_half_made(site: Site, large: str, pause: float) -> None:
    handoff = site.train(saved_model=large)
    site.fake.fail("runs/get", delay=60)
    process = site.hook.start("run", handoff)
    time.sleep(pause)
    process.terminate()
    sent = time.monotonic()
    process.communicate(timeout=60)
    assert time.monotonic() - sent < 50  # the answer would come after 60
    assert process.returncode in (143, -signal.SIGTERM)  # the latter: it had not begun yet
    packages = [name for name in site.spooled(handoff) if not name.endswith(".result.json")]
    assert all(name.endswith(".tar.gz") for name in packages)
    for name in packages:
        assert site.hook("inspect", handoff.parent / ".modelhook" / name).status == 0


def test_a_server_that_is_down_is_tried_as_often_as_set_and_the_package_is_kept(site: Site) -> None:
    handoff = site.train()
    site.fake.stop()
    ended = site.run(handoff, env={"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3"})
    assert ended.status == 75
    assert ended.errors == [
        f"MLflow at {site.fake.url}: run {ended.result['run_id']}: GET {site.fake.url}/api/2.0/mlflow/runs/get: "
        f"cannot connect to {site.fake.url}: Connection refused"
    ]
    assert ended.stderr.count("again in") == 3
    kept(site, handoff)
    with FakeMlflow(port=site.fake.server.server_port) as fake:
        fake.add_run(ended.result["run_id"])
        assert site.hook("replay", site.package(handoff)).status == 0
        assert fake.in_stage(MODEL) == [1]


def test_a_server_that_answers_503_for_too_long_ends_with_75(site: Site) -> None:
    handoff = site.train()
    site.fake.fail("runs/get", status=503, times=None)
    ended = site.run(handoff, env={"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"})
    assert ended.status == 75
    assert ended.errors == [
        f"MLflow at {site.fake.url}: run {ended.result['run_id']}: GET runs/get: 503 injected"
    ]
    assert site.fake.count("GET", "runs/get") == 3
    assert site.sent == []
    kept(site, handoff)


def test_a_retry_after_beyond_the_deadline_is_not_waited_for(site: Site) -> None:
    site.fake.fail("runs/get", status=503, retry_after="120", times=None)
    started = time.monotonic()
    assert site.run(site.train(), "--deadline", "100s").status == 75
    assert time.monotonic() - started < 90
    assert site.fake.count("GET", "runs/get") == 1


@pytest.mark.parametrize("header", ["not a number", "-5", "99999999999999999999", "Sun, 22 Nov 2099 00:00:00 GMT"])
def test_a_retry_after_that_makes_no_sense_stops_nothing_for_long(site: Site, header: str) -> None:
    site.fake.fail("runs/get", status=503, retry_after=header)
    started = time.monotonic()
    ended = site.run(site.train())
    assert time.monotonic() - started < 100
    assert ended.status in (0, 75)
    assert ended.status == (75 if "99" in header else 0)


def test_wrong_credentials_end_with_77_before_anything_else(site: Site) -> None:
    site.fake.wanted = ["Bearer right"]
    handoff = site.train()
    ended = site.run(handoff, env={"MLFLOW_TRACKING_TOKEN": "wrong"})
    assert ended.status == 77
    assert len(ended.errors) == 1
    assert "401" in ended.errors[0]
    assert "hint: the credentials (token) were not accepted" in ended.stderr
    assert site.sent == []
    kept(site, handoff)


def test_missing_credentials_are_named(site: Site) -> None:
    site.fake.wanted = ["Bearer right"]
    ended = site.run(site.train())
    assert ended.status == 77
    assert "hint: no credentials were sent: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD" in ended.stderr


def test_credentials_that_may_read_but_not_write_end_with_77(site: Site) -> None:
    site.fake.fail("model-versions/create", status=403, code="PERMISSION_DENIED", message="Permission denied")
    ended = site.run(site.train(), env={"MLFLOW_TRACKING_TOKEN": "t"})
    assert ended.status == 77
    assert ended.errors == [
        f"register {MODEL}: POST model-versions/create: 403 PERMISSION_DENIED: Permission denied"
    ]
    assert "hint: the credentials (token) are not allowed to do this" in ended.stderr


def test_a_host_header_that_the_server_does_not_accept_is_explained(site: Site) -> None:
    site.fake.fail(".*", times=None, status=403, content_type="text/plain",
                   message="Invalid Host header - possible DNS rebinding attack detected")
    ended = site.run(site.train())
    assert ended.status == 77
    assert "Invalid Host header" in ended.errors[0]
    assert "hint: the server accepts only names it knows: start it with --allowed-hosts" in ended.stderr


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"body": b"<html>log in, please</html>", "content_type": "text/html"}, "text/html instead of JSON"),
        ({"status": 404}, "404"),
        ({"body": b"[1, 2]", "content_type": "application/json"}, "instead of JSON"),
        ({"body": b"", "content_type": "text/plain"}, "text/plain instead of JSON"),
    ],
    ids=["a login page", "a server of something else", "JSON of another shape", "nothing"],
)
def test_what_is_not_mlflow_ends_with_76(site: Site, answer: dict[str, Any], said: str) -> None:
    site.fake.fail(".*", times=None, **answer)
    ended = site.run(site.train())
    assert ended.status == 76
    assert len(ended.errors) == 1
    assert said in ended.errors[0]
    assert "modelhook: hint: " in ended.stderr
    assert site.sent == []


def test_a_server_that_does_not_speak_http_ends_with_76(site: Site) -> None:
    site.fake.fail(".*", times=None, before=lambda: None, cut=0)
    site.fake.server.RequestHandlerClass = _Gibberish
    ended = site.run(site.train())
    assert ended.status == 76
    assert "does not speak HTTP/1" in ended.errors[0]


class _Gibberish:
    """An SSH server, say."""

    def __init__(self, connection: Any, *_: Any) -> None:
        connection.recv(65536)
        connection.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n" * 4)


def test_an_answer_that_is_broken_json_names_the_call(site: Site) -> None:
    site.fake.fail("runs/get", body=b'{"run": {"info": ', content_type="application/json")
    ended = site.run(site.train())
    assert ended.status == 76
    assert "runs/get" in ended.errors[0]


@pytest.mark.parametrize("path", ["runs/get", "log-batch", "registered-models/get", "model-versions/create"])
def test_a_huge_head_of_an_answer_is_refused(site: Site, path: str) -> None:
    site.fake.fail(path, huge_header=4_000_000, times=None)
    ended = site.run(site.train(), env=ONCE)
    assert ended.status == 76
    assert ended.errors[0].endswith("the headers of the answer are larger than 64 KiB")


@pytest.mark.parametrize("path", ["runs/get", "registered-models/create"])
def test_a_huge_body_of_an_answer_is_refused(site: Site, path: str) -> None:
    site.fake.fail(path, huge_body=100_000_000, times=None)
    ended = site.run(site.train(), env=ONCE)
    assert ended.status == 76
    assert len(ended.errors) == 1


def test_a_huge_body_of_an_error_is_cut(site: Site) -> None:
    site.fake.fail("runs/get", status=400, code="INVALID_PARAMETER_VALUE", message="x" * 50_000_000)
    ended = site.run(site.train(), env=ONCE)
    assert ended.status == 69
    assert len(ended.stderr) < 5000


def test_what_a_server_says_cannot_move_the_cursor(site: Site) -> None:
    hostile = "\x1b]0;owned\x07\x1b[2J\r\nmodelhook: fine\u009b31m\u202eevil"
    site.fake.fail("model-versions/create", status=400, code="INVALID_PARAMETER_VALUE", message=hostile)
    ended = site.run(site.train())
    assert ended.status == 69
    for character in "\x1b\x07\r\u009b\u202e":
        assert character not in ended.stderr
        assert character not in ended.stdout
        assert character not in json.dumps(ended.result, ensure_ascii=False)
    assert "\\x1b]0;owned\\x07" in ended.errors[0]
    assert len(ended.errors) == 1
    assert ended.result["error"]["message"] == ended.errors[0]


# ---- redirects


def test_a_redirect_to_the_same_origin_is_followed_with_credentials(site: Site) -> None:
    site.fake.fail("runs/get", status=307, nth=1,
                   redirect=f"{site.fake.url}/api/2.0/mlflow/runs/get?run_id=" + "0" * 32)
    site.fake.add_run("0" * 32)
    handoff = site.train(run="0" * 32)
    assert site.run(handoff, env={"MLFLOW_TRACKING_TOKEN": "t"}).status == 0
    headers = [request.headers.get("authorization") for request in site.fake.requests if request.name == "runs/get"]
    assert headers == ["Bearer t", "Bearer t"]


def test_a_read_that_is_redirected_to_another_origin_goes_there_without_credentials(site: Site) -> None:
    handoff = site.train()
    with FakeMlflow() as other:
        site.fake.fail("runs/get", redirect=f"{other.url}/api/2.0/mlflow/runs/get", times=None)
        ended = site.run(handoff, env={"MLFLOW_TRACKING_TOKEN": "t", "MLFLOW_WORKSPACE": "fish", **ONCE})
        assert ended.status == 69  # it does not know the run
        assert len(other.requests) == 1
        assert {"authorization", "x-mlflow-workspace", "cookie"}.isdisjoint(other.requests[0].headers)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_write_is_never_sent_to_another_origin(site: Site, status: int) -> None:
    handoff = site.train()
    with FakeMlflow() as other:
        site.fake.fail("model-versions/create", status=status, times=None,
                       redirect=f"{other.url}/api/2.0/mlflow/model-versions/create")
        ended = site.run(handoff)
        assert ended.status == 76
        assert f"it redirects to {other.url}/api/2.0/mlflow/model-versions/create" in ended.stderr
        assert other.requests == []


def test_redirects_in_a_circle_end(site: Site) -> None:
    site.fake.fail("runs/get", redirect=f"{site.fake.url}/api/2.0/mlflow/runs/get", times=None)
    ended = site.run(site.train())
    assert ended.status == 76
    assert site.fake.count("GET", "runs/get") == 6


# ---- signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("path", "fault"),
    [
        pytest.param("runs/get", {"delay": 60}, id="while the server does not answer"),
        pytest.param("runs/get", {"slow": 0.05}, id="while an answer trickles in"),
        pytest.param("saved_model.pb", {"delay": 60}, id="while a file is uploaded"),
        pytest.param("registered-models/get", {"status": 503, "retry_after": "50"}, id="while it waits to try again"),
        pytest.param("model-versions/create", {"reset": True, "nth": 1}, id="while it asks about a lost create"),
        pytest.param("transition-stage", {"delay": 60}, id="while it promotes"),
    ],
)
def test_a_signal_ends_it_before_the_answer_comes_and_keeps_the_package(
    site: Site, path: str, fault: dict[str, Any], number: signal.Signals
) -> None:
    status, word = {signal.SIGTERM: (143, "terminated"), signal.SIGINT: (130, "interrupted")}[number]
    handoff = site.train()
    reached = threading.Event()
    site.fake.fail(path, times=None, before=reached.set, **fault)
    process = site.hook.start("run", handoff)
    assert reached.wait(60)
    time.sleep(0.3)
    process.send_signal(number)
    sent = time.monotonic()
    stdout, stderr = process.communicate(timeout=60)
    assert time.monotonic() - sent < 50  # the answer would come after 60
    assert process.returncode == status
    errors = [line for line in stderr.splitlines() if line.startswith("modelhook: ")]
    assert len(errors) == 1
    assert errors[0].endswith(f"stopped by {number.name}")
    result = json.loads(stdout.splitlines()[-1])
    assert (result["outcome"], result["exit"], result["retryable"]) == (word, status, True)
    assert result["package"] == str(kept(site, handoff))
    site.fake.stopping.set()
    site.fake.stopping.clear()
    site.forget()
    assert site.hook("replay", result["package"]).status == 0
    assert complaints(site, handoff) in ([], [f"left in the spool: {site.spooled(handoff)}"])


def test_a_signal_while_a_large_upload_crawls_ends_it(site: Site, large: str) -> None:
    handoff = site.train(saved_model=large)
    stuck = threading.Event()
    read_body = site.fake.server.RequestHandlerClass.read_body

    class Crawling(site.fake.server.RequestHandlerClass):
        """Reads the first bytes of a large body and then no more."""

        def read_body(self) -> bytes:
            if int(self.headers.get("Content-Length") or 0) < 1_000_000:
                return read_body(self)
            stuck.set()
            self.server.fake.stopping.wait(60)
            self.close_connection = True
            return b""

    site.fake.server.RequestHandlerClass = Crawling
    process = site.hook.start("run", handoff)
    assert stuck.wait(60)
    time.sleep(0.3)
    process.terminate()
    sent = time.monotonic()
    process.communicate(timeout=60)
    assert time.monotonic() - sent < 50  # the answer would come after 60
    assert process.returncode == 143
    kept(site, handoff)


# ---- two at once


def test_two_hooks_on_the_same_handoff_make_one_version(site: Site) -> None:
    handoff = site.train()
    site.fake.fail("log-batch", delay=0.5)
    processes = [site.hook.start("run", handoff) for _ in range(2)]
    ends = [ended(process) for process in processes]
    assert [status for status, _, _ in ends] == [0, 0]
    assert sum("waiting: another modelhook works on this package" in stderr for _, _, stderr in ends) == 1
    assert complaints(site, handoff) == []
    assert sorted(site.sent) == sorted(FIRST_RUN + REPORT)


def test_two_hooks_with_copies_of_the_same_package_make_one_version(site: Site, tmp_path: Path) -> None:
    handoff = site.train()
    package = tmp_path / "one.tar.gz"
    assert site.hook("pack", handoff, "-o", package).status == 0
    (tmp_path / "two.tar.gz").write_bytes(package.read_bytes())
    site.fake.fail("model-versions/search", times=2, delay=0.5)
    processes = [site.hook.start("replay", tmp_path / name) for name in ("one.tar.gz", "two.tar.gz")]
    assert [ended(process)[0] for process in processes] == [0, 0]
    assert site.production == [1]
    kept_versions = [v for v in site.fake.versions(MODEL) if "modelhook.duplicate_of" not in v["tags"]]
    assert [version["version"] for version in kept_versions] == [1]


@pytest.mark.parametrize("count", [2, 5])
def test_of_trainings_that_end_at_the_same_time_the_newest_is_the_only_production(site: Site, count: int) -> None:
    handoffs = [site.train(hour) for hour in range(10, 10 + count)]
    processes = [site.hook.start("run", handoff) for handoff in handoffs]
    statuses = [ended(process)[0] for process in processes]
    assert statuses[-1] == 0
    assert set(statuses[:-1]) <= {0, 99}
    (newest,) = [v for v in site.fake.versions(MODEL) if v["tags"]["modelhook.trained_at"].startswith(
        f"2026-11-22T{9 + count}")]
    assert site.production == [newest["version"]]
    assert newest["aliases"] == ["production"]
    assert len(site.fake.versions(MODEL)) == count
    assert [path for handoff in handoffs for path in site.spooled(handoff)] == []


def test_a_file_that_reads_back_differently_is_sent_again_by_the_next_run(site: Site) -> None:
    handoff = site.train()
    run = json.loads(handoff.read_text())["run_id"]
    stored = site.fake.registry.artifacts
    path = f"1/{run}/artifacts/model/requirements.txt"
    site.fake.fail("requirements.txt", method="PUT", after=lambda: stored.update({path: b"damaged"}))
    ended = site.run(handoff)
    assert ended.status == 75
    assert ended.errors[0].startswith("model/requirements.txt: read back as 7 bytes with SHA-256 ")
    assert site.fake.versions(MODEL) == []
    site.forget()
    assert site.run(handoff).status == 0
    assert [call for call in site.sent if call.startswith("PUT")] == UPLOAD[3:]
    assert complaints(site, handoff) == []
