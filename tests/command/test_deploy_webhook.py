"""The webhook of a service: MLflow's envelope and headers, one delivery id for one promotion, no secret in sight."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from promoting import MODEL, Site
from webhooks import Receiver, signatures

SECRET = "a secret of the service 4711"
NOT_SERVED, LATER = 80, 75


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A service that takes webhooks."""
    with Receiver() as server:
        yield server


def config(receiver: Receiver, **keys: Any) -> dict[str, Any]:
    """Settings with that webhook."""
    return {"deploy": [{"webhook": {"url": f"{receiver.url}/hooks/{{name}}?v={{version}}",
                                    "secret_variable": "FISH_SECRET", **keys}}]}


@pytest.fixture(autouse=True)
def secret(site: Site) -> None:
    """Where the settings say that it is."""
    site.hook.env["FISH_SECRET"] = SECRET


def test_the_envelope_and_the_headers_are_mlflows_own(site: Site, receiver: Receiver) -> None:
    before = int(time.time())
    ended = site.promote(config=config(receiver))
    (delivery,) = receiver.deliveries
    assert delivery.path == f"/hooks/{MODEL}?v=1"
    assert (delivery.event, set(delivery.json)) == ("model_version_alias.created",
                                                    {"entity", "action", "timestamp", "data"})
    assert delivery.json["data"] == {"name": MODEL, "alias": "production", "version": "1"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00", delivery.json["timestamp"])
    assert before <= int(delivery.headers["x-mlflow-timestamp"]) <= int(time.time())
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}", delivery.id)
    assert delivery.headers["content-type"] == "application/json"
    assert delivery.headers["x-mlflow-signature"] == signatures(SECRET, [delivery])[0]
    (step,) = [step for step in ended.result["steps"] if step["name"] == "webhook"]
    assert step["did"] == f"called {receiver.url}/hooks/{MODEL}: HTTP 200, delivery {delivery.id}"


def test_a_retry_carries_the_same_id_and_a_signature_of_its_own(site: Site, receiver: Receiver) -> None:
    receiver.answers = [503, 500]
    ended = site.promote(config=config(receiver))
    assert len(receiver.deliveries) == 3
    assert len({delivery.id for delivery in receiver.deliveries}) == 1
    assert len({delivery.body for delivery in receiver.deliveries}) == 1
    assert [one.headers["x-mlflow-signature"] for one in receiver.deliveries] == signatures(SECRET, receiver.deliveries)
    assert "3 tries" in ended.stderr


def test_a_replay_carries_the_same_id_and_another_promotion_another_one(site: Site, receiver: Receiver) -> None:
    site.hook.env["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
    receiver.answers = [503]
    handoff = site.train(config=config(receiver))
    ended = site.run(handoff)
    assert (ended.status, ended.errors) == (
        LATER, [f"deploy webhook: HTTP 503 from {receiver.url}/hooks/{MODEL}"])
    assert site.production == [1]
    assert site.hook("replay", site.package(handoff), "--config", handoff.parent / "modelhook.json").status == 0
    assert site.run(handoff).status == 0  # it is Production already
    first, *again = receiver.deliveries
    assert [one.id for one in again] == [first.id, first.id]
    assert [one.body for one in again] == [first.body, first.body]
    site.promote(13, config=config(receiver))
    assert receiver.deliveries[-1].json["data"]["version"] == "2"
    assert receiver.deliveries[-1].id != first.id


@pytest.mark.parametrize(("status", "hint"), [(401, True), (403, True), (404, False), (410, False)])
def test_what_the_service_refuses_for_good_is_not_served(site: Site, receiver: Receiver, status: int,
                                                        hint: bool) -> None:
    receiver.answers = [status]
    receiver.body = '{{"error": "no: {x_mlflow_signature}"}}'
    ended = site.run(site.train(config=config(receiver)))
    (delivery,) = receiver.deliveries
    assert ended.status == NOT_SERVED
    assert ended.errors[0].startswith(f"deploy webhook: HTTP {status} from {receiver.url}/hooks/{MODEL}: no: ")
    assert ("headers" in ended.stderr) == hint
    assert site.production == [1]
    assert delivery.json["data"]["version"] == "1"


def test_no_secret_is_printed_or_kept(site: Site, receiver: Receiver) -> None:
    receiver.answers = [400]
    receiver.body = '{{"error": "you sent {authorization} and {x_token}"}}'
    ended = site.run(site.train(config=config(
        receiver, headers={"Authorization": "Bearer {secret}", "X-Token": "{secret}"})))
    (delivery,) = receiver.deliveries
    assert delivery.headers["authorization"] == f"Bearer {SECRET}"
    assert ended.status == NOT_SERVED
    assert "you sent " in ended.stderr
    kept = json.dumps([site.fake.versions(MODEL), ended.result])
    for text in (ended.stdout, ended.stderr, kept):
        assert SECRET not in text


def test_a_secret_comes_from_a_file_that_may_be_renewed(site: Site, receiver: Receiver) -> None:
    settings = config(receiver)
    del settings["deploy"][0]["webhook"]["secret_variable"]
    settings["deploy"][0]["webhook"]["secret_file"] = "hook-secret"
    for hour, text in ((12, "the first one\n"), (13, "the second one")):
        handoff = site.train(hour, config=settings)
        (handoff.parent / "hook-secret").write_text(text)
        assert site.run(handoff).status == 0
        delivery = receiver.deliveries[-1]
        assert delivery.headers["x-mlflow-signature"] == signatures(text.strip(), [delivery])[0]


def test_a_secret_that_is_not_there_is_named(site: Site, receiver: Receiver) -> None:
    del site.hook.env["FISH_SECRET"]
    ended = site.run(site.train(config=config(receiver)))
    assert (ended.status, ended.errors) == (
        NOT_SERVED, ["deploy webhook: the environment variable FISH_SECRET is not set"])
    assert receiver.deliveries == []


def test_a_plan_calls_nobody(site: Site, receiver: Receiver) -> None:
    ended = site.run(site.train(config=config(receiver)), "--plan")
    assert ended.status == 0
    assert f"would call the webhook {receiver.url}/hooks/{MODEL}" in ended.stderr
    assert receiver.deliveries == []
