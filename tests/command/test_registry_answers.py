"""A registry that answers what cannot be: prompts, versions that no search shows, odd numbers, endless pages."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from fake_registry import missing
from promoting import FIRST_RUN, MODEL, REPORT, Site

REFUSED, LATER, NOT_A_REGISTRY = 69, 75, 76
CREATE = "POST model-versions/create"


def answering(site: Site, method: str, call: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Let a call answer what it would, changed."""
    as_it_is = site.fake.registry.routes[method, call]
    site.fake.registry.routes[method, call] = lambda asked: change(json.loads(json.dumps(as_it_is(asked))))


# ---- prompts


def test_the_name_of_a_prompt_is_refused_before_anything_is_sent(site: Site) -> None:
    site.fake.registry.create_model({"name": MODEL})
    site.fake.registry.set_model_tag({"name": MODEL, "key": "mlflow.prompt.is_prompt", "value": "true"})
    ended = site.run(site.train())
    assert (ended.status, ended.result["version"]) == (REFUSED, None)
    assert ended.errors[0].endswith(f"{MODEL}: is a prompt, not a model")
    assert site.sent == REPORT
    for command in (["status", MODEL], ["history", MODEL], ["rollback", MODEL], ["repair", MODEL, "--yes"]):
        assert site.hook(*command).status == REFUSED


# ---- what the search does not show


def hide_all(site: Site) -> None:
    """No search shows any version from now on."""
    site.fake.registry.hidden |= {str(number) for number in range(1, 20)}


def test_a_created_version_that_no_search_shows_is_asked_for_by_number(site: Site) -> None:
    hide_all(site)
    ended = site.run(site.train())
    assert (ended.status, ended.result["version"], ended.result["stage"]) == (0, "1", "Production")
    assert site.sent == FIRST_RUN
    again = site.run(site.train(13))
    assert (again.status, again.result["version"], again.result["previous_version"]) == (0, "2", "1")
    assert site.production == [2]


def test_an_earlier_version_that_only_the_model_names_is_not_registered_again(site: Site) -> None:
    handoff = site.train()
    assert site.run(handoff).status == 0
    hide_all(site)
    site.forget()
    again = site.run(handoff)
    assert (again.status, again.result["version"]) == (0, "1")
    assert CREATE not in site.sent
    said = json.loads(site.hook("status", MODEL, "--json").stdout.splitlines()[0])
    assert [version["version"] for version in said["production"]] == ["1"]
    rows = json.loads(site.hook("status", "--json").stdout.splitlines()[0])["models"]
    assert [version["version"] for version in rows[0]["production"]] == ["1"]


def test_a_created_version_that_nothing_shows_is_told_by_its_number_and_retryable(site: Site) -> None:
    hide_all(site)

    def get(asked: dict[str, Any]) -> dict[str, Any]:
        raise missing("not yet")

    site.fake.registry.routes["GET", "model-versions/get"] = get
    answering(site, "GET", "registered-models/get",
              lambda answer: {"registered_model": {**answer["registered_model"], "latest_versions": []}})
    ended = site.run(site.train())
    assert (ended.status, ended.result["version"], ended.result["retryable"]) == (LATER, "1", True)
    assert ended.errors[0].endswith("version 1 was created, and the registry does not show it")
    assert site.sent.count(CREATE) == 1


# ---- numbers and names

ODD = ["0", "-1", "abc", "", "9223372036854775808", "1.0", 1.5, None, True, [1]]


@pytest.mark.parametrize("number", ODD, ids=repr)
def test_a_create_that_is_answered_with_no_versions_number_is_refused(site: Site, number: Any) -> None:
    def odd(answer: dict[str, Any]) -> dict[str, Any]:
        return {"model_version": {**answer["model_version"], "version": number}}

    hide_all(site)
    answering(site, "GET", "registered-models/get",
              lambda answer: {"registered_model": {**answer["registered_model"], "latest_versions": []}})
    answering(site, "POST", "model-versions/create", odd)
    ended = site.run(site.train())
    assert (ended.status, ended.result["version"]) == (NOT_A_REGISTRY, None)
    assert "model-versions/create" in ended.errors[0]
    assert '"version" is' in ended.errors[0]
    assert site.sent.count(CREATE) == 1


@pytest.mark.parametrize("number", ODD, ids=repr)
@pytest.mark.parametrize("where", ["search", "latest", "alias"])
def test_a_list_with_no_versions_number_is_refused(site: Site, where: str, number: Any) -> None:
    site.promote()

    def odd(answer: dict[str, Any]) -> dict[str, Any]:
        if where == "search":
            answer["model_versions"][0]["version"] = number
        elif where == "latest":
            answer["registered_model"]["latest_versions"][0]["version"] = number
        else:
            answer["registered_model"]["aliases"] = [{"alias": "production", "version": number}]
        return answer

    answering(site, "GET", "model-versions/search" if where == "search" else "registered-models/get", odd)
    site.forget()
    ended = site.hook("rollback", MODEL, "--json")
    assert ended.status == NOT_A_REGISTRY
    assert site.sent == []


@pytest.mark.parametrize(("method", "call", "key"), [
    ("GET", "runs/get", "run"), ("GET", "registered-models/get", "registered_model"),
    ("GET", "model-versions/search", "model_versions"),
])
def test_an_answer_about_something_else_is_refused(site: Site, method: str, call: str, key: str) -> None:
    site.promote()

    def other(answer: dict[str, Any]) -> dict[str, Any]:
        what = answer.get(key)
        for one in what if isinstance(what, list) else [what]:
            if one and key == "run":
                one["info"]["run_id"] = one["info"]["run_uuid"] = "f" * 32
            elif one:
                one["name"] = MODEL.upper()
        return answer

    answering(site, method, call, other)
    site.forget()
    ended = site.run(site.train(13))
    assert ended.status == NOT_A_REGISTRY
    assert "asked for" in ended.errors[0]
    assert site.production == [1]


# ---- pages

NUMBERS = itertools.count()


def fresh(asked: dict[str, Any]) -> str:
    """A token that was never there."""
    return f"page{next(NUMBERS)}"


def circle(asked: dict[str, Any]) -> str:
    """One of seven, in turn."""
    return f"t{(int(asked.get('page_token', 't0')[1:]) + 1) % 7}"


@pytest.mark.parametrize("token", [lambda asked: "same", circle, fresh], ids=["same", "circle", "fresh"])
@pytest.mark.parametrize("items", [0, 1], ids=["empty", "the same again"])
@pytest.mark.parametrize("call", ["model-versions/search", "registered-models/search"])
def test_pages_without_an_end_are_refused(site: Site, call: str, items: int,
                                          token: Callable[[dict[str, Any]], str]) -> None:
    site.promote()
    key = call.replace("/search", "").replace("-", "_")
    as_it_is = site.fake.registry.routes["GET", call]

    def endless(asked: dict[str, Any]) -> dict[str, Any]:
        first = as_it_is({name: value for name, value in asked.items() if name != "page_token"})
        return {key: first[key][:items], "next_page_token": token(asked)}

    site.fake.registry.routes["GET", call] = endless
    site.forget()
    ended = site.hook("status", *([MODEL] if key == "model_versions" else []))
    assert ended.status == (NOT_A_REGISTRY if items == 0 or key == "model_versions" else 0)
    assert ended.status == 0 or "the pages of the list do not end" in ended.errors[0]
    assert len(site.fake.requests) < 400


def test_pages_that_a_filter_left_empty_are_followed(site: Site) -> None:
    site.promote()
    as_it_is = site.fake.registry.routes["GET", "model-versions/search"]

    def late(asked: dict[str, Any]) -> dict[str, Any]:
        page = int(asked.get("page_token") or 0)
        if page < 30:
            return {"next_page_token": str(page + 1)}
        return as_it_is({name: value for name, value in asked.items() if name != "page_token"})

    site.fake.registry.routes["GET", "model-versions/search"] = late
    said = json.loads(site.hook("status", MODEL, "--json").stdout.splitlines()[0])
    assert [version["version"] for version in said["production"]] == ["1"]
