"""Records golden requests: inputs with the answers that the model gave at training.

They lie in the SavedModel, where TensorFlow Serving keeps warm-up requests and replays them when it loads the
model: assets.extra/tf_serving_warmup_requests, a TFRecord file of PredictionLog messages. Beside it is the first
input as MLflow's input_example.json and serving_input_example.json. modelhook asks a service the same requests
again after a promotion, and compares the answers.

`check` asks a packed model instead, as a gate: {"name": "golden", "command": ["python3", "-m", "modelhook.golden",
"{model}"]}. Needs NumPy; standard library else, Python 3.8 and later.
"""

import importlib
import json
import math
import os
import secrets
import struct
import sys
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

REQUESTS = "assets.extra/tf_serving_warmup_requests"
EXAMPLES = ("assets.extra/input_example.json", "assets.extra/serving_input_example.json")
MOST_REQUESTS = 1000  # as TensorFlow Serving takes
MOST_BYTES = 64 << 20

_TYPES = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "int64": 9, "bool": 10,
          "uint16": 17, "float16": 19, "uint32": 22, "uint64": 23}
_STRING = 7
_NUMPY = {number: name for name, number in _TYPES.items()}
_TOLERANCES = {"float64": 1e-6, "float32": 1e-4, "float16": 1e-2}


class GoldenError(ValueError):
    """Requests that cannot be kept, or whose file is broken."""


def _numpy() -> Any:
    """NumPy, which the rest of the package does without."""
    return importlib.import_module("numpy")


def record(saved_model: str, golden: Sequence[Tuple[Any, Any]], model: str) -> None:
    """Writes the requests into the SavedModel.

    :param saved_model: its directory
    :param golden: inputs with outputs, each an array, or arrays by name; an array without a name is the only input, or
        output, of the signature serving_default
    :param model: name of the registered model, which a request to TensorFlow Serving contains
    :raises GoldenError: there are no requests or too many, or they do not fit the signature
    """
    if not golden:
        raise GoldenError("no requests")
    if len(golden) > MOST_REQUESTS:
        raise GoldenError(f"{len(golden)} requests, at most {MOST_REQUESTS} are kept")
    names = _signature(os.path.join(saved_model, "saved_model.pb"))
    pairs = [tuple(_named(value, names[side], f"request {index + 1}: {('input', 'output')[side]}")
                   for side, value in enumerate(pair)) for index, pair in enumerate(golden)]
    records = b"".join(_record(_prediction(model, inputs, outputs)) for inputs, outputs in pairs)
    if len(records) > MOST_BYTES:
        raise GoldenError(f"{len(records)} bytes, at most {MOST_BYTES} are kept: record fewer or smaller requests")
    example = {"inputs": {name: value.tolist() for name, value in _decoded(pairs[0][0]).items()}}
    text = json.dumps(example, allow_nan=False).encode()
    os.makedirs(os.path.join(saved_model, "assets.extra"), exist_ok=True)
    _write(os.path.join(saved_model, REQUESTS), records)
    for path in EXAMPLES:
        _write(os.path.join(saved_model, path), text)


def read(path: str) -> Iterator[Tuple[Dict[str, Any], Dict[str, Any]]]:
    """The requests of a file, one after another.

    :param path: of the file
    :return: inputs and outputs, arrays by name
    :raises GoldenError: the file is broken
    """
    with open(path, "rb") as stream:
        content = stream.read()
    at = 0
    while at < len(content):
        (length, checksum), start = struct.unpack_from("<QI", content, at), at + 12
        body = content[start:start + length]
        (end,) = struct.unpack_from("<I", content, start + length)
        if checksum != _masked(content[at:at + 8]) or end != _masked(body):
            raise GoldenError(f"{path}: checksum mismatch")
        log = _message(_message(body)[6][0])
        sides = (_message(log.get(1, [b""])[0]).get(2, []), _message(log.get(2, [b""])[0]).get(1, []))
        inputs, outputs = ({entry[1][0].decode(): _array(entry[2][0]) for entry in map(_message, side)}
                           for side in sides)
        yield inputs, outputs
        at = start + length + 4


def check(model: str, tolerance: Optional[float] = None) -> Optional[str]:
    """Asks a packed model, loaded by MLflow, every request.

    :param model: directory of the packed model
    :param tolerance: as for difference
    :return: the first difference; None: there is none
    """
    import mlflow.pyfunc  # noqa: PLC0415 - only where a model is asked

    loaded = mlflow.pyfunc.load_model(model)
    for index, (inputs, outputs) in enumerate(read(os.path.join(model, "saved_model", REQUESTS))):
        answer = loaded.predict(inputs)
        for name, expected in outputs.items():
            got = answer[name] if isinstance(answer, Mapping) else answer
            place = difference(expected, got, tolerance)
            if place is not None:
                return f"request {index + 1}: output {name!r}{place}"
    return None


def difference(expected: Any, got: Any, tolerance: Optional[float] = None) -> Optional[str]:
    """Compares an answer with the recorded one.

    :param expected: the recorded one, an array
    :param got: the answer, an array or lists
    :param tolerance: how far they may be apart, times the larger of 1 and the recorded value; None: by the type
    :return: where they differ, and both values; None: they do not
    """
    numpy = _numpy()

    got = numpy.asarray(got)
    if got.shape != expected.shape:
        return f": shape {list(got.shape)}, recorded {list(expected.shape)}"
    if expected.dtype.kind != "f":
        same = got.astype(object) == expected.astype(object)
    else:
        limit = tolerance or _TOLERANCES[expected.dtype.name]
        wide, recorded = got.astype("float64"), expected.astype("float64")
        scale = numpy.maximum(1, numpy.abs(recorded))
        with numpy.errstate(invalid="ignore"):
            near = numpy.abs(wide - recorded) <= limit * scale
        same = near | (wide == recorded) | (numpy.isnan(wide) & numpy.isnan(recorded))
    if numpy.all(same):
        return None
    place = tuple(int(axis[0]) for axis in numpy.nonzero(~numpy.asarray(same, dtype=bool)))
    return f"[{','.join(map(str, place))}]: {got[place]}, recorded {expected[place]}"


def _named(value: Any, names: Sequence[str], what: str) -> Dict[str, Any]:
    """Arrays by name, of a type that can be kept."""
    numpy = _numpy()

    if not isinstance(value, Mapping):
        if len(names) != 1:
            raise GoldenError(f"{what}: the signature has {len(names)} of them: give a dictionary by name")
        value = {names[0]: value}
    arrays = {str(name): numpy.asarray(array) for name, array in value.items()}
    if sorted(arrays) != sorted(names):
        raise GoldenError(f"{what}: named {', '.join(sorted(arrays))}, the signature has {', '.join(sorted(names))}")
    for name, array in arrays.items():
        if array.dtype.name not in _TYPES and array.dtype.kind not in "OSU":
            raise GoldenError(f"{what}: {name} is of type {array.dtype}, which cannot be kept")
        if array.dtype.kind == "f" and not numpy.all(numpy.isfinite(array)) and "input" in what:
            raise GoldenError(f"{what}: {name} holds NaN or infinity")
    return arrays


def _decoded(arrays: Dict[str, Any]) -> Dict[str, Any]:
    """Bytes as text: JSON has no other strings."""
    numpy = _numpy()

    return {name: numpy.vectorize(lambda item: item.decode() if isinstance(item, bytes) else item, otypes="O")(array)
            if array.dtype.kind in "OS" and array.size else array for name, array in arrays.items()}


def _signature(path: str) -> Tuple[List[str], List[str]]:
    """The names of the inputs and outputs of serving_default (saved_model.proto, meta_graph.proto)."""
    with open(path, "rb") as stream:
        graphs = _message(stream.read()).get(2, [])
    for graph in graphs:
        for entry in map(_message, _message(graph).get(5, [])):
            if entry.get(1, [b""])[0] == b"serving_default":
                signature = _message(entry[2][0])
                return tuple([_message(tensor)[1][0].decode() for tensor in signature.get(field, [])]
                             for field in (1, 2))  # type: ignore[return-value]
    raise GoldenError(f"{path} has no signature serving_default")


def _message(content: bytes) -> Dict[int, List[Any]]:
    """The fields of a protocol buffer: numbers, and bytes of what has a length."""
    fields: Dict[int, List[Any]] = {}
    at = 0
    while at < len(content):
        value: Any
        key, at = _varint(content, at)
        if key & 7 == 0:
            value, at = _varint(content, at)
        elif key & 7 == 2:
            length, at = _varint(content, at)
            value, at = content[at:at + length], at + length
        elif key & 7 in (1, 5):
            size = 8 if key & 7 == 1 else 4
            value, at = content[at:at + size], at + size
        else:
            raise GoldenError("a broken protocol buffer")
        fields.setdefault(key >> 3, []).append(value)
    return fields


def _varint(content: bytes, at: int) -> Tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number: int, content: bytes) -> bytes:
    return _number(number << 3 | 2) + _number(len(content)) + content


def _tensor(array: Any) -> bytes:
    """A TensorProto."""
    is_text = array.dtype.kind in "OSU"
    shape = b"".join(_field(2, b"\x08" + _number(size)) for size in array.shape)
    head = b"\x08" + _number(_STRING if is_text else _TYPES[array.dtype.name]) + _field(2, shape)
    if is_text:
        return head + b"".join(_field(8, item if isinstance(item, bytes) else str(item).encode())
                               for item in array.reshape(-1).tolist())
    return head + _field(4, array.astype(array.dtype.newbyteorder("<")).tobytes())


def _array(content: bytes) -> Any:
    """An array from a TensorProto that `record` wrote."""
    numpy = _numpy()

    fields = _message(content)
    shape = [_message(size).get(1, [0])[0] for size in _message(fields.get(2, [b""])[0]).get(2, [])]
    if fields[1][0] == _STRING:
        return numpy.array([item.decode() for item in fields.get(8, [])], dtype=object).reshape(shape)
    name = _NUMPY.get(fields[1][0])
    if name is None or (math.prod(shape) and 4 not in fields):
        raise GoldenError("a tensor of a type that is not read here")
    return numpy.frombuffer(fields.get(4, [b""])[0], dtype=numpy.dtype(name).newbyteorder("<")).reshape(shape)


def _prediction(model: str, inputs: Dict[str, Any], outputs: Dict[str, Any]) -> bytes:
    """A PredictionLog of one predict call with its answer."""
    spec = _field(1, model.encode()) + _field(3, b"serving_default")
    entries = [b"".join(_field(number, _field(1, name.encode()) + _field(2, _tensor(side[name])))
                        for name in sorted(side)) for number, side in ((2, inputs), (1, outputs))]
    return _field(6, _field(1, _field(1, spec) + entries[0]) + _field(2, entries[1]))


def _crc_table() -> List[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


_TABLE = _crc_table()


def _masked(content: bytes) -> int:
    """The masked CRC-32C of a TFRecord file."""
    crc, table = 0xFFFFFFFF, _TABLE
    for byte in content:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _record(content: bytes) -> bytes:
    length = struct.pack("<Q", len(content))
    return length + struct.pack("<I", _masked(length)) + content + struct.pack("<I", _masked(content))


def _write(path: str, content: bytes) -> None:
    """Puts a file in its place at once."""
    beside = f"{path}.{secrets.token_hex(6)}"
    with open(beside, "wb") as stream:
        stream.write(content)
    os.replace(beside, path)


if __name__ == "__main__":
    found = check(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else None)
    print(found or "every golden request is answered as recorded")
    sys.exit(1 if found else 0)
