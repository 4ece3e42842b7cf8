"""A real S3 server made to behave like the clones that cannot be run here.

    with S3Clone(versitygw, "long etags", "no checksums") as clone: ... MLFLOW_S3_ENDPOINT_URL=clone.url() ...

What they do, by name (all at once where several are given):

    long etags       an ETag is 220 characters and no digest, as Cloudflare's; only that is taken for a part
    weak etags       W/"...", as a proxy that compresses makes of them
    bare etags       no quotes
    no checksums     501 NotImplemented for any x-amz-checksum-*, and 400 for one in the list of parts
    signed payload   400 for UNSIGNED-PAYLOAD
    no open uploads  501 for the list of open uploads
    first lists      pages of two keys without tokens, as the first version of the call has them
    late errors      the first completion is a 200 with an error in it

A request that is changed on its way is signed anew; all others reach the server with the signature they came with.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from fault_proxy import HEAD_END
from object_stores import ObjectStore
from s3_proxy import S3Proxy, answer, name_of

ETAG = re.compile(rb'(?i)(\r\netag: |<ETag>)((?:"|&#34;|&quot;)?)([^"\r<&]+)\2')


class S3Clone(S3Proxy):
    """The proxy before that server."""

    def __init__(self, server: ObjectStore, *habits: str) -> None:
        super().__init__(server.url)
        self.server = server
        self.habits = set(habits)
        self.refused = 0
        self._real: dict[bytes, bytes] = {}
        self._late = "late errors" in self.habits

    async def _answer(self, head: bytes, body: bytes) -> bytes:
        """What the caller gets: a refusal, or the server's answer in the clone's words."""
        first, *lines = head.removesuffix(HEAD_END).decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        refusal = self._refusal(method, target, headers, body)
        if refusal:
            self.refused += 1
            self._note(head)
            return refusal
        name = name_of(method, target)
        if "long etags" in self.habits and (name.startswith("complete ") or "if-match" in headers):
            wanted = {key: self._with_real_etags(value.encode()).decode() for key, value in headers.items()}
            head, body = self._resigned(method, target, wanted, self._with_real_etags(body))
        if name == "list" and "first lists" in self.habits:
            head, body = self._resigned(method, self._as_first_list(target),
                                        {**headers, "accept-encoding": "identity"}, body)
        said = await super()._answer(head, body)
        if name == "list" and "first lists" in self.habits:
            said = _of_new_size(re.sub(rb"<NextContinuationToken>.*?</NextContinuationToken>", b"", said))
        return self._with_own_etags(said)

    def _refusal(self, method: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
        """What is said instead of carrying a request out; nothing where it is taken."""
        name = name_of(method, target)
        if "no checksums" in self.habits and any(header.startswith("x-amz-checksum") for header in headers):
            return _error(method, "501 Not Implemented", "NotImplemented")
        if "no checksums" in self.habits and b"<Checksum" in body:
            return _error(method, "400 Bad Request", "MalformedXML")
        if "signed payload" in self.habits and headers.get("x-amz-content-sha256") == "UNSIGNED-PAYLOAD":
            return _error(method, "400 Bad Request", "XAmzContentSHA256Mismatch")
        if "no open uploads" in self.habits and name == "list-uploads":
            return _error(method, "501 Not Implemented", "NotImplemented")
        if self._late and name.startswith("complete "):
            self._late = False
            return answer("200 OK", "InternalError")
        return b""

    def _with_own_etags(self, said: bytes) -> bytes:
        """An answer with ETags as the clone gives them."""

        def own(match: re.Match[bytes]) -> bytes:
            before, quotes, etag = match.groups()
            if "long etags" in self.habits:
                long = hashlib.sha512(etag).hexdigest().encode() + b"-R2-" + b"x" * 88
                self._real[long] = etag
                etag = long
            if "bare etags" in self.habits:
                return before + etag
            weak = b"W/" if "weak etags" in self.habits else b""
            return before + weak + quotes + etag + quotes

        return _of_new_size(ETAG.sub(own, said))

    def _with_real_etags(self, body: bytes) -> bytes:
        """A list of parts, or a condition, as the server knows them."""
        for long, etag in self._real.items():
            body = body.replace(long, etag)
        return body

    def _as_first_list(self, target: str) -> str:
        """A list of two keys at most, by what its first version knows."""
        path, _, query = target.partition("?")
        known = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True)
                 if name in ("list-type", "prefix", "start-after")]
        return f"{path}?{urlencode([*known, ('max-keys', '2')], quote_via=quote, safe='')}"

    def _resigned(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[bytes, bytes]:
        """The request with a new target or body, signed for them."""
        kept = {name: value for name, value in headers.items()
                if not name.startswith(("x-amz-date", "x-amz-content", "authorization", "content-length"))}
        request: Any = botocore.awsrequest.AWSRequest(method, f"http://{headers['host']}{target}", kept, body)
        keys = botocore.credentials.Credentials(self.server.user, self.server.secret)
        request.context["payload_signing_enabled"] = True
        botocore.auth.S3SigV4Auth(keys, "s3", self.server.region).add_auth(request)
        parts = urlsplit(request.url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items()),
                 f"Content-Length: {len(body)}"]
        return "\r\n".join(lines).encode() + HEAD_END, body


def _error(method: str, status: str, code: str) -> bytes:
    """An error; that of a HEAD has no body."""
    whole = answer(status, code)
    return whole.partition(HEAD_END)[0] + HEAD_END if method == "HEAD" else whole


def _of_new_size(said: bytes) -> bytes:
    """An answer whose head tells of the body that it has."""
    head, _, body = said.partition(HEAD_END)
    return re.sub(rb"(?i)(\r\ncontent-length: )\d+", lambda match: b"%s%d" % (match[1], len(body)), head) + (
        HEAD_END + body) if body else said
