"""A word that is not known is told with the one that was probably meant; a new model is told aloud."""

from __future__ import annotations

import pytest
from promoting import MODEL, Site

NEAR = MODEL.replace("classifier", "clasifier")


def hints(stderr: str) -> list[str]:
    """What to do next."""
    start = "modelhook: hint: "
    return [line.removeprefix(start) for line in stderr.splitlines() if line.startswith(start)]


@pytest.mark.parametrize(("arguments", "error", "hint"), [
    (["staus"], "staus: no such command", "did you mean status?"),
    (["help", "promte"], "promte: no such command", "did you mean promote?"),
    (["frobnicate"], "frobnicate: no such command", "modelhook help lists the commands"),
    (["run", "h.json", "--polcy", "none"], "--polcy: no such option", "did you mean --policy?"),
    (["run", "h.json", "--polcy=none"], "--polcy: no such option", "did you mean --policy?"),
    (["run", "h.json", "--policy", "stagin"], "--policy: stagin is not production, staging or none",
     "did you mean staging?"),
    (["promote", MODEL, "1", "--stage", "Prod"],
     "--stage: Prod is not None, Staging, Production or Archived", "modelhook help tells what each command takes"),
    (["status", "--max-age", "36"], "--max-age: 36 is not a time such as 90s, 36h or 7d",
     "modelhook help tells what each command takes"),
])
def test_a_wrong_word_of_the_command_line_is_told_with_what_is_right(
    site: Site, arguments: list[str], error: str, hint: str
) -> None:
    ended = site.hook(*arguments)
    assert (ended.status, ended.errors, hints(ended.stderr)) == (64, [error], [hint])
    assert site.fake.requests == []


@pytest.mark.parametrize(("config", "error", "hint"), [
    ({"gates": [{"metric": "a", "at_lest": 0.5}]}, "gates[0].at_lest: unknown key", "did you mean at_least?"),
    ({"polcy": "none"}, "polcy: unknown key", "did you mean policy?"),
    ({"policy": "prod"}, "policy: not production, staging or none", None),
])
def test_a_wrong_key_of_the_settings_is_told_with_the_right_one(
    site: Site, config: dict[str, object], error: str, hint: str | None
) -> None:
    ended = site.run(site.train(config=config))
    assert ended.status == 78
    assert ended.errors[0].endswith(error)
    if hint is not None:
        assert hints(ended.stderr) == [hint]


@pytest.mark.parametrize("command", ["history", "rollback", "status", "served"])
def test_a_model_that_is_not_there_is_told_with_one_that_is(site: Site, command: str) -> None:
    site.promote(10)
    ended = site.hook(command, NEAR)
    assert (ended.status, ended.errors) == (69, [f"{NEAR}: no such registered model"])
    assert hints(ended.stderr) == [f"did you mean {MODEL}?"]
    assert hints(site.hook(command, "nothing-like-it").stderr) == ["modelhook status shows all of them"]


@pytest.mark.parametrize("command", [["--help"], ["run", "--help"], ["run", "h.json", "-h"], ["-h"]])
def test_help_is_an_option_of_every_command(site: Site, command: list[str]) -> None:
    ended = site.hook(*command)
    assert ended.status == 0
    assert ended.stdout == site.hook("help", *command[:-1][:1]).stdout


@pytest.mark.parametrize("command", ["version", "-V"])
def test_the_version_is_told_in_each_usual_way(site: Site, command: str) -> None:
    assert site.hook(command).stdout == site.hook("--version").stdout


def registered(told: str) -> str:
    """What the step says of the version."""
    (line,) = [line for line in told.splitlines() if line.startswith("register ")]
    return line.removeprefix("register").strip().rpartition(" (")[0]


def test_a_new_registered_model_is_told_and_a_second_version_is_not(site: Site) -> None:
    assert registered(site.run(site.train(10)).stderr) == f'new registered model "{MODEL}" made; version 1 created'
    assert registered(site.run(site.train(11)).stderr) == "version 2 created"


def test_a_new_model_whose_name_is_near_that_of_another_is_warned_of(site: Site) -> None:
    site.promote(10)
    handoff = site.train(11, model=NEAR)
    warning = f'"{NEAR}" is a new registered model: did you mean "{MODEL}"?'
    planned = site.run(handoff, "--plan")
    assert registered(planned.stderr) == (
        f'new registered model "{NEAR}" would be made (did you mean "{MODEL}"?); version 1 would be created')
    ended = site.run(handoff)
    assert ended.status == 0
    assert warning in ended.stderr


def test_a_new_model_is_refused_where_the_settings_say_so_and_nothing_is_written(site: Site) -> None:
    config = {"new_model": "refuse"}
    assert site.run(site.train(10, config=config), "--new-model", "allow").status == 0
    assert site.run(site.train(11, config=config)).status == 0
    site.forget()
    ended = site.run(site.train(12, model=NEAR, config=config))
    assert (ended.status, ended.errors) == (69, [f"new_model is refuse: {NEAR}: no such registered model"])
    assert hints(ended.stderr) == [f"did you mean {MODEL}?"]
    assert [call for call in site.sent if "set-tag" not in call] == []
    assert site.fake.artifacts(ended.result["run_id"]) == {}
    kept = ended.result["package"]
    assert site.hook("replay", kept).status == 69
    assert site.hook("replay", kept, "--new-model", "allow").status == 0
