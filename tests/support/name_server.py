"""A name server of this process, over TCP alone: each name has the addresses that it is given."""

from __future__ import annotations

import ipaddress
import socketserver
import struct
import threading
from types import TracebackType
from typing import Self


class NameServer:
    """Names with their addresses; `asked` are the names that were asked for, with the type of the record."""

    def __init__(self, **names: list[str]) -> None:
        self.names = {name.replace("_", "-"): addresses for name, addresses in names.items()}
        self.asked: list[tuple[str, int]] = []
        outer = self

        class Asked(socketserver.BaseRequestHandler):
            """One connection, several questions."""

            def handle(self) -> None:
                """Until the client closes it."""
                while head := self.request.recv(2, 0x100):  # MSG_WAITALL
                    question = self.request.recv(struct.unpack(">H", head)[0], 0x100)
                    answer = outer.answer(question)
                    self.request.sendall(struct.pack(">H", len(answer)) + answer)

        socketserver.ThreadingTCPServer.daemon_threads = True
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Asked)
        self.place = f"127.0.0.1:{self._server.server_address[1]}"

    def answer(self, question: bytes) -> bytes:
        """The response to a question (RFC 1035 section 4)."""
        at, labels = 12, []
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        name, (kind,) = ".".join(labels), struct.unpack_from(">H", question, at + 1)
        self.asked.append((name, kind))
        version = {1: 4, 28: 6}[kind]
        found = [ipaddress.ip_address(address) for address in self.names.get(name, [])]
        records = [b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 5, len(address.packed)) + address.packed
                   for address in found if address.version == version]
        code = 0 if name in self.names else 3
        return (question[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(records), 0, 0)
                + question[12:at + 5] + b"".join(records))

    def __enter__(self) -> Self:
        """Serving."""
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Gone."""
        self._server.shutdown()
        self._server.server_close()

