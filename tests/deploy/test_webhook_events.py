"""How many webhook events of MLflow's own one promotion causes, counted at real servers: as few as it can be.

MLflow sends none for a stage, one for each alias and each tag that is set on a version, even to the value that it has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Hook
from servers import MLflow
from training import Team
from webhooks import Delivery, Receiver

EVENTS = {"REGISTERED_MODEL": ["CREATED"], "MODEL_VERSION": ["CREATED"], "MODEL_VERSION_TAG": ["SET", "DELETED"],
          "MODEL_VERSION_ALIAS": ["CREATED", "DELETED"]}
CREATED, TAG, ALIAS = "model_version.created", "model_version_tag.set", "model_version_alias.created"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """What MLflow delivers to."""
    with Receiver() as server:
        yield server


@pytest.fixture(params=["3", "318"])
def server(request: pytest.FixtureRequest, receiver: Receiver, tmp_path: Path) -> Iterator[MLflow]:
    """MLflow 3.17 and 3.18, which tell the receiver of everything, one after the other."""
    env = {"MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
           "MLFLOW_WEBHOOK_DELIVERY_MAX_WORKERS": "1"}
    with MLflow(tmp_path / "mlflow", version=request.param, env=env) as started:
        events = [{"entity": entity, "action": action} for entity, actions in EVENTS.items() for action in actions]
        Team(Hook(Path(), tmp_path), started, tmp_path).registry.call(
            "POST", "webhooks", name="all", url=receiver.url + "/mlflow", events=events)
        yield started


def told(team: Team, receiver: Receiver) -> list[Delivery]:
    """What was told since the last time; the event of a model made now comes behind all others."""
    marker = f"marker-{team.model}-{len(receiver.deliveries)}"
    team.registry.call("POST", "registered-models/create", name=marker)
    receiver.wait(lambda one: one.json["data"]["name"] == marker)
    deliveries = receiver.deliveries[:-1]
    receiver.deliveries.clear()
    return deliveries


def counted(deliveries: list[Delivery]) -> Counter[str]:
    """How many of each kind."""
    return Counter(delivery.event for delivery in deliveries)


def test_one_promotion_sets_the_alias_once_and_last(hook: Hook, server: MLflow, receiver: Receiver,
                                                    tmp_path: Path) -> None:
    team = Team(hook, server, tmp_path)
    team.promote(11)
    first = told(team, receiver)
    assert counted(first) == {"registered_model.created": 1, CREATED: 1, TAG: 1, ALIAS: 1}
    handoff = team.train(12)
    assert team.run(handoff).status == 0
    second = told(team, receiver)
    # both histories; `previous`, and then `production`
    assert counted(second) == {CREATED: 1, TAG: 2, ALIAS: 2}
    assert {one.json["data"]["key"] for one in second if one.event == TAG} == {"modelhook.history"}
    for deliveries, version in ((first, "1"), (second, "2")):
        assert deliveries[-1].json["data"] == {"name": team.model, "alias": "production", "version": version}
        assert [one.json["data"].get("alias") for one in deliveries].count("production") == 1
    assert team.run(handoff).status == 0  # again: nothing is written
    assert told(team, receiver) == []
