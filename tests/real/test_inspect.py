"""`inspect` on SavedModels made by TensorFlow: what it says is what TensorFlow reads; damage is named."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

UNACCEPTABLE = 65
OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
INDEX = "variables/variables.index"
SHAPES = ("keras_export", "saved_model_save", "multi_io", "shards", "strings_asset", "bfloat16_unknown_rank",
          "scalar_output", "many_dtypes", "many_tensors", "nan_weights", "nonfinite_dtypes", "no_serving_default")
WITH_NAN = ("nan_weights", "nonfinite_dtypes")
SOUND = tuple(name for name in SHAPES if name not in (*WITH_NAN, "no_serving_default"))


@dataclass
class Inspection:
    """What `modelhook inspect --json` gave."""

    status: int
    report: dict[str, Any]
    error: str

    def damage(self) -> list[dict[str, Any]]:
        """The findings that refuse the model whatever the options."""
        return [finding for finding in self.report["findings"] if finding["weight"] == "damage"]


def run(modelhook: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Call the program and wait."""
    return subprocess.run([modelhook, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60)


def inspect(modelhook: Path, folder: Path, *options: str) -> Inspection:
    """Inspect a folder, as JSON; the report is the first line that it prints."""
    done = run(modelhook, "inspect", "--json", *options, folder)
    report = json.loads(done.stdout.splitlines()[0])
    assert report["schema"] == "modelhook/inspection@1"
    return Inspection(done.returncode, report, done.stderr)


@pytest.fixture(scope="session")
def truth(models: Path) -> dict[str, Any]:
    """What TensorFlow itself says of each model."""
    return json.loads((models / "index.json").read_text(encoding="utf-8"))


@pytest.fixture
def copy(models: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A function that copies a SavedModel, to be damaged."""

    def make(name: str) -> Path:
        return Path(shutil.copytree(models / name / "saved_model", tmp_path / name))

    return make


@pytest.mark.parametrize("name", SHAPES)
def test_it_says_what_tensorflow_reads(name: str, modelhook: Path, models: Path, truth: dict[str, Any]) -> None:
    """Version, signatures, counts, sizes and digests agree with TensorFlow's own reading."""
    expected = truth[name]
    folder = models / name / "saved_model"
    report = inspect(modelhook, folder).report
    assert report["tensorflow_version"] == expected["tensorflow_version"]

    def specs(infos: list[dict[str, Any]]) -> dict[str, Any]:
        return {info["key"]: {key: info[key] for key in ("tensor", "dtype", "shape")} for info in infos}

    assert {
        one["key"]: {"method_name": one["method"], "inputs": specs(one["inputs"]), "outputs": specs(one["outputs"])}
        for one in report["signatures"]
    } == expected["signatures"]
    tensors = [tensor for tensor in expected["tensors"] if tensor["name"] != OBJECT_GRAPH]
    assert report["tensor_count"] == len(tensors)
    assert report["parameter_count"] == sum(
        math.prod(tensor["shape"]) for tensor in tensors if tensor["dtype"] != "string")
    assert report["shard_count"] == expected["shards"]
    assert report["total_bytes"] == expected["bytes"]
    assert {file["path"]: file["size"] for file in report["files"]} == expected["files"]
    assert [file["path"] for file in report["files"]] == sorted(expected["files"], key=str.encode)
    for file in report["files"]:
        assert file["sha256"] == hashlib.sha256((folder / file["path"]).read_bytes()).hexdigest()


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_model_passes_without_a_finding(name: str, modelhook: Path, models: Path) -> None:
    """No false alarm on anything that TensorFlow wrote."""
    found = inspect(modelhook, models / name / "saved_model")
    assert (found.status, found.report["acceptable"], found.report["findings"]) == (0, True, [])


@pytest.mark.parametrize("name", WITH_NAN)
def test_nan_is_counted_for_each_tensor(
    name: str, modelhook: Path, models: Path, truth: dict[str, Any]
) -> None:
    """Each tensor with NaN or Inf is named with both counts; the whole is refused unless allowed."""
    expected = truth[name]["nonfinite"]
    found = inspect(modelhook, models / name / "saved_model")
    assert (found.status, found.damage()) == (UNACCEPTABLE, [])
    counts = {finding["tensor"]: finding["text"] for finding in found.report["findings"]}
    assert counts == {tensor: f"{count.get('nan', 0)} NaN and {count.get('inf', 0)} Inf, the first here"
                      for tensor, count in expected.items()}
    assert found.report["nan_count"] == sum(count.get("nan", 0) for count in expected.values())
    assert found.report["inf_count"] == sum(count.get("inf", 0) for count in expected.values())
    allowed = inspect(modelhook, models / name / "saved_model", "--allow-nonfinite")
    assert (allowed.status, allowed.report["acceptable"]) == (0, True)


def test_a_model_with_nothing_to_call_is_refused(modelhook: Path, models: Path) -> None:
    """No serving_default, no promotion."""
    found = inspect(modelhook, models / "no_serving_default/saved_model")
    assert found.status == UNACCEPTABLE
    assert "there is no signature serving_default" in found.error


def test_people_get_80_columns(modelhook: Path, models: Path) -> None:
    """The text for people fits, names the signature and gives a verdict."""
    done = run(modelhook, "inspect", models / "multi_io/saved_model")
    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert max(map(len, (line for line in lines if not line.startswith("SavedModel")))) <= 80
    assert "  input     depth                    float32    (?, 2)" in lines
    assert "Verdict     whole: it may be promoted" in lines


def flip(path: Path, at: int) -> None:
    """Change one bit of the byte at a place, from the end where it is negative."""
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


def shards_of(folder: Path) -> list[Path]:
    """The data files, in order."""
    return sorted((folder / "variables").glob("variables.data-*"))


def damage_of(found: Inspection, file: str) -> dict[str, Any]:
    """The first damage found in that file; the model is refused with its name in the error."""
    assert found.status == UNACCEPTABLE
    assert not found.report["acceptable"]
    assert found.error.count("\n") <= 2
    named = [finding for finding in found.damage() if finding["file"] == file]
    assert named, found.report["findings"]
    return named[0]


@pytest.mark.parametrize("name", ("keras_export", "shards", "strings_asset", "bfloat16_unknown_rank", "many_dtypes"))
def test_a_flipped_bit_of_a_shard_is_found_wherever_it_is(
    name: str, modelhook: Path, copy: Callable[[str], Path]
) -> None:
    """Begin, middle and end of every shard: file, offset and tensor are named."""
    folder = copy(name)
    for shard in shards_of(folder):
        size = shard.stat().st_size
        for at in (0, size // 3, size // 2, size - 1):
            flip(shard, at)
            finding = damage_of(inspect(modelhook, folder), f"variables/{shard.name}")
            assert 0 <= finding["offset"] <= at
            assert finding["tensor"]
            flip(shard, at)
    assert inspect(modelhook, folder).status == 0


@pytest.mark.parametrize("name", ("shards", "many_tensors"))
def test_a_flipped_bit_of_the_index_is_found_wherever_it_is(
    name: str, modelhook: Path, copy: Callable[[str], Path]
) -> None:
    """Blocks have checksums; the footer is checked by its structure and by the fingerprint."""
    folder = copy(name)
    index = folder / INDEX
    size = index.stat().st_size
    for at in [*range(0, size, size // 40), *range(size - 48, size)]:
        flip(index, at)
        assert damage_of(inspect(modelhook, folder), INDEX)["offset"] >= 0
        flip(index, at)


def test_a_flipped_bit_of_the_fingerprint_is_found(modelhook: Path, copy: Callable[[str], Path]) -> None:
    """checkpoint_hash is field 5; its value no longer fits the index."""
    folder = copy("keras_export")
    path = folder / "fingerprint.pb"
    data = path.read_bytes()
    at = data.index(b"\x28", 30)
    flip(path, at + 2)
    assert "checkpoint_hash" in damage_of(inspect(modelhook, folder), "fingerprint.pb")["text"]


@pytest.mark.parametrize("name", ("keras_export", "strings_asset"))
def test_a_flipped_bit_of_the_graph_is_found_wherever_it_is(
    name: str, modelhook: Path, copy: Callable[[str], Path]
) -> None:
    """Its structure or its checksum in fingerprint.pb shows every one."""
    folder = copy(name)
    path = folder / "saved_model.pb"
    size = path.stat().st_size
    for at in range(0, size, size // 60):
        flip(path, at)
        assert damage_of(inspect(modelhook, folder), "saved_model.pb")["text"]
        flip(path, at)
    flip(path, path.read_bytes().index(b"serving_default_"))
    (folder / "fingerprint.pb").unlink()
    assert "does not have" in damage_of(inspect(modelhook, folder), "saved_model.pb")["text"]


@pytest.mark.parametrize("name", ("keras_export", "shards"))
@pytest.mark.parametrize("kind", ("saved_model.pb", "fingerprint.pb", INDEX, "shard"))
@pytest.mark.parametrize("change", (-100000, -1, 1))
def test_a_file_of_another_length_is_found(
    name: str, kind: str, change: int, modelhook: Path, copy: Callable[[str], Path]
) -> None:
    """Half of it, a byte less, a byte more."""
    folder = copy(name)
    path = shards_of(folder)[-1] if kind == "shard" else folder / kind
    data = path.read_bytes()
    shorter = data[:-1] if change == -1 else data[: len(data) // 2]
    path.write_bytes(data + b"\0" if change > 0 else shorter)
    assert damage_of(inspect(modelhook, folder), str(path.relative_to(folder)))["text"]


@pytest.mark.parametrize("name", ("shards", "strings_asset"))
def test_a_missing_file_is_named(name: str, modelhook: Path, copy: Callable[[str], Path]) -> None:
    """Every file but the fingerprint, which older versions of TensorFlow do not write."""
    folder = copy(name)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.name == "fingerprint.pb":
            continue
        data = path.read_bytes()
        path.unlink()
        assert "not there" in damage_of(inspect(modelhook, folder), str(path.relative_to(folder)))["text"]
        path.write_bytes(data)


def test_swapped_shards_are_found(modelhook: Path, copy: Callable[[str], Path]) -> None:
    """Two shards under each other's names."""
    folder = copy("shards")
    first, second = shards_of(folder)[:2]
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    found = inspect(modelhook, folder)
    assert damage_of(found, f"variables/{first.name}")["tensor"]
    assert damage_of(found, f"variables/{second.name}")["tensor"]


def test_swapped_tensors_are_both_named(modelhook: Path, copy: Callable[[str], Path]) -> None:
    """Two tensors of one size whose bytes changed places: many_tensors has 4-byte ones in a row."""
    folder = copy("many_tensors")
    shard = shards_of(folder)[0]
    data = bytearray(shard.read_bytes())
    at = next(at for at in range(0, 4000, 4) if data[at : at + 4] != data[at + 4 : at + 8])
    data[at : at + 8] = data[at + 4 : at + 8] + data[at : at + 4]
    shard.write_bytes(data)
    assert {finding["file"] for finding in inspect(modelhook, folder).damage()} == {f"variables/{shard.name}"}


def test_weights_and_graph_of_two_exports_are_found(
    modelhook: Path, models: Path, copy: Callable[[str], Path]
) -> None:
    """The variables of another model, whole in themselves."""
    folder = copy("keras_export")
    shutil.rmtree(folder / "variables")
    shutil.copytree(models / "scalar_output/saved_model/variables", folder / "variables")
    assert "two exports" in damage_of(inspect(modelhook, folder), "fingerprint.pb")["text"]


def test_a_shard_too_many_is_found(modelhook: Path, copy: Callable[[str], Path]) -> None:
    """A shard that an older export left behind."""
    folder = copy("shards")
    stray = folder / "variables/variables.data-00003-of-00004"
    stray.write_bytes(b"old")
    assert "does not know" in damage_of(inspect(modelhook, folder), f"variables/{stray.name}")["text"]


def test_other_files_are_noted_and_pass(modelhook: Path, copy: Callable[[str], Path]) -> None:
    """What TensorFlow did not write is said, and goes along."""
    folder = copy("strings_asset")
    (folder / "notes.txt").write_text("from the team")
    (folder / "assets/unused.txt").write_text("x")
    (folder / "assets.extra").mkdir()
    (folder / "assets.extra/tf_serving_warmup_requests").write_bytes(b"")
    found = inspect(modelhook, folder)
    assert found.status == 0
    assert {finding["file"]: finding["weight"] for finding in found.report["findings"]} == {
        "notes.txt": "note", "assets/unused.txt": "note"}


def test_a_name_from_outside_cannot_forge_a_line(modelhook: Path, copy: Callable[[str], Path]) -> None:
    """A file whose name holds a newline and an escape sequence is shown escaped; no package may carry it."""
    folder = copy("keras_export")
    (folder / "a\n\x1b[2Jb").write_text("x")
    done = run(modelhook, "inspect", folder)
    assert done.returncode == UNACCEPTABLE
    assert "\x1b" not in done.stdout + done.stderr
    assert "a\\x0a\\x1b[2Jb" in done.stdout


def test_a_folder_that_is_not_there_is_missing(modelhook: Path, tmp_path: Path) -> None:
    """66, and nothing on stdout that could be taken for a report."""
    done = run(modelhook, "inspect", tmp_path / "nowhere")
    assert done.returncode == 66
    assert "nowhere" in done.stderr
