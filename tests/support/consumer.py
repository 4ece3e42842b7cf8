#!/usr/bin/env python3
"""Somebody with MLflow's own Python client: logs models as a training script does, and loads them as a service does.

Consumer, for tests, is such a process: importing TensorFlow takes seconds, so that one does for many questions.

    with Consumer("tensorflow") as consumer:
        consumer.ask("load", uri=server.url, model="models:/NAME/Production", cases="cases.npz")

consumer.py, run in an environment, answers a line of JSON for each line of JSON. What it can do is in Tasks.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any

HERE = Path(__file__).resolve().parent


class Consumer:
    """The process, in an environment of tests/requirements, with more variables; started by the first question."""

    def __init__(self, environment_name: str, variables: dict[str, str] | None = None) -> None:
        self.name = environment_name
        self.variables = variables or {}
        self.process: subprocess.Popen[str] | None = None

    def ask(self, task: str, **more: Any) -> Any:
        """The answer to a question; its errors come as RuntimeError."""
        from environment import python  # noqa: PLC0415 - not there where this file runs as a program

        if self.process is None:
            kept = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_")}
            env = {**kept, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "TF_CPP_MIN_LOG_LEVEL": "3",
                   "CUDA_VISIBLE_DEVICES": "-1", "GIT_PYTHON_REFRESH": "quiet", **self.variables}
            self.process = subprocess.Popen([python(self.name), __file__], env=env, text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"task": task, **more}, default=str) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"error": "the consumer ended"}')
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["answer"]

    def __enter__(self) -> Consumer:
        """Not started yet."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Ended."""
        if self.process:
            self.process.communicate()


class Tasks:
    """What it can do; `uri` is the server's."""

    def __init__(self) -> None:
        self.logged: dict[str, tuple[Any, Any]] = {}  # by run: inputs, and what the live model answered

    def load(self, uri: str, model: str, cases: str) -> str:
        """Load a model and compare it with cases.npz: "equal", or what is different."""
        import mlflow  # noqa: PLC0415
        import numpy as np  # noqa: PLC0415
        from real.pyfunc_predict import differences  # noqa: PLC0415

        mlflow.set_tracking_uri(uri)
        arrays = dict(np.load(cases))
        inputs = {name.removeprefix("input:"): value for name, value in arrays.items() if name.startswith("input:")}
        outputs = {name.removeprefix("output:"): value for name, value in arrays.items() if name.startswith("output:")}
        said = differences(mlflow.pyfunc.load_model(model).predict(inputs), outputs)
        return str(said)

    def log_keras(self, uri: str, width: int) -> dict[str, str]:
        """Train nothing, and log a Keras model by mlflow.tensorflow.log_model(model, "model")."""
        import mlflow  # noqa: PLC0415
        import mlflow.tensorflow  # noqa: PLC0415
        import numpy as np  # noqa: PLC0415
        import tensorflow as tf  # noqa: PLC0415

        mlflow.set_tracking_uri(uri)
        inputs = np.random.default_rng(width).standard_normal((3, 4), dtype=np.float32)
        model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(width, activation="softmax")])
        with mlflow.start_run() as run:
            mlflow.log_metric("val_accuracy", 0.9)
            logged = mlflow.tensorflow.log_model(model, "model")
        self.logged[run.info.run_id] = (inputs, model.predict(inputs, verbose=0))
        return {"run": run.info.run_id, "model": str(getattr(logged, "model_id", None) or "")}

    def log_python(self, uri: str, factor: int) -> dict[str, str]:
        """Log a model of Python code, as every version of the client can."""
        import mlflow.pyfunc  # noqa: PLC0415
        import pandas as pd  # noqa: PLC0415

        class Multiplier(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
            """Answers with its input, so many times."""

            def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
                """One answer."""
                return model_input * factor

        mlflow.set_tracking_uri(uri)
        inputs = pd.DataFrame({"x": [1, 2, 3]})
        with mlflow.start_run() as run:
            mlflow.pyfunc.log_model("model", python_model=Multiplier(), pip_requirements=["mlflow"])
        self.logged[run.info.run_id] = (inputs, (inputs * factor).to_numpy())
        return {"run": run.info.run_id, "model": ""}

    def load_logged(self, uri: str, model: str, run: str) -> bool:
        """Whether a registered model answers as the one that was logged in that run did."""
        import mlflow.pyfunc  # noqa: PLC0415
        import numpy as np  # noqa: PLC0415

        mlflow.set_tracking_uri(uri)
        inputs, answers = self.logged[run]
        return bool(np.array_equal(np.asarray(mlflow.pyfunc.load_model(model).predict(inputs)), answers))


def main() -> int:
    """Answer until the questions end."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what MLflow prints is no answer
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    sys.path.insert(0, str(HERE.parent))
    tasks = Tasks()
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = {"answer": getattr(tasks, question.pop("task"))(**question)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
