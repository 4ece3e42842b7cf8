#!/usr/bin/env python3
"""Asks packed models through mlflow.pyfunc what TensorFlow was asked, and compares.

    pyfunc_answers.py ANSWERS.pickle UNPACKED    for each UNPACKED/NAME/model; ANSWERS are tensorflow_answers.py's

Prints one JSON object: name -> "equal", or what is different or went wrong.
"""

from __future__ import annotations

import concurrent.futures
import json
import logging
import os
import pickle
import sys
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
warnings.simplefilter("ignore")

import mlflow.pyfunc  # noqa: E402  the environment must be set before TensorFlow is imported
import numpy as np  # noqa: E402
from mlflow.pyfunc.scoring_server import predictions_to_json  # noqa: E402

logging.getLogger("mlflow").setLevel(logging.ERROR)


def as_list(rows: Any) -> Any:
    """Arrays in arrays as lists in lists."""
    return [as_list(row) for row in rows] if isinstance(rows, np.ndarray) and rows.ndim > 0 else rows


def difference(got: Any, wanted: Any) -> str | None:
    """What is different in type, shape or any bit of one output."""
    if isinstance(wanted, list):
        same = isinstance(got, np.ndarray) and got.dtype == object and as_list(got) == wanted
        return None if same else f"{got!r}, wanted {wanted}"
    got = np.asarray(got)
    if got.shape != wanted.shape or (got.dtype != wanted.dtype and wanted.dtype.kind not in "OS"):
        return f"{got.dtype} {got.shape}, wanted {wanted.dtype} {wanted.shape}"
    return None if np.array_equal(got, wanted) else f"{got}, wanted {wanted}"


def compare(answer: Any, outputs: dict[str, Any]) -> str:
    """The whole answer."""
    if not isinstance(answer, dict):
        answer = {next(iter(outputs)): answer}
    if sorted(answer) != sorted(outputs):
        return f"names {sorted(answer)}, wanted {sorted(outputs)}"
    said = {name: difference(answer[name], wanted) for name, wanted in outputs.items()}
    return "; ".join(f"{name}: {text}" for name, text in said.items() if text) or "equal"


class Lines:
    """Where the scoring server's JSON goes."""

    text = ""

    def write(self, text: str) -> None:
        """As a file does it."""
        self.text += text


def ask(model: Path, inputs: dict[str, Any], outputs: dict[str, Any]) -> str:
    """Load, predict from several threads at once, and give it as the scoring server does."""
    try:
        loaded = mlflow.pyfunc.load_model(str(model))
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(loaded.predict, [inputs] * 8))
        said = {compare(answer, outputs) for answer in answers}
        lines = Lines()
        if not any(value.dtype == object for value in outputs.values() if isinstance(value, np.ndarray)):
            predictions_to_json(answers[0], lines)
        return "; ".join(sorted(said))
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:500]}"


def main() -> int:
    """All models."""
    answers, unpacked = pickle.loads(Path(sys.argv[1]).read_bytes()), Path(sys.argv[2])
    said = {}
    for folder in sorted(unpacked.iterdir()):
        answer = answers[folder.name]
        said[folder.name] = ask(folder / "model", answer["inputs"], answer["outputs"])
    print(json.dumps(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
