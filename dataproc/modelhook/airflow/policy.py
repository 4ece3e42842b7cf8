"""Stock operators of Airflow 3.3 and later: retry what modelhook may do later, fail at once on the rest."""

import re
from typing import Any, Optional

from ..result import scheduler_action
from ..status import Status

# The whole message of a stock operator about the command that it ran. Text that merely quotes an exit code, such as
# a line of a log, does not match.
_MESSAGES = [re.compile(pattern, re.DOTALL) for pattern in (
    r"Bash command failed\. The command returned a non-zero exit code (-?\d+)\.",
    r"SSH operator error: exit status = (\d+)",
    r"Cannot execute: .*\. Error code is: (\d+)\.",
    r"Docker container failed: \{'StatusCode': (\d+)\}.*",
    r"Docker container failed: \{'Error': .*, 'StatusCode': (\d+)\}.*",
)]
_OF_POD = re.compile(r"Pod \S+ returned a failure\.")
_EXIT_OF_CONTAINER = re.compile(r"'exit_code': (\d+)")


def retry_policy() -> Any:
    """For ``retry_policy=`` of any stock operator, Airflow 3.3 and later.

    What modelhook may do later is retried, and what it cannot do fails at once. Only exit statuses of modelhook count;
    for any other, such as 1 or 127, and for an exception that tells none, ``retries`` decides as ever. The task's
    command should end with modelhook: 69 to 78 mean the same to other programs that use ``sysexits.h``, but not to all.

    A policy cannot skip. BashOperator skips on 99 by default, others with ``skip_on_exit_code=99``.

    :raises RuntimeError: this Airflow has no retry policies
    """
    try:
        from airflow.sdk import RetryDecision, RetryPolicy  # noqa: PLC0415  (3.3 and later have them)
    except ImportError:
        raise RuntimeError("retry policies need Airflow 3.3: use ModelhookRunOperator, or raise_for_result in a @task"
                           ) from None

    class StatusPolicy(RetryPolicy):
        """Judges by the exit status in the message of the operator's exception."""

        def evaluate(self, exception: BaseException, try_number: int, max_tries: int,
                     context: Any = None) -> RetryDecision:
            """Airflow calls it in the worker when a try has failed."""
            status = status_in(str(exception))
            if status is None:
                return RetryDecision.default()
            decide = RetryDecision.retry if scheduler_action(status) == "retry" else RetryDecision.fail
            return decide(reason=f"modelhook ended with {int(status)}: {status.name.lower()}")

    return StatusPolicy()


def status_in(text: str) -> Optional[Status]:
    """The exit status of modelhook that a stock operator's exception tells.

    :param text: of the exception
    :return: None where it tells none, or one that is not modelhook's
    """
    matches = filter(None, (pattern.fullmatch(text.strip()) for pattern in _MESSAGES))
    numbers = {int(match.group(1)) for match in matches}
    if _OF_POD.match(text):  # with the pod's state: sidecars and init containers that went well end with 0
        numbers = {int(number) for number in _EXIT_OF_CONTAINER.findall(text)} - {0}
    if len(numbers) != 1:
        return None
    number = numbers.pop()
    try:
        return Status(number if number >= 0 else 128 - number)
    except ValueError:
        return None
