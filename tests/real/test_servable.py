"""A SavedModel is promoted if and only if TensorFlow loads it and answers, and then the package answers the same.

TensorFlow is the oracle: its verdict on each model is asked for, not written here. Only the words of a refusal are.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
from pathlib import Path
from typing import Any

import environment
import pytest

FIELD = environment.ROOT / "tests/data/field"
HERE = Path(__file__).parent
UNACCEPTABLE = 65

# what a refusal must say
REASONS = {
    "custom-op": "op SimpleMLInferenceOpWithHandle is not one of TensorFlow 2.21",
    "custom_op": "op FishMul is not one of TensorFlow 2.21",
    "custom_op_in_other_signature": "op FishInverse is not one of TensorFlow 2.21",
    "indexed_slices_output": "output y is neither an array nor sparse nor ragged",
    "no_default": "there is no signature serving_default",
    "numpy_function_deep": "op PyFuncStateless calls a Python function",
    "py-function": "op EagerPyFunc calls a Python function",
    "py_function": "op EagerPyFunc calls a Python function",
    "tags_none": "no graph has the tag `serve`",
    "train_only": "no graph has the tag `serve`",
    "unfed_placeholder": "keep_prob: a placeholder that an output of serving_default needs",
    "variant_output": "output y is a variant, which is no array",
}
# what is said of a model that is promoted
NOTES = {
    "extra-tag-only": "the graph has the tags serve,tpu",
    "tags_gpu": "the graph has the tags gpu,serve",
    "py_function_elsewhere": "the signature serving_default does not need it",
    "custom_op_elsewhere": "in a function that no node of the graph calls",
    "same-tensor-twice": "is the tensor of another input",
    "sparse-output": "is sparse: predict gives it as a dense array",
    "ragged-output": "is ragged: predict gives an array of its rows",
    "session_sparse_input": "is sparse: its parts are inputs of their own",
    "no_inputs": "predict takes an empty dict",
}
# TensorFlow's object-based loader does not load these, so that mlflow.tensorflow does not either
BY_SESSION = {"broken_objects", "custom_op_elsewhere", "same-tensor-twice", "same_tensor_twice"}


def python(*arguments: str | Path) -> str:
    """What a script prints in the environment with TensorFlow and MLflow."""
    done = subprocess.run([environment.python("tensorflow"), *map(str, arguments)],
                          stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="session")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """KIND/saved_model.pb: those that are made, and those from the field that this test is about."""
    folder = tmp_path_factory.mktemp("kinds")
    python(environment.ROOT / "tests/models/make_servable.py", folder)
    for name in (*REASONS, *NOTES):
        if (FIELD / name).exists():
            shutil.copytree(FIELD / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def oracle(kinds: Path) -> dict[str, Any]:
    """What TensorFlow makes of each."""
    out = kinds.parent / "answers.pickle"
    python(HERE / "tensorflow_answers.py", kinds, out)
    return pickle.loads(out.read_bytes())


def pack(modelhook: Path, saved_model: Path, package: Path, *requirements: str) -> subprocess.CompletedProcess[str]:
    """`pack`, which inspects as `run` does."""
    handoff = {"schema": "modelhook/handoff@1", "run_id": "0123456789abcdef0123456789abcdef", "model": "fish",
               "saved_model": str(saved_model), "trained_at": "2026-11-22T20:03:17Z"}
    if requirements:
        handoff["requirements"] = list(requirements)
    path = package.with_suffix(".json")
    path.write_text(json.dumps(handoff))
    return subprocess.run([modelhook, "pack", path, "-o", package], capture_output=True, text=True, check=False)


def unpack(package: Path, folder: Path) -> None:
    """As a person does it."""
    folder.mkdir(parents=True)
    subprocess.run(["tar", "-xzf", package, "-C", folder], check=True)


@pytest.fixture(scope="session")
def packed(modelhook: Path, kinds: Path) -> dict[str, subprocess.CompletedProcess[str]]:
    """`pack` of each."""
    folder = kinds.parent / "packages"
    folder.mkdir(exist_ok=True)
    return {path.name: pack(modelhook, path, folder / f"{path.name}.tar.gz") for path in sorted(kinds.iterdir())}


@pytest.fixture(scope="session")
def unpacked(kinds: Path, packed: dict[str, subprocess.CompletedProcess[str]]) -> Path:
    """UNPACKED/KIND/model of each that was packed."""
    folder = kinds.parent / "unpacked"
    for name, done in packed.items():
        if done.returncode == 0:
            unpack(kinds.parent / f"packages/{name}.tar.gz", folder / name)
    return folder


def test_what_tensorflow_answers_is_accepted_and_nothing_else(
        oracle: dict[str, Any], packed: dict[str, subprocess.CompletedProcess[str]]) -> None:
    answered = {name: said["outputs"] is not None for name, said in oracle.items()}
    accepted = {name: done.returncode == 0 for name, done in packed.items()}
    assert accepted == answered, {name: (oracle[name]["error"], packed[name].stderr)
                                  for name in answered if accepted[name] != answered[name]}
    assert {name for name, done in packed.items() if done.returncode != 0} == set(REASONS)
    assert {packed[name].returncode for name in REASONS} == {UNACCEPTABLE}


def test_a_refusal_gives_the_true_reason(packed: dict[str, subprocess.CompletedProcess[str]]) -> None:
    for name, reason in REASONS.items():
        assert reason in packed[name].stderr, (name, packed[name].stderr)


def test_inspect_says_the_same_as_pack(
        modelhook: Path, kinds: Path, packed: dict[str, subprocess.CompletedProcess[str]]) -> None:
    for name, done in packed.items():
        command = [modelhook, "inspect", "--json", kinds / name]
        seen = subprocess.run(command, capture_output=True, text=True, check=False)
        report = json.loads(seen.stdout.splitlines()[0])
        assert (seen.returncode, report["acceptable"]) == (done.returncode, done.returncode == 0), name
        if name in NOTES:
            assert any(NOTES[name] in finding["text"] for finding in report["findings"]), report["findings"]


def test_the_package_answers_as_tensorflow_does(oracle: dict[str, Any], kinds: Path, unpacked: Path) -> None:
    said = json.loads(python(HERE / "pyfunc_answers.py", kinds.parent / "answers.pickle", unpacked))
    assert sorted(said) == sorted(name for name, answer in oracle.items() if answer["outputs"] is not None)
    assert set(said.values()) == {"equal"}, {name: text for name, text in said.items() if text != "equal"}


def test_the_flavor_without_code_loads_wherever_objects_do(oracle: dict[str, Any], unpacked: Path) -> None:
    script = ("import json, sys, pathlib, mlflow.tensorflow, mlflow\n"
              "said = {}\n"
              "for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
              "    try:\n"
              "        function = mlflow.tensorflow.load_model(str(folder / 'model'))\n"
              "        said[folder.name] = sorted(function.structured_outputs)\n"
              "    except Exception as error:\n"
              "        said[folder.name] = type(error).__name__\n"
              "print(json.dumps(said))\n")
    said = json.loads(python("-c", script, unpacked))
    assert {name for name, outputs in said.items() if isinstance(outputs, str)} == BY_SESSION
    assert {name for name, answer in oracle.items() if answer.get("by") == "by_session"} == BY_SESSION
    for name, outputs in said.items():
        assert name in BY_SESSION or outputs == sorted(oracle[name]["outputs"])


def test_a_consumer_that_runs_no_code_from_models_loads_the_flavor(oracle: dict[str, Any], unpacked: Path) -> None:
    script = ("import sys\n"
              "sys.path.append(sys.argv[1])\n"
              "import mlflow.pyfunc, mlflow.tensorflow, numpy, pickle, tensorflow\n"
              "said = pickle.load(open(sys.argv[3], 'rb'))\n"
              "assert mlflow.__version__ == '3.18.0'\n"
              "try:\n"
              "    mlflow.pyfunc.load_model(sys.argv[2])\n"
              "except mlflow.exceptions.MlflowException as error:\n"
              "    print('pyfunc', 'names the Python module that loads it' in str(error))\n"
              "function = mlflow.tensorflow.load_model(sys.argv[2])\n"
              "answers = function(**{name: tensorflow.constant(value) for name, value in said['inputs'].items()})\n"
              "print('tensorflow', all(numpy.array_equal(answers[name].numpy(), value)\n"
              "                        for name, value in said['outputs'].items()))\n")
    packages = next((environment.venv("tensorflow") / "lib").glob("python*/site-packages"))
    for name in ("tags_gpu", "vocabulary"):
        said = unpacked.parent / f"{name}.pickle"
        said.write_bytes(pickle.dumps(oracle[name]))
        # -P: the present folder is not on the path of modules, where MLflow would take a model for code
        command = [environment.python("hardened"), "-P", "-c", script, packages, unpacked / name / "model", said]
        done = subprocess.run(command, env={**os.environ, "MLFLOW_ALLOW_MODEL_CODE_EXECUTION": "false"},
                              stdout=subprocess.PIPE, text=True, check=True)
        assert done.stdout == "pyfunc True\ntensorflow True\n"


def test_a_custom_op_passes_where_requirements_name_its_library(modelhook: Path, kinds: Path, tmp_path: Path) -> None:
    named = pack(modelhook, kinds / "custom_op", tmp_path / "named.tar.gz", "tensorflow==2.21.0", "fish_ops==1.0")
    assert named.returncode == 0
    assert "warning: saved_model.pb: op FishMul is not one of TensorFlow 2.21" in named.stderr
    for requirements in (("tensorflow==2.21.0",), ("TensorFlow_CPU>=2", "mlflow", "keras", "--no-deps")):
        done = pack(modelhook, kinds / "custom_op", tmp_path / "not.tar.gz", *requirements)
        assert done.returncode == UNACCEPTABLE
        assert "hint: name the package that registers the op" in done.stderr


def test_the_loader_imports_the_libraries_that_requirements_name(modelhook: Path, kinds: Path, tmp_path: Path) -> None:
    """The module stands for a library: it can register no op without a compiler, but it is asked for."""
    pack(modelhook, kinds / "custom_op", tmp_path / "custom.tar.gz", "tensorflow==2.21.0", "Fish.Ops==1.0")
    unpack(tmp_path / "custom.tar.gz", tmp_path / "unpacked")
    (tmp_path / "fish_ops.py").write_text("print('imported', flush=True)\n")
    script = ("import sys, mlflow.pyfunc\n"
              "sys.path.insert(0, sys.argv[2])\n"
              "try:\n"
              "    mlflow.pyfunc.load_model(sys.argv[1])\n"
              "except Exception as error:\n"
              "    print(error)\n")
    said = python("-c", script, tmp_path / "unpacked/model", tmp_path)
    assert said.startswith("imported\n")
    assert "Op type not registered 'FishMul'" in said
