#!/usr/bin/env python3
"""Says what TensorFlow itself makes of SavedModels, in a process that made none of them.

    tensorflow_answers.py FOLDER OUT.pickle    for each FOLDER/NAME/saved_model.pb

Writes name -> {"tags", "inputs", "outputs", "by", "error"}: inputs are arrays that fit the signature serving_default,
outputs its answer as arrays, or as lists where it is ragged, and None where TensorFlow gives none; `by` is the loader,
of objects or of sessions; `error` says why there is no answer.
"""

from __future__ import annotations

import os
import pickle
import sys
import zlib
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

v1 = tf.compat.v1
WORDS = ["a b", "ab", "", "b"]


def serving_graph(folder: Path) -> Any:
    """The graph for inference with the fewest tags, the first of those."""
    model = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    graphs = [graph for graph in model.meta_graphs if "serve" in graph.meta_info_def.tags]
    return min(graphs, key=lambda graph: len(set(graph.meta_info_def.tags)), default=None)


def value_for(tensor: str, spec: Any) -> np.ndarray:
    """Made from the tensor's name, so that one tensor is always given one value."""
    shape = [4 if size is None else size for size in (spec.shape.as_list() if spec.shape.rank is not None else [4, 3])]
    if spec.dtype == tf.string:
        return np.resize(np.array(WORDS, object), shape)
    random = np.random.default_rng(zlib.crc32(tensor.encode()))
    if spec.dtype.is_floating:
        return random.standard_normal(shape).astype(spec.dtype.as_numpy_dtype)
    return random.integers(0, 2, shape).astype(spec.dtype.as_numpy_dtype)


def parts_of(name: str, spec: Any) -> dict[str, np.ndarray] | None:
    """What is fed for an input of several tensors, where its parts must fit together."""
    parts = {"x_indices": [[0, 1], [1, 2]], "x_values": [1.5, 2.5], "x_dense_shape": [4, 3],
             "x": [1.0, 2.0, 3.0], "x_1": [0, 1, 3]}
    if name in parts and (name != "x" or spec == "ragged"):
        return {name: np.array(parts[name])}
    return None


def plain(value: Any) -> Any:
    """An answer as arrays; what has no arrays raises."""
    if isinstance(value, tf.SparseTensor | v1.SparseTensorValue):
        value = tf.sparse.to_dense(tf.sparse.reorder(tf.SparseTensor(value.indices, value.values, value.dense_shape)))
    if isinstance(value, tf.RaggedTensor | v1.ragged.RaggedTensorValue):
        return value.to_list()
    if isinstance(value, np.ndarray | np.generic | bytes):
        return np.asarray(value)
    return np.asarray(value.numpy())


def inputs_for(specs: dict[str, Any], tensors: dict[str, str]) -> dict[str, np.ndarray]:
    """A value for each input."""
    ragged = "x_1" in specs and set(specs) == {"x", "x_1"}
    return {name: found[name].astype(spec.dtype.as_numpy_dtype)
            if (found := parts_of(name, "ragged" if ragged else spec)) else value_for(tensors.get(name, name), spec)
            for name, spec in specs.items()}


def by_objects(folder: Path, tags: list[str], tensors: dict[str, str]) -> tuple[Any, Any]:
    """tf.saved_model.load."""
    function = tf.saved_model.load(str(folder), tags=tags).signatures["serving_default"]
    inputs = inputs_for(function.structured_input_signature[1], tensors)
    answers = function(**{name: tf.constant(value) for name, value in inputs.items()})
    return inputs, {name: plain(value) for name, value in answers.items()}


def by_session(folder: Path, tags: list[str], tensors: dict[str, str]) -> tuple[Any, Any]:
    """The loader of TensorFlow 1."""
    with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        signatures = v1.saved_model.load(session, tags, str(folder)).signature_def
        if "serving_default" not in signatures:
            raise KeyError("serving_default")
        signature = signatures["serving_default"]
        specs = {name: graph.get_tensor_by_name(info.name) for name, info in signature.inputs.items()}
        inputs = inputs_for(specs, tensors)
        fetched = {name: v1.saved_model.get_tensor_from_tensor_info(info, graph)
                   for name, info in signature.outputs.items()}
        answers = session.run(fetched, {specs[name]: value for name, value in inputs.items()})
    return inputs, {name: plain(value) for name, value in answers.items()}


def answer(folder: Path) -> dict[str, Any]:
    """What comes of one model."""
    graph = serving_graph(folder)
    if graph is None:
        return {"outputs": None, "error": "no graph with the tag serve"}
    tags = sorted(set(graph.meta_info_def.tags))
    inputs = graph.signature_def["serving_default"].inputs if "serving_default" in graph.signature_def else {}
    tensors = {name: info.name for name, info in inputs.items()}
    errors = []
    for load in (by_objects, by_session):
        try:
            inputs, outputs = load(folder, tags, tensors)
            return {"tags": tags, "inputs": inputs, "outputs": outputs, "by": load.__name__, "error": None}
        except Exception as error:
            errors.append(f"{load.__name__}: {type(error).__name__}: {str(error)[:300]}")
    return {"tags": tags, "outputs": None, "error": "\n".join(errors)}


def main() -> int:
    """All models of the folder."""
    folder, out = map(Path, sys.argv[1:3])
    answers = {path.parent.name: answer(path.parent) for path in sorted(folder.glob("*/saved_model.pb"))}
    out.write_bytes(pickle.dumps(answers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
