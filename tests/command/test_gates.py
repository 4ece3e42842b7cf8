"""The gates of modelhook.json: what passes, what is held, and what stays on the version."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import Ended
from promoting import FIRST_RUN, MODEL, REPORT, UPLOAD, Site

METRICS = {"train_accuracy": 0.93, "val_accuracy": 0.9}
HELD = ["POST runs/log-batch", *UPLOAD, "POST model-versions/create", *REPORT]


def gated(site: Site, rule: dict[str, Any], *flags: str, **keys: Any) -> tuple[Path, Ended]:
    """Run a training with one gate."""
    keys.setdefault("metrics", METRICS)
    handoff = site.train(keys.pop("hour", 12), config={"gates": [rule]}, **keys)
    return handoff, site.run(handoff, *flags)


def verdict(site: Site, number: int = 1) -> dict[str, Any]:
    """The tag modelhook.gate of a version, without when it was."""
    tag = json.loads(site.version(number)["tags"]["modelhook.gate"])
    assert tag.pop("at")
    return tag


ALONE = [
    ({"metric": "val_accuracy", "at_least": 0.9}, True, "val_accuracy", "val_accuracy 0.9, at least 0.9"),
    ({"metric": "val_accuracy", "at_least": 0.901}, False, "val_accuracy", "val_accuracy 0.9, at least 0.901"),
    ({"metric": "val_accuracy", "at_most": 0.5}, False, "val_accuracy", "val_accuracy 0.9, at most 0.5"),
    ({"name": "good enough", "metric": "val_accuracy", "at_least": 0.8, "at_most": 1}, True, "good enough",
     "val_accuracy 0.9, at least 0.8, at most 1"),
    ({"metric": "train_accuracy", "minus": "val_accuracy", "at_most": 0.03}, True, "train_accuracy - val_accuracy",
     "train_accuracy 0.93 - val_accuracy 0.9 = 0.03, at most 0.03"),
    ({"metric": "train_accuracy", "minus": "val_accuracy", "at_most": 0.02}, False, "train_accuracy - val_accuracy",
     "train_accuracy 0.93 - val_accuracy 0.9 = 0.03, at most 0.02"),
    ({"metric": "parameter_count", "at_most": 8}, True, "parameter_count", "parameter_count 8, at most 8"),
    ({"metric": "tensor_count", "at_least": 2}, False, "tensor_count", "tensor_count 1, at least 2"),
    ({"metric": "val_accuracy", "not_below_champion_by": 0.01}, True, "val_accuracy against champion",
     "val_accuracy 0.9, no champion to compare with"),
    ({"weights": "differ_from_champion"}, True, "weights", "no champion's weights to compare with"),
]


@pytest.mark.parametrize(("rule", "passes", "name", "detail"), ALONE,
                         ids=[f"{detail}{'' if passes else ' (held)'}" for _, passes, _, detail in ALONE])
def test_a_rule_is_decided_by_the_numbers_of_the_training(
    site: Site, rule: dict[str, Any], passes: bool, name: str, detail: str
) -> None:
    handoff, ended = gated(site, rule)
    word = "passed" if passes else "rejected"
    gate = {"name": name, "verdict": word, "detail": detail}
    assert (ended.status, ended.result["outcome"]) == ((0, "promoted") if passes else (99, "held"))
    assert ended.result["gate"] == [gate]
    assert verdict(site) == {"verdict": word, "gates": [gate]}
    assert site.production == ([1] if passes else [])
    assert site.spooled(handoff) == []
    assert ended.errors == []


def test_a_rejected_training_is_registered_without_a_stage_and_nothing_is_kept(site: Site) -> None:
    site.promote(10)
    site.forget()
    handoff, ended = gated(site, {"metric": "val_accuracy", "at_least": 0.95}, hour=13)
    assert (ended.status, ended.result["outcome"], ended.result["retryable"]) == (99, "held", False)
    assert (ended.result["version"], ended.result["stage"], ended.result["alias"]) == ("2", "None", None)
    assert ended.result["previous_version"] == "1"
    assert site.sent == HELD
    assert "modelhook.intent" not in site.version(2)["tags"]
    assert (site.production, site.spooled(handoff)) == ([1], [])
    assert "promote  not promoted: a gate rejected it" in ended.stderr


def test_a_rejected_training_does_not_come_up_later_by_itself(site: Site) -> None:
    gated(site, {"metric": "val_accuracy", "at_least": 0.95}, hour=13)
    assert site.promote(12).result["version"] == "2"
    assert site.production == [2]


def test_a_rejected_training_is_promoted_once_the_gate_lets_it_through(site: Site) -> None:
    handoff, _ = gated(site, {"metric": "val_accuracy", "at_least": 0.95})
    (handoff.parent / "modelhook.json").write_text(json.dumps({"gates": [{"metric": "val_accuracy", "at_least": 0.9}]}))
    site.forget()
    assert site.run(handoff).status == 0
    assert len(site.fake.versions(MODEL)) == 1
    assert verdict(site)["verdict"] == "passed"
    assert not [call for call in site.sent if call.startswith("PUT")]


def test_a_promoted_training_is_not_judged_again(site: Site) -> None:
    handoff = site.train()
    assert site.run(handoff).status == 0
    (handoff.parent / "modelhook.json").write_text(json.dumps({"gates": [{"metric": "val_accuracy", "at_least": 1}]}))
    site.forget()
    assert site.run(handoff).status == 0
    assert site.sent == REPORT


def test_all_gates_are_tried_and_one_rejection_holds(site: Site) -> None:
    gates = [{"metric": "val_accuracy", "at_least": 0.95}, {"metric": "train_accuracy", "at_least": 0.9},
             {"name": "small", "metric": "model_size_bytes", "at_most": 10}]
    ended = site.run(site.train(metrics=METRICS, config={"gates": gates}))
    assert ended.status == 99
    assert [(gate["name"], gate["verdict"]) for gate in ended.result["gate"]] == [
        ("val_accuracy", "rejected"), ("train_accuracy", "passed"), ("small", "rejected")]


def test_an_override_passes_and_stays_on_the_version_with_who_and_why(site: Site) -> None:
    rule = {"metric": "val_accuracy", "at_least": 0.95}
    why = 'demo for the board: "fish" only'
    _, ended = gated(site, rule, "--override", why)
    assert (ended.status, ended.result["outcome"]) == (0, "promoted")
    assert ended.result["gate"][0]["verdict"] == "overridden"
    tag = verdict(site)
    assert tag["verdict"] == "passed"
    assert tag["override"] == {"why": why, "by": site.version(1)["tags"]["modelhook.by"]}
    assert site.production == [1]


def test_an_override_leaves_no_trace_where_every_gate_passes(site: Site) -> None:
    _, ended = gated(site, {"metric": "val_accuracy", "at_least": 0.5}, "--override", "just in case")
    assert ended.status == 0
    assert verdict(site) == {"verdict": "passed", "gates": ended.result["gate"]}


def test_an_override_does_not_put_an_older_training_into_production(site: Site) -> None:
    site.promote(14)
    _, ended = gated(site, {"metric": "val_accuracy", "at_least": 0.95}, "--override", "please", hour=13)
    assert (ended.status, ended.result["outcome"]) == (99, "superseded")
    assert site.production == [1]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"metric": "f1", "at_least": 0.5}, "metrics: gate f1 needs f1, which neither the handoff nor the run has"),
        ({"name": "gap", "metric": "train_accuracy", "minus": "f1", "at_most": 1},
         "metrics: gate gap needs f1, which neither the handoff nor the run has"),
        ({"metric": "val_accuracy", "not_below_champion_by": 0, "confidence": 0.95, "samples": "test"},
         "samples: gate val_accuracy against champion needs a count of test"),
    ],
)
def test_a_number_that_is_missing_is_named_before_any_write(site: Site, rule: dict[str, Any], said: str) -> None:
    _, ended = gated(site, rule)
    assert ended.status == 65
    assert ended.errors == [said]
    assert site.sent == REPORT
    assert site.fake.registry.models == {}


def test_a_metric_of_the_run_serves_where_the_handoff_has_none(site: Site) -> None:
    _, ended = gated(site, {"metric": "f1", "at_least": 0.5}, run_metrics={"f1": 0.7})
    assert ended.status == 0
    assert ended.result["gate"][0]["detail"] == "f1 0.7, at least 0.5"


def test_no_gate_is_said(site: Site) -> None:
    ended = site.run(site.train())
    assert ended.status == 0
    assert next(step["did"] for step in ended.result["steps"] if step["name"] == "gate") == (
        "no gate is configured: passed")
    assert verdict(site) == {"verdict": "passed", "gates": []}


# ---- the champion


CHAMPION = {"metric": "val_accuracy", "not_below_champion_by": 0.01}


@pytest.mark.parametrize(("ours", "passes"), [(0.91, True), (0.89, True), (0.889, False)])
def test_the_champion_may_be_missed_by_the_margin_and_no_more(site: Site, ours: float, passes: bool) -> None:
    site.promote(10, metrics=METRICS)
    _, ended = gated(site, CHAMPION, metrics={"val_accuracy": ours})
    assert ended.status == (0 if passes else 99)
    assert ended.result["gate"][0]["detail"] == f"val_accuracy {ours}, champion version 1 0.9, margin 0.01"


def test_the_champion_s_run_is_asked_first(site: Site) -> None:
    run = site.fake.add_run(metrics={"val_accuracy": 0.5})
    site.fake.add_version(MODEL, "Production", run_id=run, tags={
        "val_accuracy": "0.9900", "modelhook.intent": "2026-11-01T00:00:00Z"})
    _, ended = gated(site, CHAMPION, metrics={"val_accuracy": 0.6})
    assert ended.status == 0
    assert ended.result["gate"][0]["detail"] == "val_accuracy 0.6, champion version 1 0.5, margin 0.01"


@pytest.mark.parametrize("run", ["", "f" * 32], ids=["no run", "a run that is gone"])
def test_the_champion_s_tag_serves_where_its_run_does_not(site: Site, run: str) -> None:
    site.fake.add_version(MODEL, "Production", run_id=run, tags={
        "val_accuracy": "0.7000", "modelhook.intent": "2026-11-01T00:00:00Z"})
    _, ended = gated(site, CHAMPION, metrics={"val_accuracy": 0.6})
    assert (ended.status, ended.result["previous_version"]) == (99, "1")
    assert ended.result["gate"][0]["detail"] == "val_accuracy 0.6, champion version 1 0.7, margin 0.01"


def test_a_champion_without_the_number_passes_and_says_so(site: Site) -> None:
    site.fake.add_version(MODEL, "Production", tags={"modelhook.intent": "2026-11-01T00:00:00Z"})
    _, ended = gated(site, CHAMPION)
    assert ended.status == 0
    assert "has no such number: nothing to compare with" in ended.result["gate"][0]["detail"]


@pytest.mark.parametrize(("count", "passes"), [(100, False), (100_000, True)])
def test_confidence_wants_more_than_noise(site: Site, count: int, passes: bool) -> None:
    site.promote(10, metrics={"val_accuracy": 0.90}, samples={"validation": count})
    rule = {"metric": "val_accuracy", "not_below_champion_by": 0.0, "confidence": 0.95, "samples": "validation"}
    _, ended = gated(site, rule, metrics={"val_accuracy": 0.91}, samples={"validation": count})
    assert ended.status == (0 if passes else 99)
    assert f"({count} and {count} samples)" in ended.result["gate"][0]["detail"]


def test_the_same_weights_again_are_held_and_other_weights_pass(site: Site) -> None:
    site.promote(10, weights=(0.5,) * 8)
    _, ended = gated(site, {"weights": "differ_from_champion"}, weights=(0.5,) * 8)
    assert ended.status == 99
    _, ended = gated(site, {"weights": "differ_from_champion"}, weights=(0.5,) * 7 + (0.25,))
    assert ended.status == 0


@pytest.mark.parametrize(("age", "passes"), [(35, True), (37, False)])
def test_a_training_may_not_be_older_than_the_freshness_gate_says(site: Site, age: int, passes: bool) -> None:
    at = (datetime.now(UTC) - timedelta(hours=age)).strftime("%Y-%m-%dT%H:%M:%SZ")
    _, ended = gated(site, {"max_age": "36h"}, trained_at=at)
    assert ended.status == (0 if passes else 99)
    assert ended.result["gate"][0]["name"] == "freshness"
    assert ended.result["gate"][0]["detail"] == f"trained {age}.00 h ago, at most 36.00 h"


@pytest.mark.parametrize(
    ("gates", "said"),
    [
        ([{"metric": "a"}], 'gates[0]: needs "at_least" or "at_most"'),
        ([{"metric": "a", "at_least": 1, "at_most": 0}], 'gates[0]: "at_least" is above "at_most": nothing passes'),
        ([{"metric": "a", "at_least": "1"}], "gates[0].at_least: "),
        ([{"metric": "a", "at_lest": 1}], "gates[0].at_lest: unknown key"),
        ([{"max_age": "soon"}], 'gates[0]: "max_age" is a duration such as "36h"'),
        ([{"weights": "same"}], 'gates[0]: "weights" takes "differ_from_champion"'),
        ([{}], 'gates[0]: is no rule: it needs "metric", "weights", "max_age" or "command"'),
        ({}, "gates: "),
    ],
)
def test_a_gate_that_is_no_rule_is_refused_before_the_model_is_read(site: Site, gates: Any, said: str) -> None:
    handoff = site.train(config={"gates": gates})
    ended = site.run(handoff)
    assert ended.status == 78
    assert ended.errors[0].startswith(f"settings {handoff.parent}/modelhook.json: {said}")
    assert site.fake.requests == []
    assert site.spooled(handoff) == []


def test_a_gate_decides_before_the_version_is_made(site: Site) -> None:
    _, ended = gated(site, {"metric": "val_accuracy", "at_least": 0.95})
    (create,) = [request.json for request in site.fake.writes if request.name == "model-versions/create"]
    assert "modelhook.gate" in [tag["key"] for tag in create["tags"]]
    assert ended.status == 99
    assert site.sent == [*FIRST_RUN[:11], *REPORT]


@pytest.mark.parametrize("value", ["Infinity", "-Infinity", "NaN", 1.7976931348623157e308, -1.7976931348623157e308])
@pytest.mark.parametrize("rule", [{"at_least": 0}, {"at_most": 1}, {"not_below_champion_by": 0.0}],
                         ids=lambda rule: next(iter(rule)))
def test_a_metric_of_the_run_that_is_no_finite_number_passes_no_gate(
        site: Site, rule: dict[str, Any], value: Any) -> None:
    run = site.fake.add_run()
    site.fake.registry.runs[run]["data"]["metrics"] = [{"key": "loss", "value": value, "timestamp": 1, "step": 0}]
    ended = site.run(site.train(run=run, config={"gates": [{"metric": "loss", **rule}]}))
    assert (ended.status, ended.result["outcome"]) == (99, "held")
    assert site.production == []
