#!/usr/bin/env python3
"""Makes SavedModels that tell by their answers which one they are: y = x * NUMBER.

    scaled_models.py OUT NUMBER...    OUT/NUMBER
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import tensorflow as tf


class Scaled(tf.Module):
    """Its only weight is what it multiplies by."""

    def __init__(self, number: float) -> None:
        super().__init__()
        self.number = tf.Variable(number, dtype=tf.float32)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def serve(self, x: Any) -> dict[str, Any]:
        """The answer."""
        return {"y": x * self.number}


def main() -> None:
    """All that are asked for."""
    for number in sys.argv[2:]:
        model = Scaled(float(number))
        tf.saved_model.save(model, str(Path(sys.argv[1], number)), signatures={"serving_default": model.serve})


if __name__ == "__main__":
    main()
