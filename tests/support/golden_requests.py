"""Golden requests for trainings of the tiny model, as its fake service answers them (tests/support/inference.py)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import environment
import numpy as np
from inference import probabilities

sys.path.insert(0, str(environment.ROOT / "dataproc"))

from modelhook import HandoffError, golden, write_handoff

__all__ = ["IMAGE", "HandoffError", "golden", "record_into", "recorded", "write_handoff"]

IMAGE = np.array([[0.1, 0.2, 0.3, 0.4]], dtype="float32")


def recorded(version: int, requests: int = 3) -> list[tuple[Any, Any]]:
    """What the model of that version answered at its training."""
    return [(IMAGE * (index + 1), np.array(probabilities(version), dtype="float32")) for index in range(requests)]


def record_into(handoff: Path, version: int) -> None:
    """Add the requests to a handoff that is written already, and to its SavedModel."""
    keys = json.loads(handoff.read_text(encoding="utf-8"))
    golden.record(str(handoff.parent / keys["saved_model"]), recorded(version), keys["model"])
    handoff.write_text(json.dumps({**keys, "golden": golden.REQUESTS}), encoding="utf-8")
