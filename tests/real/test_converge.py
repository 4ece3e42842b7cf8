"""Exactly one Production, and the right one, in a few rounds; `scripts/test converge` plays many."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import registering
from callers import Arena, arena
from converge import Round, stock_round

if TYPE_CHECKING:
    from servers import PostgreSQL

# each with a clean round, one with kills and faults, one with a person, one from two Production versions
ROUNDS = [(2, range(3)), (4, range(1, 4)), (20, range(1, 2))]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, modelhook: Path,
          ) -> Iterator[Arena]:
    os.environ["MODELHOOK"] = str(modelhook)
    database: PostgreSQL | None = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    with arena(request.param, tmp_path_factory.mktemp("converge"), "short", database) as made:
        yield made


@pytest.mark.parametrize(("promoters", "number"), [(promoters, number) for promoters, numbers in ROUNDS
                                                   for number in numbers])
def test_promoters_at_once_leave_the_right_one_alone_in_production(
        place: Arena, promoters: int, number: int) -> None:
    ending = Round(place, promoters, number).play()
    assert ending.wrong == []
    assert ending.reads > 0
    assert ending.without == 0


def test_the_same_work_by_mlflows_own_call_is_seen_to_leave_several(place: Arena) -> None:
    """Else the rounds above would prove nothing: this server on this machine does let promoters meet."""
    assert any(stock_round(place, 8, number) > 1 for number in range(40))


@pytest.mark.parametrize("fault", ["answer dropped", "503 after commit"])
def test_a_fault_at_the_create_leaves_one_version_of_a_package(place: Arena, fault: str) -> None:
    counts = registering.hook_row(place, fault)
    assert [count.wrong for count in counts] == [[], [], []]
    assert [count.stand for count in counts] == [1, 1, 1]


@pytest.mark.parametrize("beside", [False, True])
def test_a_kill_around_the_create_leaves_one_version_of_a_package(place: Arena, beside: bool) -> None:
    requests = registering.requests_of_a_run(place, f"count {beside}")
    count = registering.killed_at(place, requests // 2, "after", beside=beside)
    assert (count.wrong, count.stand) == ([], 1)


def test_repair_finishes_what_a_killed_promoter_began(place: Arena) -> None:
    """Killed right after each write of a promotion: the stage, both histories, both aliases."""
    writes = []
    for index in range(8, 13):
        assert registering.repaired_at(place, index, "after").wrong == []
        writes.append(place.proxy.sent(f"register-repair-after-{index}-0")[index - 1].split()[1])
    assert {"model-versions/transition-stage", "registered-models/alias"} <= set(writes)
