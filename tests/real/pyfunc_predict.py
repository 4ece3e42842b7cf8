#!/usr/bin/env python3
"""Loads packed models through mlflow.pyfunc as a consumer does, and says whether they answer as the live ones did.

    pyfunc_predict.py MODELS UNPACKED    for each UNPACKED/SHAPE/model, with the cases of MODELS/SHAPE

Prints one JSON object: shape -> form of the input -> "equal", or what is different. Runs in an environment with
MLflow and TensorFlow, of any version.
"""

from __future__ import annotations

import concurrent.futures
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
warnings.simplefilter("ignore")

import mlflow.pyfunc  # noqa: E402  the environment must be set before TensorFlow is imported
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

logging.getLogger("mlflow").setLevel(logging.ERROR)
Arrays = dict[str, np.ndarray]


def differences(answer: Any, outputs: Arrays) -> str:
    """What is different from the live outputs in names, dtype, shape or any bit; "equal" if nothing is."""
    if len(outputs) == 1 and not isinstance(answer, dict):
        answer = {next(iter(outputs)): answer}
    if sorted(answer) != sorted(outputs):
        return f"names {sorted(answer)}, live {sorted(outputs)}"
    for name, live in outputs.items():
        got = answer[name]
        if not isinstance(got, np.ndarray | np.generic):
            return f"{name}: a {type(got).__name__}"
        if got.dtype.name == "bfloat16":
            got = got.astype(np.float32)  # as the live output is stored
        if got.dtype == object:
            got = np.vectorize(lambda value: value.decode())(got)
        if got.dtype != live.dtype and got.dtype.kind != "U":
            return f"{name}: {got.dtype}, live {live.dtype}"
        if got.shape != live.shape:
            return f"{name}: shape {got.shape}, live {live.shape}"
        if not np.array_equal(got, live, equal_nan=got.dtype.kind in "fc"):
            return f"{name}: other values, by at most {np.max(np.abs(got - live))}"
    return "equal"


def frame(inputs: Arrays) -> pd.DataFrame:
    """A row for each sample; what has more than one number in a cell is a list there."""
    return pd.DataFrame({name: list(value) if value.ndim > 1 else value for name, value in inputs.items()})


def in_threads(predict: Callable[[Any], Any], inputs: Arrays, outputs: Arrays) -> str:
    """16 calls from 8 threads at once."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        said = {differences(answer, outputs) for answer in pool.map(predict, [inputs] * 16)}
    return "; ".join(sorted(said))


def outcome(call: Callable[[], str]) -> str:
    """What call says, or the error it ends in."""
    try:
        return call()
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"


def try_shape(model: Path, cases: Path) -> dict[str, str]:
    """Every form of input that this shape can be given, and what came of it."""
    loaded = mlflow.pyfunc.load_model(str(model))
    arrays = dict(np.load(cases))
    inputs = {name.removeprefix("input:"): value for name, value in arrays.items() if name.startswith("input:")}
    outputs = {name.removeprefix("output:"): value for name, value in arrays.items() if name.startswith("output:")}
    predict = loaded._model_impl.predict
    forms: dict[str, Callable[[], str]] = {
        "dict": lambda: differences(loaded.predict(inputs), outputs),
        "threads": lambda: in_threads(loaded.predict, inputs, outputs),
        "params": lambda: differences(predict(inputs, params={"unused": 1}), outputs),
        "wrong name": lambda: str(predict({f"no {name}": value for name, value in inputs.items()})),
    }
    if all(value.ndim > 0 for value in inputs.values()):
        forms["frame"] = lambda: differences(loaded.predict(frame(inputs)), outputs)
        forms["frame, unchecked"] = lambda: differences(predict(frame(inputs)), outputs)
    if len(inputs) == 1:
        (only,) = inputs.values()
        forms["array"] = lambda: differences(loaded.predict(only), outputs)
        forms["list"] = lambda: differences(predict(only.tolist()), outputs)
        if only.dtype == np.float32:
            forms["double"] = lambda: differences(predict(only.astype(np.float64)), outputs)
        if only.ndim == 2 and only.dtype.kind == "f":
            forms["columns"] = lambda: differences(predict(pd.DataFrame(only)), outputs)
    else:
        forms["bare array"] = lambda: str(predict(next(iter(inputs.values()))))
    return {form: outcome(call) for form, call in forms.items()}


def main() -> int:
    """All shapes that were unpacked."""
    models, unpacked = map(Path, sys.argv[1:3])
    said = {}
    for folder in sorted(unpacked.iterdir()):
        said[folder.name] = try_shape(folder / "model", models / folder.name / "cases.npz")
    print(json.dumps(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
