"""How Airflow reaches modelhook: connections as its environment, and calls of the program."""

import asyncio
import contextlib
import os
import signal
import subprocess
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from asgiref.sync import sync_to_async

from ..errors import ModelhookError
from ..find import find_binary
from ..handoff import AnyPath
from ..result import Result, result_of
from ..run import NAME, Ended, call
from ._versions import AirflowFailException, BaseHook
from .connection import CONN_TYPE, ConnectionFault, connection_env, storage_env

PROBE = ("check", "--model", "modelhook-connection-test", "--json")  # reads alone, for 15 s at most
_GRACE = 4.0  # seconds; Airflow kills a task 5 s after it asked it to stop


class ModelhookHook(BaseHook):
    """Runs modelhook against the MLflow server of a connection.

    :param mlflow_conn_id: connection of type ``modelhook`` or ``http``: the server, and its user and password, or a
        token as password without a user. No credentials of the worker's own are used then, but those for object
        storage. None: MLFLOW_TRACKING_URI and all the rest are the worker's own
    :param storage_conn_id: connection of type ``aws``: the key for results, spools and artifacts in S3. None: the
        credentials are the worker's own
    :param env: variables for modelhook besides; they come last
    :param binary: the program. None: ``modelhook.find_binary()`` finds it
    """

    conn_name_attr = "mlflow_conn_id"
    default_conn_name = "mlflow_default"
    conn_type = CONN_TYPE
    hook_name = "MLflow (modelhook)"

    def __init__(
        self,
        mlflow_conn_id: Optional[str] = default_conn_name,
        storage_conn_id: Optional[str] = None,
        env: Optional[Mapping[str, str]] = None,
        binary: Optional[AnyPath] = None,
    ) -> None:
        super().__init__()
        self.mlflow_conn_id = mlflow_conn_id
        self.storage_conn_id = storage_conn_id
        self.env = env
        self.binary = binary
        self._running: Optional[subprocess.Popen[bytes]] = None

    @classmethod
    def get_connection_form_widgets(cls) -> Dict[str, Any]:
        """Fields of the extra in the connection form, before Airflow 3.2; later ones read the provider info."""
        from wtforms import StringField  # type: ignore[import-untyped]  # noqa: PLC0415  (only Airflow 2 has it)

        return {"verify": StringField("CA file, or false"),
                "cert": StringField("Client certificate"),
                "workspace": StringField("Workspace")}

    @classmethod
    def get_ui_field_behaviour(cls) -> Dict[str, Any]:
        """Names and examples of the connection form, before Airflow 3.2."""
        return {
            "hidden_fields": [],
            "relabeling": {"host": "Server", "schema": "Scheme", "password": "Password or token"},
            "placeholders": {"host": "mlflow.example/prefix", "schema": "https", "login": "empty: Password is a token"},
        }

    def get_conn(self) -> Dict[str, str]:
        """The environment that makes modelhook call the server of the connection.

        :raises AirflowFailException: a connection names no server, or holds no key
        """
        env: Dict[str, str] = {}
        for conn_id, as_env in ((self.mlflow_conn_id, connection_env), (self.storage_conn_id, storage_env)):
            if conn_id:
                env.update(_translated(conn_id, self.get_connection(conn_id), as_env))
        return {**env, **(self.env or {})}

    async def aget_conn(self) -> Dict[str, str]:
        """As :meth:`get_conn`, for a trigger."""
        return await sync_to_async(self.get_conn)()

    def run(self, *arguments: str, timeout: Optional[float] = None, grace: float = _GRACE,
            messages: Optional[Callable[[str], None]] = None) -> Ended:
        """Runs the program and waits for it.

        SIGTERM and SIGINT that come meanwhile stop the program, and are told by its result alone.

        :param arguments: the command line
        :param timeout: seconds, after which it gets SIGTERM
        :param grace: seconds, after which it gets SIGKILL then
        :param messages: takes what it writes on stderr; None: that goes to ``sys.stderr``
        :return: its result, and the last line of its output
        :raises modelhook.BinaryNotFoundError: there is no program
        """
        try:
            return call(arguments, binary=self.binary, timeout=timeout, grace=grace, env=self.get_conn(),
                        messages=messages, started=self._take)
        finally:
            self._running = None

    def stop(self) -> None:
        """Asks the program that runs to stop; it keeps its package."""
        if self._running is not None and self._running.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self._running.send_signal(signal.SIGTERM)

    async def arun(self, *arguments: str) -> Result:
        """Runs the program without blocking the event loop; it is stopped where the caller is cancelled.

        :param arguments: the command line
        :raises modelhook.BinaryNotFoundError: there is no program
        """
        env = {**os.environ, "MODELHOOK_END_WITH_PARENT": "true", **await self.aget_conn()}
        program = os.fspath(self.binary) if self.binary else await sync_to_async(find_binary)()
        process = await asyncio.create_subprocess_exec(
            program, *arguments, env=env, start_new_session=True, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        try:
            stdout, stderr = await process.communicate()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        for line in stderr.decode("utf-8", "replace").splitlines():
            self.log.info("%s", line)
        lines = stdout.decode("utf-8", "replace").splitlines()
        status = process.returncode or 0
        return result_of(status if status >= 0 else 128 - status, lines[-1] if lines else "")

    async def aprobe(self) -> Result:
        """Whether the server answers and takes the credentials; for a trigger."""
        return await self.arun(*PROBE)

    def test_connection(self) -> Tuple[bool, str]:
        """Whether the server answers and takes the credentials; for the Test button of the connection form."""
        said: List[str] = []
        try:
            uri = self.get_conn().get("MLFLOW_TRACKING_URI", "")
            ended = self.run(*PROBE, timeout=60, messages=said.append).result
        except (AirflowFailException, ModelhookError) as error:
            return False, str(error)
        if ended.ok:
            return True, f"{uri}: MLflow answers and takes the credentials"
        lines = [line[len(NAME):] for line in "".join(said).splitlines() if line.startswith(NAME)]
        return False, "; ".join(lines) or f"modelhook ended with {int(ended.exit)}"

    def _take(self, process: "subprocess.Popen[bytes]") -> None:
        self._running = process


def _translated(conn_id: str, connection: Any, as_env: Any) -> Dict[str, str]:
    try:
        return dict(as_env(connection))
    except ConnectionFault as error:
        raise AirflowFailException(f"the connection {conn_id} {error}") from error
