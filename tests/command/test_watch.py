"""`watch` keeps a directory filled with the version in Production, and tells the service."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import Ended, Mount, needs_root
from promoting import FILES, MODEL, Site
from webhooks import Receiver, signatures

WEIGHTS = "saved_model/variables/variables.data-00000-of-00001"
QUESTION = "GET registered-models/get"


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """Where versions are published."""
    return tmp_path / "models"


def once(site: Site, into: Path, *flags: str, **more: Any) -> Ended:
    """One round of watch."""
    return site.hook("watch", MODEL, "--into", into, "--once", *flags, **more)


def numbers(into: Path) -> list[int]:
    """What is published."""
    return sorted(int(path.name) for path in into.iterdir() if path.name.isdigit())


def files(directory: Path) -> set[str]:
    """The files below it."""
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def published(into: Path) -> dict[int, int]:
    """Which version stands under which number."""
    listed = json.loads((into / "modelhook-published.json").read_text())
    assert listed["model"] == MODEL
    return {item["number"]: item["version"] for item in listed["numbers"]}


class Watch:
    """A watch that runs: what it says is read as it comes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()

    def count(self, text: str) -> int:
        """In how many lines it said so."""
        return sum(text in line for line in self.lines)

    def wait(self, text: str, times: int = 1) -> None:
        """Until so many lines have it."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.count(text) >= times, timeout=120), self.lines

    def end(self, number: int = signal.SIGTERM) -> int:
        """Stop it; its status."""
        self.process.send_signal(number)
        status = self.process.wait(timeout=120)
        self.reader.join()
        print(*self.lines, sep="\n", file=sys.stderr)
        return status


@contextmanager
def watching(site: Site, into: Path, *flags: str, **more: Any) -> Iterator[Watch]:
    """A watch that asks ten times a second."""
    arguments = ("watch", MODEL, "--into", into, "--every", "100ms", *flags)
    with site.hook.start(*arguments, stdout=subprocess.DEVNULL, **more) as process:
        watch = Watch(process)
        try:
            yield watch
        finally:
            if process.poll() is None:
                watch.end(signal.SIGKILL)
            watch.reader.join()


def questions(site: Site) -> Callable[[], list[str]]:
    """The requests from here on, by name."""
    site.forget()
    return lambda: site.fake.calls


def wait_for_requests(site: Site, count: int) -> None:
    """Until the server has seen so many more."""
    seen = threading.Semaphore(0)
    site.fake.fail(".*", times=None, before=seen.release)
    for _ in range(count):
        assert seen.acquire(timeout=120)


# What is published


def test_the_version_in_production_is_published_with_all_its_files(site: Site, into: Path) -> None:
    site.promote(weights=(1.5,) * 8)
    ended = once(site, into, "--json")
    assert ended.status == 0
    assert (numbers(into), published(into)) == ([1], {1: 1})
    assert files(into / "1") == set(FILES)
    event = ended.result
    assert (event["schema"], event["version"], event["number"], event["published"]) == (
        "modelhook/watch@1", "1", "1", True)
    assert event["directory"] == str(into / "1")
    assert event["digest"] == site.version(1)["tags"]["modelhook.digest"]


def test_the_saved_model_alone_is_what_tensorflow_serving_reads(site: Site, into: Path) -> None:
    site.promote()
    assert once(site, into, "--saved-model").status == 0
    assert files(into / "1") == {path.removeprefix("saved_model/") for path in FILES if path.startswith("saved_model/")}


def test_what_is_there_is_not_fetched_again(site: Site, into: Path) -> None:
    site.promote()
    assert once(site, into).status == 0
    asked = questions(site)
    ended = once(site, into)
    assert ended.status == 0 and "version 1 was there already as 1" in ended.stderr
    assert not [name for name in asked() if "artifacts" in name]


def test_going_back_publishes_the_old_version_under_a_higher_number(site: Site, into: Path) -> None:
    site.promote(12)
    once(site, into)
    site.promote(13)
    once(site, into)
    assert site.hook("rollback", MODEL).status == 0
    assert once(site, into).status == 0
    assert published(into) == {1: 1, 2: 2, 3: 1}
    assert (into / "3" / WEIGHTS).read_bytes() == (into / "1" / WEIGHTS).read_bytes()


def test_the_newest_stay_and_the_others_go(site: Site, into: Path) -> None:
    for hour in range(10, 14):
        site.promote(hour)
        assert once(site, into, "--keep", "2").status == 0
    assert (numbers(into), published(into)) == ([3, 4], {3: 3, 4: 4})


# What is not


def test_files_that_are_not_those_that_were_registered_are_never_published(site: Site, into: Path) -> None:
    site.promote(12)
    once(site, into)
    site.promote(13)
    kept = site.fake.registry.artifacts
    name = next(path for path in kept if path.endswith(WEIGHTS) and site.version(2)["run_id"] in path)
    content = bytearray(kept[name])
    content[5] ^= 1
    kept[name] = bytes(content)
    ended = once(site, into)
    assert ended.status == 69
    assert "files of version 2: its files are not those that were registered" in ended.errors[0]
    assert (numbers(into), sorted(path.name for path in into.iterdir())) == (
        [1], ["1", "modelhook-published.json"])


def test_a_version_that_nobody_registered_a_digest_of_takes_a_flag(site: Site, into: Path) -> None:
    site.promote()
    site.fake.registry.delete_version_tag({"name": MODEL, "version": "1", "key": "modelhook.content"})
    ended = once(site, into)
    assert (ended.status, into.exists()) == (69, False)
    assert "version 1 of fish-classifier-efficientnet-b4 has no tag modelhook.content" in ended.errors[0]
    assert once(site, into, "--unverified").status == 0
    assert numbers(into) == [1]


def test_no_version_in_production_leaves_what_is_published(site: Site, into: Path) -> None:
    site.promote()
    once(site, into)
    site.fake.registry.transition({"name": MODEL, "version": "1", "stage": "Archived"})
    ended = once(site, into)
    assert (ended.status, numbers(into)) == (69, [1])
    assert ended.errors == [f"{MODEL}: no version is in Production"]


def test_a_directory_of_another_model_is_left_alone(site: Site, into: Path) -> None:
    site.promote()
    once(site, into)
    listed = json.loads((into / "modelhook-published.json").read_text())
    (into / "modelhook-published.json").write_text(json.dumps({**listed, "model": "cats"}))
    with watching(site, into) as watch:
        assert watch.process.wait(timeout=120) == 78
    assert watch.count("versions of cats are published there") == 1


@needs_root
def test_a_full_disk_leaves_what_is_served_and_is_no_end(site: Site, mount: Mount) -> None:
    folder = mount("full", "size=4m")
    into = folder / "models"
    site.promote(12)
    once(site, into)
    filler = folder / "filler"
    filler.write_bytes(b"x" * (3 << 20))
    with watching(site, into) as watch:
        watch.wait("was there already")
        site.promote(13, weights=[1 / (n + 2) for n in range(400_000)])
        watch.wait("No space left on device")
        assert (numbers(into), files(into / "1")) == ([1], set(FILES))
        filler.unlink()
        watch.wait("version 2 published as 2")
        assert watch.end() == 143
    assert numbers(into) == [1, 2]


# Telling


def test_a_command_gets_the_directory_the_version_and_the_model(site: Site, into: Path, tmp_path: Path) -> None:
    site.promote()
    mark = tmp_path / "mark"
    ended = once(site, into, "--exec", f'printf "%s\\n" "$1" "$2" "$3" "${{version}}{{version}}" > {mark}')
    assert ended.status == 0, ended.stderr
    assert mark.read_text().splitlines() == [str(into / "1"), "1", MODEL, "{version}"]


def test_a_command_that_fails_is_run_again_until_it_does_not(site: Site, into: Path, tmp_path: Path) -> None:
    site.promote()
    ready = tmp_path / "ready"
    with watching(site, into, "--exec", f"test -e {ready}") as watch:
        watch.wait("--exec: exit status 1")
        ready.touch()
        watch.wait("version 1 was there already as 1")
        assert watch.end() == 143
    assert numbers(into) == [1]


SERVICE = """
import os, signal, sys
signal.signal(signal.SIGHUP, lambda *_: print("told", flush=True))
with open(sys.argv[1], "w") as file:
    file.write(f"{os.getpid()}\\n")
print("up", flush=True)
while True:
    signal.pause()
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A process that says when it was told, and its PID file."""
    pid_file = tmp_path / "service.pid"
    with subprocess.Popen([sys.executable, "-c", SERVICE, pid_file], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        try:
            yield pid_file, process
        finally:
            process.kill()


def test_a_signal_reaches_the_process_of_the_pid_file(
        site: Site, into: Path, service: tuple[Path, subprocess.Popen[str]]) -> None:
    pid_file, process = service
    site.promote()
    assert once(site, into, "--signal", f"HUP:{pid_file}").status == 0
    assert process.stdout is not None
    assert process.stdout.readline() == "told\n"


def test_a_process_that_would_end_of_the_signal_gets_none(
        site: Site, into: Path, service: tuple[Path, subprocess.Popen[str]]) -> None:
    pid_file, process = service
    site.promote()
    ended = once(site, into, "--signal", f"USR1:{pid_file}")
    assert ended.status == 75
    told = f"version 1 is published, the service was not told: {pid_file}: process {process.pid}"
    assert ended.errors == [f"{told}: does not catch SIGUSR1"]
    assert process.poll() is None
    process.kill()
    process.wait()
    ended = once(site, into, "--signal", str(pid_file))
    assert ended.errors == [f"{told}: not running"]


def test_a_webhook_is_called_and_signed_as_mlflow_would(site: Site, into: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("very-secret\n")
    site.promote()
    with Receiver() as receiver:
        ended = once(site, into, "--url", f"{receiver.url}/hooks/{{version}}", "--secret-file", str(secret))
    assert ended.status == 0, ended.stderr
    (delivery,) = receiver.deliveries
    assert (delivery.path, delivery.event) == ("/hooks/1", "model_version_alias.created")
    assert delivery.json["data"] == {"name": MODEL, "alias": "production", "version": "1"}
    assert [delivery.headers["x-mlflow-signature"]] == signatures("very-secret", [delivery])


def test_a_service_that_refuses_is_told_of_and_the_version_stays(site: Site, into: Path) -> None:
    site.promote()
    with Receiver('{{"error": "out of memory"}}') as receiver:
        receiver.answers = [422]
        ended = once(site, into, "--url", receiver.url)
    assert ended.status == 80
    assert "HTTP 422" in ended.errors[0] and "out of memory" in ended.errors[0]
    assert numbers(into) == [1]


# Running


def test_a_round_without_news_is_one_request_on_one_connection(site: Site, into: Path) -> None:
    site.promote()
    with watching(site, into) as watch:
        watch.wait("version 1 published as 1")
        asked = questions(site)
        wait_for_requests(site, 6)
        assert set(asked()) == {QUESTION}
        assert len({request.connection for request in site.fake.requests}) == 1
        assert watch.end() == 143
    assert watch.count("warning") == 0


def test_each_promotion_is_published_and_told(site: Site, into: Path) -> None:
    with Receiver() as receiver, watching(site, into, "--url", receiver.url) as watch:
        watch.wait("no such registered model")
        for hour in range(10, 14):
            site.promote(hour)
            watch.wait(f"version {hour - 9} published as {hour - 9}")
        assert watch.end() == 143
    assert [delivery.json["data"]["version"] for delivery in receiver.deliveries] == ["1", "2", "3", "4"]
    assert numbers(into) == [2, 3, 4]


def test_each_outage_is_told_once_and_is_no_end(site: Site, into: Path) -> None:
    site.promote(12)
    with watching(site, into, env={"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}) as watch:
        watch.wait("version 1 published as 1")
        site.fake.fail("registered-models/get", times=4, status=503)
        watch.wait("the registry answers again")
        site.fake.fail("registered-models/get", times=2, status=503)
        watch.wait("the registry answers again", times=2)
        site.promote(13)
        watch.wait("version 2 published as 2")
        assert watch.end() == 143
    assert watch.count("503 injected") == 2


def basic(password: str) -> str:
    """What a server that wants this password is sent."""
    return "Basic " + base64.b64encode(f"fish:{password}".encode()).decode()


def set_password(site: Site, password: str) -> None:
    """The server's password, and that in the credentials file."""
    credentials = site.hook.home / ".mlflow/credentials"
    credentials.parent.mkdir(exist_ok=True)
    credentials.write_text(f"[mlflow]\nmlflow_tracking_username = fish\nmlflow_tracking_password = {password}\n")
    credentials.chmod(0o600)
    site.fake.wanted = [basic(password)]


def test_credentials_that_expire_are_read_again(site: Site, into: Path) -> None:
    site.promote(12)
    set_password(site, "first-password")
    with watching(site, into) as watch:
        watch.wait("version 1 published as 1")
        site.fake.wanted = [basic("second-password")]
        watch.wait("were not accepted")
        set_password(site, "second-password")
        site.promote(13)
        watch.wait("version 2 published as 2")
        assert watch.end() == 143
    assert "-password" not in "".join(watch.lines)


@pytest.mark.parametrize("step", [
    "registered-models/get", "model-versions/search", "model-versions/get-download-uri",
    "mlflow-artifacts/artifacts$", "saved_model.pb", "variables.data",
])
def test_killed_at_any_request_the_next_one_publishes_it_whole(site: Site, into: Path, step: str) -> None:
    site.promote(12)
    once(site, into)
    site.promote(13)
    reached = threading.Event()
    go_on = threading.Event()

    def hold() -> None:
        reached.set()
        assert go_on.wait(timeout=120)

    site.fake.fail(step, before=hold)
    with watching(site, into) as watch:
        assert reached.wait(timeout=120)
        watch.end(signal.SIGKILL)
        go_on.set()
    assert (numbers(into), files(into / "1")) == ([1], set(FILES))
    assert once(site, into).status == 0
    assert (numbers(into), files(into / "2")) == ([1, 2], set(FILES))
    assert {path.name for path in into.iterdir()} == {"1", "2", "modelhook-published.json"}


def test_two_on_one_directory_fetch_a_version_once_and_both_tell(site: Site, into: Path) -> None:
    site.promote(12)
    once(site, into)
    site.promote(13)
    site.forget()
    with (Receiver() as one, Receiver() as other, watching(site, into, "--url", one.url) as first,
          watching(site, into, "--url", other.url) as second):
        first.wait("version 2")
        second.wait("version 2")
        assert (first.end(), second.end()) == (143, 143)
    assert (site.fake.count("GET", WEIGHTS), numbers(into)) == (1, [1, 2])
    for receiver in (one, other):
        assert [delivery.json["data"]["version"] for delivery in receiver.deliveries] == ["2"]


def test_a_version_that_was_overtaken_while_it_was_fetched_is_not_published(site: Site, into: Path) -> None:
    site.promote(12)
    once(site, into)
    site.promote(13)
    newer = site.train(14)
    ended: list[Ended] = []

    def overtake() -> None:
        ended.append(site.run(newer))

    site.fake.fail("variables.data", method="GET", before=overtake)
    with watching(site, into) as watch:
        watch.wait("version 3 published as 3")
        assert watch.end() == 143
    assert watch.count("version 2 was overtaken by another one while it was fetched") == 1
    assert ended[0].status == 0
    assert published(into) == {1: 1, 3: 3}


# The command line


@pytest.mark.parametrize(("flags", "said"), [
    ([], "watch: no directory is given"),
    (["--into", "models", "--keep", "1"], "--keep is a number from 2 to 1000"),
    (["--into", "models", "--every", "1ms"], "--every is a time from 100ms to 24d"),
    (["--into", "models", "--signal", "KILL:/run/fish.pid"], "--signal KILL:/run/fish.pid: not [NAME:]PIDFILE"),
    (["--into", "models", "--secret-file", "secret"], "--secret-file signs calls of --url"),
    (["--into", "models", "--url", "fish-api"], "--url: "),
])
def test_a_wrong_command_line_is_refused_before_anything_is_asked(site: Site, flags: list[str], said: str) -> None:
    ended = site.hook("watch", MODEL, *flags)
    assert ended.status == 64
    assert ended.errors[0].startswith(said)
    assert site.fake.requests == []


def test_without_a_server_it_ends_at_once(site: Site, into: Path) -> None:
    ended = site.hook("watch", MODEL, "--into", into, env={"MLFLOW_TRACKING_URI": ""})
    assert ended.status == 78


def test_an_end_of_its_parent_may_be_its_own(site: Site, into: Path) -> None:
    site.promote()
    script = 'import subprocess, sys; subprocess.Popen(sys.argv[1:]); sys.stdin.read()'
    arguments = ("watch", MODEL, "--into", into, "--end-with-parent", "--every", "100ms")
    command = [sys.executable, "-c", script, str(site.hook.binary), *map(str, arguments)]
    with subprocess.Popen(command, env=site.hook.environment(), stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as parent:
        assert parent.stderr is not None
        assert any("version 1 published" in line for line in iter(parent.stderr.readline, ""))
        os.kill(parent.pid, signal.SIGKILL)
        assert "modelhook: " in parent.stderr.read()
