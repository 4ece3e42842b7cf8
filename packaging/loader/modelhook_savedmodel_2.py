"""Loads a TensorFlow SavedModel for mlflow.pyfunc: what goes in and comes out are NumPy arrays.

Written by modelhook beside the model. The module's name ends in its version, so that models packed
by different versions can live in one process.
"""

import importlib
import os
import re

import numpy as np
import tensorflow as tf
import yaml

try:
    from importlib import metadata
except ImportError:  # Python 3.7, beside TensorFlow 1
    metadata = None

SIGNATURE = "serving_default"
# requirements that bring no ops of their own
WITHOUT_OPS = {
    "keras", "mlflow", "mlflow-skinny", "numpy", "pandas", "tensorflow", "tensorflow-cpu", "tensorflow-cpu-aws",
    "tensorflow-gpu", "tensorflow-intel", "tensorflow-macos", "tf-keras", "tf-nightly", "tf-nightly-cpu",
}


def _load_pyfunc(path, model_config=None):
    """Called by mlflow.pyfunc.load_model with the SavedModel's directory."""
    return SavedModel(path)


class SavedModel:
    """Calls the signature `serving_default`; any number of threads may do so at once."""

    def __init__(self, path):
        tags = _tags(path)
        try:
            self._signature = _load(path, tags)
        except Exception as error:
            if "not registered" not in str(error) or not _import_libraries(path):
                raise
            self._signature = _load(path, tags)
        self._specs = self._signature.specs

    def predict(self, data, params=None):
        """Predict from an array (one input), a dict of arrays, or a pandas DataFrame.

        Returns the array of the only output, or a dict of arrays by the outputs' names. A sparse output is dense
        there, a ragged one is an array of its rows.
        """
        inputs = {name: _array(value, self._specs[name]) for name, value in self._named(data).items()}
        arrays = {name: _plain(value) for name, value in self._signature(inputs).items()}
        return next(iter(arrays.values())) if len(arrays) == 1 else arrays

    def _named(self, data):
        """The data as a dict with exactly the names of the inputs."""
        names = set(self._specs)
        if hasattr(data, "columns"):
            if len(names) == 1 and names.isdisjoint(data.columns):
                # one unnamed input: its only column, or all columns as its features
                only = data.iloc[:, 0] if data.shape[1] == 1 else data
                return {next(iter(names)): only.to_numpy()}
            data = {column: data[column].to_numpy() for column in data.columns}
        elif not isinstance(data, dict):
            if len(names) > 1:
                raise ValueError(f"the model has the inputs {sorted(names)}: pass a dict of arrays")
            return {next(iter(names)): data} if names else {}
        if set(data) != names:
            raise ValueError(f"the model's inputs are {sorted(names)}, not {sorted(map(str, data))}")
        return data


def _load(path, tags):
    """The signature. Where the object-based loader fails, a session may still load the graph, which is enough."""
    try:
        return _Objects(path, tags)
    except Exception as error:
        try:
            return _Session(path, tags)
        except Exception as other:
            raise error from other


class _Objects:
    """The signature as tf.saved_model.load gives it."""

    def __init__(self, path, tags):
        # the function does not keep the model alive, and dies with it
        self._model = tf.saved_model.load(path, tags=tags)
        self._function = self._model.signatures[SIGNATURE]
        self.specs = self._function.structured_input_signature[1]

    def __call__(self, arrays):
        return self._function(**{name: tf.convert_to_tensor(array, dtype=self.specs[name].dtype)
                                 for name, array in arrays.items()})


class _Session:
    """The signature in a session of TensorFlow 1, which needs no objects and runs the graph's own initializers."""

    def __init__(self, path, tags):
        v1 = tf.compat.v1
        graph = tf.Graph()
        with graph.as_default():
            self._session = v1.Session(graph=graph)
            signature = v1.saved_model.load(self._session, tags, path).signature_def[SIGNATURE]
            if not signature.outputs:
                raise ValueError(f"the model has no signature {SIGNATURE}")
            inputs = {}
            for key, info in signature.inputs.items():
                inputs.update(_parts(key, v1.saved_model.get_tensor_from_tensor_info(info, graph)))
            self._outputs = {key: v1.saved_model.get_tensor_from_tensor_info(info, graph)
                             for key, info in signature.outputs.items()}
        self._tensors = {name: tensor.name for name, tensor in inputs.items()}
        self.specs = {name: tf.TensorSpec(tensor.shape, tensor.dtype.base_dtype, name)
                      for name, tensor in inputs.items()}

    def __call__(self, arrays):
        feeds = {}
        for name, array in arrays.items():
            fed = feeds.setdefault(self._tensors[name], array)
            if fed is not array and not np.array_equal(fed, array, equal_nan=array.dtype.kind in "fc"):
                raise ValueError(f"input {name} is the tensor of another input: pass the same values for both")
        return self._session.run(self._outputs, feeds)


def _parts(key, tensor):
    """The tensors that are fed for an input, by the names that tf.saved_model.load gives them."""
    if isinstance(tensor, tf.SparseTensor):
        return {f"{key}_indices": tensor.indices, f"{key}_values": tensor.values,
                f"{key}_dense_shape": tensor.dense_shape}
    if isinstance(tensor, tf.Tensor):
        return {key: tensor}
    parts = tf.nest.flatten(tensor, expand_composites=True)
    return {f"{key}_component_{number}": part for number, part in enumerate(parts)}


def _beside(path, name):
    """A file of the MLflow model that the SavedModel is in."""
    return os.path.join(os.path.dirname(os.path.abspath(path)), name)


def _tags(path):
    """The tags of the graph that was inspected; TensorFlow takes no graph with others."""
    with open(_beside(path, "MLmodel"), encoding="utf-8") as file:
        return yaml.safe_load(file)["flavors"]["tensorflow"]["meta_graph_tags"]


def _import_libraries(path):
    """Import what requirements.txt names beside TensorFlow: the import of a package registers its ops."""
    imported = False
    with open(_beside(path, "requirements.txt"), encoding="utf-8") as file:
        names = [re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*|", line).group() for line in file]
    for name in names:
        if not name or re.sub(r"[._-]+", "-", name).lower() in WITHOUT_OPS:
            continue
        for module in _modules(name):
            try:
                importlib.import_module(module)
                imported = True
            except ImportError:
                pass  # what it should have registered is named by the second attempt
    return imported


def _modules(name):
    """The modules of a package, by its metadata or else by its name."""
    try:
        listed = metadata.distribution(name).read_text("top_level.txt") if metadata else None
    except ImportError:
        listed = None
    return listed.split() if listed else [re.sub(r"[.-]", "_", name).lower()]


def _array(value, spec):
    """The value as an array of the dtype and rank that the input wants."""
    name = spec.name
    if tf.is_tensor(value):
        value = value.numpy()
    array = np.asarray(value)
    if spec.dtype == tf.string:
        return array
    if array.dtype == object:
        # a column of arrays or lists, one for each row
        array = np.stack([np.asarray(row) for row in array])
    wanted = spec.dtype.as_numpy_dtype
    converted = array.astype(wanted)
    # floats may be rounded; nothing else may change its value
    same = spec.dtype.is_floating or spec.dtype.is_complex or np.array_equal(converted, array)
    if array.dtype.kind not in "biufcV" or (array.dtype.kind == "c" and not spec.dtype.is_complex) or not same:
        raise ValueError(f"input {name}: {array.dtype} values do not fit into {spec.dtype.name}")
    if spec.shape.rank == converted.ndim + 1 and spec.shape[-1] == 1:
        converted = converted[..., np.newaxis]  # a column of numbers is a feature of one
    if not spec.shape.is_compatible_with(converted.shape):
        raise ValueError(f"input {name}: shape {converted.shape} where {spec.shape} is wanted")
    return converted


def _plain(value):
    """An output as an array, whichever loader it comes from."""
    if isinstance(value, (tf.SparseTensor, tf.compat.v1.SparseTensorValue)):
        return _dense(*map(_plain, (value.indices, value.values, value.dense_shape)))
    if isinstance(value, (tf.RaggedTensor, tf.compat.v1.ragged.RaggedTensorValue)):
        return _rows(_plain(value.flat_values), [_plain(splits) for splits in value.nested_row_splits])
    return value.numpy() if tf.is_tensor(value) else value


def _dense(indices, values, shape):
    """What is not in a sparse tensor is 0, False or an empty string."""
    array = np.full(shape, b"", dtype=object) if values.dtype == object else np.zeros(shape, values.dtype)
    array[tuple(indices.T)] = values
    return array


def _rows(values, nested_splits):
    """An array of rows, also where all are of one length; the splits of the outer rows come first."""
    for splits in reversed(nested_splits):
        rows = np.empty(len(splits) - 1, dtype=object)
        for number in range(len(rows)):
            rows[number] = values[splits[number]:splits[number + 1]]
        values = rows
    return values
