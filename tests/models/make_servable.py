#!/usr/bin/env python3
"""Makes small SavedModels that are odd in one way each: TensorFlow loads and answers some of them, and some not.

    make_servable.py OUT    every kind below, into OUT/KIND

What is right for each is not written here: tests/real/tensorflow_answers.py asks TensorFlow.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
KINDS: dict[str, Callable[[Path], None]] = {}
FLOATS = tf.TensorSpec([None, 3], tf.float32, "x")
line_number = tf.lookup.TextFileIndex.LINE_NUMBER
WORDS = tf.TensorSpec([None], tf.string, "text")


def kind(make: Callable[[Path], None]) -> Callable[[Path], None]:
    """Enters a function into the list under its own name."""
    KINDS[make.__name__] = make
    return make


def save(to: Path, function: Any, module: Any = None, **signatures: Any) -> None:
    """A module with `function` as serving_default."""
    module = module or tf.Module()
    module.function = function
    tf.saved_model.save(module, str(to), signatures={"serving_default": function, **signatures})


def edit(folder: Path, change: Callable[[Any], None]) -> None:
    """Change the first graph of a SavedModel; a fingerprint of what it was goes."""
    from tensorflow.core.protobuf import saved_model_pb2  # noqa: PLC0415 - only here

    path = folder / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    change(model)
    path.write_bytes(model.SerializeToString())
    (folder / "fingerprint.pb").unlink(missing_ok=True)


def rename_op(model: Any, old: str, new: str) -> None:
    """Every node of an op in the functions gets another one."""
    nodes = [node for function in model.meta_graphs[0].graph_def.library.function for node in function.node_def]
    renamed = [node for node in nodes if node.op == old]
    if not renamed:
        raise AssertionError(f"no {old} in the functions")
    for node in renamed:
        node.op = new


@tf.function(input_signature=[FLOATS])
def double(x: Any) -> dict[str, Any]:
    """What most kinds answer."""
    return {"y": x * 2}


@kind
def two_signatures(to: Path) -> None:
    """One more signature, of no harm."""
    save(to, double, embed=tf.function(lambda x: {"z": tf.sin(x)}, input_signature=[FLOATS]))


@kind
def py_function(to: Path) -> None:
    """The answer needs a Python function of this process."""
    save(to, tf.function(lambda x: {"y": tf.ensure_shape(tf.py_function(lambda a: a + 1, [x], tf.float32), [None, 3])},
                         input_signature=[FLOATS]))


@kind
def numpy_function_deep(to: Path) -> None:
    """Two functions below the signature."""
    inner = tf.function(lambda x: tf.numpy_function(lambda a: a + np.float32(1), [x], tf.float32, stateful=False))
    outer = tf.function(lambda x: tf.cond(tf.reduce_sum(x) > -1e9, lambda: inner(x), lambda: x))
    save(to, tf.function(lambda x: {"y": tf.ensure_shape(outer(x), [None, 3])}, input_signature=[FLOATS]))


@kind
def py_function_elsewhere(to: Path) -> None:
    """Only another signature needs it."""
    other = tf.function(lambda x: {"z": tf.py_function(lambda a: a + 1, [x], tf.float32)}, input_signature=[FLOATS])
    save(to, double, train=other)


@kind
def custom_op(to: Path) -> None:
    """An op that no TensorFlow has."""
    save(to, double)
    edit(to, lambda model: rename_op(model, "Mul", "FishMul"))


@kind
def custom_op_elsewhere(to: Path) -> None:
    """In a function that no signature calls: a session does not look at it."""
    module = tf.Module()
    module.other = tf.function(lambda x: tf.math.igamma(x, x), input_signature=[FLOATS])
    module.other.get_concrete_function()
    save(to, double, module)
    edit(to, lambda model: rename_op(model, "Igamma", "FishGamma"))


@kind
def custom_op_in_other_signature(to: Path) -> None:
    """Every loader imports what a node of the graph calls."""
    save(to, double, other=tf.function(lambda x: {"z": tf.math.erfinv(x)}, input_signature=[FLOATS]))
    edit(to, lambda model: rename_op(model, "Erfinv", "FishInverse"))


@kind
def broken_objects(to: Path) -> None:
    """As Keras 2.4 to 2.6 wrote optimizers: an object that the object-based loader cannot make, of no use here."""
    module = tf.Module()
    module.weights = tf.Variable([[1.0], [2.0], [3.0]])
    save(to, tf.function(lambda x: {"y": x @ module.weights}, input_signature=[FLOATS]), module)

    def slot(model: Any) -> None:
        nodes = model.meta_graphs[0].object_graph_def.nodes
        variable = next(number for number, node in enumerate(nodes) if node.WhichOneof("kind") == "variable")
        nodes.add().user_object.identifier = "_generic_user_object"
        nodes[0].children.add(node_id=len(nodes) - 1, local_name="optimizer")
        nodes[-1].slot_variables.add(original_variable_node_id=variable, slot_name="m", slot_variable_node_id=variable)
        nodes[-1].user_object.version.producer = 1
        nodes[-1].user_object.version.min_consumer = 1

    edit(to, slot)


@kind
def ragged_output(to: Path) -> None:
    """A ragged output beside a dense one."""
    save(to, tf.function(lambda text: {"words": tf.strings.split(text), "number": tf.strings.length(text)},
                         input_signature=[WORDS]))


@kind
def ragged_rank_2(to: Path) -> None:
    """Rows of rows."""
    save(to, tf.function(lambda text: {"letters": tf.strings.unicode_split(tf.strings.split(text), "UTF-8")},
                         input_signature=[WORDS]))


@kind
def ragged_input(to: Path) -> None:
    """TensorFlow makes two inputs of it."""
    save(to, tf.function(lambda x: {"sum": tf.reduce_sum(x, axis=1)},
                         input_signature=[tf.RaggedTensorSpec([None, None], tf.float32, row_splits_dtype=tf.int64)]))


@kind
def sparse_output(to: Path) -> None:
    """Zeros are left out."""
    save(to, tf.function(lambda x: {"y": tf.sparse.from_dense(tf.nn.relu(x))}, input_signature=[FLOATS]))


@kind
def sparse_strings(to: Path) -> None:
    """Empty strings are left out."""
    save(to, tf.function(lambda text: {"words": tf.strings.split(text).to_sparse()}, input_signature=[WORDS]))


@kind
def indexed_slices_output(to: Path) -> None:
    """No array."""
    save(to, tf.function(lambda x: {"y": tf.IndexedSlices(x, tf.range(tf.shape(x)[0]))}, input_signature=[FLOATS]))


@kind
def variant_output(to: Path) -> None:
    """No array either."""
    save(to, tf.function(lambda x: {"y": tf.data.experimental.to_variant(tf.data.Dataset.from_tensor_slices(x))},
                         input_signature=[FLOATS]))


@kind
def strings(to: Path) -> None:
    """Strings in and out."""
    save(to, tf.function(lambda text: {"upper": tf.strings.upper(text), "size": tf.strings.length(text)},
                         input_signature=[WORDS]))


@kind
def no_inputs(to: Path) -> None:
    """Always the same answer."""
    save(to, tf.function(lambda: {"y": tf.constant([1.0, 2.0])}, input_signature=[]))


@kind
def no_default(to: Path) -> None:
    """Nothing to call."""
    tf.saved_model.save(tf.Module(), str(to), signatures={"embed": double})


@kind
def vocabulary(to: Path) -> None:
    """A table that is filled from an asset, by functions of the object graph."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "vocabulary.txt")
        path.write_text("a\nb\nab\n", encoding="utf-8")
        module = tf.Module()
        module.table = tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(
            str(path), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, line_number), -1)
        save(to, tf.function(lambda text: {"number": module.table.lookup(text)}, input_signature=[WORDS]), module)


def build(to: Path, *tag_sets: list[str], make: Callable[[], tuple[Any, Any]], main_op: bool = False) -> None:
    """As TensorFlow 1 does it: a graph for each set of tags, the first with the variables."""
    builder = v1.saved_model.Builder(str(to))
    for number, tags in enumerate(tag_sets):
        with tf.Graph().as_default(), v1.Session() as session:
            inputs, outputs = make()
            session.run([v1.global_variables_initializer(), v1.tables_initializer()])
            default = v1.saved_model.predict_signature_def(inputs, outputs)
            options = {"signature_def_map": {"serving_default": default}}
            if main_op:
                options["main_op"] = v1.tables_initializer()
            if number == 0:
                builder.add_meta_graph_and_variables(
                    session, tags, assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS), **options)
            else:
                builder.add_meta_graph(tags, **options)
    builder.save()


def scaled() -> tuple[Any, Any]:
    """A graph of TensorFlow 1 with a variable."""
    x = v1.placeholder(tf.float32, [None, 3], "x")
    return {"x": x}, {"y": x * v1.get_variable("weights", initializer=[1.0, 2.0, 3.0], use_resource=False)}


@kind
def tags_gpu(to: Path) -> None:
    """TensorFlow wants both tags."""
    build(to, ["serve", "gpu"], make=scaled)


@kind
def tags_in_objects(to: Path) -> None:
    """The same of an object-based model."""
    save(to, double)
    edit(to, lambda model: model.meta_graphs[0].meta_info_def.tags.append("gpu"))


@kind
def tag_twice(to: Path) -> None:
    """Tags are a set."""
    save(to, double)
    edit(to, lambda model: model.meta_graphs[0].meta_info_def.tags.append("serve"))


@kind
def tags_none(to: Path) -> None:
    """No tag at all."""
    build(to, [], make=scaled)


@kind
def train_only(to: Path) -> None:
    """No graph for inference."""
    build(to, ["train"], make=scaled)


@kind
def two_graphs(to: Path) -> None:
    """One for training, with the variables, and one for inference."""
    build(to, ["train"], ["serve"], make=scaled)


@kind
def two_graphs_with_serve(to: Path) -> None:
    """TensorFlow takes the one with `serve` alone."""
    build(to, ["serve", "tpu"], ["serve"], make=scaled)


@kind
def session_strings_asset(to: Path) -> None:
    """A table of TensorFlow 1, filled by the main op from an asset."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "words.txt")
        path.write_text("a\nb\nab\n", encoding="utf-8")

        def make() -> tuple[Any, Any]:
            asset = tf.constant(str(path), name="asset")
            v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, asset)
            table = tf.lookup.StaticVocabularyTable(tf.lookup.TextFileInitializer(
                asset, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, line_number), 2)
            text = v1.placeholder(tf.string, [None], "text")
            return {"text": text}, {"number": table.lookup(text), "text": tf.identity(text)}

        build(to, ["serve"], make=make, main_op=True)


@kind
def session_sparse_input(to: Path) -> None:
    """TensorFlow makes three inputs of it."""

    def make() -> tuple[Any, Any]:
        x = v1.sparse_placeholder(tf.float32, [None, 3], "x")
        return {"x": x}, {"sum": v1.sparse_reduce_sum(x)}

    build(to, ["serve"], make=make)


@kind
def unfed_placeholder(to: Path) -> None:
    """What TensorFlow 1 users forget: the answer hangs on a placeholder that the signature does not have."""

    def make() -> tuple[Any, Any]:
        x = v1.placeholder(tf.float32, [None, 3], "x")
        return {"x": x}, {"y": x * v1.placeholder(tf.float32, [], "keep_prob")}

    build(to, ["serve"], make=make)


@kind
def unused_placeholder(to: Path) -> None:
    """The labels feed the loss alone."""

    def make() -> tuple[Any, Any]:
        x = v1.placeholder(tf.float32, [None, 3], "x")
        tf.reduce_sum(x - v1.placeholder(tf.float32, [None, 3], "labels"), name="loss")
        return {"x": x}, {"y": x * v1.placeholder_with_default(2.0, [], "factor")}

    build(to, ["serve"], make=make)


@kind
def same_tensor_twice(to: Path) -> None:
    """Two names of one input."""

    def make() -> tuple[Any, Any]:
        x = v1.placeholder(tf.float32, [None, 3], "x")
        return {"x": x, "again": x}, {"y": x + 1}

    build(to, ["serve"], make=make)


@kind
def defun_call(to: Path) -> None:
    """A node whose op is a function of the graph's library."""

    def make() -> tuple[Any, Any]:
        from tensorflow.python.framework import function  # noqa: PLC0415 - only here

        @function.Defun(tf.float32, func_name="FishFunction")
        def call(x: Any) -> Any:
            return x * 3

        x = v1.placeholder(tf.float32, [None, 3], "x")
        return {"x": x}, {"y": call(x)}

    build(to, ["serve"], make=make)


@kind
def input_is_output(to: Path) -> None:
    """The node that is fed is the answer."""

    def make() -> tuple[Any, Any]:
        x = v1.placeholder(tf.float32, [None, 3], "x")
        return {"x": x}, {"y": x}

    build(to, ["serve"], make=make)


@kind
def keras_text(to: Path) -> None:
    """Text in, with a vocabulary of its own."""
    layer = tf.keras.layers.TextVectorization(output_mode="int", output_sequence_length=4, vocabulary=["a", "b", "ab"])
    text = tf.keras.Input((1,), dtype="string", name="text")
    model = tf.keras.Model(text, tf.keras.layers.Embedding(8, 2)(layer(text)))
    model.export(str(to), verbose=False)


def main() -> int:
    """Everything anew: it takes less than the import of TensorFlow."""
    out = Path(sys.argv[1])
    for name, make in KINDS.items():
        shutil.rmtree(out / name, ignore_errors=True)
        make(out / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
