"""What a service may do after a promotion, against a real MLflow registry: registry and service end consistent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Hook
from golden_requests import record_into
from inference import Service
from servers import MLflow
from training import Team

BEHAVIOURS = ["good", "hung", "crashing", "old", "half", "slow", "wrong", "lying"]
NOT_SERVED, ROLLED_BACK = 80, 81
SERVED = {"good", "slow"}
REPLICAS = 2


@pytest.fixture
def team(hook: Hook, mlflow3: MLflow, tmp_path: Path) -> Team:
    """A team with a model of its own."""
    return Team(hook, mlflow3, tmp_path)


def train(team: Team, service: Service, version: int, on_failure: str) -> Any:
    """A training with golden requests, promoted and brought into the service."""
    handoff = team.train(9 + version, config=service.settings(
        team.folder, golden=True, on_failure=on_failure, timeout="4s", request_timeout="1500ms"))
    record_into(handoff, version)
    return team.run(handoff)


def note(team: Team, version: int) -> str:
    """The state that a version keeps of its way into the service."""
    return str(json.loads(team.version(version)["tags"]["modelhook.served"])["state"])


@pytest.mark.parametrize("on_failure", ["roll_back", "keep"])
def test_whatever_a_service_does_registry_and_service_end_consistent(
        team: Team, on_failure: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows = []
    for behaviour in BEHAVIOURS:
        team.model = f"{team.model.rpartition('+')[0] or team.model}+{behaviour}"
        with Service(REPLICAS, refuses={2}, behaviour=behaviour) as service:
            assert train(team, service, 1, on_failure).status == 0
            ended = train(team, service, 2, on_failure)
            good = behaviour in SERVED
            back = not good and on_failure == "roll_back"
            expected = 0 if good else ROLLED_BACK if back else NOT_SERVED
            why = ended.errors[0].rpartition("version 2 is not served after ")[2] if ended.errors else ""
            rows.append((behaviour, ended.status, team.production, service.versions, note(team, 2), why))
            assert (ended.status, team.production) == (expected, [1 if back else 2]), rows
            assert team.aliases["production"] == team.production[0]
            assert note(team, 2) == ("served" if good else "rolled_back" if back else "not_served")
            if good or back:
                assert service.versions == team.production * REPLICAS
    with capsys.disabled():
        print(f"\n{'service':10}{'exit':>5}  {'Production':12}{'says':10}{'note':14}why ({on_failure})")
        for behaviour, status, production, says, state, why in rows:
            print(f"{behaviour:10}{status:>5}  {production!s:12}{says!s:10}{state:14}{why}")
