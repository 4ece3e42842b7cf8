"""`modelhook outcome`: what a hook left is told again, and what no hook of this schema left is refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from promoting import MODEL, Site
from training import run_of

USAGE, UNACCEPTABLE, MISSING = 64, 65, 66
RUN = "0123456789abcdef0123456789abcdef"
KEPT: dict[str, Any] = {"schema": "modelhook/result@1", "outcome": "promoted", "exit": 0, "retryable": False,
                        "model": MODEL, "version": "1", "run_id": RUN}


def keep(folder: Path, **changed: Any) -> Path:
    """A result with some keys changed; ... takes one out."""
    place = folder / "kept.json"
    place.write_text(json.dumps({key: value for key, value in {**KEPT, **changed}.items() if value is not ...}))
    return place


@pytest.mark.parametrize(("outcome", "status"), [
    ("promoted", 0), ("held", 99), ("superseded", 99), ("registered", 99), ("staged", 99), ("passed", 0),
    ("withdrawn", 99), ("rolled_back", 0), ("rolled_back", 81),
    ("repaired", 0), ("refused", 69), ("later", 75), ("unacceptable", 65),
])
def test_what_a_hook_left_is_told_with_its_status(site: Site, tmp_path: Path, outcome: str, status: int) -> None:
    ended = site.hook("outcome", keep(tmp_path, outcome=outcome, exit=status))
    assert (ended.status, ended.result["outcome"]) == (status, outcome)
    assert ended.stderr == ""


ODD = [
    ({"schema": "modelhook/result@2"}, "schema: not modelhook/result@1"),
    ({"schema": "modelhook/status@1"}, "schema: not modelhook/result@1"),
    ({"schema": ...}, "schema: "),
    ({"schema": 1}, "schema: "),
    ({"outcome": "launched"}, "outcome: no outcome of exit 0"),
    ({"outcome": "held"}, "outcome: no outcome of exit 0"),
    ({"outcome": "promoted", "exit": 99}, "outcome: no outcome of exit 99"),
    ({"outcome": "registered"}, "outcome: no outcome of exit 0"),
    ({"outcome": "promoted", "exit": 75}, "outcome: no outcome of exit 75"),
    ({"outcome": None}, "outcome: "),
    ({"outcome": ...}, "outcome: "),
    ({"exit": 3}, "exit: 3 is no status of modelhook"),
    ({"exit": 0.5}, "exit: 0.5 is no status of modelhook"),
    ({"exit": "0"}, "exit: "),
    ({"exit": ...}, "exit: "),
    ({"model": 7}, "model: "),
    ({"model": ...}, "model: "),
    ({"model": "a/b"}, "model: has a"),
    ({"run_id": "a run"}, "run_id: not 32"),
]


@pytest.mark.parametrize(("changed", "said"), ODD, ids=[f"{change}" for change, _ in ODD])
def test_what_no_hook_left_is_refused_by_name(
        site: Site, tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    ended = site.hook("outcome", keep(tmp_path, **changed))
    assert ended.status == UNACCEPTABLE
    assert ended.errors[0].startswith(f"outcome: {said}")


@pytest.mark.parametrize(("changed", "said"), ODD, ids=[f"{change}" for change, _ in ODD])
def test_a_run_s_tag_is_held_to_the_same(site: Site, changed: dict[str, Any], said: str) -> None:
    run = site.fake.add_run()
    tag = {key: value for key, value in {**KEPT, "run_id": run, **changed}.items() if value is not ...}
    site.fake.registry.set_run_tag({"run_id": run, "key": "modelhook.outcome", "value": json.dumps(tag)})
    ended = site.hook("outcome", "--run", run)
    assert ended.status == UNACCEPTABLE
    assert ended.errors[0].startswith("outcome: " + (said if "run_id" not in changed else f"run_id: not the run {run}"))


def test_the_result_of_another_run_is_refused_where_the_run_is_named(site: Site, tmp_path: Path) -> None:
    handoff = site.train()
    place = tmp_path / "result.json"
    assert site.run(handoff, "--result", place).status == 0
    site.forget()
    assert site.hook("outcome", place, "--run", run_of(handoff)).status == 0
    other = site.hook("outcome", place, "--run", RUN)
    assert other.status == UNACCEPTABLE
    assert other.errors == [f"outcome: run_id: not the run {RUN}"]
    assert site.fake.requests == [], "the place alone is read"
    assert site.hook("outcome", "--run", run_of(handoff)).status == 0
    assert site.hook("outcome").status == USAGE
