"""`versions`: all of them, newest first, each with why it is not Production; `status` tells of the newest."""

from __future__ import annotations

from typing import Any

import pytest
from promoting import MODEL, Site

REJECTS = {"gates": [{"metric": "val_accuracy", "at_least": 0.99}]}
WHY_HELD = "val_accuracy 0.9, at least 0.99"


def listed(site: Site, *options: str) -> list[dict[str, Any]]:
    """What the JSON form has of each."""
    told = site.hook("versions", MODEL, "--json", *options)
    assert told.status == 0
    assert (told.result["schema"], told.result["model"]) == ("modelhook/versions@1", MODEL)
    assert told.result["count"] == len(site.fake.versions(MODEL))
    return told.result["versions"]


@pytest.fixture
def five(site: Site) -> Site:
    """1: overtaken; 2: held; 3: left by policy; 4: Production; 5: held."""
    site.promote(10)
    assert site.run(site.train(11, config=REJECTS)).status == 99
    assert site.run(site.train(12, config={"policy": "none"})).status == 99
    site.promote(13)
    assert site.run(site.train(14, config=REJECTS)).status == 99
    return site


def test_each_version_is_told_with_the_reason_why_it_is_not_production(five: Site) -> None:
    rows = listed(five)
    assert [(row["version"], row["standing"], row["why"]) for row in rows] == [
        ("5", "held", WHY_HELD), ("4", "production", None), ("3", "waiting", "left to a person, by policy"),
        ("2", "held", WHY_HELD),
        ("1", "superseded", "version 4 was trained later, at 2026-11-22T13:00:00Z")]
    assert (rows[1]["stage"], rows[1]["aliases"], rows[1]["trained_at"]) == (
        "Production", ["production"], "2026-11-22T13:00:00Z")


def test_what_a_person_promoted_is_not_told_as_held_afterwards(five: Site) -> None:
    assert five.hook("promote", MODEL, "5", "--reason", "asked for").status == 0
    by_number = {row["version"]: row for row in listed(five)}
    assert by_number["5"]["standing"] == "production"
    assert by_number["4"]["standing"] == "superseded"
    assert by_number["4"]["why"].startswith("version 5 was chosen by ")
    assert five.hook("rollback", MODEL, "--reason", "p99 doubled").status == 0
    (newest, *_) = listed(five)
    assert newest["standing"] == "withdrawn"
    assert "p99 doubled" in newest["why"]


def test_the_table_has_the_same(five: Site) -> None:
    lines = five.hook("versions", MODEL).stdout.splitlines()
    assert lines[0] == f"{MODEL}: 5 versions"
    assert lines[1].split()[:3] == ["version", "stage", "aliases"]
    assert [line.split()[0] for line in lines[2:]] == ["5", "4", "3", "2", "1"]
    assert lines[2].endswith(f"held        {WHY_HELD}")
    assert "@production" in lines[3]


@pytest.mark.parametrize(("limit", "shown"), [("1", 1), ("4", 4), ("5", 5), ("99", 5), ("0", 5)])
def test_a_limit_shows_the_newest(five: Site, limit: str, shown: int) -> None:
    assert [row["version"] for row in listed(five, "--limit", limit)] == ["5", "4", "3", "2", "1"][:shown]
    head = five.hook("versions", MODEL, "--limit", limit).stdout.splitlines()[0]
    assert head == f"{MODEL}: 5 versions" + (f", the newest {shown} (--limit 0 shows all)" if shown < 5 else "")


def test_status_says_why_the_newest_is_not_production(five: Site) -> None:
    told = five.hook("status", MODEL, "--json").result
    assert told["newest"] == {"version": "5", "standing": "held", "why": WHY_HELD}
    assert f"newest: version 5, held: {WHY_HELD}" in five.hook("status", MODEL).stdout.splitlines()
    five.promote(15)
    newest = {"version": "6", "standing": "production", "why": None}
    assert five.hook("status", MODEL, "--json").result["newest"] == newest
    assert "newest:" not in five.hook("status", MODEL).stdout


def test_a_version_of_another_program_and_a_text_from_outside(site: Site) -> None:
    site.promote(10)
    site.fake.add_version(MODEL, tags={"modelhook.gate": "not JSON", "modelhook.by": "\x1b[2Jevil"})
    (other, _) = listed(site)
    assert (other["standing"], other["why"]) == ("waiting", "not registered by modelhook")
    assert "\x1b" not in site.hook("versions", MODEL).stdout
