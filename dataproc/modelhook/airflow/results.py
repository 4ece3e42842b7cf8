"""A result as what Airflow acts on: a value in XCom, and success, skip, retry or failure."""

import dataclasses
from typing import Any, Dict, Optional

from ..errors import CommandError, RetryableError
from ..result import ErrorDetail, Result, parse_line
from ..run import Ended
from ..status import Status
from ._versions import AirflowException, AirflowFailException, AirflowSkipException, get_current_context

XCOM_KEY = "return_value"
_RAISED = {"skip": AirflowSkipException, "retry": AirflowException, "fail": AirflowFailException}


def raise_for_result(result: Result) -> Dict[str, Any]:
    """Ends a ``@task`` function as modelhook ended.

    The result is in XCom before anything is raised.

    :param result: what ``modelhook.run_command`` or ``modelhook.promote`` returned
    :return: the result as a dict, where the model was promoted
    :raises AirflowSkipException: the model was held
    :raises AirflowException: a retry may succeed
    :raises AirflowFailException: a retry would end the same
    """
    try:
        task_instance = get_current_context()["ti"]
    except (AirflowException, RuntimeError):  # not in a task
        task_instance = None
    return end(result, task_instance)


def failure(status: Status, message: str) -> CommandError:
    """The error of a task that ends without modelhook: a result for XCom, and whether a retry may help.

    :param status: the exit status that modelhook would have
    :param message: what failed and why
    """
    word = status.name.lower()
    result = Result(exit=status, outcome=word, error=ErrorDetail(kind=word, message=message))
    return (RetryableError if result.retryable else CommandError)(message, result)


def with_error(result: Result, message: str, hint: Optional[str] = None) -> Result:
    """The result with an error that the program could not know of.

    :param result: of a command that was stopped
    :param message: what failed and why
    :param hint: what helps
    """
    return dataclasses.replace(result, error=ErrorDetail(kind=result.outcome or "", message=message, hint=hint))


def with_output(ended: Ended) -> Result:
    """The result; what a command without a result line printed as JSON is its ``output``.

    :param ended: a call
    """
    output = None if ended.result.raw else parse_line(ended.line)
    if output is None:
        return ended.result
    return dataclasses.replace(ended.result, raw={**ended.result.to_dict(), "output": output})


def push(result: Result, task_instance: Any) -> None:
    """Puts the result in XCom.

    :param result: of any command
    :param task_instance: None: nothing is put anywhere
    """
    if task_instance is not None:
        task_instance.xcom_push(key=XCOM_KEY, value=result.to_dict())


def end(result: Result, task_instance: Any) -> Dict[str, Any]:
    """Ends a task as the command ended; see :func:`raise_for_result`.

    :param result: of any command
    :param task_instance: where the result is put before the raise; None: nowhere
    """
    if result.scheduler == "go on":
        return result.to_dict()  # Airflow puts what a task returns in XCom
    push(result, task_instance)
    raise _RAISED[result.scheduler](describe(result))


def describe(result: Result) -> str:
    """One line for people: how it ended, and why.

    :param result: of any command
    """
    return f"modelhook: {result.describe()}"
