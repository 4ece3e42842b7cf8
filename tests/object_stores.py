"""Real S3 servers on the loopback: versitygw and MinIO.

    with Versitygw(folder) as s3: s3.make_bucket("models"); ... environment of a client: s3.client_env()

Both check signatures, payload digests and checksums. versitygw keeps objects as plain files: `path` is where.
"""

from __future__ import annotations

import functools
import os
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any, ClassVar, Self

import boto3
import botocore.config
from environment import ROOT
from servers import Guarded, ServerError, reserve_port

STARTED_WITHIN = 60.0  # seconds
QUICK = botocore.config.Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})


@functools.cache
def go_tool(name: str) -> str:
    """The program of a server that is written in Go, built on first use."""
    made = subprocess.run([ROOT / "scripts/lib/go-tool.sh", name], stdout=subprocess.PIPE, text=True, check=True)
    return made.stdout.strip()


class ObjectStore:
    """An S3 server under its guard; its folder is kept when it stops.

    folder   where its objects and its log go
    region   the one that it wants to be signed for
    tls      (certificate, key): serve https with these PEM files
    """

    user = "AKTEST"
    secret = "secretsecret"
    name: ClassVar[str]

    def __init__(self, folder: Path | str, *, region: str = "us-east-1", tls: tuple[Path, Path] | None = None) -> None:
        self.folder = Path(folder).resolve()
        self.region = region
        self.tls = tls
        self.log = self.folder / f"{self.name}.log"
        self.port = 0
        self.url = ""
        self._server: Guarded | None = None
        self._port_lock: IO[bytes] | None = None

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _environment(self) -> dict[str, str]:
        return {}

    def start(self) -> Self:
        """Starts it and waits until it answers; raises ServerError with the end of its log."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port, self._port_lock = reserve_port(self.port)
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "MINIO_", "VGW_"))}
        self._server = Guarded(self._command(), self.log, cwd=self.folder, env=kept | self._environment())
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def _wait(self) -> None:
        """Returns when it takes requests."""
        assert self._server
        until = time.monotonic() + STARTED_WITHIN
        while time.monotonic() < until and not self._server.ended():
            try:
                self.boto().list_buckets()
                return
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                time.sleep(0.05)
        raise ServerError(f"{self.name} did not start:\n{self._server.log_tail()}")

    def stop(self) -> None:
        """Stops it."""
        if self._server:
            self._server.stop()
            self._server = None
        if self._port_lock:
            self._port_lock.close()
            self._port_lock = None

    def boto(self, **more: Any) -> Any:
        """Amazon's own client for it, with the root's key unless told otherwise."""
        keys = {"aws_access_key_id": self.user, "aws_secret_access_key": self.secret}
        return boto3.client("s3", **{**keys, "endpoint_url": self.url, "region_name": self.region, "verify": False,
                                     "config": QUICK, **more})

    def make_bucket(self, name: str) -> str:
        """Makes a bucket; returns its URI."""
        self.boto().create_bucket(Bucket=name)
        return f"s3://{name}"

    def client_env(self) -> dict[str, str]:
        """The variables with which MLflow's clients, and modelhook, reach it as its root."""
        return {"MLFLOW_S3_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": self.user,
                "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_DEFAULT_REGION": self.region,
                "AWS_EC2_METADATA_DISABLED": "true"}

    def __enter__(self) -> Self:
        """Started."""
        return self if self._server else self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Stopped, whatever happened."""
        self.stop()


class Versitygw(ObjectStore):
    """versitygw on a folder: an object is a file, its checksums are extended attributes.

    path   the folder of buckets
    """

    name = "versitygw"

    @property
    def path(self) -> Path:
        """Where buckets are folders and objects are files."""
        return self.folder / "buckets"

    def _command(self) -> list[str]:
        accounts = self.folder / "accounts"
        for folder in (self.path, accounts):
            folder.mkdir(exist_ok=True)
        tls = ["--cert", str(self.tls[0]), "--key", str(self.tls[1])] if self.tls else []
        return [go_tool("versitygw"), "--quiet", "--keep-alive", "--port", f"127.0.0.1:{self.port}",
                "--access", self.user, "--secret", self.secret, "--region", self.region, *tls,
                # without accounts, an unknown key is called something that no other server says
                "--iam-dir", str(accounts), "posix", str(self.path)]

    def add_user(self, access: str, secret: str, role: str = "user") -> None:
        """A user; of role "user" he may do nothing in others' buckets."""
        subprocess.run([go_tool("versitygw"), "admin", "--access", self.user, "--secret", self.secret,
                        "--endpoint-url", self.url, "create-user", "--access", access, "--secret", secret,
                        "--role", role], check=True, stdout=subprocess.DEVNULL)


class Minio(ObjectStore):
    """MinIO on a folder; it gives out temporary keys, too."""

    name = "minio"

    def _environment(self) -> dict[str, str]:
        return {"MINIO_ROOT_USER": self.user, "MINIO_ROOT_PASSWORD": self.secret, "MINIO_UPDATE": "off",
                "MINIO_BROWSER": "off", "MINIO_SITE_REGION": self.region, "CI": "true"}

    def _command(self) -> list[str]:
        certificates = self.folder / "certificates"
        certificates.mkdir(exist_ok=True)
        if self.tls:
            (certificates / "public.crt").write_bytes(self.tls[0].read_bytes())
            (certificates / "private.key").write_bytes(self.tls[1].read_bytes())
        return [go_tool("minio"), "server", "--quiet", "--address", f"127.0.0.1:{self.port}",
                "--certs-dir", str(certificates), str(self.folder / "disk")]

    def temporary_keys(self) -> dict[str, str]:
        """Keys of an hour with their session token, as variables of a client."""
        sts = boto3.client("sts", aws_access_key_id=self.user, aws_secret_access_key=self.secret,
                           endpoint_url=self.url, region_name=self.region)
        keys = sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/any", RoleSessionName="tests")["Credentials"]
        return {"AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
                "AWS_SESSION_TOKEN": keys["SessionToken"]}
