"""Packages of real SavedModels, unpacked and loaded through mlflow.pyfunc, predict what the live models did."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path

import environment
import pytest

RUN = "0123456789abcdef0123456789abcdef"
WITHOUT_SIGNATURE = {"bfloat16_unknown_rank", "strings_asset"}
NONFINITE = {"nan_weights", "nonfinite_dtypes"}
SHAPES = ["keras_export", "saved_model_save", "multi_io", "shards", "strings_asset", "bfloat16_unknown_rank",
          "scalar_output", "many_dtypes", "many_tensors", *sorted(NONFINITE)]


def pack(modelhook: Path, saved_model: Path, folder: Path, *options: str) -> Path:
    """The package of a SavedModel, in a folder."""
    handoff = {"schema": "modelhook/handoff@1", "run_id": RUN, "model": "fish-classifier-efficientnet-b4",
               "saved_model": str(saved_model), "trained_at": "2026-11-22T20:03:17Z",
               "metrics": {"val_accuracy": 0.9}, "params": {"python_version": "3.11"}}
    folder.mkdir()
    (folder / "handoff.json").write_text(json.dumps(handoff))
    package = folder / "package.tar.gz"
    subprocess.run([modelhook, "pack", folder / "handoff.json", "-o", package, *options], check=True)
    return package


@pytest.fixture(scope="session")
def packages(modelhook: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The package of each shape."""
    models, folder = environment.models(), tmp_path_factory.mktemp("packages")
    return {shape: pack(modelhook, models / shape / "saved_model", folder / shape,
                        *(["--allow-nonfinite"] if shape in NONFINITE else [])) for shape in SHAPES}


@pytest.fixture(scope="session")
def unpacked(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """UNPACKED/SHAPE/model of each shape, by GNU tar, as a person would."""
    folder = tmp_path_factory.mktemp("unpacked")
    for shape, package in packages.items():
        (folder / shape).mkdir()
        unpack = ["tar", "-xzf", package, "-C", folder / shape]
        assert subprocess.run(unpack, stderr=subprocess.PIPE, text=True, check=True).stderr == ""
    return folder


@pytest.fixture(scope="session")
def answers(unpacked: Path) -> dict[str, dict[str, str]]:
    """What came of each form of input of each shape, all in one process, as in a server with many models."""
    script = Path(__file__).parent / "pyfunc_predict.py"
    done = subprocess.run([environment.python("tensorflow"), script, environment.models(), unpacked],
                          stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_form_of_input_answers_as_the_live_model_did(answers: dict[str, dict[str, str]], shape: str) -> None:
    said = dict(answers[shape])
    wrong_name = said.pop("wrong name")
    assert wrong_name.startswith("ValueError: the model's inputs are ['"), wrong_name
    bare = said.pop("bare array", None)
    assert bare is None or bare.startswith("ValueError: the model has the inputs ['"), bare
    assert {"dict", "threads", "params"} <= said.keys()
    assert set(said.values()) == {"equal"}, said


@pytest.mark.parametrize("shape", SHAPES)
def test_the_signature_is_there_unless_it_cannot_be_said(unpacked: Path, shape: str) -> None:
    text = (unpacked / shape / "model/MLmodel").read_text()
    assert ("signature:" in text) == (shape not in WITHOUT_SIGNATURE)


def test_mlflow_reads_the_metadata(unpacked: Path) -> None:
    script = ("import json, sys, yaml\n"
              "from mlflow.models import Model\n"
              "from mlflow.pyfunc import get_model_dependencies\n"
              "folder = sys.argv[1]\n"
              "model = Model.load(folder)\n"
              "print(json.dumps([model.run_id, model.model_uuid, str(model.utc_time_created),\n"
              "    model.signature.inputs.input_names(), model.flavors['python_function']['python_version'],\n"
              "    open(get_model_dependencies(folder)).read().split(),\n"
              "    yaml.safe_load(open(folder + '/conda.yaml'))['dependencies'],\n"
              "    yaml.safe_load(open(folder + '/python_env.yaml'))['python']]))\n")
    done = subprocess.run([environment.python("tensorflow"), "-c", script, unpacked / "keras_export/model"],
                          stdout=subprocess.PIPE, text=True, check=True)
    run_id, uuid, created, names, python, requirements, conda, env_python = json.loads(done.stdout)
    assert run_id == RUN
    assert len(uuid) == 32 and int(uuid, 16) > 0
    assert created == "2026-11-22 20:03:17.000000"
    assert names == ["image"]
    assert python == env_python == "3.11"
    assert requirements == ["mlflow", "tensorflow==2.21.0"]
    assert conda == ["python=3.11", "pip", {"pip": ["mlflow", "tensorflow==2.21.0"]}]


def test_the_same_model_from_another_folder_gives_the_same_bytes(
        modelhook: Path, packages: dict[str, Path], tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    subprocess.run(["cp", "-r", environment.models() / "multi_io/saved_model", copy], check=True)
    again = pack(modelhook, copy, tmp_path / "again")
    assert again.read_bytes() == packages["multi_io"].read_bytes()


def test_python_reads_the_archive_as_gnu_tar_does(packages: dict[str, Path]) -> None:
    for package in packages.values():
        with tarfile.open(package) as tar:
            members = tar.getmembers()
            assert members[0].name == "manifest.json"
            listed = json.load(tar.extractfile(members[0]))["files"]
        assert [member.name for member in members[1:-1]] == [f"model/{file['path']}" for file in listed]
        assert members[-1].name == "settings.json"
        assert {(m.mode, m.uid, m.gid, m.mtime, m.type, m.uname) for m in members} == {
            (0o644, 0, 0, 0, tarfile.REGTYPE, "")}
