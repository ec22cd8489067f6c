"""What goes wrong between here and an engine: a connection that is cut or falls silent, and ClickHouse over HTTP to try it with."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

GROUP = "install the group engines: pip install --group engines"
SERVED = {
    "wait_end_of_query",
    "send_progress_in_http_headers",
    "database",
    "client_protocol_version",
    "query_id",
    "query",
    "default_format",
}


class Proxy:
    """Passes bytes on between a client and a server of this machine, until it is told to disturb them."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.left: int | None = None
        """Bytes of the server's that still pass; None for all."""
        self.silent = False
        """Whether the connection stays open when they have passed."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def disturb(self, after: int, *, silent: bool = False) -> None:
        self.silent, self.left = silent, after

    def heal(self) -> None:
        self.left = None

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
                self._open += [client, server]
                threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source: socket.socket, into: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if answers and self.left is not None:
                    data, self.left = data[: self.left], max(0, self.left - len(data))
                into.sendall(data)
                if answers and self.left == 0 and not self.silent:
                    break
        if not self.silent:
            for one in (source, into):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)  # wakes the thread of the other direction
                one.close()

    def close(self) -> None:
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@pytest.fixture
def through():
    """A function that puts a proxy before a port."""
    made = []

    def put(port: int) -> Proxy:
        made.append(Proxy(port))
        return made[-1]

    yield put
    for proxy in made:
        proxy.close()


class Front(BaseHTTPRequestHandler):
    """ClickHouse's HTTP interface over its embedded engine: one statement a request, settings and parameters in the address."""

    protocol_version = "HTTP/1.1"
    engine = None
    failures: tuple[type[Exception], ...] = ()
    lock = threading.Lock()

    def do_POST(self):
        sql = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        asked = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        params = {name[6:]: value for name, value in asked.items() if name.startswith("param_")}
        status, kind = 200, "text/plain"
        with self.lock:
            try:
                for name, value in asked.items():
                    if name not in SERVED and not name.startswith("param_"):
                        self.engine.query(f"SET {name} = '{value}'")
                text = sql or asked["query"]
                if text.lstrip().startswith("SELECT") and " FORMAT " not in text:
                    text += " FORMAT TabSeparated"
                answer = self.engine.query(text, params=params)
                data = answer.bytes()
            except self.failures as error:
                status, data = 500, str(error).encode()
                self.engine.query("SELECT 1")  # what was given up answers the next statement else
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Keep still."""


@pytest.fixture(scope="module")
def front(generated):
    """The port of ClickHouse's embedded engine behind HTTP, with a database ``made`` of 440,000 spans."""
    chdb = pytest.importorskip("chdb", reason=GROUP)
    pytest.importorskip("clickhouse_connect", reason=GROUP)
    Front.engine, Front.failures = chdb.connect(":memory:"), (chdb.ChdbError, RuntimeError)
    Front.engine.query("CREATE DATABASE made")
    Front.engine.query(
        f"CREATE TABLE made.spans ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM file('{generated}/spans/*.parquet', Parquet)"
    )
    Front.engine.query("CREATE DATABASE shop")
    Front.engine.query("CREATE TABLE shop.orders (id UInt64) ENGINE = MergeTree ORDER BY id")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    Front.engine.close()


CONFIG = """<yandex><logger><level>warning</level><console>1</console></logger><http_port>{port}</http_port><listen_host>127.0.0.1</listen_host>
<path>{place}/data/</path><tmp_path>{place}/tmp/</tmp_path><users_config>users.xml</users_config><default_profile>default</default_profile>
<default_database>default</default_database><mark_cache_size>10000000</mark_cache_size></yandex>"""
USERS = """<yandex><profiles><default><max_memory_usage>500000000</max_memory_usage></default></profiles><quotas><default/></quotas>
<users><reader><password>right</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></reader></users></yandex>"""


@pytest.fixture(scope="module")
def old_server(unused_port, tmp_path_factory):
    """The port of a server of ClickHouse 18.16, as Debian has it: too old for rca, yet one that refuses passwords."""
    pytest.importorskip("clickhouse_connect", reason=GROUP)
    program = shutil.which("clickhouse-server") or "/usr/sbin/clickhouse-server"
    if not Path(program).exists():
        pytest.skip("there is no server of ClickHouse: apt-get install clickhouse-server")
    place, port = tmp_path_factory.mktemp("clickhouse"), unused_port()
    (place / "config.xml").write_text(CONFIG.format(port=port, place=place))
    (place / "users.xml").write_text(USERS)
    with (place / "log").open("wb") as log:
        process = subprocess.Popen([program, "--config-file=config.xml"], cwd=place, stdout=log, stderr=log)
    for _ in range(150):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        time.sleep(0.2)
    else:
        process.kill()
        pytest.fail((place / "log").read_text()[-2000:])
    yield port
    process.send_signal(signal.SIGKILL)
    process.wait(20)
