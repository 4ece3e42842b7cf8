"""What the README says is what the program does, where that can be compared."""

from __future__ import annotations

import json
import re

import environment
import pytest
from conftest import Hook

README = (environment.ROOT / "README.md").read_text()


def test_the_table_of_exit_statuses_is_the_programs(hook: Hook) -> None:
    rows = json.loads(hook("help", "statuses", "--json").stdout)
    table = [f"| {row['status']} | {row['name']} | {row['scheduler']} | {row['when']} |" for row in rows]
    assert [line for line in README.splitlines() if re.match(r"\| \d+ \|", line)] == table


def test_every_verb_of_the_readme_is_one_of_the_program(hook: Hook) -> None:
    commands = set(re.findall(r"^  modelhook (\w+)", hook("help").stdout, re.MULTILINE))
    assert set(re.findall(r"modelhook (run|replay|inspect|pack|doctor|status|promote|rollback)\b", README)) <= commands


def test_the_handoff_and_the_settings_of_the_readme_are_taken(hook: Hook, make_handoff) -> None:
    handoff, settings, *more = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", README, re.DOTALL))
    del handoff["saved_model"], handoff["files"]
    run = handoff.pop("run_id")
    for part in more:
        path = make_handoff(run, config=settings | part, **handoff)
        assert hook("pack", path, "-o", path.parent).status == 0
    assert len(more) == 3


@pytest.mark.parametrize("cloud", ["yandex", "google"])
def test_the_settings_for_the_clouds_are_taken(hook: Hook, make_handoff, cloud: str) -> None:
    settings = json.loads((environment.ROOT / f"dataproc/modelhook.{cloud}.json").read_text())
    path = make_handoff("0" * 32, config=settings)
    assert hook("pack", path, "-o", path.parent).status == 0
