"""SavedModels that are made to cost memory and time, or to carry what is not theirs into the artifact store."""

from __future__ import annotations

import os
import struct
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import tiny_model
from conftest import Attack, Hook
from tiny_model import field, masked_crc32c, varint

UNACCEPTABLE = 65
SECRET = b"a secret of another job"


def stored(body: bytes, compression: bytes = b"\1") -> bytes:
    """A block as it stands in the file, with its checksum."""
    return body + compression + struct.pack("<I", masked_crc32c(body + compression))


def index_of(block: bytes) -> bytes:
    """A variables.index whose one data block is that."""
    data, metaindex = stored(block), tiny_model.block([])
    index = tiny_model.block([(b"z", varint(0) + varint(len(block)))])
    start = len(data) + len(metaindex)
    footer = varint(len(data)) + varint(len(metaindex) - 5) + varint(start) + varint(len(index) - 5)
    return data + metaindex + index + footer.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")


def run_of_zeros(decoded: int) -> bytes:
    """A Snappy stream of so many zeros: a literal of one, then copies of 64."""
    copies, rest = divmod(decoded - 1, 64)
    last = bytes([(rest - 1) << 2 | 2, 1, 0]) if rest else b""
    return varint(decoded) + b"\0\0" + b"\xfe\1\0" * copies + last


STREAMS = {
    "as large as is read": run_of_zeros(12 << 20),
    "larger than is read": run_of_zeros((12 << 20) + 1),
    "a size alone": varint((1 << 32) - 1),
    "a size that so few bytes cannot have": varint(10 << 20) + b"\0\0",
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_compressed_index_that_decodes_to_very_much_is_bounded(
    attack: Attack, tmp_path: Path, name: str
) -> None:
    folder = tiny_model.write(tmp_path / "model")
    (folder / "variables/variables.index").write_bytes(index_of(STREAMS[name]))
    ended = attack("inspect", folder, memory=512)
    assert ended.status == UNACCEPTABLE
    assert ended.peak <= 32
    assert ended.peak < 100


def test_links_that_make_very_many_paths_end_soon(attack: Attack, tmp_path: Path) -> None:
    """Two links in each of 30 folders: a milliard of paths to one file."""
    folder = tiny_model.write(tmp_path / "model")
    for number in range(30):
        (folder / str(number)).mkdir()
        for name in "ab":
            (folder / str(number) / name).symlink_to("../saved_model.pb" if number == 29 else f"../{number + 1}")
    ended = attack("inspect", folder, memory=512)
    assert ended.status == UNACCEPTABLE
    assert ended.peak <= 32
    assert "more than 100 links to directories" in ended.stderr
    assert ended.peak < 100


@pytest.mark.parametrize("name", ["saved_model.pb", "variables/variables.index", "assets/words.txt"])
def test_a_fifo_never_blocks(attack: Attack, tmp_path: Path, name: str) -> None:
    path = tiny_model.write(tmp_path / "model") / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    ended = attack("inspect", tmp_path / "model", timeout=20)
    assert ended.status == UNACCEPTABLE
    assert f"{name}: not a regular file" in ended.stderr


@contextmanager
def swapped(turns: list[Callable[[], None]]) -> Iterator[None]:
    """One after another, all the time, until the block ends."""
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            for turn in turns:
                turn()

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("target", ["file", "folder"])
def test_what_is_swapped_for_a_link_out_of_the_model_never_carries_it(
    attack: Attack, hook: Hook, tmp_path: Path, target: str
) -> None:
    """While it is inspected and packed: each call ends soon, and no package holds what is outside."""
    folder = tiny_model.write(tmp_path / "model")
    outside = tmp_path / "outside"
    for place in (folder / "assets", outside):
        place.mkdir()
        (place / "words.txt").write_bytes(SECRET if place == outside else b"x" * len(SECRET))
    handoff = tmp_path / "handoff.json"
    handoff.write_text('{"schema": "modelhook/handoff@1", "run_id": "' + 32 * "0" + '", "model": "fish", '
                       '"trained_at": "2026-11-22T20:03:17Z", "saved_model": "model"}')
    path = folder / ("assets/words.txt" if target == "file" else "assets")
    kept, link = tmp_path / "kept", tmp_path / "link"

    def to_link() -> None:
        link.symlink_to(outside / "words.txt" if target == "file" else outside)
        path.rename(kept)
        link.rename(path)

    def back() -> None:
        path.unlink()
        kept.rename(path)

    statuses = set()
    with swapped([to_link, back]):
        for number in range(40):
            package = tmp_path / f"{number}.tar.gz"
            ended = attack("pack", handoff, "-o", package, timeout=20) if number == 0 else hook(
                "pack", handoff, "-o", package)
            statuses.add(ended.status)
            if package.exists():
                with tarfile.open(package) as tar:
                    assert not any(SECRET in tar.extractfile(member).read() for member in tar.getmembers())
    assert statuses <= {0, UNACCEPTABLE, 66}


def test_names_of_assets_lead_nowhere_else(attack: Attack, tmp_path: Path) -> None:
    """TensorFlow would read what a graph names outside of its folder: such a graph is refused."""
    folder = tiny_model.write(tmp_path / "model")
    (tmp_path / "secret").write_bytes(SECRET)
    asset = field(2, "../../secret")
    listed = field(5, field(1, field(2, asset)))
    graph = tiny_model.saved_model_pb()
    collection = field(4, field(1, "saved_model_assets") + field(2, listed))
    meta_graph = _meta_graph(graph) + collection
    (folder / "saved_model.pb").write_bytes(field(1, 1) + field(2, meta_graph))
    ended = attack("inspect", folder)
    assert ended.status == UNACCEPTABLE
    assert "assets/../../secret: not there, though the graph names it as an asset" in ended.stderr


def _meta_graph(graph: bytes) -> bytes:
    """The MetaGraphDef in a SavedModel that tiny_model made: behind two bytes of version, tag and size."""
    at = 3
    while graph[at] & 0x80:
        at += 1
    return graph[at + 1:]
