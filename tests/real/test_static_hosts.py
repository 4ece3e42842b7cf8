"""The static program on the hosts of its users, as far as one machine can show it.

Each case is a root directory with the program and what the case is about, nothing else: no C library,
no shell, no /dev. The program is asked for `doctor`, against a TLS server here that counts what reaches it.
The server is no registry and says so (404), so a program that has reached it ends with 76.
"""

import base64
import os
import pathlib
import re
import shutil
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from static_hosts import NAME, NXDOMAIN, SERVFAIL, SILENT, Authority, Host, NameServer, Proxy, Server, make_authority

MOST_BYTES = 6_000_000
NOT_A_REGISTRY, LATER = 76, 75
DEBIAN_BUNDLE = "etc/ssl/certs/ca-certificates.crt"
BUNDLES = {
    "Debian, Ubuntu, Alpine": DEBIAN_BUNDLE,
    "RHEL, CentOS": "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "CentOS, Fedora, older": "etc/pki/tls/certs/ca-bundle.crt",
    "openSUSE": "etc/ssl/ca-bundle.pem",
    "Alpine": "etc/ssl/cert.pem",
}


def cannot(reason: str) -> None:
    """Ends a test that this machine cannot run: a skip for a developer, a failure in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def binary() -> pathlib.Path:
    """The program under test."""
    if not os.environ.get("MODELHOOK_STATIC_BINARY"):
        cannot("MODELHOOK_STATIC_BINARY is not set: scripts/static makes build/static/modelhook")
    path = pathlib.Path(os.environ["MODELHOOK_STATIC_BINARY"]).resolve()
    assert path.is_file(), path
    return path


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that the servers here use."""
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def serve() -> Iterator[Callable]:
    """Starts a server and stops it after the test."""
    running: list[socketserver.BaseServer] = []

    def start(server: socketserver.BaseServer) -> socketserver.BaseServer:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture
def host(binary: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[Host]:
    """An empty one; no bundle, no resolver. Its copy of the program does not outlive the test."""
    program = pathlib.Path(shutil.copy2(binary, tmp_path / "modelhook"))
    yield Host(tmp_path)
    program.unlink()


@pytest.fixture
def server(serve: Callable, authority: Authority) -> Server:
    """The server on 127.0.0.1."""
    return serve(Server("127.0.0.1", authority))


def assert_reached(done: subprocess.CompletedProcess, server: Server) -> None:
    """A request came through, and its answer was understood for what it is."""
    assert done.returncode == NOT_A_REGISTRY, done.stderr
    assert server.seen and server.seen[0].startswith("GET /"), done.stderr


def assert_not_reached(done: subprocess.CompletedProcess, server: Server, saying: str) -> None:
    """No request left the program, and it says why."""
    assert done.returncode not in (0, NOT_A_REGISTRY), done.stderr
    assert done.returncode > 0, f"killed by signal {-done.returncode}"
    assert server.seen == []
    assert re.search(saying, done.stderr, re.IGNORECASE), done.stderr


def test_it_needs_no_interpreter_and_no_library(binary: pathlib.Path) -> None:
    """A static program, though a position-independent one."""
    headers = subprocess.run(["readelf", "-lWd", binary], capture_output=True, text=True, check=True).stdout
    assert "INTERP" not in headers
    assert "(NEEDED)" not in headers
    assert re.search(r"^Elf file type is DYN", headers, re.MULTILINE), "addresses are not randomised"
    assert not re.search(r"GNU_STACK.* RWE ", headers)
    assert binary.stat().st_size <= MOST_BYTES


def test_it_starts_where_there_is_nothing_else(host: Host) -> None:
    """And names its libraries."""
    done = host.run("--version")
    assert done.returncode == 0, done.stderr
    for library in ("modelhook", "curl", "OpenSSL", "libarchive", "zlib", "cJSON"):
        assert library.lower() in done.stdout.lower(), done.stdout


@pytest.mark.parametrize("path", BUNDLES.values(), ids=BUNDLES.keys())
def test_the_bundle_of_the_distribution_is_found(host: Host, server: Server, authority: Authority, path: str) -> None:
    """Each alone."""
    host.put(path, authority.bundle)
    assert_reached(host.doctor(f"https://127.0.0.1:{server.server_port}"), server)


def test_ssl_cert_file_comes_before_the_distribution(
    host: Host, server: Server, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The bundle of the distribution knows another authority only."""
    host.put(DEBIAN_BUNDLE, make_authority(tmp_path_factory.mktemp("other")).bundle)
    host.put("own.pem", authority.bundle)
    url = f"https://127.0.0.1:{server.server_port}"
    assert_not_reached(host.doctor(url), server, "certificate")
    assert_reached(host.doctor(url, SSL_CERT_FILE="/own.pem"), server)


def test_no_bundle_at_all_is_a_refusal(host: Host, server: Server) -> None:
    """Never a connection that nobody vouches for."""
    assert_not_reached(host.doctor(f"https://127.0.0.1:{server.server_port}"), server, "certificate|bundle")


def test_a_certificate_for_another_name_is_refused(host: Host, server: Server, authority: Authority) -> None:
    """Known authority, wrong name."""
    host.put(DEBIAN_BUNDLE, authority.bundle)
    host.put("etc/hosts", "127.0.0.1 elsewhere.test\n")
    assert_not_reached(host.doctor(f"https://elsewhere.test:{server.server_port}"), server, "certificate|name")


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_the_proxy_is_used_and_resolves_the_name(
    host: Host, server: Server, authority: Authority, serve: Callable, variable: str
) -> None:
    """A host behind a proxy often resolves nothing itself; the credentials are for the proxy alone."""
    proxy = serve(Proxy(server.server_port))
    host.put(DEBIAN_BUNDLE, authority.bundle)
    address = f"http://user:s3cret@127.0.0.1:{proxy.server_port}"
    done = host.doctor(f"https://{NAME}:8443", **{variable: address})
    assert_reached(done, server)
    assert proxy.seen[0] == (f"{NAME}:8443", "Basic " + base64.b64encode(b"user:s3cret").decode())
    assert "s3cret" not in done.stdout + done.stderr


@pytest.mark.parametrize("exempt", ["*", "127.0.0.1", "127.0.0.0/8", "a.test, 127.0.0.1"])
def test_no_proxy_is_obeyed(host: Host, server: Server, authority: Authority, serve: Callable, exempt: str) -> None:
    """In the forms that people write."""
    proxy = serve(Proxy(server.server_port))
    host.put(DEBIAN_BUNDLE, authority.bundle)
    settings = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.server_port}", "NO_PROXY": exempt}
    assert_reached(host.doctor(f"https://127.0.0.1:{server.server_port}", **settings), server)
    assert proxy.seen == []


def test_ipv6(host: Host, serve: Callable, authority: Authority) -> None:
    """An address in brackets."""
    try:
        server = serve(Server("::1", authority))
    except OSError:
        cannot("no IPv6 loopback here")
    host.put(DEBIAN_BUNDLE, authority.bundle)
    assert_reached(host.doctor(f"https://[::1]:{server.server_port}"), server)


def resolve(host: Host, serve: Callable, answers: dict[str, str | int | None], settings: str = "") -> NameServer:
    """The host's names come from a name server with these answers; it gives up after a second."""
    try:
        names = serve(NameServer(answers))
    except PermissionError:
        cannot("port 53 is not allowed here: run as root")
    host.put("etc/resolv.conf", f"{settings}nameserver {names.server_address[0]}\noptions timeout:1 attempts:1\n")
    return names


@pytest.mark.parametrize(
    "answer", [None, "::1", SERVFAIL, NXDOMAIN, SILENT], ids=["none", "address", "SERVFAIL", "NXDOMAIN", "silent"]
)
def test_a_name_with_an_ipv4_address_is_reached_whatever_is_said_of_ipv6(
    host: Host, server: Server, authority: Authority, serve: Callable, answer: str | int | None
) -> None:
    """Name servers of clusters answer AAAA in all of these ways; ::1 has nobody listening."""
    host.put(DEBIAN_BUNDLE, authority.bundle)
    names = resolve(host, serve, {"A": "127.0.0.1", "AAAA": answer})
    assert_reached(host.doctor(f"https://{NAME}:{server.server_port}"), server)
    assert (NAME, "A") in names.seen


def test_a_name_with_an_ipv6_address_alone_is_reached(host: Host, serve: Callable, authority: Authority) -> None:
    """A host in a network without IPv4."""
    server = serve(Server("::1", authority))
    host.put(DEBIAN_BUNDLE, authority.bundle)
    resolve(host, serve, {"A": None, "AAAA": "::1"})
    assert_reached(host.doctor(f"https://{NAME}:{server.server_port}"), server)


def test_search_domains_and_a_dead_first_name_server(
    host: Host, server: Server, authority: Authority, serve: Callable
) -> None:
    """A short name, as inside a cluster."""
    host.put(DEBIAN_BUNDLE, authority.bundle)
    short, _, domain = NAME.partition(".")
    resolve(host, serve, {"A": "127.0.0.1", "AAAA": None}, f"search {domain}\nnameserver 127.0.54.1\n")
    assert_reached(host.doctor(f"https://{short}:{server.server_port}"), server)


def test_etc_hosts_is_read(host: Host, server: Server, authority: Authority) -> None:
    """Without any name server."""
    host.put(DEBIAN_BUNDLE, authority.bundle)
    host.put("etc/hosts", f"127.0.0.1 {NAME}\n")
    assert_reached(host.doctor(f"https://{NAME}:{server.server_port}"), server)


def test_an_unknown_name_is_said_soon(host: Host, server: Server, authority: Authority, serve: Callable) -> None:
    """A reason to try later, and the name is in the sentence."""
    host.put(DEBIAN_BUNDLE, authority.bundle)
    resolve(host, serve, {"A": NXDOMAIN, "AAAA": NXDOMAIN})
    started = time.monotonic()
    done = host.doctor(f"https://{NAME}:{server.server_port}")
    assert done.returncode == LATER, done.stderr
    assert_not_reached(done, server, re.escape(NAME))
    assert time.monotonic() - started < 100
