"""SavedModels as they are met in the field: of earlier versions of TensorFlow, of TensorFlow 1, in volumes.

What TensorFlow loads is Production on a real MLflow and answers the same; what it does not load is refused by name.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import environment
import pytest
from conftest import Ended, Hook
from consumer import Consumer
from servers import MLflow
from training import Team, unchanged

FIELD = ["snappy-index", "snappy-index-fingerprint", "v1_builder", "v1_simple_save", "vocabulary_table", "configmap",
         "linked"]
UNACCEPTABLE = 65


@pytest.fixture(scope="session")
def field(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FIELD/NAME/saved_model and cases.npz of each."""
    folder = tmp_path_factory.mktemp("field")
    script, data = environment.ROOT / "tests/models/field_models.py", environment.ROOT / "tests/data/field"
    done = subprocess.run([environment.python("tensorflow"), script, data, folder],
                          stdout=subprocess.PIPE, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == FIELD
    return folder


@pytest.fixture
def team(hook: Hook, mlflow3: MLflow, tmp_path: Path) -> Iterator[Team]:
    """A team at the server that all tests share."""
    team = Team(hook, mlflow3, tmp_path)
    with unchanged(team.registry, but=team.model):
        yield team


@pytest.fixture
def copy(field: Path, tmp_path: Path) -> Path:
    """A copy of v1_builder, to be damaged."""
    return Path(shutil.copytree(field / "v1_builder/saved_model", tmp_path / "copy"))


def inspect(hook: Hook, folder: Path) -> Ended:
    """The inspection of a folder, as JSON."""
    return hook("inspect", "--json", folder)


@pytest.mark.parametrize("name", FIELD)
def test_production_answers_as_tensorflow_does(team: Team, field: Path, consumer: Consumer, name: str) -> None:
    ended = team.promote(12, saved_model=field / name / "saved_model")
    assert (ended.result["version"], ended.result["stage"]) == ("1", "Production")
    said = consumer.ask("load", uri=team.server.url, model=f"models:/{team.model}/Production",
                        cases=field / name / "cases.npz")
    assert said == "equal"


@pytest.mark.parametrize("name", ["configmap", "linked"])
def test_what_links_lead_to_is_packed_once(hook: Hook, team: Team, field: Path, tmp_path: Path, name: str) -> None:
    """The same files as those of the export itself, and none is called unknown."""
    package = tmp_path / "package.tar.gz"
    assert hook("pack", team.train(saved_model=field / name / "saved_model"), "-o", package).status == 0
    with tarfile.open(package) as tar:
        packed = [member.name for member in tar.getmembers() if member.name.startswith("model/saved_model/")]
    assert packed == [f"model/saved_model/{path}" for path in (
        "assets/words.txt", "saved_model.pb", "variables/variables.data-00000-of-00001", "variables/variables.index")]
    assert inspect(hook, field / name / "saved_model").result["findings"] == []


def test_an_asset_that_a_collection_alone_names_must_be_there(hook: Hook, copy: Path) -> None:
    (copy / "assets/words.txt").unlink()
    ended = inspect(hook, copy)
    assert ended.status == UNACCEPTABLE
    assert ended.errors == [
        f"SavedModel {copy}: assets/words.txt: not there, though the graph names it as an asset"]


def test_a_changed_byte_of_a_compressed_index_is_seen(hook: Hook, field: Path, tmp_path: Path) -> None:
    """Wherever it is: the checksum of a block covers its compressed bytes."""
    folder = Path(shutil.copytree(field / "snappy-index/saved_model", tmp_path / "copy"))
    index = folder / "variables/variables.index"
    data = index.read_bytes()
    for at in range(len(data)):
        index.write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1:])
        ended = hook("inspect", folder)
        assert ended.status == UNACCEPTABLE
        assert f"SavedModel {folder}: variables/variables.index: offset " in ended.stderr


def test_a_shard_of_an_earlier_export_is_named_with_what_to_do(hook: Hook, copy: Path) -> None:
    (copy / "variables/variables.data-00000-of-00002").write_bytes(b"x")
    ended = inspect(hook, copy)
    assert ended.status == UNACCEPTABLE
    assert "variables/variables.data-00000-of-00002: a shard that the index does not know" in ended.stderr
    assert "hint: it is left of an earlier export into the same directory" in ended.stderr
