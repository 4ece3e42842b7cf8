#!/usr/bin/env python3
"""SavedModels as they are met in the field, each with what TensorFlow answers: beside those of make_models.py.

    field_models.py DATA OUT    OUT/NAME/saved_model and OUT/NAME/cases.npz, as make_models.py has them

DATA has SavedModels of earlier versions of TensorFlow, which are copied; the others are made by this one, as
TensorFlow 1, Estimator and Transform export, and as volumes of Kubernetes hold them. The answers are those of
tf.saved_model.load. Prints the names as JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
FLOATS = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)
WORDS = np.array(["fish", "crab", "whale", "fish"])


def vocabulary(folder: Path) -> str:
    """The path of a file of words."""
    path = folder / "words.txt"
    path.write_text("fish\ncrab\n", encoding="utf-8")
    return str(path)


def export_v1(saved_model: Path, *, simple: bool) -> None:
    """A session of TensorFlow 1: by simple_save, or by the builder with an asset, which a collection alone names."""
    graph = v1.Graph()
    with graph.as_default(), v1.Session(graph=graph) as session:
        x = v1.placeholder(tf.float32, [None, 3])
        start = np.arange(6, dtype=np.float32).reshape(3, 2)
        weights = v1.get_variable("weights", initializer=start, use_resource=False)
        outputs = {"y": tf.matmul(x, weights)}
        path = tf.constant(vocabulary(saved_model.parent))
        v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, path)
        if not simple:
            source = tf.lookup.TextFileInitializer(path, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER, tf.string,
                                                   tf.lookup.TextFileIndex.WHOLE_LINE)
            table = tf.lookup.StaticHashTable(source, "none")
            outputs["word"] = table.lookup(tf.argmax(outputs["y"], axis=1))
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        if simple:
            v1.saved_model.simple_save(session, str(saved_model), {"x": x}, outputs)
            return
        signature = v1.saved_model.predict_signature_def({"x": x}, outputs)
        builder = v1.saved_model.Builder(str(saved_model))
        builder.add_meta_graph_and_variables(
            session, ["serve"], {"serving_default": signature}, main_op=v1.tables_initializer(),
            assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS))
        builder.save()


def v1_builder(saved_model: Path) -> None:
    """TensorFlow 1's builder, with an asset."""
    export_v1(saved_model, simple=False)


def v1_simple_save(saved_model: Path) -> None:
    """TensorFlow 1's simple_save."""
    export_v1(saved_model, simple=True)


def vocabulary_table(saved_model: Path) -> None:
    """A vocabulary with buckets for unknown words, and a file that is read when the model is called."""

    class Model(tf.Module):  # type: ignore[misc]
        """Words to numbers."""

        def __init__(self) -> None:
            source = tf.lookup.TextFileInitializer(
                vocabulary(saved_model.parent), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER)
            self.table = tf.lookup.StaticVocabularyTable(source, num_oov_buckets=3)
            more = saved_model.parent / "more.txt"
            more.write_text("more", encoding="utf-8")
            self.asset = tf.saved_model.Asset(str(more))

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="word")])
        def number(self, word: Any) -> Any:
            """The number of each word, and of the bytes of a file."""
            return {"number": self.table.lookup(word),
                    "bytes": tf.strings.length(tf.io.read_file(self.asset.asset_path))[None]}

    model = Model()
    tf.saved_model.save(model, str(saved_model), signatures={"serving_default": model.number})


def configmap(saved_model: Path) -> None:
    """As a ConfigMap, a Secret or a projected volume is mounted."""
    made = saved_model.parent / "made"
    v1_builder(made)
    saved_model.mkdir()
    shutil.move(made, saved_model / "..2026_11_28")
    (saved_model / "..data").symlink_to("..2026_11_28")
    for path in (saved_model / "..data").iterdir():
        (saved_model / path.name).symlink_to(f"..data/{path.name}")


def linked(saved_model: Path) -> None:
    """A link to one of several exports, which has a link to another place inside of itself."""
    exports = saved_model.parent / "exports"
    exports.mkdir()
    v1_builder(exports / "2")
    (exports / "2/variables").rename(exports / "2/weights")
    (exports / "2/variables").symlink_to(exports / "2/weights")
    saved_model.symlink_to("exports/2")


MADE: dict[Callable[[Path], None], dict[str, np.ndarray]] = {
    v1_builder: {"x": FLOATS},
    v1_simple_save: {"x": FLOATS},
    vocabulary_table: {"word": WORDS},
    configmap: {"x": FLOATS},
    linked: {"x": FLOATS},
}
COPIED = {"snappy-index": {"x": FLOATS[:, :1]}, "snappy-index-fingerprint": {"x": FLOATS[0, :1]}}


def write_cases(folder: Path, inputs: dict[str, np.ndarray]) -> None:
    """FOLDER/cases.npz: the inputs, and what TensorFlow answers from FOLDER/saved_model."""
    model = tf.saved_model.load(str(folder / "saved_model"), tags=["serve"])
    answers = model.signatures["serving_default"](**{name: tf.constant(value) for name, value in inputs.items()})
    arrays = {name: tensor.numpy() for name, tensor in answers.items()}
    outputs = {name: value.astype(str) if value.dtype == object else value for name, value in arrays.items()}
    np.savez(folder / "cases.npz", **{f"input:{name}": value for name, value in inputs.items()},
             **{f"output:{name}": value for name, value in outputs.items()})


def main() -> int:
    """All of them."""
    data, out = map(Path, sys.argv[1:3])
    for name, inputs in COPIED.items():
        shutil.copytree(data / name, out / name / "saved_model")
        write_cases(out / name, inputs)
    for make, inputs in MADE.items():
        folder = out / make.__name__
        folder.mkdir(parents=True)
        make(folder / "saved_model")
        write_cases(folder, inputs)
    print(json.dumps([*COPIED, *(make.__name__ for make in MADE)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
