"""Packages, SavedModels, handoffs and settings that are too large, too deep or lie about their size: 32 MiB each."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
import tiny_model
from bombs import numbered, repeat
from conftest import Attack, HandoffMaker
from tiny_model import field, varint

PEAK = 32  # MiB
MIB = 1 << 20
SHA = "0" * 64


def tar(entries: Iterable[tuple[tarfile.TarInfo, bytes]], fmt: int = tarfile.GNU_FORMAT) -> bytes:
    """An archive of these."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=fmt) as archive:
        for info, content in entries:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def manifest_of(body: Iterable[bytes]) -> bytes:
    """An archive with that manifest alone."""
    return tar([(tarfile.TarInfo("manifest.json"), b"".join(body))])


def many_files() -> bytes:
    """A manifest with a million files, which fits into no package."""
    return manifest_of(numbered(b'{"files":[', f'{{"path":"f{{n}}","sha256":"{SHA}","size":0}}', 1_000_000, b"]}"))


def most_files() -> bytes:
    """A manifest with as many files as fit."""
    return manifest_of(numbered(b'{"files":[', f'{{"path":"f{{n}}","sha256":"{SHA}","size":0}}', 28_000, b"]}"))


def pax(size: int) -> bytes:
    """A pax header that says a size."""
    info = tarfile.TarInfo("manifest.json")
    info.pax_headers = {"comment": "x" * size}
    return tar([(info, b"{}")], tarfile.PAX_FORMAT)


def long_name() -> bytes:
    """A GNU long name of a hundred megabytes."""
    return tar([(tarfile.TarInfo("m" * (100 * MIB)), b"")])


def zeros() -> Iterator[bytes]:
    """Half a gigabyte of nothing."""
    return repeat(b"", bytes(1 << 16), 512 * MIB)


PACKAGES: dict[str, Callable[[], bytes | Iterable[bytes]]] = {
    "a million files": many_files,
    "28,000 files": most_files,
    "numbers": lambda: manifest_of(repeat(b'{"a":[', b"0,", 3 * MIB - 99_999, b"0]}")),
    "objects": lambda: manifest_of(repeat(b'{"files":[', b"{},", 3 * MIB - 99_999, b"{}]}")),
    "dimensions": lambda: manifest_of(
        repeat(b'{"signatures":{"a":{"inputs":{"x":{"shape":[', b"1,", 2 * MIB, b"1]}}}}}")),
    "depth": lambda: manifest_of(repeat(b'{"a":', b"[", 2 * MIB)),
    "keys": lambda: manifest_of(numbered(b"{", '"{n}":0', 200_000, b"}")),
    "pax": lambda: pax(64 * MIB),
    "a long name": long_name,
    "zeros": zeros,
}


@pytest.mark.parametrize("command", ["replay", "inspect"])
@pytest.mark.parametrize("bomb", PACKAGES)
def test_package(attack: Attack, tmp_path: Path, bomb: str, command: str) -> None:
    package = tmp_path / "bomb.tar.gz"
    body = PACKAGES[bomb]()
    with gzip.open(package, "wb", compresslevel=1) as out:
        for piece in [body] if isinstance(body, bytes) else body:
            out.write(piece)
    ended = attack(command, package, "--deadline", "20s", env={"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"})
    assert ended.status == 65, ended.stderr
    assert ended.peak <= PEAK


# SavedModels. Each is the tiny one with one file of another make.


def tags() -> bytes:
    """A graph with two million tags."""
    return field(1, 1) + field(2, field(1, field(4, "x") * 2_000_000))


def nodes() -> bytes:
    """A graph of four million nodes."""
    return field(1, 1) + field(2, field(2, field(1, b"") * 4_000_000))


def signatures() -> bytes:
    """A graph of a million signatures."""
    return field(1, 1) + field(2, field(5, b"") * 1_000_000)


def inputs() -> bytes:
    """A signature of a million inputs."""
    return field(1, 1) + field(2, field(5, field(1, "s") + field(2, field(1, field(1, "i")) * 1_000_000)))


def dimensions() -> bytes:
    """Ten thousand inputs of 254 dimensions."""
    one = field(1, field(1, "i") + field(2, tiny_model.tensor_info("i:0", [1] * 254)))
    return field(1, 1) + field(2, field(5, field(1, "s") + field(2, one * 10_000)))


def assets() -> bytes:
    """A graph that names a million assets."""
    return field(1, 1) + field(2, field(6, field(2, "a")) * 1_000_000)


def attributes() -> bytes:
    """A node with a million attributes."""
    entry = b"".join(field(5, field(1, f"{n:06}") + field(2, b"")) for n in range(200_000, 0, -1))
    return field(1, 1) + field(2, field(2, field(1, field(1, "n") + entry)))


def graphs() -> bytes:
    """A million graphs."""
    return field(1, 1) + field(2, field(1, field(4, "serve"))) * 1_000_000


def huge_varint() -> bytes:
    """A message that says it has 2^62 bytes."""
    return field(1, 1) + varint(2 << 3 | 2) + varint(1 << 62) + b"x"


def nested() -> bytes:
    """Messages within messages."""
    inner = b""
    for _ in range(20_000):
        inner = field(2, inner)
    return field(1, 1) + inner


GRAPHS = {made.__name__: made
          for made in (tags, nodes, signatures, inputs, dimensions, assets, attributes, graphs, huge_varint, nested)}


@pytest.mark.parametrize("graph", GRAPHS)
def test_graph(attack: Attack, tmp_path: Path, graph: str) -> None:
    model = tiny_model.write(tmp_path / "model")
    (model / "saved_model.pb").write_bytes(GRAPHS[graph]())
    ended = attack("inspect", model, "--deadline", "60s")
    assert ended.status == 65, ended.stderr
    assert ended.peak <= PEAK


def index(entries: Iterable[tuple[bytes, bytes]]) -> bytes:
    """An index whose blocks hold a thousand of the entries each, with checksums."""
    blocks, handles, out = list(entries), [], b""
    parts = []
    for start in range(0, len(blocks), 1000):
        part = blocks[start:start + 1000]
        data = tiny_model.block(part)
        handles.append((part[-1][0], varint(sum(map(len, parts))) + varint(len(data) - 5)))
        parts.append(data)
    out = b"".join(parts)
    meta, top = tiny_model.block([]), tiny_model.block(handles)
    footer = varint(len(out)) + varint(len(meta) - 5) + varint(len(out) + len(meta)) + varint(len(top) - 5)
    return out + meta + top + footer.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")


HEADER = (b"", field(1, 1) + field(3, field(1, 1)))
EMPTY = tiny_model.bundle_entry(0, tiny_model.mask(0))  # a float tensor without elements


@pytest.mark.parametrize(("count", "status"), [(90_000, 0), (150_000, 65), (400_000, 65)])
def test_index_of_many_keys(attack: Attack, tmp_path: Path, count: int, status: int) -> None:
    """Up to 100,000 tensors are read; more are said to be more."""
    model = tiny_model.write(tmp_path / "model")
    keys = ((f"{n:06}".encode(), EMPTY) for n in range(count))
    weights = (b"weights", tiny_model.bundle_entry(
        8, tiny_model.masked_crc32c((model / "variables/variables.data-00000-of-00001").read_bytes())))
    (model / "variables/variables.index").write_bytes(index([HEADER, *keys, weights]))
    ended = attack("inspect", model, "--deadline", "60s")
    assert ended.status == status, ended.stderr
    assert ended.peak <= PEAK


@pytest.mark.parametrize("file", ["saved_model.pb", "variables/variables.index", "fingerprint.pb"])
@pytest.mark.parametrize("byte", [0, 0xFF, 0x0A])
def test_one_byte_over_and_over(attack: Attack, tmp_path: Path, file: str, byte: int) -> None:
    model = tiny_model.write(tmp_path / "model")
    (model / file).write_bytes(bytes([byte]) * (64 * MIB))
    ended = attack("inspect", model, "--deadline", "60s")
    assert ended.status == 65, ended.stderr
    assert ended.peak <= PEAK


def test_a_sparse_shard_without_end_stops_at_the_deadline(attack: Attack, tmp_path: Path) -> None:
    model = tiny_model.write(tmp_path / "model")
    with (model / "variables/variables.data-00000-of-00001").open("ab") as shard:
        shard.truncate(1 << 42)
    ended = attack("inspect", model, "--deadline", "5s")
    assert ended.status == 75, ended.stderr
    assert ended.peak <= PEAK


def test_a_hundred_thousand_files(attack: Attack, tmp_path: Path, make_handoff: HandoffMaker) -> None:
    handoff = make_handoff(32 * "a")
    folder = handoff.parent / "saved_model/assets.extra"
    folder.mkdir()
    for number in range(40_000):
        (folder / f"{number:06}-{'x' * 40}").touch()
    ended = attack("pack", handoff, "-o", tmp_path, "--deadline", "60s")
    assert ended.status == 65, ended.stderr
    assert "at most 3145663 go" in ended.stderr
    assert ended.peak <= PEAK


# Files beside them.

TEXTS: dict[str, Callable[[], Iterable[bytes]]] = {
    "numbers": lambda: repeat(b'{"a":[', b"0,", 3 * MIB, b"0]}"),
    "objects": lambda: repeat(b'{"a":[', b"{},", 3 * MIB, b"{}]}"),
    "depth": lambda: repeat(b'{"a":', b"[", 3 * MIB),
    "keys": lambda: numbered(b"{", '"{n}":0', 300_000, b"}"),
    "a long string": lambda: repeat(b'{"a":"', b"x", 3 * MIB, b'"}'),
    "100 MiB": lambda: repeat(b'{"a":"', b"x", 100 * MIB, b'"}'),
}


@pytest.mark.parametrize("text", TEXTS)
def test_handoff(attack: Attack, tmp_path: Path, text: str) -> None:
    (tmp_path / "handoff.json").write_bytes(b"".join(TEXTS[text]()))
    ended = attack("pack", tmp_path / "handoff.json", "-o", tmp_path, "--deadline", "20s")
    assert ended.status == 65, ended.stderr
    assert ended.peak <= PEAK


def test_handoff_with_many_metrics(attack: Attack, make_handoff: HandoffMaker, tmp_path: Path) -> None:
    handoff = make_handoff(32 * "a", metrics={f"m{n}": n for n in range(150_000)})
    ended = attack("pack", handoff, "-o", tmp_path, "--deadline", "20s")
    assert ended.status == 65, ended.stderr
    assert ended.peak <= PEAK


@pytest.mark.parametrize("text", TEXTS)
def test_settings(attack: Attack, make_handoff: HandoffMaker, tmp_path: Path, text: str) -> None:
    handoff = make_handoff(32 * "a")
    (handoff.parent / "modelhook.json").write_bytes(b"".join(TEXTS[text]()))
    ended = attack("run", handoff, "--plan", "--deadline", "20s", env={"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"})
    assert ended.status == 78, ended.stderr
    assert ended.peak <= PEAK


