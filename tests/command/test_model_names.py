"""The program, the JSON Schema and the Python writer take and refuse the same names of models."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import environment
import jsonschema
import pytest
import tiny_model
from model_names import LOADABLE, REFUSED

sys.path.insert(0, str(environment.ROOT / "dataproc"))

from modelhook import handoff as writer

SCHEMA = jsonschema.Draft202012Validator(
    json.loads((environment.ROOT / "packaging/handoff.schema.json").read_text(encoding="utf-8")))
HANDOFF = {"schema": "modelhook/handoff@1", "run_id": "0123456789abcdef0123456789abcdef",
           "trained_at": "2026-11-22T20:03:17Z", "saved_model": "saved_model"}
ROWS = [(name, True) for name in LOADABLE] + [(name, False) for name in REFUSED]
USAGE, UNACCEPTABLE = 64, 65


@pytest.mark.parametrize(("name", "is_good"), ROWS, ids=[ascii(name)[:40] for name, _ in ROWS])
def test_all_three_agree_on_a_name(hook: Any, tmp_path: Path, name: str, is_good: bool) -> None:
    tiny_model.write(tmp_path / "saved_model")
    handoff = {**HANDOFF, "model": name}
    assert SCHEMA.is_valid(handoff) == is_good
    (tmp_path / "handoff.json").write_text(json.dumps(handoff))
    ended = hook("pack", tmp_path / "handoff.json", "-o", tmp_path / "out.tar.gz")
    assert ended.status == (0 if is_good else UNACCEPTABLE)
    written = {"run_id": HANDOFF["run_id"], "model": name, "saved_model": tmp_path / "saved_model"}
    if is_good:
        writer.write_handoff(tmp_path / "written.json", **written)
        return
    with pytest.raises(writer.HandoffError, match=r"^model: "):
        writer.write_handoff(tmp_path / "written.json", **written)


@pytest.mark.parametrize("command", [["status"], ["status", "fish"], ["history"], ["repair"], ["rollback"], ["promote"],
                                  ["archive"], ["delete"], ["describe"], ["tag"]], ids=" ".join)
@pytest.mark.parametrize("name", ["a?b", "a@production", "fish/1", "a#b", "fish ", "", "a\nb"], ids=ascii)
def test_a_command_refuses_such_a_name_before_it_asks(hook: Any, command: list[str], name: str) -> None:
    more = {"promote": ["1"], "archive": ["1"], "delete": ["1"], "describe": ["1", "text"], "tag": ["1", "a=b"]}
    ended = hook(*command, name, *more.get(command[0], []), env={"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"})
    assert ended.status == USAGE
    assert ended.errors[0].startswith("model ")
    assert "http" not in ended.stderr
