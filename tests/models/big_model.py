#!/usr/bin/env python3
"""Makes a large SavedModel of float32 weights and many small files, without TensorFlow.

    big_model.py OUT MEBIBYTES SHARDS SMALL [BYTES]
                 OUT/saved_model: that much in so many shards, SMALL files beside them, of BYTES each

The numbers are those of a normal distribution, from a fixed seed, so that nothing compresses them; the small files
(assets.extra/) are of the same, and of 1 to 41 KiB where no size is given. Runs in the environment
tests/requirements/bench.txt. What is there already, made by this very file, is kept.
"""

from __future__ import annotations

import hashlib
import shutil
import struct
import sys
from pathlib import Path

import google_crc32c
import numpy as np
import tiny_model
from tiny_model import field

STEP = 8 << 20  # bytes that are made at once


def write_shard(path: Path, size: int, random: np.random.Generator) -> int:
    """One file of weights; returns its masked CRC32C."""
    crc = 0
    with path.open("wb") as file:
        for start in range(0, size, STEP):
            part = random.standard_normal(min(STEP, size - start) // 4, np.float32).tobytes()
            crc = google_crc32c.extend(crc, part)
            file.write(part)
    return tiny_model.mask(crc)


def write(folder: Path, mebibytes: int, shards: int, small: int, each: int) -> None:
    """The SavedModel in folder; each 0: small files of many sizes."""
    random = np.random.default_rng(7)
    size = (mebibytes << 20) // shards
    (folder / "variables").mkdir(parents=True)
    (folder / "assets.extra").mkdir()
    entries = [(b"", field(1, shards) + field(3, field(1, 1)))]
    for shard in range(shards):
        path = folder / f"variables/variables.data-{shard:05}-of-{shards:05}"
        entry = tiny_model.bundle_entry(size // 4, write_shard(path, size, random), shard)
        entries.append((b"weights_%05d" % shard, entry))
    (folder / "variables/variables.index").write_bytes(tiny_model.table(entries))
    (folder / "saved_model.pb").write_bytes(tiny_model.saved_model_pb())
    for number in range(small):
        count = each // 4 if each else 256 + int(random.integers(10240))
        values = random.standard_normal(count, np.float32)
        (folder / f"assets.extra/small-{number:05}.f32").write_bytes(values.tobytes())


def main() -> None:
    """Makes it beside its place, then moves it there whole."""
    out, sizes = Path(sys.argv[1]), [int(argument) for argument in (*sys.argv[2:], "0")[:4]]
    made_by = hashlib.sha256(Path(__file__).read_bytes() + struct.pack("<4q", *sizes)).hexdigest()
    mark = out / "made_by"
    if mark.exists() and mark.read_text() == made_by:
        return
    beside = out.with_name(f".making-{out.name}")
    for folder in (beside, out):
        shutil.rmtree(folder, ignore_errors=True)
    write(beside / "saved_model", *sizes)
    (beside / "made_by").write_text(made_by)
    beside.rename(out)


if __name__ == "__main__":
    main()
