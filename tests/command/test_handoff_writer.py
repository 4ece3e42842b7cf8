"""dataproc/modelhook/handoff.py: what it writes, what it refuses, and that a crash leaves no half file."""

from __future__ import annotations

import ast
import datetime
import decimal
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "dataproc"))

from modelhook import handoff  # noqa: E402

RUN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def saved_model(tmp_path: Path) -> Path:
    """Files that look like a SavedModel to someone who reads only their names."""
    folder = tmp_path / "out" / "saved_model"
    (folder / "variables").mkdir(parents=True)
    (folder / "assets").mkdir()
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "variables.index").write_bytes(b"index")
    return folder


def write(beside: Path, **changes: Any) -> dict[str, Any]:
    """Writes a handoff beside the SavedModel and reads it back."""
    keys: dict[str, Any] = {"run_id": RUN, "model": "fish", "saved_model": beside, "metrics": {"val_accuracy": 0.5}}
    keys.update(changes)
    path = handoff.write_handoff(beside.parent / "handoff.json", **keys)
    return json.loads(Path(path).read_text(encoding="utf-8"))


def test_every_key_is_written_as_the_contract_has_it(saved_model: Path) -> None:
    written = write(
        saved_model,
        metrics={"train_accuracy": np.float32(0.5), "val_accuracy": 1, "loss": decimal.Decimal("0.25")},
        samples={"train": np.int64(320), "validation": 80},
        params={"epochs": 12, "optimizer": "adam"},
        tags={"architecture": "Маленькая CNN"},
        trained_at="2026-11-22T20:03:17+03:00",
        description="a fish",
        requirements=["tensorflow==2.21.0"],
        artifact_path="fish/model",
    )
    assert written == {
        "schema": "modelhook/handoff@1",
        "run_id": RUN,
        "model": "fish",
        "saved_model": "saved_model",
        "artifact_path": "fish/model",
        "trained_at": "2026-11-22T20:03:17+03:00",
        "metrics": {"train_accuracy": 0.5, "val_accuracy": 1.0, "loss": 0.25},
        "samples": {"train": 320, "validation": 80},
        "params": {"epochs": "12", "optimizer": "adam"},
        "tags": {"architecture": "Маленькая CNN"},
        "description": "a fish",
        "requirements": ["tensorflow==2.21.0"],
        "files": {
            "saved_model.pb": hashlib.sha256(b"graph").hexdigest(),
            "variables/variables.index": hashlib.sha256(b"index").hexdigest(),
        },
    }


def test_a_saved_model_elsewhere_is_named_by_its_absolute_path(saved_model: Path, tmp_path: Path) -> None:
    path = handoff.write_handoff(tmp_path / "handoff.json", run_id=RUN, model="fish", saved_model=saved_model)
    assert json.loads(Path(path).read_text())["saved_model"] == "out/saved_model"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path = handoff.write_handoff(elsewhere / "handoff.json", run_id=RUN, model="fish", saved_model=saved_model)
    assert json.loads(Path(path).read_text())["saved_model"] == str(saved_model)


def test_a_logged_model_has_no_files(saved_model: Path) -> None:
    written = write(saved_model, saved_model=None, logged_model="model")
    assert written["logged_model"] == "model"
    assert "saved_model" not in written and "files" not in written


def test_files_can_be_left_out(saved_model: Path) -> None:
    assert "files" not in write(saved_model, files=False)


def test_times_are_written_in_utc_and_now_is_the_default(saved_model: Path) -> None:
    zone = datetime.timezone(datetime.timedelta(hours=3))
    when = datetime.datetime(2026, 11, 22, 23, 3, 17, 250000, tzinfo=zone)
    assert write(saved_model, trained_at=when)["trained_at"] == "2026-11-22T20:03:17.250Z"
    now = datetime.datetime.fromisoformat(write(saved_model)["trained_at"])
    assert abs((datetime.datetime.now(datetime.UTC) - now).total_seconds()) < 60


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metrics": {"val_accuracy": float("nan")}}, "metrics.val_accuracy: nan"),
        ({"metrics": {"loss": np.float32("inf")}}, "metrics.loss: inf"),
        ({"metrics": {"loss": "0.5"}}, "metrics.loss: a number is needed, this is '0.5'"),
        ({"metrics": {"good": True}}, "metrics.good: a number is needed, this is True"),
        ({"metrics": {"": 1}}, "metrics: the name ''"),
        ({"metrics": {"a\nb": 1}}, "metrics: the name 'a\\nb': has a control character"),
        ({"samples": {"train": 1.5}}, "samples.train: a count is needed, this is 1.5"),
        ({"samples": {"train": -1}}, "samples.train: a count is needed, this is -1"),
        ({"run_id": "not-a-run"}, "run_id: 32 lower-case hex digits are needed, this is 'not-a-run'"),
        ({"run_id": RUN.upper()}, "run_id: 32 lower-case hex digits"),
        ({"model": "a/b"}, 'model: has a "/" or ":"'),
        ({"model": ""}, "model: text is needed, this is ''"),
        ({"trained_at": "2026-11-22 20:03"}, "trained_at: not a time with a zone"),
        ({"trained_at": datetime.datetime(2026, 11, 22)}, "trained_at: 2026-11-22 00:00:00 has no zone"),
        ({"saved_model": "/nowhere"}, "saved_model: /nowhere has no saved_model.pb"),
        ({"saved_model": 3}, "saved_model: a path is needed, this is int"),
        ({"saved_model": None}, "saved_model: exactly one of saved_model and logged_model"),
        ({"logged_model": "model"}, "saved_model: exactly one of saved_model and logged_model"),
        ({"tags": {"modelhook.digest": "x"}}, 'tags.modelhook.digest: names that begin with "modelhook."'),
        ({"tags": {"a": None}}, "tags.a: text is needed, this is NoneType"),
        ({"tags": ["a"]}, "tags: a dictionary is needed, this is list"),
        ({"samples": {"val": 2}}, "samples.val: no gate and no description reads it; the name is validation"),
        ({"samples": {"training": 2}}, "samples.training: no gate and no description reads it; the name is train"),
        ({"artifact_path": "../x"}, "artifact_path: a plain relative path is needed, this is '../x'"),
        ({"files": "no"}, "files: True or False is needed, this is 'no'"),
        ({"params": {"bad": "\ud800"}}, "params.bad: cannot be written as UTF-8"),
        ({"description": "x" * 5001}, "description: longer than 5000 characters"),
        ({"requirements": "tensorflow"}, "requirements: a list of pip requirements"),
        ({"requirements": []}, "requirements: a list of pip requirements"),
        ({"saved_model": None, "logged_model": "model", "requirements": ["a"]}, "requirements: only for a saved_model"),
    ],
)
def test_what_the_hook_would_refuse_is_refused_by_name(saved_model: Path, changes: Any, message: str) -> None:
    with pytest.raises(handoff.HandoffError) as refused:
        write(saved_model, **changes)
    assert str(refused.value).startswith(message)
    assert os.listdir(saved_model.parent) == ["saved_model"]


def test_a_link_in_the_saved_model_is_refused(saved_model: Path) -> None:
    (saved_model / "assets" / "words.txt").symlink_to("/etc/hostname")
    with pytest.raises(handoff.HandoffError, match=r"words\.txt is neither a file nor a folder"):
        write(saved_model)


def test_links_inside_of_the_saved_model_are_followed(saved_model: Path) -> None:
    """Each file once, as modelhook takes them: by the name that TensorFlow reads it by."""
    plain = write(saved_model)["files"]
    (saved_model / "variables").rename(saved_model / "weights")
    (saved_model / "variables").symlink_to(saved_model / "weights")
    assert write(saved_model)["files"] == plain
    (saved_model / "weights/self").symlink_to("..")
    with pytest.raises(handoff.HandoffError, match="self leads back to a folder that it is in"):
        write(saved_model)


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_disk_that_fails_leaves_the_old_handoff(
    saved_model: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    before = write(saved_model)

    def fail(*_arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(OSError, match="No space left"):
        write(saved_model, model="other")
    monkeypatch.undo()
    assert json.loads((saved_model.parent / "handoff.json").read_text()) == before
    assert sorted(os.listdir(saved_model.parent)) == ["handoff.json", "saved_model"]


def test_the_file_is_as_readable_as_the_umask_says(saved_model: Path) -> None:
    before = os.umask(0o027)
    try:
        write(saved_model)
    finally:
        os.umask(before)
    assert (saved_model.parent / "handoff.json").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("module", ["errors", "handoff"])
def test_the_module_is_python_3_8_as_the_clusters_have_it(module: str) -> None:
    source = (ROOT / "dataproc" / "modelhook" / f"{module}.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
    assert imported <= sys.stdlib_module_names


class ModelInfo:
    """What log_model returns."""

    def __init__(self, model_uri: str) -> None:
        self.model_uri = model_uri


@pytest.mark.parametrize(("given", "written"), [
    ("model", "model"),
    (f"runs:/{RUN}/a/model", "a/model"),
    (ModelInfo(f"runs:/{RUN}/model"), "model"),
    ("models:/m-" + "a" * 32, "models:/m-" + "a" * 32),
    (ModelInfo("models:/m-" + "a" * 32), "models:/m-" + "a" * 32),
])
def test_a_logged_model_goes_by_whatever_mlflow_gives(saved_model: Path, given: Any, written: str) -> None:
    assert write(saved_model, saved_model=None, logged_model=given)["logged_model"] == written


@pytest.mark.parametrize(("given", "message"), [
    (f"runs:/{'f' * 32}/model", f"logged_model: is of the run {'f' * 32}, not of run_id {RUN}"),
    ("models:/fish/3", "logged_model: models:/fish/3 is not a logged model: models:/m-ID is needed"),
    ("/model", "logged_model: a plain relative path is needed, this is '/model'"),
    (f"runs:/{RUN}", "logged_model: text is needed, this is ''"),
    (3, "logged_model: an artifact path, a URI or MLflow's ModelInfo is needed, this is int"),
])
def test_a_logged_model_of_something_else_is_refused(saved_model: Path, given: Any, message: str) -> None:
    with pytest.raises(handoff.HandoffError) as refused:
        write(saved_model, saved_model=None, logged_model=given)
    assert str(refused.value) == message


def test_params_are_written_as_mlflow_logs_them(saved_model: Path) -> None:
    params = {"layers": [1, 2], "bias": True, "seed": None, "rate": 0.5}
    assert write(saved_model, params=params)["params"] == {name: str(value) for name, value in params.items()}


def test_a_handoff_may_be_a_dataclass(saved_model: Path) -> None:
    content = handoff.Handoff(RUN, "fish", saved_model=saved_model, metrics={"a": 1}, trained_at="2026-11-22T20:03:17Z")
    path = saved_model.parent / "handoff.json"
    handoff.write_handoff(path, content)
    assert json.loads(path.read_text()) == write(saved_model, metrics={"a": 1}, trained_at="2026-11-22T20:03:17Z")
    with pytest.raises(TypeError, match="takes a Handoff or keywords, not both"):
        handoff.write_handoff(path, content, model="fish")
    with pytest.raises(TypeError, match="modell"):
        handoff.write_handoff(path, run_id=RUN, modell="fish")


def test_a_wrong_value_is_refused_where_it_is_set(saved_model: Path) -> None:
    content = handoff.Handoff(RUN, "fish")
    with pytest.raises(handoff.HandoffError, match=r"^samples\.val: "):
        content.samples = {"val": 2}
    with pytest.raises(AttributeError, match="metric is not a key of a handoff; did you mean metrics"):
        content.metric = {"a": 1}
    assert (content.samples, hasattr(content, "metric")) == (None, False)


class History:
    """What fit returns."""

    def __init__(self, **epochs: list[float]) -> None:
        self.history = epochs


def test_a_keras_history_gives_its_last_epoch(saved_model: Path) -> None:
    history = History(accuracy=[0.1, np.float32(0.5)], loss=[3.0, 2.0], val_accuracy=[0.2, 0.25], val_loss=[4, 3],
                      top_k=[0.5, 0.75], learning_rate=[0.004, np.float32(0.0)])
    assert write(saved_model, metrics=history)["metrics"] == {
        "train_accuracy": 0.5, "train_loss": 2.0, "val_accuracy": 0.25, "val_loss": 3.0, "train_top_k": 0.75,
        "learning_rate": 0.0}


@pytest.mark.parametrize("name", ["acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy"])
def test_every_accuracy_of_keras_is_accuracy(saved_model: Path, name: str) -> None:
    written = write(saved_model, metrics=History(**{name: [0.5], f"val_{name}": [0.25]}))
    assert written["metrics"] == {"train_accuracy": 0.5, "val_accuracy": 0.25}


@pytest.mark.parametrize(("metrics", "message"), [
    (History(acc=[1], accuracy=[0]), "metrics.train_accuracy: the history has more than one; give a dictionary"),
    (History(loss=[]), "metrics.loss: no epoch has measured it"),
    (History(loss=[float("nan")]), "metrics.train_loss: nan"),
    ([0.5], "metrics: a dictionary or a Keras History is needed, this is list"),
])
def test_a_history_that_says_nothing_is_refused(saved_model: Path, metrics: Any, message: str) -> None:
    with pytest.raises(handoff.HandoffError) as refused:
        write(saved_model, metrics=metrics)
    assert str(refused.value).startswith(message)
