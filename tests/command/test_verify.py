"""--verify size: what a server gives no checksum of is verified by the sizes that it lists, and that is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ended
from promoting import FILES, MODEL, Site

BY_SIZE = ("--verify", "size")
NAME = "requirements.txt"


def read_back(site: Site) -> list[str]:
    """The files of the model that were read."""
    return [request.name.rpartition("/artifacts/model/")[2] for request in site.fake.requests
            if request.method == "GET" and "/artifacts/model/" in request.name]


def spoiled(site: Site, handoff: Path, change: Callable[[bytes], bytes | None]) -> Ended:
    """A run by size of which the server keeps one file otherwise than it was sent."""
    artifacts = site.fake.registry.artifacts

    def spoil() -> None:
        (path,) = [path for path in artifacts if path.endswith(f"/model/{NAME}")]
        content = change(artifacts.pop(path))
        if content is not None:
            artifacts[path] = content

    site.fake.fail(f"artifacts/model/{NAME}$", method="PUT", after=spoil, times=None)
    return site.run(handoff, *BY_SIZE)


def test_every_byte_is_read_back_unless_sizes_do(site: Site) -> None:
    assert site.run(site.train(10)).result["verified"] == "full"
    assert sorted(set(read_back(site))) == sorted(FILES)
    assert "modelhook.verified" not in site.version(1)["tags"]
    site.forget()
    ended = site.run(site.train(11), *BY_SIZE)
    assert (ended.status, ended.result["verified"]) == (0, "size")
    assert set(read_back(site)) == {"MLmodel"}
    assert site.version(2)["tags"]["modelhook.verified"] == "size"
    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("upload ")]
    assert ", verified by size (" in line


@pytest.mark.parametrize(("change", "says"), [
    (lambda content: content[:-1], rf"{NAME}: listed with \d+ bytes, sent were \d+"),
    (lambda _: None, f"{NAME}: the store took it, and does not list it"),
], ids=["shorter", "missing"])
def test_another_size_is_no_version_and_the_package_waits(
    site: Site, change: Callable[[bytes], bytes | None], says: str
) -> None:
    ended = spoiled(site, site.train(), change)
    assert ended.status == 75
    assert re.fullmatch(says, ended.errors[0])
    assert site.fake.versions(MODEL) == []
    assert "model/MLmodel" not in "".join(site.sent)
    site.forget()
    assert site.hook("replay", ended.result["package"]).status == 0


def test_a_replay_that_reads_all_of_it_mends_what_sizes_do_not_show(site: Site) -> None:
    site.fake.fail("model-versions/create", status=500, times=None)
    ended = spoiled(site, site.train(), lambda content: bytes(len(content)))
    assert ended.status == 75
    site.forget()
    assert site.hook("replay", ended.result["package"]).result["verified"] == "full"
    assert [call for call in site.sent if call.startswith("PUT")] == [f"PUT model/{NAME}"]


def test_a_plan_verifies_nothing(site: Site) -> None:
    assert site.run(site.train(), *BY_SIZE, "--plan").result["verified"] is None
