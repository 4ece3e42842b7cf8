"""A proxy before a real S3 server that breaks what it is told to, and counts what went through.

    with S3Proxy(s3.url) as proxy:
        proxy.on("", lambda request: Fault("drop") if request.name.startswith("complete ") else None)
        ... MLFLOW_S3_ENDPOINT_URL=proxy.url() ...
        assert [request.name for request in proxy.requests] == ["list", "put runs/0/model/MLmodel", ...]

Requests go on as they came, with their Host, which is signed; the server takes any.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from fault_proxy import HEAD_END, FaultProxy, Request

PLAIN = {"GET": "get", "PUT": "put", "HEAD": "head", "DELETE": "delete", "POST": "post"}


@dataclass(frozen=True)
class S3Request(Request):
    """One request; its name is one of

    list, list-uploads; get, put, head, delete KEY; create, list-parts, complete, abort KEY; part N KEY
    """

    size: int = 0  # of its body


def answer(status: str, code: str, *headers: str) -> bytes:
    """An error as S3 has it, without its request having been carried out."""
    body = f"<Error><Code>{code}</Code><Message>injected</Message></Error>"
    head = [f"HTTP/1.1 {status}", "Content-Type: application/xml", f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*head, *headers, "", body]).encode()


def name_of(method: str, target: str) -> str:
    """What a request asks for."""
    parts = urlsplit(target)
    query = parse_qs(parts.query, keep_blank_values=True)
    key = unquote(parts.path.lstrip("/").partition("/")[2])
    if not key:
        return "list-uploads" if "uploads" in query else "list"
    if "partNumber" in query:
        return f"part {query['partNumber'][0]} {key}"
    if "uploads" in query:
        return f"create {key}"
    if "uploadId" in query:
        return {"GET": "list-parts", "POST": "complete", "DELETE": "abort"}[method] + f" {key}"
    return f"{PLAIN[method]} {key}"


class S3Proxy(FaultProxy):
    """The proxy; every caller's label is ""."""

    def __init__(self, upstream: str) -> None:
        super().__init__(upstream)
        self.requests: list[S3Request] = []

    def url(self, label: str = "") -> str:
        """The endpoint."""
        return super().url(label).rstrip("/")

    def sent_bytes(self, kind: str = "part ") -> int:
        """How many bytes went up in requests of a kind."""
        return sum(request.size for request in self.requests if request.name.startswith(kind))

    def _note(self, head: bytes) -> tuple[Request, bytes]:
        first, *lines = head.removesuffix(HEAD_END).split(b"\r\n")
        method, target, _ = first.decode().split(" ")
        kept = [line for line in lines if line.partition(b":")[0].lower() != b"connection"]
        size = next((int(line.partition(b":")[2]) for line in lines if line.lower().startswith(b"content-length:")), 0)
        request = S3Request("", len(self.requests) + 1, method, name_of(method, target), size=size)
        self.requests.append(request)
        return request, b"\r\n".join([first, b"Connection: close", *kept]) + HEAD_END
