"""modelhook.airflow where no Airflow is needed: names, levels of messages, exit statuses, outcomes that count."""

from __future__ import annotations

import importlib
import json
import logging
import sys
import threading
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import environment
import pytest

sys.path.insert(0, str(environment.ROOT / "dataproc"))

import modelhook.airflow
from modelhook.airflow._log import Messages, level_of
from modelhook.airflow.outcome import Look, parse_time, record_start, rendered_time, started_at
from modelhook.airflow.policy import status_in
from modelhook.result import Result, result_of

RUN = "0123456789abcdef0123456789abcdef"
LEVELS = {
    "upload   8 files sent (11014 bytes), 0 there already, all proven (54 ms)": logging.INFO,
    "warning: result file: Permission denied": logging.WARNING,
    "GET runs/get: HTTP 503, again in 2.0 s (try 1 of 8)": logging.WARNING,
    "gate     val_accuracy rejected (val_accuracy 0.4, at least 0.8) (17 ms)": logging.WARNING,
    "gate     val_accuracy passed (val_accuracy 0.9, at least 0.8) (17 ms)": logging.INFO,
    "gate     no gate is configured: passed (1 ms)": logging.WARNING,
    "promote  version 1 stays Production, as it was: version 2 was withdrawn by ann (3 ms)": logging.WARNING,
    "promote  version 2 is Production (3 ms)": logging.INFO,
    "modelhook: could not reach the server": logging.ERROR,
    "modelhook: hint: is it up?": logging.ERROR,
}


@pytest.mark.parametrize(("name", "now"), [
    ("HookOperator", "ModelhookRunOperator"), ("OutcomeOperator", "ModelhookOutcomeOperator")])
def test_an_old_name_raises_with_the_new_one(name: str, now: str) -> None:
    with pytest.raises(ImportError, match=f"renamed in 0.2.0: use modelhook.airflow.{now}"):
        getattr(modelhook.airflow, name)


@pytest.mark.parametrize("cloud", ["google", "yandex"])
def test_an_old_module_raises_with_the_new_one(cloud: str) -> None:
    with pytest.raises(ImportError, match=f"renamed in 0.2.0: use modelhook.airflow.{cloud}"):
        importlib.import_module(f"modelhook.airflow_{cloud}")


def test_a_name_that_never_was_is_no_attribute() -> None:
    assert not hasattr(modelhook.airflow, "Operator")


@pytest.mark.parametrize(("line", "level"), LEVELS.items())
def test_a_line_has_the_level_that_it_deserves(line: str, level: int) -> None:
    assert level_of(line) == level


class Log:
    """A logger that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, str]] = []
        self.told = threading.Event()

    def log(self, level: int, text: str, *values: Any) -> None:
        """One line."""
        self.lines.append((level, text % values))
        self.told.set()

    def info(self, text: str, *values: Any) -> None:
        """One line."""
        self.log(logging.INFO, text, *values)

    warning = info


def test_messages_are_logged_line_by_line_however_they_come() -> None:
    log = Log()
    with Messages(log) as messages:
        for part in ("upl", "oad 8\nwarning: x", "\nno end"):
            messages.take(part)
    assert log.lines == [(logging.INFO, "upload 8"), (logging.WARNING, "warning: x"), (logging.INFO, "no end")]


def test_a_silence_is_logged() -> None:
    log = Log()
    with Messages(log, silence=0.01):
        assert log.told.wait(60)
    assert "has reported nothing for" in log.lines[0][1]


@pytest.mark.parametrize(("text", "status"), {
    "Bash command failed. The command returned a non-zero exit code 75.": 75,
    "Bash command failed. The command returned a non-zero exit code -15.": 143,
    "Bash command failed. The command returned a non-zero exit code -9.": None,
    "Bash command failed. The command returned a non-zero exit code 127.": None,
    "Bash command failed. The command returned a non-zero exit code 1.": None,
    "Cannot execute: ['spark-submit', 'train.py']. Error code is: 75.": 75,
    "Cannot execute: ['spark-submit', 'train.py']. Error code is: 1.": None,
    "SSH operator error: exit status = 77": 77,
    "Docker container failed: {'StatusCode': 65}": 65,
    "Docker container failed: {'Error': None, 'StatusCode': 65}": 65,
    "Docker container failed: {'StatusCode': 75} lines modelhook: later": 75,
    "Pod fish-1 returned a failure.\nremote_pod: {'status': [{'exit_code': 69}, {'exit_code': 0}]}": 69,
    "Pod fish-1 returned a failure.\nremote_pod: {'status': [{'exit_code': 69}, {'exit_code': 75}]}": None,
    "Pod fish-1 returned a failure.": None,
    "Something else ended with exit code 65": None,
    "the server said: exit code 75 of something else": None,
    "Connection timed out after 75 s": None,
}.items())
def test_an_exit_status_is_read_from_what_an_operator_says_of_its_command_alone(text: str, status: int | None) -> None:
    assert status_in(text) == status


def line(**keys: Any) -> str:
    """A result line."""
    return json.dumps({"schema": "modelhook/result@1", "outcome": "promoted", "exit": 0, "run_id": RUN,
                       "at": "2026-11-28T12:00:00.500Z", **keys})


def find(answers: list[Result], **look: Any) -> tuple[Result | None, list[list[str]], Log]:
    """What is found, the calls that were made, and the log."""
    log, calls = Log(), []
    given = iter(answers)

    def call(*arguments: str) -> Result:
        calls.append(list(arguments))
        return next(given)

    fields = {"result": "r.json", "mlflow_run": None, "config": None, "since": None, **look}
    return Look(**fields, log=log).find(call), calls, log


MISSING = result_of(66, "")
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def test_the_result_is_read_before_the_tag() -> None:
    found, calls, _ = find([result_of(0, line())], mlflow_run=RUN, config="c.json")
    assert (found and found.outcome, calls) == ("promoted", [["outcome", "r.json", "--config", "c.json"]])
    found, calls, _ = find([MISSING, result_of(0, line())], mlflow_run=RUN)
    assert (found and found.outcome, calls[1]) == ("promoted", ["outcome", "--run", RUN])
    assert find([MISSING, MISSING], mlflow_run=RUN)[0] is None


@pytest.mark.parametrize(("keys", "look", "why"), [
    ({"at": "2026-11-28T11:59:59Z"}, {"since": NOON}, "it was written at 2026-11-28T11:59:59+00:00, before"),
    ({"at": None}, {"since": NOON}, "it has no time, as results of modelhook before 0.2.0"),
    ({"run_id": "f" * 32}, {"mlflow_run": RUN}, f"it is of another run, {'f' * 32}"),
])
def test_a_result_that_does_not_count_is_logged(keys: dict[str, Any], look: dict[str, Any], why: str) -> None:
    found, _, log = find([result_of(0, line(**keys)), MISSING], **look)
    assert found is None
    assert f"r.json does not count: {why}" in log.lines[0][1]


@pytest.mark.parametrize("since", [None, NOON, datetime(2026, 11, 28, 12, 0, 0, 400_000, UTC)])
def test_a_result_of_this_try_counts(since: datetime | None) -> None:
    found, _, log = find([result_of(0, line())], since=since)
    assert found is not None
    assert log.lines == []


def test_a_place_that_cannot_be_read_is_no_missing_result() -> None:
    found, calls, _ = find([result_of(77, "")], mlflow_run=RUN)
    assert (found.exit if found is not None else None, len(calls)) == (77, 1)


class Task:
    """A task instance's XCom."""

    def __init__(self, **kept: Any) -> None:
        self.kept = kept

    def xcom_push(self, key: str, value: Any) -> None:
        """Of this task."""
        self.kept["self"] = {key: value}

    def xcom_pull(self, task_ids: str, key: str) -> Any:
        """Of another."""
        return self.kept.get(task_ids, {}).get(key)


def test_what_is_waited_for_began_with_the_last_try_of_the_job_or_with_the_dag_run() -> None:
    run = SimpleNamespace(start_date=NOON)
    later = {"modelhook_start": "2026-11-28T13:00:00+00:00"}
    context: Any = {"dag_run": run, "ti": Task(train=later)}
    assert started_at(context, {"train", "other"}) == datetime(2026, 11, 28, 13, tzinfo=UTC)
    assert started_at(context, {"other"}) == NOON
    assert started_at({"dag_run": None, "ti": Task()}, set()) is None
    mapped: Any = {"dag_run": run, "ti": Task(train={"modelhook_start": [None, "2026-11-28T14:00:00+00:00"]})}
    assert started_at(mapped, {"train"}) == datetime(2026, 11, 28, 14, tzinfo=UTC)


def test_a_job_records_its_start() -> None:
    task = Task()
    before = datetime.now(UTC)
    record_start({"ti": task})
    recorded = parse_time(task.kept["self"]["modelhook_start"])
    assert recorded is not None
    assert before <= recorded <= datetime.now(UTC)


@pytest.mark.parametrize(("text", "time"), [
    ("2026-11-28T12:00:00Z", NOON), ("2026-11-28 12:00:00+00:00", NOON), ("2026-11-28T12:00:00.000+00:00", NOON),
    ("2026-11-28T12:00:00", NOON), (NOON, NOON), (datetime(2026, 11, 28, 12), NOON), ("today", None), (None, None),
    ("", None),
])
def test_times_are_read_as_templates_render_them(text: Any, time: datetime | None) -> None:
    assert parse_time(text) == time


@pytest.mark.parametrize(("value", "time"), [
    (None, None), ("", None), ("None", None), ("2026-11-28 12:00:00+00:00", NOON)])
def test_a_template_without_a_value_is_no_time(value: Any, time: datetime | None) -> None:
    assert rendered_time("since", value) == time


def test_what_is_no_time_is_refused_by_the_fields_name() -> None:
    with pytest.raises(ValueError, match=r"^since: 'yesterday' is not a time as RFC 3339 has it$"):
        rendered_time("since", "yesterday")
