"""A secret of the cloud that this machine is in, as environment variables: never in a job's arguments.

Job arguments and properties are shown in consoles, logs and APIs; the name of a secret may be. The machine's
own identity, from its metadata service, is what reads it: no key lies on the disk.
"""

import base64
import json
import os
import urllib.request
from typing import Any, Dict, List, Optional

from .errors import SecretError

_METADATA = "http://{}/computeMetadata/v1/instance/service-accounts/default/token"
_LOCKBOX = "https://payload.lockbox.api.cloud.yandex.net"
_SECRET_MANAGER = "https://secretmanager.googleapis.com"


def load_secret(name: Optional[str] = None, *, endpoint: Optional[str] = None) -> List[str]:
    """Sets what a secret holds as environment variables.

    A job calls it first, before MLflow's client looks for MLFLOW_TRACKING_TOKEN. Variables that are set already stay.

    :param name: the id of a secret in Yandex Lockbox, each of whose text entries is a variable; or
        ``projects/P/secrets/S[/versions/V]`` of Google's Secret Manager, a JSON object of variables. None:
        ``$MODELHOOK_SECRET``; where that is not set either, nothing is done
    :param endpoint: URL of the service; None: the cloud's own
    :return: the names of the variables
    :raises SecretError: the secret cannot be read
    """
    name = name or os.environ.get("MODELHOOK_SECRET")
    if not name:
        return []
    try:
        values = _google(name, endpoint) if name.startswith("projects/") else _yandex(name, endpoint)
    except (OSError, ValueError, KeyError, TypeError) as error:
        what = type(error).__name__ if not isinstance(error, OSError) else error
        raise SecretError(f"the secret {name} cannot be read: {what}") from None
    for key, value in values.items():
        os.environ.setdefault(key, value)
    return sorted(values)


def _yandex(name: str, endpoint: Optional[str]) -> Dict[str, str]:
    payload = _ask(f"{endpoint or _LOCKBOX}/lockbox/v1/secrets/{name}/payload", f"Bearer {_token()}")
    return {entry["key"]: entry["textValue"] for entry in payload["entries"] if "textValue" in entry}


def _google(name: str, endpoint: Optional[str]) -> Dict[str, str]:
    version = name if "/versions/" in name else f"{name}/versions/latest"
    answer = _ask(f"{endpoint or _SECRET_MANAGER}/v1/{version}:access", f"Bearer {_token()}")
    values = json.loads(base64.b64decode(answer["payload"]["data"]))
    return {str(key): str(value) for key, value in values.items()}


def _token() -> str:
    """The machine's own; both clouds have it at the same address."""
    host = os.environ.get("GCE_METADATA_HOST", "169.254.169.254")
    request = urllib.request.Request(_METADATA.format(host), headers={"Metadata-Flavor": "Google"})
    straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with straight.open(request, timeout=10) as answer:
        return str(json.load(answer)["access_token"])


def _ask(url: str, authorization: str) -> Any:
    request = urllib.request.Request(url, headers={"Authorization": authorization})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
