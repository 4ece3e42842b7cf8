#!/usr/bin/env python3
"""KServe's Python server with a model of one's own: a SavedModel, loaded with TensorFlow.

    kserve_server.py PORT MODEL SAVED_MODEL
"""

from __future__ import annotations

import sys
import uuid
from typing import Any

import tensorflow as tf
import uvicorn


class Loopback(uvicorn.Config):
    """KServe's server listens at every address of the machine otherwise."""

    def __init__(self, *arguments: Any, **keys: Any) -> None:
        super().__init__(*arguments, **{**keys, "host": "127.0.0.1"})


uvicorn.Config = Loopback  # type: ignore[misc]

import kserve  # noqa: E402 - after it was told where to listen


class SavedModel(kserve.Model):
    """Its signature serving_default, one input by its name."""

    def __init__(self, name: str, folder: str) -> None:
        super().__init__(name)
        self.loaded = tf.saved_model.load(folder)
        self.function = self.loaded.signatures["serving_default"]
        self.ready = True

    def predict(self, payload: kserve.InferRequest, headers: Any = None, response_headers: Any = None) -> Any:
        """An answer of the open inference protocol, which names no version."""
        del headers, response_headers
        given = {tensor.name: tf.constant(tensor.as_numpy()) for tensor in payload.inputs}
        outputs = [kserve.InferOutput(name, list(value.shape), "FP32", value.numpy().flatten().tolist())
                   for name, value in self.function(**given).items()]
        return kserve.InferResponse(payload.id or str(uuid.uuid4()), self.name, outputs)


def main() -> None:
    """Until it is stopped."""
    port, name, folder = sys.argv[1:]
    kserve.ModelServer(http_port=int(port), enable_grpc=False, workers=1).start([SavedModel(name, folder)])


if __name__ == "__main__":
    main()
