"""Servers whose answers are too large, too deep or without end.

    with Bombs() as server:
        server.answer("/storage/v1/b/b/o", lambda query: repeat(b'{"items":[', b'{},', 1 << 20, b'{}]}'))
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from local_server import Answering

Answer = Callable[[dict[str, str]], "bytes | Iterable[bytes]"]

PIECE = 1 << 16


def repeat(head: bytes, piece: bytes, size: int, tail: bytes = b"") -> Iterator[bytes]:
    """A body of about `size` bytes: a piece, over and over, between a head and a tail."""
    many = piece * max(1, PIECE // len(piece))
    yield head
    for _ in range(max(1, size // len(many))):
        yield many
    yield tail


def numbered(head: bytes, piece: str, count: int, tail: bytes = b"") -> Iterator[bytes]:
    """A body whose pieces, separated by commas, each have a number of their own in place of {n}."""
    before, after = piece.split("{n}")
    yield head
    for start in range(0, count, 1000):
        items = ",".join(f"{before}{n:07}{after}" for n in range(start, min(start + 1000, count)))
        yield ("," if start else "").encode() + items.encode()
    yield tail


class Bombs(Answering):
    """Answers by path, the longest that fits; whatever has none is {}. Requests are counted."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[Answer, int, str]] = {}
        self.requests: list[str] = []
        bombs = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                self.rfile.read(size)
                parts = urlsplit(self.path)
                bombs.requests.append(self.path)
                answer, status, kind = bombs.find(parts.path)
                self.close_connection = True
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Connection", "close")
                self.end_headers()
                body = answer(dict(parse_qsl(parts.query, keep_blank_values=True)))
                try:
                    for piece in [body] if isinstance(body, bytes) else body:
                        self.wfile.write(piece)
                except OSError:
                    pass  # the client had enough

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any

            def log_message(self, format: str, *args: Any) -> None:
                pass

        super().__init__(Handler)

    def find(self, path: str) -> tuple[Answer, int, str]:
        """What is answered there."""
        fitting = [known for known in self.answers if path.startswith(known)]
        if not fitting:
            return (lambda query: b"{}"), 200, "application/json"
        return self.answers[max(fitting, key=len)]

    def answer(self, path: str, answer: Answer, status: int = 200, kind: str = "application/json") -> None:
        """What paths that begin so are answered."""
        self.answers[path] = (answer, status, kind)

    def say(self, path: str, value: Any, status: int = 200) -> None:
        """The same, with a value as JSON."""
        self.answer(path, lambda query: json.dumps(value).encode(), status)
