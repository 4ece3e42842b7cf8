#!/usr/bin/env python3
"""Makes SavedModels for photos that tell by their answers which one they are: number N takes everything for class N.

    numbered_models.py OUT COUNT    OUT/1 to OUT/COUNT
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import tensorflow as tf

SIDE = 8
CLASSES = 32


class Numbered(tf.Module):
    """Its only weights are the scores of the classes."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.scores = tf.Variable(tf.one_hot(number, CLASSES))

    @tf.function(input_signature=[tf.TensorSpec([None, SIDE, SIDE, 3], tf.float32, "image")])
    def serve(self, image: Any) -> dict[str, Any]:
        """The same scores for each photo."""
        return {"species": tf.ones([tf.shape(image)[0], 1]) * self.scores}


def main() -> None:
    """All that are not there yet."""
    for number in range(1, int(sys.argv[2]) + 1):
        to = Path(sys.argv[1], str(number))
        if not to.exists():
            model = Numbered(number)
            tf.saved_model.save(model, f"{to}.new", signatures={"serving_default": model.serve})
            Path(f"{to}.new").rename(to)


if __name__ == "__main__":
    main()
