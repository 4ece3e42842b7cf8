"""Loads a TensorFlow SavedModel for mlflow.pyfunc: what goes in and comes out are NumPy arrays.

Written by modelhook beside the model. The module's name ends in its version, so that models packed
by different versions can live in one process.
"""

import numpy as np
import tensorflow as tf


def _load_pyfunc(path, model_config=None):
    """Called by mlflow.pyfunc.load_model with the SavedModel's directory."""
    return SavedModel(path)


class SavedModel:
    """Calls the signature `serving_default`; any number of threads may do so at once."""

    def __init__(self, path):
        # the function does not keep the model alive, and dies with it
        self._model = tf.saved_model.load(path, tags=["serve"])
        self._function = self._model.signatures["serving_default"]
        self._specs = self._function.structured_input_signature[1]

    def predict(self, data, params=None):
        """Predict from an array (one input), a dict of arrays, or a pandas DataFrame.

        Returns the array of the only output, or a dict of arrays by the outputs' names.
        """
        tensors = {name: _tensor(value, self._specs[name]) for name, value in self._named(data).items()}
        arrays = {name: tensor.numpy() for name, tensor in self._function(**tensors).items()}
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
            return {next(iter(names)): data}
        if set(data) != names:
            raise ValueError(f"the model's inputs are {sorted(names)}, not {sorted(map(str, data))}")
        return data


def _tensor(value, spec):
    """The value as a tensor of the dtype and rank that the input wants."""
    name = spec.name
    if tf.is_tensor(value):
        value = value.numpy()
    array = np.asarray(value)
    if spec.dtype == tf.string:
        return tf.convert_to_tensor(array, dtype=tf.string)
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
    return tf.convert_to_tensor(converted)
