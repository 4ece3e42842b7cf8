#!/usr/bin/env python3
"""Makes small SavedModels of many shapes with real TensorFlow, and writes down what is in them.

    make_models.py OUT                 every shape below, into OUT/SHAPE
    make_models.py OUT --big 64 2048   OUT/big-64 and OUT/big-2048: that many MiB of random weights
    make_models.py --list              the shapes and what each is for

OUT/SHAPE/saved_model   the SavedModel
OUT/SHAPE/cases.npz     `input:NAME` and `output:NAME` for each name of `serving_default`: what the live
                        object answered before it was saved (bfloat16 stands as float32)
OUT/SHAPE/truth.json    what TensorFlow itself reads back: signatures, tensors, counts, shards, assets
OUT/index.json          the truth of every shape there, by name; written last

Weights and inputs come from fixed seeds. What is already there, made by this very file with the same
TensorFlow, is kept; the answer then comes without importing TensorFlow.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.metadata
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

tf: Any = None  # imported when something is to be made: it takes seconds
Arrays = dict[str, np.ndarray]


@dataclass
class Live:
    """A live model with what it answered, and how it is saved."""

    inputs: Arrays
    outputs: Arrays
    save: Callable[[Path], None]
    runs: bool = True  # the saved one can be called with these inputs


SHAPES: dict[str, Callable[[], Live]] = {}


def shape(make: Callable[[], Live]) -> Callable[[], Live]:
    """Enters a function into the list of shapes under its own name."""
    SHAPES[make.__name__] = make
    return make


def random(*size: int, seed: int = 7) -> np.ndarray:
    """Float32 values of a normal distribution, always the same."""
    return np.random.default_rng(seed).standard_normal(size, dtype=np.float32)


def fish_net() -> Any:
    """A small relative of EfficientNet: depthwise convolutions, squeeze and excitation, swish."""
    layers = tf.keras.layers
    image = tf.keras.Input((32, 32, 3), name="image")
    x = layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)(image)
    x = layers.Activation("swish")(layers.BatchNormalization()(x))
    for width in (16, 24):
        y = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
        y = layers.Activation("swish")(layers.BatchNormalization()(y))
        gate = layers.GlobalAveragePooling2D(keepdims=True)(y)
        gate = layers.Conv2D(8, 1, activation="swish")(gate)
        gate = layers.Conv2D(y.shape[-1], 1, activation="sigmoid")(gate)
        x = layers.Conv2D(width, 1, use_bias=False)(layers.Multiply()([y, gate]))
    x = layers.GlobalAveragePooling2D()(x)
    species = layers.Dense(8, activation="softmax", name="species")(x)
    return tf.keras.Model(image, species, name="fish_net")


def signature(function: Any) -> dict[str, Any]:
    """The signatures of a module with one function."""
    return {"serving_default": function}


@shape
def keras_export() -> Live:
    """Keras model.export: signatures `serve` and `serving_default`, input `image`."""
    model = fish_net()
    images = random(4, 32, 32, 3)
    return Live({"image": images}, {"output_0": model(images).numpy()}, lambda to: model.export(to, verbose=False))


@shape
def saved_model_save() -> Live:
    """tf.saved_model.save of a Keras model: TensorFlow names the input itself."""
    model = fish_net()
    images = random(4, 32, 32, 3, seed=8)
    return Live({"inputs": images}, {"output_0": model(images).numpy()}, lambda to: tf.saved_model.save(model, to))


@shape
def multi_io() -> Live:
    """Two inputs and two named outputs, one of them (N, 1)."""
    layers = tf.keras.layers
    image = tf.keras.Input((16, 16, 1), name="image")
    depth = tf.keras.Input((2,), name="depth")
    both = layers.Concatenate()([layers.Flatten()(layers.Conv2D(4, 3, strides=4)(image)), depth])
    outputs = {
        "species": layers.Dense(5, activation="softmax", name="species")(both),
        "weight": layers.Dense(1, name="weight")(both),
    }
    model = tf.keras.Model({"image": image, "depth": depth}, outputs)
    inputs = {"image": random(3, 16, 16, 1), "depth": random(3, 2, seed=9)}
    answers = {name: value.numpy() for name, value in model(inputs).items()}
    return Live(inputs, answers, lambda to: model.export(to, verbose=False))


@shape
def shards() -> Live:
    """Several shards of at most 16 KiB, so that the larger tensors are cut into slices."""
    module = tf.Module()
    module.tables = [tf.Variable(random(*size, seed=seed), name=f"table_{seed}")
                     for seed, size in enumerate([(96, 64), (64, 33), (33, 7), (7,)])]

    @tf.function(input_signature=[tf.TensorSpec([None, 96], tf.float32, "features")])
    def predict(features: Any) -> dict[str, Any]:
        first, second, third, bias = module.tables
        return {"logits": tf.tanh(features @ first) @ second @ third + bias}

    features = random(5, 96)
    options = tf.saved_model.SaveOptions(
        experimental_sharding_callback=tf.train.experimental.MaxShardSizePolicy(16 * 1024))
    return Live({"features": features}, {"logits": predict(features)["logits"].numpy()},
                lambda to: tf.saved_model.save(module, to, signatures=signature(predict), options=options))


@shape
def strings_asset() -> Live:
    """A string input looked up in a vocabulary that is an asset file; string and number come out."""
    words = ["bluegroper", "butterflyfish", "clownfish", "coraltrout", "рыба-клоун"]
    folder = tempfile.mkdtemp()
    vocabulary = Path(folder, "species.txt")
    vocabulary.write_text("\n".join(words) + "\n", encoding="utf-8")
    module = tf.Module()
    module.vocabulary = tf.saved_model.Asset(str(vocabulary))
    module.table = tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(module.vocabulary, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
                                      tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER), -1)
    module.weights = tf.Variable(random(6, 3), name="weights")

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "name")])
    def predict(name: Any) -> dict[str, Any]:
        number = module.table.lookup(tf.strings.lower(name))
        return {"number": number, "embedding": tf.gather(module.weights, number + 1),
                "label": tf.strings.join(["fish: ", name])}

    names = np.array(["Clownfish", "shark", "рыба-клоун", "bluegroper"])
    answers = predict(tf.constant(names))

    def save(to: Path) -> None:
        tf.saved_model.save(module, to, signatures=signature(predict))
        shutil.rmtree(folder)

    label = np.array([text.decode() for text in answers["label"].numpy()])
    return Live({"name": names}, {"number": answers["number"].numpy(), "label": label,
                                  "embedding": answers["embedding"].numpy()}, save)


@shape
def bfloat16_unknown_rank() -> Live:
    """Weights and output in bfloat16, input of any rank."""
    module = tf.Module()
    module.scale = tf.Variable(tf.cast(random(6), tf.bfloat16), name="scale")

    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32, "anything")])
    def predict(anything: Any) -> dict[str, Any]:
        return {"scaled": tf.cast(anything, tf.bfloat16) * module.scale}

    anything = random(2, 3, 6)
    return Live({"anything": anything}, {"scaled": predict(anything)["scaled"].numpy()},
                lambda to: tf.saved_model.save(module, to, signatures=signature(predict)))


@shape
def scalar_output() -> Live:
    """An output of rank 0, beside a scalar input."""
    module = tf.Module()
    module.weights = tf.Variable(random(4), name="weights")

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, "features"),
                                  tf.TensorSpec([], tf.float32, "bias")])
    def predict(features: Any, bias: Any) -> dict[str, Any]:
        return {"mean": tf.reduce_mean(features * module.weights) + bias}

    inputs = {"features": random(3, 4), "bias": np.array(0.5, np.float32)}
    return Live(inputs, {"mean": predict(**inputs)["mean"].numpy()},
                lambda to: tf.saved_model.save(module, to, signatures=signature(predict)))


def holder(variables: dict[str, Any], name: str = "weights") -> Live:
    """A model that keeps variables of all kinds, and answers with its first one times the input."""
    module = tf.Module()
    module.kept = {key: tf.Variable(value, name=key) for key, value in variables.items()}
    module.weights = tf.Variable(random(3), name=name)

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, "x")])
    def predict(x: Any) -> dict[str, Any]:
        return {"y": x * module.weights}

    x = random(2, 3)
    return Live({"x": x}, {"y": predict(x)["y"].numpy()},
                lambda to: tf.saved_model.save(module, to, signatures=signature(predict)))


@shape
def many_dtypes() -> Live:
    """A variable of every dtype that one can hold, among them empty, scalar and string ones."""
    integers = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
    variables: dict[str, Any] = {kind: np.arange(1, 7, dtype=kind).reshape(2, 3) for kind in integers}
    variables |= {kind: tf.cast(random(2, 3), kind) for kind in ("float16", "bfloat16", "float64")}
    variables |= {"complex64": tf.complex(random(4), random(4, seed=1)),
                  "complex128": tf.complex(random(4).astype("float64"), random(4, seed=1).astype("float64")),
                  "bool": [True, False, True], "scalar": np.float32(3.25), "empty": np.zeros((0, 4), np.float32),
                  "strings": [["", "ein Fisch"], ["рыба", "x" * 300]]}
    return holder(variables)


@shape
def many_tensors() -> Live:
    """1,250 tensors: an index of several blocks, and keys that share long prefixes."""
    return holder({f"layer_{number:04}": random(1 + number % 5, seed=number) for number in range(1248)})


@shape
def nan_weights() -> Live:
    """One NaN in a kernel of a Keras model that is otherwise sound."""
    model = fish_net()
    kernel, bias = model.get_layer("species").get_weights()
    kernel[3, 2] = np.nan
    model.get_layer("species").set_weights([kernel, bias])
    images = random(2, 32, 32, 3)
    return Live({"image": images}, {"output_0": model(images).numpy()}, lambda to: model.export(to, verbose=False))


@shape
def nonfinite_dtypes() -> Live:
    """NaN and both infinities in each floating type, also in the parts of complex numbers."""
    bad = np.array([1.0, np.nan, np.inf, -np.inf, 2.0, np.nan])
    variables: dict[str, Any] = {kind: tf.cast(bad, kind) for kind in ("float16", "bfloat16", "float32", "float64")}
    variables["complex64"] = np.array([1 + 2j, complex(np.nan, 1), complex(1, np.inf)], np.complex64)
    variables["complex128"] = np.array([complex(np.nan, np.inf), 3], np.complex128)
    return holder(variables)


@shape
def no_serving_default() -> Live:
    """A sound model under another signature's name: nothing to serve."""
    module = tf.Module()
    module.weights = tf.Variable(random(3), name="weights")

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, "x")])
    def predict(x: Any) -> dict[str, Any]:
        return {"y": x * module.weights}

    return Live({}, {}, lambda to: tf.saved_model.save(module, to, signatures={"embed": predict}), runs=False)


def big(mebibytes: int) -> Live:
    """Float weights of the given size, 32 MiB to a tensor; written without training."""
    module = tf.Module()
    module.weights = []
    left = mebibytes * 1024 * 256  # float32 elements
    while left > 0:
        rows = min(left, 8 * 1024 * 1024) // 256
        module.weights.append(tf.Variable(random(rows, 256, seed=len(module.weights)), name="weights"))
        left -= rows * 256

    @tf.function(input_signature=[tf.TensorSpec([None, 256], tf.float32, "features")])
    def predict(features: Any) -> dict[str, Any]:
        return {"score": tf.linalg.matvec(features, module.weights[0][0])}

    features = random(2, 256)
    return Live({"features": features}, {"score": predict(features)["score"].numpy()},
                lambda to: tf.saved_model.save(module, to, signatures=signature(predict)))


def plain(array: np.ndarray) -> np.ndarray:
    """The array in a type that numpy can store: bfloat16 as float32, bytes as text."""
    array = np.asarray(array)
    if array.dtype.name == "bfloat16":
        return array.astype(np.float32)
    if array.dtype == object:
        return np.vectorize(lambda value: value.decode() if isinstance(value, bytes) else value)(array)
    return array


def tensor_infos(infos: Any) -> dict[str, Any]:
    """A SignatureDef's inputs or outputs: dtype by name, shape with -1, null for an unknown rank."""
    return {name: {"tensor": info.name, "dtype": tf.dtypes.as_dtype(info.dtype).name,
                   "shape": None if info.tensor_shape.unknown_rank else [dim.size for dim in info.tensor_shape.dim]}
            for name, info in sorted(infos.items())}


def nonfinite(values: np.ndarray) -> dict[str, int]:
    """How many elements are NaN, and how many infinite without being NaN; nothing where all are finite."""
    kind = values.dtype
    if kind.kind not in "fc" and kind.name != "bfloat16":
        return {}
    values = values.astype(np.complex128 if kind.kind == "c" else np.float64)
    counts = {"nan": int(np.isnan(values).sum()), "inf": int((np.isinf(values) & ~np.isnan(values)).sum())}
    return {name: count for name, count in counts.items() if count}


def read_truth(folder: Path) -> dict[str, Any]:
    """What TensorFlow's own readers say about a SavedModel."""
    from tensorflow.core.protobuf import fingerprint_pb2, saved_model_pb2  # noqa: PLC0415 - takes seconds

    proto = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    graph = proto.meta_graphs[0]
    prefix = str(folder / "variables" / "variables")
    reader = tf.train.load_checkpoint(prefix)
    names = reader.get_variable_to_dtype_map()
    tensors = [{"name": name, "dtype": names[name].name, "shape": list(size)}
               for name, size in tf.train.list_variables(prefix)]
    bad = {name: counts for name in sorted(names) if (counts := nonfinite(np.asarray(reader.get_tensor(name))))}
    files = {str(path.relative_to(folder)): path.stat().st_size for path in sorted(folder.rglob("*")) if path.is_file()}
    fingerprint = fingerprint_pb2.FingerprintDef.FromString((folder / "fingerprint.pb").read_bytes())
    return {
        "tensorflow_version": graph.meta_info_def.tensorflow_version,
        "tags": sorted(graph.meta_info_def.tags),
        "signatures": {key: {"method_name": value.method_name, "inputs": tensor_infos(value.inputs),
                             "outputs": tensor_infos(value.outputs)}
                       for key, value in sorted(graph.signature_def.items()) if key != "__saved_model_init_op"},
        "tensors": tensors,
        "tensor_count": len(tensors),
        "element_count": sum(int(np.prod(tensor["shape"])) for tensor in tensors),
        "nonfinite": bad,
        "shards": sum(".data-" in name for name in files),
        "assets": [asset.filename for asset in graph.asset_file_def],
        "checkpoint_hash": fingerprint.checkpoint_hash,
        "files": files,
        "bytes": sum(files.values()),
    }


def check_saved(folder: Path, live: Live) -> None:
    """The saved model, called by TensorFlow, must answer as the live one did."""
    answers = tf.saved_model.load(str(folder)).signatures["serving_default"](
        **{name: tf.constant(value) for name, value in live.inputs.items()})
    if sorted(answers) != sorted(live.outputs):
        raise AssertionError(f"{folder}: outputs {sorted(answers)}, live {sorted(live.outputs)}")
    for name, value in live.outputs.items():
        saved, expected = plain(answers[name].numpy()), plain(value)
        if expected.dtype.kind == "U":
            np.testing.assert_array_equal(saved, expected)
        else:
            np.testing.assert_allclose(saved, expected, rtol=1e-5, atol=1e-6)


def make(name: str, build: Callable[[], Live], out: Path, made_by: str) -> None:
    """One shape: made beside its place, checked, then moved there whole."""
    beside = out / f".making-{name}"
    shutil.rmtree(beside, ignore_errors=True)
    tf.keras.backend.clear_session()
    tf.keras.utils.set_random_seed(20260)
    live = build()
    saved = beside / "saved_model"
    beside.mkdir(parents=True)
    live.save(saved)
    if live.runs:
        check_saved(saved, live)
    arrays = {f"input:{key}": plain(value) for key, value in live.inputs.items()}
    arrays |= {f"output:{key}": plain(value) for key, value in live.outputs.items()}
    np.savez(beside / "cases.npz", **arrays)
    truth = {"made_by": made_by, "about": (build.__doc__ or "").strip(), "runs": live.runs, **read_truth(saved)}
    (beside / "truth.json").write_text(json.dumps(truth, indent=1, ensure_ascii=False), encoding="utf-8")
    shutil.rmtree(out / name, ignore_errors=True)
    beside.rename(out / name)


def is_made(folder: Path, made_by: str) -> bool:
    """Whether a shape is there whole and was made by this file with this TensorFlow."""
    try:
        return json.loads((folder / "truth.json").read_text(encoding="utf-8"))["made_by"] == made_by
    except (OSError, ValueError, KeyError):
        return False


def write_index(out: Path) -> None:
    """OUT/index.json from the shapes that are there, put in place at once."""
    truths = {path.parent.name: json.loads(path.read_text(encoding="utf-8"))
              for path in sorted(out.glob("[!.]*/truth.json"))}
    beside = out / ".index.json"
    beside.write_text(json.dumps(truths, indent=1, ensure_ascii=False), encoding="utf-8")
    beside.replace(out / "index.json")


def main() -> int:
    """Makes what is missing, one process at a time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--big", type=int, nargs="+", metavar="MIB", help="make only random weights of these sizes")
    parser.add_argument("--list", action="store_true", help="print the shapes and what each is for")
    options = parser.parse_args()
    if options.list:
        print("\n".join(f"{name:24}{make_one.__doc__}" for name, make_one in SHAPES.items()))
        return 0
    if options.out is None:
        parser.error("OUT is missing")

    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    made_by = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
    made_by += " tensorflow " + importlib.metadata.version("tensorflow-cpu")
    wanted: dict[str, Callable[[], Live]] = dict(SHAPES)
    if options.big:
        wanted = {f"big-{size}": lambda size=size: big(size) for size in options.big}
    with open(out / ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [name for name in wanted if not is_made(out / name, made_by)]
        if missing:
            global tf  # noqa: PLW0603
            import tensorflow as tf  # noqa: PLC0415 - takes seconds
        for name in missing:
            make(name, wanted[name], out, made_by)
            print(f"made {out / name}", file=sys.stderr)
        if missing or not (out / "index.json").exists():
            write_index(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
