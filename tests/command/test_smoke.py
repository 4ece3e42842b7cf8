"""The gate that tries the model with a command: what passes, what does not, and that nothing of it is left."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Ended, HandoffMaker, Hook
from fake_mlflow import FakeMlflow
from promoting import MODEL, Site, wait_for

FORK_BOMB = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n"
DAEMON = """
import os, sys, time
for i in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            open(f"{MARK}.{os.getpid()}", "w").close()
            time.sleep(600)
        os._exit(0)
while len([n for n in os.listdir(os.path.dirname(MARK)) if n.startswith("mark.")]) < 3:
    time.sleep(0.01)
"""


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """A folder where what runs can leave signs, and the folder for temporary files beside it."""
    (tmp_path / "marks").mkdir()
    (tmp_path / "temp").mkdir()
    return tmp_path / "marks"


def smoke(site: Site, marks: Path, script: str, *flags: str, command: str = "run", gate: dict[str, Any] | None = None,
          **more: Any) -> Ended:
    """Train and run with a smoke gate of that script; nothing of it may be left in any case."""
    handoff = site.train(config={"gates": [{"command": ["python3", "smoke.py", "{model}"], **(gate or {})}]})
    (handoff.parent / "smoke.py").write_text(f"MARK = {str(marks / 'mark')!r}\n{script}")
    env = {"TMPDIR": str(marks.parent / "temp"), **more.pop("env", {})}
    ended = site.hook(command, handoff, *flags, env=env, **more)
    left_over(marks)
    return ended


def left_over(marks: Path) -> None:
    """No process that mentions the folder, no daemon that left its mark, no temporary file."""
    for mark in marks.glob("mark.*"):
        with pytest.raises(ProcessLookupError):
            os.kill(int(mark.suffix[1:]), 0)
    temp = str(marks.parent / "temp")
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            assert temp not in command.read_text(errors="replace"), command
    assert os.listdir(temp) == []


def gate_of(ended: Ended) -> tuple[str, str, str]:
    """The only gate's name, verdict and detail."""
    (gate,) = ended.result["gates" if "gates" in ended.result else "gate"]
    return gate["name"], gate["verdict"], gate["detail"]


def test_exit_0_passes_on_the_model_as_a_consumer_finds_it(site: Site, marks: Path) -> None:
    ended = smoke(site, marks, """
import os, sys
model = sys.argv[1]
for root, folders, files in os.walk(model):
    for name in files:
        print(os.path.relpath(os.path.join(root, name), model), file=open(MARK, "a"))
print("predicted", file=sys.stderr)
print(oct(os.stat(os.path.dirname(model)).st_mode & 0o777), sys.stdin.read() == "")
""")
    assert (ended.status, ended.result["outcome"]) == (0, "promoted")
    name, verdict, detail = gate_of(ended)
    assert (name, verdict) == ("smoke", "passed")
    assert detail.startswith("exit status 0 after ")
    assert detail.endswith(": predicted | 0o700 True")
    assert "smoke: predicted\n" in ended.stderr
    assert sorted((marks / "mark").read_text().split()) == sorted(
        path.removeprefix("model/") for path in site.fake.artifacts(ended.result["run_id"]))


def test_any_other_exit_rejects_with_its_last_lines(site: Site, marks: Path) -> None:
    ended = smoke(site, marks, "for i in range(50): print('line', i)\nraise SystemExit(3)\n")
    assert (ended.status, ended.result["outcome"]) == (99, "held")
    name, verdict, detail = gate_of(ended)
    assert (name, verdict) == ("smoke", "rejected")
    assert detail.startswith("exit status 3 after ")
    assert detail.endswith(": line 47 | line 48 | line 49")
    assert site.production == []
    assert json.loads(site.version(1)["tags"]["modelhook.gate"])["gates"][0]["detail"] == detail
    assert "smoke: line 40\n" in ended.stderr
    assert "line 39" not in ended.stderr


def test_a_signal_rejects(site: Site, marks: Path) -> None:
    ended = smoke(site, marks, "import os\nos.kill(os.getpid(), 11)\n")
    assert ended.status == 99
    assert gate_of(ended)[2].startswith("ended by signal 11 after ")


def test_output_cannot_move_the_cursor_or_forge_lines(site: Site, marks: Path) -> None:
    script = "import sys\nsys.stdout.buffer.write(b'\\x1b[2J\\rok\\x00\\xff' + b'x' * 100000)\nraise SystemExit(1)\n"
    ended = smoke(site, marks, script)
    assert ended.status == 99
    assert "\x1b" not in ended.stdout + ended.stderr
    assert "\r" not in ended.stderr
    assert len(gate_of(ended)[2]) < 500


def test_a_hang_ends_with_its_timeout(site: Site, marks: Path) -> None:
    before = time.monotonic()
    ended = smoke(site, marks, DAEMON + "time.sleep(600)\n", gate={"timeout": "2s"})
    assert ended.status == 99
    assert gate_of(ended)[2] == "not ended after 2.0 s"
    assert time.monotonic() - before < 120


def test_one_that_closes_its_output_and_hangs_ends_too(site: Site, marks: Path) -> None:
    ended = smoke(site, marks, "import os, time\nos.close(1); os.close(2)\ntime.sleep(600)\n", gate={"timeout": "1s"})
    assert ended.status == 99
    assert gate_of(ended)[2] == "not ended after 1.0 s"


def test_one_process_gets_no_more_memory_than_allowed(site: Site, marks: Path) -> None:
    ended = smoke(site, marks, "hog = bytearray(600 << 20)\n", gate={"memory": "300M"})
    assert ended.status == 99
    assert gate_of(ended)[2].endswith("MemoryError")


def test_many_processes_get_no_more_memory_together(site: Site, marks: Path) -> None:
    script = """
import os, time
for i in range(8):
    if os.fork() == 0:
        hog = bytearray(os.urandom(1)) * (60 << 20)
        time.sleep(600)
time.sleep(600)
"""
    ended = smoke(site, marks, script, gate={"memory": "200M"})
    assert ended.status == 99
    assert gate_of(ended)[2].startswith("used more than 209715200 bytes after ")


def test_a_fork_bomb_is_ended(site: Site, marks: Path) -> None:
    before = time.monotonic()
    ended = smoke(site, marks, FORK_BOMB, gate={"timeout": "30s"})
    assert ended.status == 99
    assert gate_of(ended)[2].startswith("more than 256 processes after ")
    assert time.monotonic() - before < 120


def test_daemons_that_detached_themselves_are_ended(site: Site, marks: Path) -> None:
    ended = smoke(site, marks, DAEMON)
    assert ended.status == 0
    assert len(list(marks.glob("mark.*"))) == 3
    assert "3 processes left behind were ended" in gate_of(ended)[2]


def test_a_stop_ends_it_at_once(site: Site, marks: Path) -> None:
    handoff = site.train(config={"gates": [{"command": ["python3", "smoke.py", "{model}"]}]})
    (handoff.parent / "smoke.py").write_text(f"MARK = {str(marks / 'mark')!r}\n{DAEMON}time.sleep(600)\n")
    with site.hook.start("run", handoff, env={"TMPDIR": str(marks.parent / "temp")}) as process:
        wait_for(lambda: len(list(marks.glob("mark.*"))) == 3)
        stopped = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
    assert process.returncode == 143
    assert time.monotonic() - stopped < 100  # it would sleep for 600
    left_over(marks)
    assert site.spooled(handoff) != []  # the package is kept


def test_nothing_of_it_is_left_when_the_hook_itself_is_killed(site: Site, marks: Path) -> None:
    handoff = site.train(config={"gates": [{"command": ["python3", "smoke.py", "{model}"]}]})
    (handoff.parent / "smoke.py").write_text(f"MARK = {str(marks / 'mark')!r}\n{DAEMON}time.sleep(600)\n")
    with site.hook.start("run", handoff, env={"TMPDIR": str(marks.parent / "temp")}) as process:
        wait_for(lambda: len(list(marks.glob("mark.*"))) == 3)
        process.kill()
        process.communicate(timeout=30)
    wait_for(lambda: os.listdir(marks.parent / "temp") == [])
    left_over(marks)


def test_the_deadline_ends_it_and_the_package_is_kept(site: Site, marks: Path) -> None:
    ended = smoke(site, marks, "import time\ntime.sleep(600)\n", "--deadline", "4s")
    assert ended.status == 75
    assert site.fake.versions(MODEL) == []


def test_its_environment_holds_no_secret_and_no_server(site: Site, marks: Path) -> None:
    env = {"MLFLOW_TRACKING_TOKEN": "s3cret", "AWS_SECRET_ACCESS_KEY": "s3cret", "GITHUB_TOKEN": "s3cret",
           "MY_API_KEY": "s3cret", "db_password": "s3cret", "LANG": "C.UTF-8", "KEYBOARD": "fine"}
    ended = smoke(site, marks, "import json, os\njson.dump(dict(os.environ), open(MARK, 'w'))\n", env=env,
                  gate={"environment": ["KEYBOARD", "UNSET"]})
    assert ended.status == 0
    seen = json.loads((marks / "mark").read_text())
    assert "s3cret" not in seen.values()
    assert [name for name in seen if name.startswith(("MLFLOW_", "MODELHOOK_"))] == []
    assert (seen["LANG"], seen["KEYBOARD"]) == ("C.UTF-8", "fine")
    assert {"PATH", "HOME"} <= set(seen)
    assert "UNSET" not in seen


def test_its_environment_is_a_list_of_what_it_may_have(site: Site, marks: Path) -> None:
    env = {"SPARK_CONF": "x", "DATABASE_URL": "postgres://fish:s3cret@db", "CUDA_VISIBLE_DEVICES": "0",
           "TF_CPP_MIN_LOG_LEVEL": "3", "TF_TOKEN_app_terraform_io": "s3cret", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    ended = smoke(site, marks, """
import json, os
home = os.environ["HOME"]
seen = {"names": sorted(os.environ), "home": home, "temp": os.environ["TMPDIR"], "there": os.listdir(home)}
open(os.path.join(home, "cache"), "w").close()
json.dump(seen, open(MARK, "w"))
""", env=env)
    assert ended.status == 0
    seen = json.loads((marks / "mark").read_text())
    assert {"CUDA_VISIBLE_DEVICES", "TF_CPP_MIN_LOG_LEVEL", "LC_ALL", "TZ", "PATH"} <= set(seen["names"])
    assert not {"SPARK_CONF", "DATABASE_URL", "TF_TOKEN_app_terraform_io"} & set(seen["names"])
    assert seen["home"] == seen["temp"] != str(site.hook.home)
    assert seen["there"] == []


def test_files_that_it_left_are_removed_and_links_not_followed(site: Site, marks: Path) -> None:
    (marks / "keep").mkdir()
    (marks / "keep/file").touch()
    ended = smoke(site, marks, """
import os, sys
os.symlink(os.path.dirname(MARK) + "/keep", sys.argv[1] + "/link")
os.makedirs(sys.argv[1] + "/deep/er")
open(sys.argv[1] + "/deep/er/file", "w").close()
os.chmod(sys.argv[1] + "/deep", 0)
""")
    assert ended.status == 0
    assert (marks / "keep/file").exists()


@pytest.mark.parametrize(("command", "error"), [
    (["no-such-program", "{model}"], "gate smoke: no-such-program cannot be run in "),
    (["python3", "gone.py", "{model}"], "gate smoke: gone.py is not in "),
])
def test_a_command_that_is_not_there_is_a_configuration_error(
        site: Site, marks: Path, command: list[str], error: str) -> None:
    handoff = site.train(config={"gates": [{"command": command}]})
    ended = site.hook("run", handoff, env={"TMPDIR": str(marks.parent / "temp")})
    assert ended.status == 78
    assert error in ended.errors[0]
    assert site.fake.versions(MODEL) == []
    left_over(marks)


@pytest.mark.parametrize("rule", [
    {"command": []}, {"command": "python3"}, {"command": ["python3", "smoke.py"]}, {"command": ["x", 1]},
    {"command": ["x", "{model}"], "timeout": "soon"}, {"command": ["x", "{model}"], "timeout": "0s"},
    {"command": ["x", "{model}"], "memory": "4Q"}, {"command": ["x", "{model}"], "memory": "0"},
    {"command": ["x", "{model}"], "memory": "-1G"}, {"command": ["x", "{model}"], "memory": "99999999999T"},
    {"command": ["x", "{model}"], "metric": "accuracy"},
])
def test_a_rule_that_cannot_be_is_a_configuration_error(site: Site, rule: dict[str, Any]) -> None:
    ended = site.run(site.train(config={"gates": [rule]}))
    assert ended.status == 78
    assert site.sent == []


def test_a_model_that_the_script_logged_has_no_files_to_try(site: Site) -> None:
    run = site.fake.add_run()
    uri = site.fake.registry.runs[run]["info"]["artifact_uri"].removeprefix("mlflow-artifacts:/")
    site.fake.registry.artifacts[f"{uri}/model/MLmodel"] = b"flavors: {}\n"
    handoff = site.train(run=run, logged_model="model", config={"gates": [{"command": ["true", "{model}"]}]})
    ended = site.run(handoff)
    assert ended.status == 78
    assert "the training script logged them itself" in ended.errors[0]


def test_an_override_passes_it_and_a_second_run_does_not_try_again(site: Site, marks: Path) -> None:
    script = "open(MARK, 'a').write('tried ')\nraise SystemExit(1)\n"
    ended = smoke(site, marks, script, "--override", "known to be slow here")
    assert (ended.status, gate_of(ended)[1]) == (0, "overridden")
    handoff = marks.parent / "job1" / "handoff.json"
    assert site.run(handoff).status == 0
    assert (marks / "mark").read_text() == "tried "


def test_gate_what_if_tries_it_and_writes_nothing(site: Site, marks: Path) -> None:
    ended = smoke(site, marks, "raise SystemExit(1)\n", "--what-if", command="gate")
    assert (ended.status, gate_of(ended)[1]) == (99, "rejected")
    assert site.sent == []
    assert smoke(site, marks, "", "--what-if", command="gate").status == 0


def test_the_command_of_a_package_is_not_run_by_a_replay(
    fake: FakeMlflow, hook: Hook, make_handoff: HandoffMaker, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    gates = [{"name": "smoke", "command": ["cp", "-r", "{model}", str(ran)]}]
    hook.env["MLFLOW_TRACKING_URI"] = fake.url
    handoff = make_handoff(fake.add_run(), config={"gates": gates})
    package = tmp_path / "package.tar.gz"
    assert hook("pack", handoff, "-o", package).status == 0

    ended = hook("replay", package)
    assert ended.status == 78
    assert ended.errors == [
        f"package {package}: settings: gate smoke runs a command, and a package's commands are not run"
    ]
    assert not fake.requests
    assert not ran.exists()

    own = tmp_path / "modelhook.json"
    own.write_text(json.dumps({"gates": gates}))
    assert hook("replay", package).status == 78, "what lies beside a package is not asked"
    assert hook("replay", package, "--config", own).status == 0
    assert ran.exists()
