"""Real S3 servers on the loopback: versitygw and MinIO.

    with Versitygw(folder) as s3: s3.make_bucket("models"); ... environment of a client: s3.client_env()

Both check signatures, payload digests and checksums. versitygw keeps objects as plain files: `path` is where.
"""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path
from typing import Any

import boto3
import botocore.config
from environment import ROOT
from local_server import LocalServer

QUICK = botocore.config.Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})


@functools.cache
def go_tool(name: str) -> str:
    """The program of a server that is written in Go, built on first use."""
    made = subprocess.run([ROOT / "scripts/lib/go-tool.sh", name], stdout=subprocess.PIPE, text=True, check=True)
    return made.stdout.strip()


class ObjectStore(LocalServer):
    """An S3 server.

    folder   where its objects and its log go
    region   the one that it wants to be signed for
    tls      (certificate, key): serve https with these PEM files
    """

    user = "AKTEST"
    secret = "secretsecret"
    unwanted = ("AWS_", "MINIO_", "VGW_")

    def __init__(self, folder: Path | str, *, region: str = "us-east-1", tls: tuple[Path, Path] | None = None) -> None:
        super().__init__(folder, tls)
        self.region = region

    def answers(self) -> bool:
        """Whether it lists buckets."""
        try:
            self.boto().list_buckets()
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
            return False
        return True

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


class Versitygw(ObjectStore):
    """versitygw on a folder: an object is a file, its checksums are extended attributes.

    path      the folder of buckets
    sidecar   files beside them instead: ext4 has no room for the attributes of an object of many hundred parts
    """

    name = "versitygw"

    def __init__(self, folder: Path | str, *, sidecar: bool = False, **more: Any) -> None:
        super().__init__(folder, **more)
        self.sidecar = sidecar

    @property
    def path(self) -> Path:
        """Where buckets are folders and objects are files."""
        return self.folder / "buckets"

    def command(self) -> list[str]:
        """On folders, with its accounts."""
        accounts = self.folder / "accounts"
        for folder in (self.path, accounts):
            folder.mkdir(exist_ok=True)
        sidecar = ["--sidecar", str(self.folder / "sidecar")] if self.sidecar else []
        if self.sidecar:
            (self.folder / "sidecar").mkdir(exist_ok=True)
        tls = ["--cert", str(self.tls[0]), "--key", str(self.tls[1])] if self.tls else []
        return [go_tool("versitygw"), "--quiet", "--keep-alive", "--port", f"127.0.0.1:{self.port}",
                "--access", self.user, "--secret", self.secret, "--region", self.region, *tls,
                # without accounts, an unknown key is called something that no other server says
                "--iam-dir", str(accounts), "posix", *sidecar, str(self.path)]

    def add_user(self, access: str, secret: str, role: str = "user") -> None:
        """A user; of role "user" he may do nothing in others' buckets."""
        subprocess.run([go_tool("versitygw"), "admin", "--access", self.user, "--secret", self.secret,
                        "--endpoint-url", self.url, "create-user", "--access", access, "--secret", secret,
                        "--role", role], check=True, stdout=subprocess.DEVNULL)


class Minio(ObjectStore):
    """MinIO on a folder; it gives out temporary keys, too."""

    name = "minio"

    def environment(self) -> dict[str, str]:
        """Its settings."""
        return {"MINIO_ROOT_USER": self.user, "MINIO_ROOT_PASSWORD": self.secret, "MINIO_UPDATE": "off",
                "MINIO_BROWSER": "off", "MINIO_SITE_REGION": self.region, "CI": "true"}

    def command(self) -> list[str]:
        """On a folder."""
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
