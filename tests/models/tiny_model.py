"""A SavedModel of a few hundred bytes, written from the formats alone: for tests that need no TensorFlow.

It has one float32 variable, the signature serving_default (image: float32 [-1, 4] -> probs: float32 [-1, 2])
and everything modelhook checks; TensorFlow could read its bundle, but its graph computes nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

FLOAT = 1  # TensorFlow's DataType


def varint(number: int) -> bytes:
    """A protocol buffer varint of a number that is not negative."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def field(number: int, value: int | bytes | str) -> bytes:
    """One protocol buffer field: a varint for an integer, else length-delimited."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value & (1 << 64) - 1)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


CRC_TABLE = _crc_table()


def mask(crc: int) -> int:
    """A CRC32C as LevelDB and TensorFlow store it: rotated right by 15, plus a constant."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def masked_crc32c(data: bytes) -> int:
    """The masked CRC32C of some bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 255]
    return mask(crc ^ 0xFFFFFFFF)


def shape(dims: Iterable[int]) -> bytes:
    """A TensorShapeProto."""
    return b"".join(field(2, field(1, dim)) for dim in dims)


def tensor_info(name: str, dims: Iterable[int]) -> bytes:
    """A TensorInfo of float32."""
    return field(1, name) + field(2, FLOAT) + field(3, shape(dims))


def saved_model_pb() -> bytes:
    """A SavedModel with one meta graph, tagged serve, whose two nodes have names alone."""
    signature = (
        field(1, field(1, "image") + field(2, tensor_info("serving_default_image:0", (-1, 4))))
        + field(2, field(1, "probs") + field(2, tensor_info("StatefulPartitionedCall:0", (-1, 2))))
        + field(3, "tensorflow/serving/predict")
    )
    meta_info = field(4, "serve") + field(5, "2.21.0")
    nodes = b"".join(field(1, field(1, name)) for name in ("serving_default_image", "StatefulPartitionedCall"))
    meta_graph = field(1, meta_info) + field(2, nodes) + field(5, field(1, "serving_default") + field(2, signature))
    return field(1, 1) + field(2, meta_graph)


def block(entries: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A LevelDB table block without shared prefixes, with its one restart point, type and checksum."""
    body = b"".join(varint(0) + varint(len(key)) + varint(len(value)) + key + value for key, value in entries)
    body += struct.pack("<II", 0, 1) + b"\0"
    return body + struct.pack("<I", masked_crc32c(body))


def table(entries: list[tuple[bytes, bytes]]) -> bytes:
    """A LevelDB table: one data block, an empty metaindex, the index, the footer."""
    data, metaindex = block(entries), block([])
    handle = varint(0) + varint(len(data) - 5)
    index = block([(entries[-1][0], handle)])
    start = len(data) + len(metaindex)
    footer = varint(len(data)) + varint(len(metaindex) - 5) + varint(start) + varint(len(index) - 5)
    return data + metaindex + index + footer.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")


def bundle_entry(count: int, masked_crc: int, shard: int = 0) -> bytes:
    """A BundleEntryProto of so many float32 that are all there is in a shard."""
    fixed_crc = varint(6 << 3 | 5) + struct.pack("<I", masked_crc)
    return field(1, FLOAT) + field(2, shape([count])) + field(3, shard) + field(5, 4 * count) + fixed_crc


def write(folder: Path, weights: Iterable[float] = (0.5,) * 8) -> Path:
    """Write the SavedModel into folder (made when missing); other weights make another model. Returns folder."""
    values = list(weights)
    shard = struct.pack(f"<{len(values)}f", *values)
    header = field(1, 1) + field(3, field(1, 1))
    entry = bundle_entry(len(values), masked_crc32c(shard))
    (folder / "variables").mkdir(parents=True, exist_ok=True)
    (folder / "saved_model.pb").write_bytes(saved_model_pb())
    (folder / "variables/variables.index").write_bytes(table([(b"", header), (b"weights", entry)]))
    (folder / "variables/variables.data-00000-of-00001").write_bytes(shard)
    return folder
