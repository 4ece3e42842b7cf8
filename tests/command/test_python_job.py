"""dataproc/modelhook: the block that checks, trains, hands over and promotes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import environment
import pytest
import tiny_model
from promoting import MODEL, Site

sys.path.insert(0, str(environment.ROOT / "dataproc"))

import modelhook as api

ONCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
PASSES = {"gates": [{"metric": "val_accuracy", "at_least": 0.5}]}


class Trainer:
    """A training script: its directory, its run, and the block around its training."""

    def __init__(self, site: Site, program: Path, folder: Path) -> None:
        self.site = site
        self.program = program
        self.folder = folder
        self.run = site.fake.add_run()
        self.trained: list[str] = []
        folder.mkdir()
        self.configure(PASSES)

    def configure(self, settings: dict[str, Any]) -> None:
        """The settings beside the handoff."""
        (self.folder / "modelhook.json").write_text(json.dumps(settings))

    def promoting(self, model: str = MODEL, **more: Any) -> Any:
        """modelhook.promoting with what every test wants alike."""
        keys = {"run_id": self.run, "handoff": self.folder / "handoff.json", "binary": self.program, "env": ONCE}
        return api.promoting(model, **{**keys, **more})

    def train(self, job: api.Job) -> None:
        """What stands in the block."""
        self.trained.append("for hours")
        job.saved_model = tiny_model.write(self.folder / "saved_model")
        job.metrics = {"val_accuracy": 0.9}

    @property
    def package(self) -> Path:
        """The package that waits beside the handoff."""
        (package,) = (self.folder / ".modelhook").glob("*.tar.gz")
        return package


@pytest.fixture
def trainer(site: Site, modelhook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trainer:
    """A script whose process has the environment of the hook, and nothing else of this machine's."""
    for name in set(os.environ) - set(site.hook.environment()):
        monkeypatch.delenv(name)
    for name, value in site.hook.environment().items():
        monkeypatch.setenv(name, value)
    return Trainer(site, modelhook, tmp_path / "script")


def test_a_block_promotes_what_it_has_trained(trainer: Trainer, capfd: pytest.CaptureFixture[str]) -> None:
    with trainer.promoting(tags={"team": "fish"}) as job:
        trainer.train(job)
    assert (job.result.exit, job.result.version, job.result.model, job.result.created) == (0, "1", MODEL, True)
    assert json.loads((trainer.folder / "handoff.json").read_text())["tags"] == {"team": "fish"}
    assert len(trainer.site.fake.in_stage(MODEL)) == 1
    out, said = capfd.readouterr()
    assert (out, [line for line in said.splitlines() if not line.startswith("modelhook: ")]) == ("", [])
    assert said.splitlines()[-1] == f"modelhook: promoted {MODEL} version 1: {job.result.url}"


def test_a_block_that_fails_promotes_nothing(trainer: Trainer) -> None:
    with pytest.raises(ZeroDivisionError), trainer.promoting() as job:
        job.metrics = {"val_accuracy": 1 / 0}
    assert (trainer.site.sent, (trainer.folder / "handoff.json").exists()) == ([], False)
    with pytest.raises(api.ModelhookError, match="nothing was promoted yet"):
        print(job.result)


def test_a_held_model_raises_nothing(trainer: Trainer) -> None:
    trainer.configure({"gates": [{"metric": "val_accuracy", "at_least": 0.99}]})
    with trainer.promoting() as job:
        trainer.train(job)
    assert (job.result.exit, job.result.ok) == (api.Status.HELD, True)


def test_a_failure_raises_with_the_result_unless_it_is_asked_for(trainer: Trainer) -> None:
    trainer.site.fake.fail("model-versions/create", status=503, times=None)
    with pytest.raises(api.RetryableError, match=r"^later \(75\): ") as raised, trainer.promoting() as job:
        trainer.train(job)
    assert raised.value.result is job.result
    assert raised.value.result.package == str(trainer.package)
    with trainer.promoting(check=False, run_id=trainer.site.fake.add_run()) as job:
        trainer.train(job)
    assert (job.result.exit, job.result.ok) == (api.Status.LATER, False)


SCRIPT = """
import sys
sys.path[:0] = [{dataproc!r}, {models!r}]
import pathlib
import modelhook, tiny_model
try:
    with modelhook.promoting({model!r}, run_id={run!r}, binary={program!r}, options={options!r}) as job:
        job.saved_model = tiny_model.write(pathlib.Path("saved_model"))
        job.metrics = {{"val_accuracy": {accuracy}}}
except modelhook.ModelhookError as error:
    {caught}
"""


def script(trainer: Trainer, caught: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """A script of its own, which does that with an error."""
    values = {"dataproc": str(environment.ROOT / "dataproc"), "models": str(environment.ROOT / "tests/models"),
              "model": MODEL, "run": trainer.run, "program": str(trainer.program), "options": [], "accuracy": "0.9"}
    text = SCRIPT.format(**{**values, **more}, caught=caught)
    return subprocess.run([sys.executable, "-c", text], cwd=trainer.folder, env={**os.environ, **ONCE}, text=True,
                          capture_output=True)


def test_an_uncaught_failure_fails_the_job(trainer: Trainer) -> None:
    trainer.site.fake.fail("model-versions/create", status=503, times=None)
    ended = script(trainer, "raise")
    assert ended.returncode == 1
    assert "modelhook.errors.RetryableError: later (75): " in ended.stderr


@pytest.mark.parametrize(("more", "status", "said"), [
    ({}, 75, "no create of a version was answered"),
    ({"options": ["--polcy", "none"]}, 64, "--polcy: no such option"),
    ({"program": "/nowhere"}, 66, "modelhook was not found; looked at /nowhere"),
    ({"accuracy": 'float("nan")'}, 65, "metrics.val_accuracy: nan"),
])
def test_exit_with_ends_a_script_with_the_status_of_the_error(trainer: Trainer, more: dict[str, Any], status: int,
                                                              said: str) -> None:
    trainer.site.fake.fail("model-versions/create", status=503, times=None)
    ended = script(trainer, "modelhook.exit_with(error)", **more)
    assert (ended.returncode, "Traceback" in ended.stderr) == (status, False)
    told = [line for line in ended.stderr.splitlines() if said in line]
    assert len(told) == 1
    assert told[0].startswith("modelhook: ")


def test_an_error_never_ends_a_script_with_0() -> None:
    for error, status in ((api.ModelhookError("no JSON", api.Result(exit=0)), 64), (api.SecretError("away"), 75)):
        with pytest.raises(SystemExit) as left:
            api.exit_with(error)
        assert left.value.code == status


@pytest.mark.parametrize("key", ["savedmodel", "metric", "results"])
def test_a_misspelled_attribute_is_an_error_where_it_is_written(trainer: Trainer, key: str) -> None:
    with pytest.raises(AttributeError, match=f"{key} is not a key of a handoff"), trainer.promoting() as job:
        setattr(job, key, "x")


@pytest.mark.parametrize(("place", "says"), [
    ("nowhere/handoff.json", "there is no directory"), ("folder", "is a directory, not the file to write")])
def test_a_handoff_that_cannot_be_written_is_an_error_before_the_training(
    trainer: Trainer, place: str, says: str
) -> None:
    (trainer.folder / "folder").mkdir()
    with pytest.raises(api.HandoffError, match=says), trainer.promoting(handoff=trainer.folder / place) as job:
        trainer.train(job)
    assert trainer.trained == []


@pytest.mark.parametrize("options", [
    ["--trained-at", "2026-11-20T00:00:00Z"], ["--trained-at=2026-11-20T00:00:00Z", "--deadline", "5m"]])
def test_an_option_that_the_check_does_not_take_is_kept_for_the_run(trainer: Trainer, options: list[str]) -> None:
    with trainer.promoting(options=options) as job:
        trainer.train(job)
    assert (job.result.outcome, job.result.trained_at) == ("promoted", "2026-11-20T00:00:00Z")


def test_a_wrong_value_is_an_error_where_it_is_written(trainer: Trainer) -> None:
    with pytest.raises(api.HandoffError, match=r"^samples\.val: "), trainer.promoting(samples={"val": 2}):
        trainer.trained.append("for hours")
    with pytest.raises(api.HandoffError, match=r"^metrics\.loss: nan"), trainer.promoting() as job:
        job.metrics = {"loss": float("nan")}
    with pytest.raises(TypeError, match="tag"), trainer.promoting(tag={}):
        trainer.trained.append("for hours")
    assert trainer.trained == []


@pytest.mark.parametrize(("more", "error", "said"), [
    ({"binary": "/nowhere"}, api.BinaryNotFoundError, "looked at /nowhere"),
    ({"model": "fish/1"}, api.HandoffError, "^model: "),
    ({"run_id": "run 1"}, api.HandoffError, "^run_id: "),
    ({"run_id": "f" * 32}, api.CommandError, r"^refused \(69\): .*run f{32}: not found"),
    ({"options": ["--polcy", "none"]}, api.CommandError, r"^usage \(64\): --polcy: no such option"),
    ({"options": ["--policy", "nowhere"]}, api.CommandError, r"^usage \(64\): --policy: nowhere is not prod"),
    ({"env": {"MLFLOW_TRACKING_URI": ""}}, api.CommandError, r"^configuration \(78\): .*no MLflow server is set"),
    ({"env": {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"}}, api.RetryableError, r"^later \(75\): .*MLflow at "),
])
def test_what_would_fail_after_the_training_fails_before_it(trainer: Trainer, more: dict[str, Any],
                                                            error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said), trainer.promoting(**more):
        trainer.trained.append("for hours")
    assert (trainer.trained, trainer.site.sent, list((trainer.folder).iterdir())) == (
        [], [], [trainer.folder / "modelhook.json"])


def test_options_of_a_plan_are_taken_before_the_training_too(trainer: Trainer) -> None:
    with trainer.promoting(options=["--plan", "--json"]) as job:
        trainer.train(job)
    assert (job.result.exit, trainer.site.sent) == (0, [])


def test_without_the_check_a_package_is_kept_where_no_server_is_set(trainer: Trainer) -> None:
    with pytest.raises(api.CommandError, match="no MLflow server is set"), \
            trainer.promoting(preflight=False, env={"MLFLOW_TRACKING_URI": ""}) as job:
        trainer.train(job)
    assert job.result.package == str(trainer.package)


def test_packages_that_wait_are_named_and_finished_when_asked(trainer: Trainer,
                                                              capfd: pytest.CaptureFixture[str]) -> None:
    trainer.site.fake.fail("model-versions/create", status=503, times=None)
    with trainer.promoting(check=False) as job:
        trainer.train(job)
    waiting = trainer.package
    trainer.site.forget()
    capfd.readouterr()
    with pytest.raises(SystemExit), trainer.promoting():
        assert f"warning: spool: 1 package waits in {waiting.parent}: {waiting.name}" in capfd.readouterr().err
        assert waiting.exists()
        sys.exit()
    with pytest.raises(SystemExit), trainer.promoting(replay=True):
        assert not waiting.exists()
        assert trainer.site.production == [1]
        sys.exit()


def test_a_block_left_by_sys_exit_says_that_nothing_was_promoted(trainer: Trainer,
                                                                capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), trainer.promoting() as job:
        trainer.train(job)
        sys.exit()
    assert "modelhook: warning: nothing was promoted: the block was left by sys.exit(None)\n" in capfd.readouterr().err
    assert trainer.site.sent == []


def test_a_block_without_a_model_is_an_error_that_says_so(trainer: Trainer) -> None:
    with pytest.raises(api.HandoffError, match="set neither saved_model nor logged_model: nothing was promoted"), \
            trainer.promoting() as job:
        job.metrics = {"val_accuracy": 0.9}
    assert trainer.site.sent == []


def test_no_gate_is_a_warning_before_and_after_the_training(trainer: Trainer,
                                                            capfd: pytest.CaptureFixture[str]) -> None:
    trainer.configure({})
    with trainer.promoting() as job:
        assert "modelhook: warning: gates: no gate is configured: every model passes" in capfd.readouterr().err
        trainer.train(job)
    assert "modelhook: warning: no gate is configured: every model passes" in capfd.readouterr().err


def test_a_stop_while_promoting_ends_a_loop_over_models(trainer: Trainer) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the tests were started with
    promoted = []
    trainer.site.fake.fail("model-versions/create", times=None, delay=60,
                           before=lambda: os.kill(os.getpid(), signal.SIGINT))
    jobs = []
    try:
        with pytest.raises(KeyboardInterrupt):
            for model in ("first", "second"):
                promoted.append(model)
                with trainer.promoting(model, grace=60) as job:
                    jobs.append(job)
                    trainer.train(job)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (promoted, jobs[0].result.exit) == (["first"], api.Status.INTERRUPTED)


# ---- MLflow's runs


class Runs(types.ModuleType):
    """mlflow's active runs, as mlflow.tracking.fluent keeps them."""

    def __init__(self) -> None:
        super().__init__("mlflow")
        self.stack: list[Any] = []
        self.ended: list[tuple[str, str]] = []

    def start_run(self, run_id: str) -> Any:
        """The run, which is a block."""
        runs = self

        class Run:
            info = types.SimpleNamespace(run_id=run_id)

            def __enter__(self) -> Any:
                return self

            def __exit__(self, kind: Any, *_: object) -> None:
                if any(run.info.run_id == run_id for run in runs.stack):
                    runs.end_run("FINISHED" if kind is None else "FAILED")

        self.stack.append(Run())
        return self.stack[-1]

    def active_run(self) -> Any:
        """The innermost one."""
        return self.stack[-1] if self.stack else None

    def end_run(self, status: str = "FINISHED") -> None:
        """Ends that."""
        self.ended.append((self.stack.pop().info.run_id, status))


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    module = Runs()
    monkeypatch.setitem(sys.modules, "mlflow", module)
    yield module


@pytest.mark.parametrize(("status", "ends"), [(0, "FINISHED"), (99, "FINISHED"), (75, "FAILED"), (65, "FAILED")])
def test_exit_with_inside_of_a_run_ends_it_as_the_promotion_ended(runs: Runs, status: int, ends: str) -> None:
    with pytest.raises(SystemExit) as left, runs.start_run("outer"), runs.start_run("inner"):
        api.exit_with(api.Result(exit=status))
    assert left.value.code == (0 if ends == "FINISHED" else status)
    assert runs.ended == [("inner", ends), ("outer", ends)]


def test_a_run_that_mlflow_cannot_end_does_not_change_the_status(runs: Runs, monkeypatch: pytest.MonkeyPatch,
                                                                capfd: pytest.CaptureFixture[str]) -> None:
    def away(_status: str) -> None:
        raise ConnectionError("no answer")

    runs.start_run("run")
    monkeypatch.setattr(runs, "end_run", away)
    with pytest.raises(SystemExit) as left:
        api.exit_with(api.Result(exit=0))
    assert left.value.code == 0
    assert capfd.readouterr().err == "modelhook: warning: MLflow could not end the run: no answer\n"


def test_the_active_run_is_the_one_that_is_promoted(trainer: Trainer, runs: Runs) -> None:
    with pytest.raises(api.HandoffError, match=r"^run_id: none was given, and no MLflow run is active"), \
            trainer.promoting(run_id=None):
        trainer.trained.append("for hours")
    with runs.start_run(trainer.run), trainer.promoting(run_id=None) as job:
        trainer.train(job)
    assert (job.run_id, job.result.run_id, runs.ended) == (trainer.run, trainer.run, [(trainer.run, "FINISHED")])
