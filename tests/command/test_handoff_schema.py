"""The shipped JSON Schema and the program take and refuse the same handoffs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import environment
import jsonschema
import pytest
import tiny_model

SCHEMA = json.loads((environment.ROOT / "packaging/handoff.schema.json").read_text())
GOOD: dict[str, Any] = {"schema": "modelhook/handoff@1", "run_id": "0123456789abcdef0123456789abcdef",
                        "model": "fish", "trained_at": "2026-11-22T20:03:17Z", "saved_model": "saved_model"}
LOGGED = {key: value for key, value in GOOD.items() if key != "saved_model"} | {"logged_model": "model"}
SHA = "0123456789abcdef" * 4

# what is changed in GOOD (None: taken out), and whether it is still a handoff
ROWS: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"artifact_path": "models/fish é"}, True),
    ({"metrics": {"val_accuracy": 0.9, "loss/a b": -1e-7}, "samples": {"train": 800}}, True),
    ({"params": {"lr": ""}, "tags": {"a.b": "two\nlines"}, "description": "Two\nlines"}, True),
    ({"requirements": ["tensorflow==2.21.0"], "trained_at": "2026-11-22t23:03:17.123456+03:00"}, True),
    ({"description": "é" * 5000}, True),
    ({"model": "é" * 256}, True),
    ({"samples": {"train": 800.0}}, True),
    ({"schema": "modelhook/handoff@2"}, False),
    ({"schema": None}, False),
    ({"run_id": "0123"}, False),
    ({"run_id": "0123456789ABCDEF0123456789ABCDEF"}, False),
    ({"run_id": None}, False),
    ({"model": ""}, False),
    ({"model": "a/b"}, False),
    ({"model": "a:b"}, False),
    ({"model": "a\nb"}, False),
    ({"model": "\x9b"}, False),
    ({"model": "é" * 257}, False),
    ({"model": 7}, False),
    ({"saved_model": None}, False),
    ({"saved_model": ""}, False),
    ({"logged_model": "model"}, False),
    ({"trained_at": None}, False),
    ({"trained_at": "2026-11-22T20:03:17"}, False),
    ({"trained_at": "yesterday"}, False),
    ({"artifact_path": "/model"}, False),
    ({"artifact_path": "a/../b"}, False),
    ({"artifact_path": ".."}, False),
    ({"artifact_path": "a/."}, False),
    ({"artifact_path": "a//b"}, False),
    ({"artifact_path": "a/"}, False),
    ({"artifact_path": ""}, False),
    ({"artifact_path": "a#b"}, False),
    ({"artifact_path": "a\\b"}, False),
    ({"metrics": {"a": "0.9"}}, False),
    ({"metrics": {"": 1}}, False),
    ({"metrics": {"a": True}}, False),
    ({"metrics": {"k" * 251: 1}}, False),
    ({"metrics": [1]}, False),
    ({"params": {"a": 1}}, False),
    ({"tags": {"modelhook.digest": "x"}}, False),
    ({"samples": {"train": -1}}, False),
    ({"samples": {"train": 1.5}}, False),
    ({"samples": {"train": 1e17}}, False),
    ({"description": "é" * 5001}, False),
    ({"description": "\0"}, False),
    ({"files": {"a": "0123"}}, False),
    ({"files": {"../a": SHA}}, False),
    ({"requirements": []}, False),
    ({"requirements": [""]}, False),
    ({"requirements": ["a\nb"]}, False),
    ({"requirements": "a"}, False),
    ({"metric": {}}, False),
    ({"saved_model": None, "logged_model": "model"}, True),
    ({"saved_model": None, "logged_model": "model", "files": {}}, False),
    ({"saved_model": None, "logged_model": "model", "requirements": ["a"]}, False),
    ({"saved_model": None, "logged_model": "../model"}, False),
]


@pytest.mark.parametrize(("changed", "is_good"), ROWS, ids=[ascii(row[0])[:60] for row in ROWS])
def test_schema_and_program_agree(hook: Any, tmp_path: Path, changed: dict[str, Any], is_good: bool) -> None:
    handoff = {key: value for key, value in {**GOOD, **changed}.items() if value is not None}
    assert jsonschema.Draft202012Validator(SCHEMA).is_valid(handoff) == is_good
    tiny_model.write(tmp_path / "saved_model")
    (tmp_path / "handoff.json").write_text(json.dumps(handoff))
    ended = hook("pack", tmp_path / "handoff.json", "-o", tmp_path / "out.tar.gz")
    assert ended.status == (0 if is_good else 65)
    assert (tmp_path / "out.tar.gz").exists() == is_good


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
