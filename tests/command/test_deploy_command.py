"""The service is reloaded by a command of the user's, once the registry says which version is Production."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Ended
from promoting import MODEL, Site

RELOAD = """
import json, os, sys
with open(MARK, "a") as file:
    print(json.dumps({"arguments": sys.argv[1:], "secret": os.environ.get("MLFLOW_TRACKING_TOKEN"),
                      "named": os.environ.get("SERVICE")}), file=file)
"""


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """Where the command leaves what it was given, a line for each call."""
    return tmp_path / "mark"


def deploy(site: Site, mark: Path, script: str = RELOAD, *flags: str, entry: dict[str, Any] | None = None,
           config: dict[str, Any] | None = None, **more: Any) -> Ended:
    """Train and run with a command that reloads the service."""
    target = {"command": ["python3", "reload.py", "{name}", "{version}", "{previous_version}"], **(entry or {})}
    handoff = site.train(config={"deploy": [target], **(config or {})})
    (handoff.parent / "reload.py").write_text(f"MARK = {str(mark)!r}\n{script}")
    return site.hook("run", handoff, *flags, **more)


def calls(mark: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in mark.read_text().splitlines()] if mark.exists() else []


def steps(ended: Ended) -> dict[str, str]:
    return {step["name"]: step["did"] for step in ended.result["steps"]}


def test_it_runs_after_each_promotion_with_the_versions(site: Site, mark: Path) -> None:
    environment = {"MLFLOW_TRACKING_TOKEN": "very-secret", "SERVICE": "fish-api"}
    first = deploy(site, mark, entry={"name": "fish-api", "environment": ["SERVICE"]}, env=environment)
    second = deploy(site, mark, env=environment)
    assert (first.status, second.status) == (0, 0)
    assert calls(mark) == [{"arguments": [MODEL, "1", ""], "secret": None, "named": "fish-api"},
                           {"arguments": [MODEL, "2", "1"], "secret": None, "named": None}]
    assert steps(first)["fish-api"].startswith("exit status 0")
    assert steps(second)["command"].startswith("exit status 0")


def test_what_is_held_reloads_nothing(site: Site, mark: Path) -> None:
    ended = deploy(site, mark, config={"gates": [{"metric": "val_accuracy", "at_least": 2}]})
    assert ended.status == 99
    assert calls(mark) == [] and "command" not in steps(ended)


def test_a_plan_tells_and_runs_nothing(site: Site, mark: Path) -> None:
    ended = deploy(site, mark, RELOAD, "--plan")
    assert ended.status == 0, ended.stderr
    assert calls(mark) == []
    assert "would run python3" in ended.stderr


def test_a_command_that_fails_is_told_with_its_last_lines(site: Site, mark: Path) -> None:
    ended = deploy(site, mark, "import sys\nprint('no such deployment', file=sys.stderr)\nsys.exit(3)\n")
    assert ended.status == 80
    assert ended.result["error"]["message"].startswith("deploy command: exit status 3 after")
    assert "no such deployment" in ended.result["error"]["message"]


@pytest.mark.parametrize(("entry", "said"), [
    ({"kubernete": {}}, "deploy[0]: is no way to reload a service"),
    ({"command": []}, 'deploy[0]: "command" is a program and its arguments'),
    ({"command": ["true"], "timeout": "soon"}, 'deploy[0].timeout: is a duration such as "5m"'),
    ({"command": ["true"], "retries": 3}, "deploy[0].retries"),
], ids=lambda value: value if isinstance(value, str) else next(reversed(value)))
def test_a_mistake_is_named_by_its_key(site: Site, entry: dict[str, Any], said: str) -> None:
    ended = site.hook("run", site.train(config={"deploy": [entry]}))
    assert ended.status == 78
    assert said in ended.result["error"]["message"]


def test_two_of_one_name_are_refused(site: Site) -> None:
    ended = site.hook("run", site.train(config={"deploy": [{"command": ["true"]}, {"command": ["true"]}]}))
    assert ended.status == 78
    assert 'deploy[1]: has the name of another: give it a "name"' in ended.result["error"]["message"]
