"""dataproc/modelhook finds the program wherever a cluster has put it, and says where it looked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import types
import zipfile
from collections.abc import Iterator
from pathlib import Path

import environment
import pytest

PACKAGE = environment.ROOT / "dataproc/modelhook"
sys.path.insert(0, str(PACKAGE.parent))

import modelhook as api  # noqa: E402


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory, a PATH and a folder for copies with nothing in them."""
    for name in ("work", "path", "tmp"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.delenv("MODELHOOK_BIN", raising=False)
    monkeypatch.delitem(sys.modules, "pyspark", raising=False)


@pytest.fixture
def program() -> bytes:
    """Something that answers as modelhook does; quicker to copy."""
    return b"#!/bin/sh\necho modelhook 0\n"


def put(path: Path, content: bytes, mode: int = 0o755) -> Path:
    """A file."""
    path.write_bytes(content)
    path.chmod(mode)
    return path


class Spark:
    """What find_binary needs of a SparkSession and of SparkFiles."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fetched: list[str] = []
        self.sparkContext = self

    def get(self, name: str) -> str:
        return str(self.folder / name)

    def addFile(self, uri: str) -> None:
        self.fetched.append(uri)
        shutil.copyfile(uri.removeprefix("file://"), self.folder / Path(uri).name)


@pytest.fixture
def spark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spark]:
    session = Spark(tmp_path / "spark")
    session.folder.mkdir()
    module = types.ModuleType("pyspark")
    module.SparkFiles = session
    monkeypatch.setitem(sys.modules, "pyspark", module)
    yield session


def test_the_order_of_the_places(tmp_path: Path, program: bytes, spark: Spark, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path = put(tmp_path / "path/modelhook", program)
    assert api.find_binary() == str(on_path)
    put(spark.folder / "modelhook", program)
    copy = api.find_binary()
    assert Path(copy).parent == tmp_path / f"tmp/.modelhook-{os.geteuid()}"
    here = put(tmp_path / "work/modelhook", program)
    assert api.find_binary(spark=spark) == str(here)
    elsewhere = put(tmp_path / "elsewhere", program)
    monkeypatch.setenv("MODELHOOK_BIN", str(elsewhere))
    assert api.find_binary() == str(elsewhere)
    assert api.find_binary(on_path) == str(on_path)


def test_what_is_given_by_name_is_taken_or_refused(tmp_path: Path, program: bytes,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "path/modelhook", program)
    with pytest.raises(api.BinaryNotFoundError, match=r"looked at nowhere: No such file or directory$"):
        api.find_binary("nowhere")
    monkeypatch.setenv("MODELHOOK_BIN", str(tmp_path))
    with pytest.raises(api.BinaryNotFoundError, match=f"looked at MODELHOOK_BIN={tmp_path}: not a file$"):
        api.find_binary()


def test_what_spark_fetched_outlives_spark(tmp_path: Path, program: bytes, spark: Spark) -> None:
    uri = f"file://{put(tmp_path / 'modelhook-0.1', program)}"
    found = api.find_binary(spark=spark, uri=uri)
    shutil.rmtree(spark.folder)
    assert subprocess.run([found], stdout=subprocess.PIPE, check=True).stdout == b"modelhook 0\n"
    assert spark.fetched == [uri]


@pytest.mark.parametrize("mode", [0o644, 0o400])
def test_a_lost_run_bit_is_given_to_a_private_copy(tmp_path: Path, program: bytes, mode: int) -> None:
    put(tmp_path / "work/modelhook", program, mode)
    copy = Path(api.find_binary())
    assert (copy.parent.stat().st_mode & 0o777, copy.read_bytes()) == (0o700, program)
    inode = copy.stat().st_ino
    assert (Path(api.find_binary()), copy.stat().st_ino) == (copy, inode)  # made once
    copy.write_bytes(b"torn")
    assert Path(api.find_binary()).read_bytes() == program


def test_yarns_mode_0500_is_run_where_it_is(tmp_path: Path, program: bytes) -> None:
    here = put(tmp_path / "work/modelhook", program, 0o500)
    assert api.find_binary() == str(here)


def test_a_folder_that_others_may_write_is_not_used(tmp_path: Path, program: bytes) -> None:
    put(tmp_path / "work/modelhook", program, 0o644)
    (tmp_path / f"tmp/.modelhook-{os.geteuid()}").mkdir(mode=0o777)
    (tmp_path / f"tmp/.modelhook-{os.geteuid()}").chmod(0o777)
    assert Path(api.find_binary()).parent.parent == tmp_path / "work"


def test_the_error_names_every_place_and_its_trouble(tmp_path: Path, spark: Spark) -> None:
    (tmp_path / "work/modelhook").mkdir()
    put(spark.folder / "modelhook", b"#!/bin/sh\nexit 3\n")
    put(tmp_path / "path/modelhook", b"\x7fELF\x02\x01\x01\x00 of another machine")
    with pytest.raises(api.BinaryNotFoundError) as missing:
        api.find_binary(spark=spark)
    assert str(missing.value) == (
        f"modelhook was not found; looked at the working directory {tmp_path}/work: not a file; "
        "Spark's files: is not modelhook: --version ended with 3; the package: not there; "
        "PATH: Exec format error")
    with pytest.raises(api.BinaryNotFoundError, match="hdfs:///bin/modelhook: not fetched, as no spark was given"):
        api.find_binary(uri="hdfs:///bin/modelhook")


@pytest.fixture
def archive(modelhook: Path, tmp_path: Path) -> Path:
    """The package with its program, in a zip as --py-files takes it."""
    with zipfile.ZipFile(tmp_path / "modelhook.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for path in PACKAGE.glob("*.py"):
            packed.write(path, f"modelhook/{path.name}")
        packed.write(modelhook, "modelhook/bin/modelhook")
    return packed.filename


@pytest.mark.parametrize("python", environment.pythons())
def test_the_package_runs_from_a_zip_with_its_program(archive: Path, tmp_path: Path, python: str) -> None:
    code = ("import modelhook; r = modelhook.run_command('inspect', 'nothing'); "
            "print(r.exit, r.outcome, modelhook.find_binary())")
    env = {"PYTHONPATH": str(archive), "PATH": os.environ["PATH"], "TMPDIR": str(tmp_path / "tmp")}
    ended = subprocess.run([python, "-W", "error", "-c", code], env=env, stdout=subprocess.PIPE, text=True, check=True)
    status, outcome, found = ended.stdout.split()
    assert (status, outcome, Path(found).parent.parent) == ("66", "missing", tmp_path / "tmp")
    shown = subprocess.run([python, "-m", "modelhook", "--version"], env=env, stdout=subprocess.PIPE, check=True)
    assert shown.stdout.startswith(b"modelhook ")
