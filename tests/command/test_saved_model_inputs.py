"""Whatever is given as a SavedModel: inspect, pack, run and gate end with the same message and status.

Nothing that is refused reaches the server, and nothing that could block does.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import environment
import pytest
import tiny_model
from conftest import Ended, Hook
from promoting import Site

UNACCEPTABLE, MISSING = 65, 66
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:" + 64 * "0" + "\nsize 12345\n"
SHARD = "variables/variables.data-00000-of-00001"
INDEX = "variables/variables.index"
Maker = Callable[[Path], "Path | str | None"]


def model(folder: Path) -> Path:
    """A sound SavedModel in FOLDER/model."""
    return tiny_model.write(folder / "model")


def write(path: Path, data: bytes | str = b"x") -> Path:
    """A file and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def link(path: Path, target: str | Path) -> None:
    """A link in place of what has that name."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def bound(path: Path) -> None:
    """A socket."""
    with socket.socket(socket.AF_UNIX) as one:
        here = Path.cwd()
        os.chdir(path.parent)  # its name must be short
        one.bind(path.name)
        os.chdir(here)


def sized(path: Path, size: int) -> None:
    """Another length of the file."""
    with path.open("r+b") as file:
        file.truncate(size)


def moved(path: Path, name: str) -> None:
    """Another name in the same folder."""
    path.rename(path.parent / name)


def fifo(path: Path) -> None:
    """A FIFO in place of a file."""
    path.unlink()
    os.mkfifo(path)


def numbered(folder: Path) -> None:
    """Two versions, as for TensorFlow Serving."""
    for number in ("2", "10"):
        tiny_model.write(folder / number)


# What is made below FOLDER, and given: FOLDER/model unless something is returned. Then the status, the message behind
# "SavedModel PATH: ", and the hint, each a part of it.
REFUSED: dict[str, tuple[Maker, int, str, str]] = {
    "nothing": (lambda folder: folder / "none", MISSING, "No such file or directory", ""),
    "a link to nothing": (lambda folder: link(folder / "model", "none"), MISSING, "No such file or directory", ""),
    "a Keras file": (lambda folder: write(folder / "model.keras", b"PK\3\4"), UNACCEPTABLE,
                     "a Keras file, not a SavedModel directory", "model.export(DIRECTORY)"),
    "an HDF5 file": (lambda folder: write(folder / "model.h5", b"\x89HDF\r\n\x1a\n"), UNACCEPTABLE,
                     "a Keras HDF5 file, not a SavedModel directory", "model.export(DIRECTORY)"),
    "a graph alone": (lambda folder: model(folder) / "saved_model.pb", UNACCEPTABLE,
                      "the graph of a SavedModel, not the whole of it", "the directory that holds it"),
    "an empty file": (lambda folder: write(folder / "model", b""), UNACCEPTABLE, "an empty file", "saved_model.pb"),
    "a ZIP archive": (lambda folder: write(folder / "model", b"PK\3\4"), UNACCEPTABLE, "a ZIP archive", "unpack"),
    "a pointer": (lambda folder: write(folder / "model", LFS), UNACCEPTABLE, "a Git LFS pointer", "git lfs pull"),
    "a FIFO": (lambda folder: os.mkfifo(folder / "model"), UNACCEPTABLE, "a device, a FIFO or a socket", ""),
    "a device": (lambda folder: "/dev/zero", UNACCEPTABLE, "a device, a FIFO or a socket", ""),
    "an empty directory": (lambda folder: (folder / "model").mkdir(), UNACCEPTABLE, "an empty directory", "exported"),
    "the directory above it": (lambda folder: model(folder / "model").parent, UNACCEPTABLE,
                               "the directory above a SavedModel: saved_model.pb is in model/", "/model/model"),
    "numbered versions": (lambda folder: numbered(folder / "model"), UNACCEPTABLE, "a directory of numbered versions, "
                          "as for TensorFlow Serving: saved_model.pb is in 10/", "/model/10"),
    "an MLflow model": (lambda folder: write(folder / "model/MLmodel").parent, UNACCEPTABLE, "an MLflow model",
                        "logged_model"),
    "a checkpoint": (lambda folder: write(folder / "model/checkpoint").parent, UNACCEPTABLE,
                     "a TensorFlow checkpoint: weights without a graph", "model.export(DIRECTORY)"),
    "a text graph": (lambda folder: moved(model(folder) / "saved_model.pb", "saved_model.pbtxt"), UNACCEPTABLE,
                     "saved_model.pb: not there: the graph is text", "as_text=False"),
    "no graph": (lambda folder: (model(folder) / "saved_model.pb").unlink(), UNACCEPTABLE, "saved_model.pb: not there",
                 ""),
    "a graph that is a pointer": (lambda folder: write(model(folder) / "saved_model.pb", LFS).parent, UNACCEPTABLE,
                                  "saved_model.pb: a Git LFS pointer, not the file itself", "git lfs pull"),
    "an index that is a pointer": (lambda folder: write(model(folder) / INDEX, LFS).parent.parent, UNACCEPTABLE,
                                   f"{INDEX}: a Git LFS pointer", "git lfs pull"),
    "a shard that is a pointer": (lambda folder: write(model(folder) / SHARD, LFS).parent.parent, UNACCEPTABLE,
                                  f"{SHARD}: a Git LFS pointer", "git lfs pull"),
    "an asset that is a pointer": (lambda folder: write(model(folder) / "assets/a", LFS).parent.parent, UNACCEPTABLE,
                                   "assets/a: a Git LFS pointer", "git lfs pull"),
    "an old shard": (lambda folder: write(model(folder) / "variables/variables.data-00001-of-00002").parent.parent,
                     UNACCEPTABLE, "variables/variables.data-00001-of-00002: a shard that the index does not know",
                     "it is left of an earlier export"),
    "a shard of another length": (lambda folder: sized(model(folder) / SHARD, 5), UNACCEPTABLE, f"{SHARD}: ", ""),
    "no shard": (lambda folder: (model(folder) / SHARD).unlink(), UNACCEPTABLE, f"{SHARD}: not there", "copy the"),
    "an index of nothing": (lambda folder: sized(model(folder) / INDEX, 0), UNACCEPTABLE, f"{INDEX}: ", ""),
    "a name of two lines": (lambda folder: write(model(folder) / "a\nb").parent, UNACCEPTABLE,
                            "a\\x0ab: no name for a package: has a control character", "rename the file"),
    "a link out of it": (lambda folder: link(model(folder) / "assets", "/etc"), UNACCEPTABLE,
                         "assets: a link that leads out of the directory, to /etc", "cp -rL"),
    "a link to a secret": (lambda folder: link(model(folder) / "notes.txt", write(folder / "secret")), UNACCEPTABLE,
                           "notes.txt: a link that leads out of the directory, to ", "cp -rL"),
    "a link to a device": (lambda folder: link(model(folder) / SHARD, "/dev/zero"), UNACCEPTABLE,
                           f"{SHARD}: a link that leads out of the directory, to /dev/zero", "cp -rL"),
    "a link around": (lambda folder: link(model(folder) / "variables/again", ".."), UNACCEPTABLE,
                      "variables/again: a link that leads back to a directory that it is in", ""),
    "a link to itself": (lambda folder: link(model(folder) / "again", "again"), UNACCEPTABLE,
                         "again: a link that leads to itself", ""),
    "a link inside to nothing": (lambda folder: link(model(folder) / SHARD, "none"), MISSING,
                                 f"{SHARD}: a link to what does not exist", "git-annex"),
    "a FIFO inside": (lambda folder: os.mkfifo(model(folder) / "assets"), UNACCEPTABLE, "assets: not a regular file",
                      ""),
    "a FIFO for the graph": (lambda folder: fifo(model(folder) / "saved_model.pb"), UNACCEPTABLE,
                             "saved_model.pb: not a regular file", ""),
    "a socket inside": (lambda folder: bound(model(folder) / "assets"), UNACCEPTABLE, "assets: not a regular file", ""),
}
URLS = {
    "s3://bucket/model": "aws s3 cp", "gs://bucket/model": "gcloud storage cp", "hdfs:///model": "hdfs dfs -get",
    "abfss://c@a.dfs.core.windows.net/m": "azcopy copy", "https://host/model": "copy it", "file:///model": "scheme",
    "models:/fish/Production": "logged_model", "runs:/0123/model": "logged_model",
}


def said(ended: Ended) -> tuple[int, list[str], list[str]]:
    """How a call ended: status, errors, hints."""
    hints = [line for line in ended.stderr.splitlines() if line.startswith("modelhook: hint: ")]
    return ended.status, ended.errors, hints


def all_say(site: Site, given: Path | str, options: list[str] | None = None) -> tuple[int, list[str], list[str]]:
    """What inspect says, and all others with it."""
    handoff = site.train(saved_model=str(given))
    options = options or []
    first = said(site.hook("inspect", *options, given))
    output = handoff.parent / "package.tar.gz"
    for arguments in (["pack", handoff, "-o", output], ["run", handoff], ["gate", handoff],
                      ["gate", handoff, "--what-if"]):
        assert said(site.hook(*arguments, *options)) == first, arguments[0]
    assert not output.exists()
    assert site.fake.requests == []
    assert site.spooled(handoff) == []
    return first


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_refused_by_all_in_the_same_words(site: Site, tmp_path: Path, name: str) -> None:
    make, wanted, text, hint = REFUSED[name]
    folder = tmp_path / "given"
    folder.mkdir()
    made = make(folder)
    given = made if isinstance(made, Path | str) else folder / "model"
    status, errors, hints = all_say(site, given)
    assert status == wanted
    (error,) = errors
    assert error.startswith(f"SavedModel {given}: ")
    assert text in error
    assert hint in "".join(hints)
    assert bool(hints) >= bool(hint)


@pytest.mark.parametrize("url", URLS)
def test_a_url_is_refused_with_how_to_get_it(site: Site, url: str) -> None:
    status, errors, hints = all_say(site, url)
    assert (status, len(errors)) == (UNACCEPTABLE, 1)
    assert errors[0].endswith(": a URL, not a local directory")
    assert URLS[url] in "".join(hints)


def test_no_secret_of_a_url_is_told(site: Site) -> None:
    _, errors, hints = all_say(site, "https://me:hush@host/model?sig=hush#hush")
    assert errors == ["SavedModel https://host/model: a URL, not a local directory"]
    assert "hush" not in "".join(hints)


UNSERVABLE = {"custom-op", "py-function"}
FIELD = sorted(path.name for path in (environment.ROOT / "tests/data/field").iterdir())


@pytest.mark.parametrize("name", [name for name in FIELD if name in UNSERVABLE])
def test_what_does_not_answer_is_refused_by_all(site: Site, name: str) -> None:
    assert all_say(site, environment.ROOT / "tests/data/field" / name)[0] == 65


@pytest.mark.parametrize("name", [name for name in FIELD if name not in UNSERVABLE])
def test_a_sound_model_is_taken_by_all(site: Site, tmp_path: Path, name: str) -> None:
    folder = environment.ROOT / "tests/data/field" / name
    handoff = site.train(saved_model=str(folder))
    assert said(site.hook("inspect", folder)) == (0, [], [])
    assert site.hook("pack", handoff, "-o", tmp_path / "package.tar.gz").status == 0
    assert site.run(handoff).status == 0


def kubernetes(folder: Path) -> None:
    """The SavedModel as a volume of Kubernetes holds it."""
    inner = folder / "..2026_11_28"
    inner.mkdir()
    for path in list(folder.iterdir()):
        if path != inner:
            path.rename(inner / path.name)
    (folder / "..data").symlink_to(inner.name)
    for path in inner.iterdir():
        (folder / path.name).symlink_to(f"..data/{path.name}")


def weights_elsewhere(folder: Path) -> None:
    """A link to a folder beside."""
    (folder / "variables").rename(folder / "weights")
    (folder / "variables").symlink_to("weights")


@pytest.mark.parametrize("change", [kubernetes, weights_elsewhere, lambda folder: None])
def test_links_inside_are_followed_to_the_same_package(
    hook: Hook, site: Site, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    """Bit for bit that of the model without links; the directory itself may be a link too."""
    plain = site.train(saved_model=str(model(tmp_path / "plain")), run="0" * 32)
    changed = model(tmp_path / "changed")
    change(changed)
    (tmp_path / "current").symlink_to("changed/model")
    linked = site.train(saved_model=str(tmp_path / "current"), run="0" * 32)
    packages = []
    for handoff in (plain, linked):
        packages.append(tmp_path / f"{len(packages)}.tar.gz")
        assert hook("pack", handoff, "-o", packages[-1]).status == 0
    assert packages[0].read_bytes() == packages[1].read_bytes()
    report = json.loads(hook("inspect", "--json", tmp_path / "current").stdout.splitlines()[0])
    assert (report["findings"], len(report["files"])) == ([], 3)
