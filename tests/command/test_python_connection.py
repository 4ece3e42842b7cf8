"""An Airflow connection as a URI and credentials: which server is called, how, and as whom."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import environment
import pytest

sys.path.insert(0, str(environment.ROOT / "dataproc"))

from modelhook.airflow.connection import ConnectionFault, connection_env, storage_env, tracking_uri


@pytest.mark.parametrize(("conn_type", "schema", "host", "port", "uri"), [
    ("http", "", "h", None, "http://h"),
    ("http", None, "h", 5000, "http://h:5000"),
    ("http", "http", "h", 443, "http://h:443"),
    ("http", "https", "h", None, "https://h"),
    ("http", "HTTPS", "h", 8443, "https://h:8443"),
    ("https", "", "h", None, "https://h"),
    ("https", "", "h", 5000, "https://h:5000"),
    ("https", "mlflow", "h", 5000, "https://h:5000/mlflow"),  # https://h:5000/mlflow as a connection's URI
    ("https", "http", "h", None, "http://h"),
    ("http", "", "h", 443, "https://h:443"),
    ("http", "", "h:443", None, "https://h:443"),
    ("http", "", "https://h", None, "https://h"),
    ("http", "http", "https://h", None, "https://h"),
    ("http", "", "https://h", 5000, "https://h:5000"),
    ("http", "", "https://h:5000", 6000, "https://h:5000"),
    ("http", "", "https://h/mlflow", 44155, "https://h:44155/mlflow"),
    ("http", "", "h/mlflow", 44155, "http://h:44155/mlflow"),
    ("http", "", "h/", 44155, "http://h:44155"),
    ("http", "", "https://h/", None, "https://h"),
    ("http", "", "https://h//", 5000, "https://h:5000"),
    ("http", "", " h ", 5000, "http://h:5000"),
    ("http", "", "[::1]", 5000, "http://[::1]:5000"),
    ("http", "", "::1", 5000, "http://[::1]:5000"),
    ("http", "", "https://[fd00::1]:8443/p", 5000, "https://[fd00::1]:8443/p"),
    ("http", "", "fd00::1/mlflow", 443, "https://[fd00::1]:443/mlflow"),
    ("http", "", "https://h/p?x=1#y", None, "https://h/p"),
    ("http", "", "HTTPS://h", None, "https://h"),
    (None, None, "h", None, "http://h"),
    ("modelhook", None, "h", None, "https://h"),
    ("modelhook", "", "h/mlflow", 5000, "https://h:5000/mlflow"),
    ("modelhook", "http", "h", 5000, "http://h:5000"),
    ("modelhook", "", "http://h", 5000, "http://h:5000"),
    ("modelhook", "prefix", "h", 5000, "https://h:5000/prefix"),
    ("generic", "https", "h", 1, "https://h:1"),
])
def test_the_server_is_the_one_that_the_connection_names(
    conn_type: str | None, schema: str | None, host: str, port: int | None, uri: str
) -> None:
    assert tracking_uri(conn_type, schema, host, port) == (uri, None, None)


@pytest.mark.parametrize(("host", "fault"), [
    ("", "names no host"), (None, "names no host"), ("https://", "names no host"), ("/mlflow", "names no host"),
    ("ftp://h", "ftp: not http or https"),
])
def test_a_connection_without_a_server_is_a_fault(host: str | None, fault: str) -> None:
    with pytest.raises(ConnectionFault, match=fault):
        tracking_uri("http", "", host, None)


def env(**fields: Any) -> dict[str, str]:
    """What modelhook is given for a connection; what is empty left out."""
    defaults = {"conn_type": "https", "schema": "", "host": "h", "port": None, "login": None, "password": None,
                "extra_dejson": {}}
    return connection_env(SimpleNamespace(**{**defaults, **fields}))


WORKERS_OWN = ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_REGISTRY_URI")


@pytest.mark.parametrize(("fields", "user", "password", "token"), [
    ({}, "", "", ""),
    ({"login": "ann", "password": "p/w@"}, "ann", "p/w@", ""),
    ({"login": "ann"}, "ann", "", ""),
    ({"password": "t"}, "", "", "t"),
    ({"host": "https://ann:p%2Fw%40@h"}, "ann", "p/w@", ""),
    ({"host": "ann@h", "password": "p"}, "ann", "p", ""),
    ({"host": "bob:x@h", "login": "ann", "password": "p"}, "ann", "p", ""),
    ({"extra_dejson": {"Authorization": "Bearer t"}}, "", "", "t"),
    ({"extra_dejson": {"Authorization": "Bearer t"}, "login": "ann", "password": "p"}, "ann", "p", ""),
])
def test_the_credentials_are_those_of_the_connection_or_none(
    fields: dict[str, Any], user: str, password: str, token: str
) -> None:
    given = env(**fields)
    assert given["MLFLOW_TRACKING_URI"] == "https://h"
    assert [given[name] for name in WORKERS_OWN] == [token, user, password, ""]
    assert given["MODELHOOK_CREDENTIALS_FILES"] == "false"
    others = ("MLFLOW_TRACKING_AUTH", "MLFLOW_TRACKING_AWS_SIGV4", "MODELHOOK_HEADER_FILE")
    assert [given[name] for name in others] == ["", "", ""]


VERIFIED = {"MLFLOW_TRACKING_INSECURE_TLS": "false", "MLFLOW_TRACKING_CLIENT_CERT_PATH": ""}


@pytest.mark.parametrize(("extra", "wanted"), [
    ({}, VERIFIED),
    ({"verify": False}, {**VERIFIED, "MLFLOW_TRACKING_INSECURE_TLS": "true"}),
    ({"verify": "false"}, {**VERIFIED, "MLFLOW_TRACKING_INSECURE_TLS": "true"}),
    ({"verify": True}, VERIFIED),
    ({"verify": ""}, VERIFIED),
    ({"verify": "/ca.pem"}, {**VERIFIED, "MLFLOW_TRACKING_SERVER_CERT_PATH": "/ca.pem"}),
    ({"cert": "/me.pem"}, {**VERIFIED, "MLFLOW_TRACKING_CLIENT_CERT_PATH": "/me.pem"}),
])
def test_tls_is_as_the_connection_says_and_the_workers_certificate_stays_here(
    extra: dict[str, Any], wanted: dict[str, str]
) -> None:
    given = env(extra_dejson=extra)
    assert {name: value for name, value in given.items() if "TLS" in name or "CERT_PATH" in name} == wanted


def test_the_workspace_is_that_of_the_connection_or_none() -> None:
    assert env()["MLFLOW_WORKSPACE"] == ""
    assert env(extra_dejson={"workspace": "fish"})["MLFLOW_WORKSPACE"] == "fish"


AWS: dict[str, Any] = {"conn_type": "aws", "host": "", "login": "id", "password": "secret", "extra_dejson": {}}


@pytest.mark.parametrize(("extra", "wanted"), [
    ({}, {}),
    ({"endpoint_url": "http://s3:9000", "region_name": "r"},
     {"AWS_ENDPOINT_URL_S3": "http://s3:9000", "AWS_DEFAULT_REGION": "r"}),
    ({"service_config": {"s3": {"endpoint_url": "http://s3:9000"}}, "endpoint_url": "http://other"},
     {"AWS_ENDPOINT_URL_S3": "http://s3:9000"}),
    ({"aws_session_token": "t"}, {"AWS_SESSION_TOKEN": "t"}),
])
def test_a_key_for_storage_is_that_of_the_connection_alone(extra: dict[str, Any], wanted: dict[str, str]) -> None:
    given = storage_env(SimpleNamespace(**{**AWS, "extra_dejson": extra}))
    assert {name: value for name, value in given.items() if value} == {
        "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", **wanted}
    assert {"AWS_PROFILE", "AWS_SESSION_TOKEN", "MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL"} <= set(given)


@pytest.mark.parametrize(("fields", "fault"), [
    ({"conn_type": "google_cloud_platform"}, "is of type google_cloud_platform: only aws is taken for storage"),
    ({"login": None}, "holds no key"), ({"password": ""}, "holds no key"),
])
def test_a_connection_without_a_key_is_a_fault(fields: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConnectionFault, match=fault):
        storage_env(SimpleNamespace(**{**AWS, **fields}))
