"""Airflow connections as the variables that modelhook reads. Of Airflow it knows the fields of a connection alone."""

import re
from typing import Any, Dict, Mapping, Optional, Tuple
from urllib.parse import unquote

CONN_TYPE = "modelhook"
_WEB = ("http", "https")


class ConnectionFault(ValueError):
    """The connection does not say which server or which key is meant."""


def tracking_uri(conn_type: Optional[str], schema: Optional[str], host: Optional[str],
                 port: Optional[int]) -> Tuple[str, Optional[str], Optional[str]]:
    """The server's URI, and the user and password that its host field named, if it did.

    As in Airflow's HttpHook the host may be a URL, whose scheme counts, and the schema is http or https. Where
    neither names a scheme, the connection types modelhook and https, and port 443, mean https: credentials never go
    in clear unless http was asked for. A schema that is no scheme is the path that Airflow cuts off a connection's URI.

    :param conn_type: these four are fields of an Airflow connection
    :param schema: http, https or a path
    :param host: a name, a name with a path, or a URL
    :param port: counts where the host names none
    :raises ConnectionFault: there is no host, or the scheme is not http or https
    """
    scheme, rest = _split_scheme((host or "").strip())
    schema = (schema or "").strip().strip("/")
    authority, slash, path = re.split(r"[?#]", rest)[0].partition("/")
    path = slash + path
    if schema and schema.lower() not in _WEB:
        path = f"{path.rstrip('/')}/{schema}"
    user, password, address = _split_user(authority)
    address, own_port = _split_port(address)
    if not address:
        raise ConnectionFault("names no host")
    if own_port is None and port:
        own_port = str(port)
    scheme = scheme or _scheme(conn_type, schema.lower(), own_port)
    if scheme not in _WEB:
        raise ConnectionFault(f"{scheme}: not http or https")
    return f"{scheme}://{address}{':' + own_port if own_port else ''}{path.rstrip('/')}", user, password


def connection_env(connection: Any) -> Dict[str, str]:
    """The server and its credentials, and that no others count: those of the worker are for other servers.

    Extra: ``verify`` (false, or the file of a CA), ``cert`` (a client's certificate and key in one file),
    ``workspace``, and ``Authorization: Bearer`` as in HttpHook. Without ``verify`` certificates are verified, against
    the worker's own CA file where it has one.

    :param connection: an Airflow connection
    :raises ConnectionFault: as :func:`tracking_uri`
    """
    uri, user, password = tracking_uri(connection.conn_type, connection.schema, connection.host, connection.port)
    extra = connection.extra_dejson or {}
    user, password = (connection.login, connection.password) if connection.login else (
        user, password or connection.password)
    token = password if not user else None
    return {
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_REGISTRY_URI": "",
        "MLFLOW_TRACKING_USERNAME": user or "",
        "MLFLOW_TRACKING_PASSWORD": (password or "") if user else "",
        "MLFLOW_TRACKING_TOKEN": token or ("" if user else _bearer(extra)),
        "MLFLOW_TRACKING_AUTH": "",
        "MLFLOW_TRACKING_AWS_SIGV4": "",
        "MODELHOOK_HEADER_FILE": "",
        "MLFLOW_WORKSPACE": str(extra.get("workspace") or ""),
        "MODELHOOK_CREDENTIALS_FILES": "false",
        **_tls(extra),
    }


def storage_env(connection: Any) -> Dict[str, str]:
    """The key of an ``aws`` connection for S3, and that no other one counts.

    Extra: ``endpoint_url`` (or ``service_config.s3.endpoint_url``), ``region_name``, ``aws_session_token``.

    :param connection: an Airflow connection
    :raises ConnectionFault: it is of another type, or holds no key
    """
    extra = connection.extra_dejson or {}
    if connection.conn_type != "aws":
        raise ConnectionFault(f"is of type {connection.conn_type}: only aws is taken for storage")
    if not connection.login or not connection.password:
        raise ConnectionFault("holds no key: login is the key's id, password its secret")
    of_s3 = (extra.get("service_config") or {}).get("s3") or {}
    return {
        "AWS_ACCESS_KEY_ID": connection.login,
        "AWS_SECRET_ACCESS_KEY": connection.password,
        "AWS_SESSION_TOKEN": str(extra.get("aws_session_token") or ""),
        "AWS_DEFAULT_REGION": str(extra.get("region_name") or ""),
        "AWS_ENDPOINT_URL_S3": str(of_s3.get("endpoint_url") or extra.get("endpoint_url") or connection.host or ""),
        "AWS_ENDPOINT_URL": "",
        "MLFLOW_S3_ENDPOINT_URL": "",
        "AWS_PROFILE": "",
    }


def _split_scheme(host: str) -> Tuple[str, str]:
    scheme, found, rest = host.partition("://")
    return (scheme.lower(), rest) if found else ("", host)


def _split_user(authority: str) -> Tuple[Optional[str], Optional[str], str]:
    login, found, address = authority.rpartition("@")
    if not found:
        return None, None, address
    user, _, password = login.partition(":")
    return unquote(user) or None, unquote(password) or None, address


def _split_port(address: str) -> Tuple[str, Optional[str]]:
    """The host, an IPv6 address in brackets, and the port where one is named."""
    if address.startswith("["):
        inside, _, after = address[1:].partition("]")
        return f"[{inside}]", after[1:] or None
    if address.count(":") > 1:
        return f"[{address}]", None
    host, _, port = address.partition(":")
    return host, port or None


def _scheme(conn_type: Optional[str], schema: str, port: Optional[str]) -> str:
    if schema in _WEB:
        return schema
    return "https" if (conn_type or "").lower() in ("https", CONN_TYPE) or port == "443" else "http"


def _bearer(extra: Mapping[str, Any]) -> str:
    kind, _, token = str(extra.get("Authorization", "")).partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _tls(extra: Mapping[str, Any]) -> Dict[str, str]:
    """How the server is verified, and the client's certificate; the worker's CA file stays where none is named."""
    verify, cert = extra.get("verify"), extra.get("cert")
    word = str(verify).lower()
    env = {"MLFLOW_TRACKING_INSECURE_TLS": "true" if word == "false" else "false",
           "MLFLOW_TRACKING_CLIENT_CERT_PATH": cert if isinstance(cert, str) else ""}
    if verify and word not in ("true", "false"):
        env["MLFLOW_TRACKING_SERVER_CERT_PATH"] = str(verify)
    return env
