"""What a test needs to stage a host: an authority, a TLS server, a proxy, a name server, an empty root.

The servers are on the loopback and remember what reached them, in `seen`.
"""

import dataclasses
import http.server
import os
import pathlib
import shutil
import socket
import socketserver
import ssl
import struct
import subprocess
import threading

NAME = "registry.modelhook.test"
SILENT = "silent"
SERVFAIL, NXDOMAIN = 2, 3
TYPES = {1: "A", 28: "AAAA"}


@dataclasses.dataclass
class Authority:
    """A certificate authority with one server certificate: for 127.0.0.1, ::1, and NAME long and short."""

    bundle: pathlib.Path
    certificate: pathlib.Path
    key: pathlib.Path


def make_authority(folder: pathlib.Path) -> Authority:
    """A new authority, by the openssl command."""

    def openssl(line: str) -> None:
        subprocess.run(["openssl", *line.split()], cwd=folder, check=True, capture_output=True)

    new_key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256"
    (folder / "names").write_text(f"subjectAltName=IP:127.0.0.1,IP:::1,DNS:{NAME},DNS:{NAME.partition('.')[0]}\n")
    openssl(f"req -x509 {new_key} -keyout ca.key -out ca.pem -days 2 -subj /CN={folder.name}")
    openssl(f"req {new_key} -keyout key.pem -out server.csr -subj /CN=server")
    openssl("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem")
    return Authority(folder / "ca.pem", folder / "server.pem", folder / "key.pem")


class Server(http.server.ThreadingHTTPServer):
    """TLS on a free loopback port; `seen` is every request line that came through it."""

    daemon_threads = True

    def __init__(self, address: str, authority: Authority) -> None:
        """Listens on ADDRESS, 127.0.0.1 or ::1."""
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, 0), NothingHere)
        self.seen: list[str] = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(authority.certificate, authority.key)

    def finish_request(self, request: socket.socket, client_address: tuple) -> None:
        """The handshake, in the thread of its connection."""
        with self.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: socket.socket, client_address: tuple) -> None:
        """A refused handshake is what some cases are about."""


class NothingHere(http.server.BaseHTTPRequestHandler):
    """404 for all."""

    def do_GET(self) -> None:
        """Also the other methods, below."""
        self.server.seen.append(self.requestline)
        self.send_error(404)

    do_POST = do_PUT = do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Silent."""


class Proxy(http.server.ThreadingHTTPServer):
    """CONNECT to the one server behind it, whatever host is asked for; `seen` is (target, credentials)."""

    daemon_threads = True

    def __init__(self, behind: int) -> None:
        """BEHIND is the port on 127.0.0.1."""
        super().__init__(("127.0.0.1", 0), Tunnel)
        self.behind = behind
        self.seen: list[tuple[str, str | None]] = []


class Tunnel(http.server.BaseHTTPRequestHandler):
    """One tunnel."""

    def do_CONNECT(self) -> None:
        """Passes bytes both ways until one side closes."""
        self.server.seen.append((self.path, self.headers["Proxy-Authorization"]))
        with socket.create_connection(("127.0.0.1", self.server.behind)) as far:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=pump, args=(far, self.connection), daemon=True)
            back.start()
            pump(self.connection, far)
            back.join()

    def log_message(self, *_: object) -> None:
        """Silent."""


def pump(source: socket.socket, target: socket.socket) -> None:
    """Copies until the end of SOURCE, and says the end on."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class NameServer(socketserver.ThreadingUDPServer):
    """DNS for NAME alone, on port 53 of a loopback address (PermissionError where that is not allowed).

    `answers` says for "A" and "AAAA": an address, None (the name has none), a status such as SERVFAIL, or SILENT.
    """

    daemon_threads = True

    def __init__(self, answers: dict[str, str | int | None]) -> None:
        """An address of its own, so that two runs do not meet."""
        super().__init__((f"127.0.53.{os.getpid() % 250 + 1}", 53), Lookup)
        self.answers = answers
        self.seen: list[tuple[str, str]] = []


class Lookup(socketserver.BaseRequestHandler):
    """One question, one answer or none (RFC 1035, section 4)."""

    def handle(self) -> None:
        """Flags 0x8180: an answer, recursion wanted and offered."""
        query, channel = self.request
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += 1 + query[at]
        question = query[12 : at + 5]
        kind = TYPES.get(struct.unpack(">H", query[at + 1 : at + 3])[0], "other")
        self.server.seen.append((".".join(labels), kind))
        answer = self.server.answers.get(kind) if ".".join(labels) == NAME else NXDOMAIN
        if answer == SILENT:
            return
        record, status = b"", answer if isinstance(answer, int) else 0
        if isinstance(answer, str):
            address = socket.inet_pton(socket.AF_INET6 if kind == "AAAA" else socket.AF_INET, answer)
            # a pointer to the name in the question, class IN, a minute to live
            record = struct.pack(">H4sIH", 0xC00C, question[-4:], 60, len(address)) + address
        header = query[:2] + struct.pack(">HHHHH", 0x8180 | status, 1, 1 if record else 0, 0, 0)
        channel.sendto(header + question + record, self.client_address)


@dataclasses.dataclass
class Host:
    """A machine with nothing on it but the program."""

    root: pathlib.Path

    def put(self, path: str, content: str | pathlib.Path) -> None:
        """A file on it: text, or a copy."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content if isinstance(content, str) else content.read_text())

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        """The program there, with this environment and no other."""
        user = [] if os.geteuid() == 0 else [shutil.which("unshare"), "--map-root-user"]
        command = [*user, shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin"), self.root, "/modelhook", *arguments]
        return subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )

    def doctor(self, url: str, **environment: str) -> subprocess.CompletedProcess:
        """Asks whether URL is a registry: no repeats, ten seconds at most."""
        once = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MODELHOOK_DEADLINE": "10s"}
        return self.run("doctor", MLFLOW_TRACKING_URI=url, **once, **environment)
