"""Waiting in the triggerer: for an outcome, or for the MLflow server."""

import asyncio
import time
from typing import Any, AsyncIterator, Dict, Mapping, Optional, Tuple

from airflow.triggers.base import BaseTrigger, TriggerEvent

from ..errors import BinaryNotFoundError
from ..result import Result
from ._versions import AirflowFailException
from .hooks import ModelhookHook
from .outcome import Look, parse_time


class ModelhookBaseTrigger(BaseTrigger):
    """Calls modelhook in the triggerer from time to time.

    Connections are named, not copied. `env` is kept with the trigger, encrypted as Airflow encrypts connections.

    :param mlflow_conn_id: as for :class:`~modelhook.airflow.ModelhookHook`
    :param storage_conn_id: the same
    :param env: the same
    :param binary: the same
    :param poll_interval: seconds between two calls
    :param wait_timeout: seconds, after which it ends without success
    :param end: time of the epoch at which it ends without success; None: `wait_timeout` from now
    """

    def __init__(
        self,
        *,
        mlflow_conn_id: Optional[str] = None,
        storage_conn_id: Optional[str] = None,
        env: Optional[Mapping[str, str]] = None,
        binary: Optional[str] = None,
        poll_interval: float = 60.0,
        wait_timeout: float = 24 * 3600.0,
        end: Optional[float] = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.mlflow_conn_id = mlflow_conn_id
        self.storage_conn_id = storage_conn_id
        self.env = env
        self.binary = binary
        self.poll_interval = poll_interval
        self.wait_timeout = wait_timeout
        self.end = time.time() + wait_timeout if end is None else end

    def serialize(self) -> Tuple[str, Dict[str, Any]]:
        """The class, and what makes another one like this: it ends at the same time, whichever triggerer runs it."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "mlflow_conn_id": self.mlflow_conn_id, "storage_conn_id": self.storage_conn_id,
            "env": dict(self.env) if self.env else None, "binary": self.binary, "poll_interval": self.poll_interval,
            "wait_timeout": self.wait_timeout, "end": self.end}

    async def look(self, hook: ModelhookHook) -> bool:
        """Whether there is nothing to wait for any more.

        :param hook: calls modelhook
        """
        raise NotImplementedError

    async def until(self, hook: ModelhookHook) -> bool:
        """False where `wait_timeout` came first.

        :param hook: calls modelhook
        """
        while not await self.look(hook):
            left = self.end - time.time()
            if left <= 0:
                return False
            await asyncio.sleep(min(self.poll_interval, left))
        return True

    def hook(self) -> ModelhookHook:
        """Calls modelhook as the operator did."""
        return ModelhookHook(self.mlflow_conn_id, self.storage_conn_id, self.env, self.binary)


class ModelhookServerTrigger(ModelhookBaseTrigger):
    """Fires when the MLflow server answers, or refuses for good: ``{"answers": bool, "waiting": dict}``.

    :param waiting: the result before the wait, handed on with the event
    """

    def __init__(self, *, waiting: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.waiting = dict(waiting)

    def serialize(self) -> Tuple[str, Dict[str, Any]]:
        """The class, and what makes another one like this."""
        name, kwargs = super().serialize()
        return name, {**kwargs, "waiting": self.waiting}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event, after `poll_interval` at the earliest."""
        await asyncio.sleep(min(self.poll_interval, max(self.end - time.time(), 0)))
        yield TriggerEvent({"answers": await self.until(self.hook()), "waiting": self.waiting})  # type: ignore[no-untyped-call]

    async def look(self, hook: ModelhookHook) -> bool:
        """Whether it answers.

        :param hook: calls modelhook
        """
        try:
            return not (await hook.aprobe()).retryable
        except (AirflowFailException, BinaryNotFoundError):
            return True  # the worker fails on the same, and tells it in the task's log


class ModelhookOutcomeTrigger(ModelhookBaseTrigger):
    """Fires when an outcome is there that counts, or cannot be read for good: ``{"found": bool}``.

    :param look: where it is looked for, as ``modelhook.airflow.outcome.Look.to_dict()`` has it
    :param final: an outcome that a retry may change does not count
    """

    def __init__(self, *, look: Mapping[str, Any], final: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.where = dict(look)
        self.final = final

    def serialize(self) -> Tuple[str, Dict[str, Any]]:
        """The class, and what makes another one like this."""
        name, kwargs = super().serialize()
        return name, {**kwargs, "look": self.where, "final": self.final}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event."""
        yield TriggerEvent({"found": await self.until(self.hook())})  # type: ignore[no-untyped-call]

    async def look(self, hook: ModelhookHook) -> bool:
        """Whether there is one.

        :param hook: calls modelhook
        """
        look = Look(**{**self.where, "since": parse_time(self.where["since"])}, log=self.log)
        try:
            return self._is_told(await look.afind(hook.arun))
        except (AirflowFailException, BinaryNotFoundError):
            return True  # the worker fails on the same, and tells it in the task's log

    def _is_told(self, found: Optional[Result]) -> bool:
        """An outcome, or a permanent failure to read one; a server that is away may come back."""
        return found is not None and (not found.retryable or (bool(found.raw) and not self.final))
