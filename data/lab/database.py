"""A PostgreSQL server of our own: found, initialised, filled, started on a loopback port and stopped."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg

from lab.catalogue import USERS, carts
from lab.errors import LabError
from lab.history import INDEX_SQL
from lab.processes import Cores, Process, Processes, free_port

__all__ = ["Database", "find_binaries"]

ADVICE = "install it with: apt-get install -y postgresql postgresql-contrib"

CONFIGURATION = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 100
shared_buffers = {buffers}MB
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
jit = off
max_parallel_workers_per_gather = 0
synchronize_seqscans = off
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = on
log_destination = 'jsonlog'
log_directory = '{logs}'
log_filename = 'postgresql'
log_rotation_age = 0
log_rotation_size = 0
log_min_duration_statement = 500ms
log_lock_waits = on
deadlock_timeout = 1s
shared_preload_libraries = 'auto_explain'
auto_explain.log_min_duration = 500ms
auto_explain.log_format = json
auto_explain.log_analyze = on
auto_explain.log_timing = off
"""

SCHEMA = """
CREATE TABLE carts (id int PRIMARY KEY, user_id int NOT NULL, tier text NOT NULL);
CREATE TABLE cart_lines (id int PRIMARY KEY, cart_id int NOT NULL REFERENCES carts, user_id int NOT NULL,
    sku int NOT NULL, quantity int NOT NULL, unit_cents int NOT NULL);
CREATE TABLE promotions (id int PRIMARY KEY, user_id int NOT NULL, sku_group int NOT NULL, discount_bp int NOT NULL,
    score int NOT NULL, terms text NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, region int NOT NULL, created_at timestamptz NOT NULL, total_cents int NOT NULL);
"""

ORDERS = 400_000


def find_binaries() -> Path:
    """Find the folder of the newest PostgreSQL server on this machine.

    Raises
    ------
    LabError
        Where there is none.
    """
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    folders.sort(key=lambda path: float(path.parent.name) if path.parent.name.replace(".", "").isdigit() else 0.0)
    onpath = shutil.which("postgres")
    if onpath:
        folders.insert(0, Path(onpath).resolve().parent)
    for folder in reversed(folders):
        if (folder / "initdb").exists():
            return folder
    raise LabError(f"PostgreSQL's server programs (postgres, initdb) were not found; {ADVICE}")


def _server_user() -> str | None:
    """Name the user that runs the server: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise LabError("PostgreSQL refuses to run as root and there is neither a user postgres nor nobody to run it")


class Database:
    """One server in a folder that goes away with the recording."""

    def __init__(self, work: Path) -> None:
        self._bin, self._user = find_binaries(), _server_user()
        self._cluster, self._logs = work / "pgdata", work / "pglog"
        self.port = free_port()
        self.process: Process | None = None

    def url(self, driver: str = "postgresql") -> str:
        """Address of the shop's database."""
        return f"{driver}://shop@127.0.0.1:{self.port}/shop"

    @property
    def log_file(self) -> Path:
        """The server's JSON log."""
        return self._logs / "postgresql.json"

    def start(self, processes: Processes, cores: Cores, *, buffers_mb: int) -> Process:
        """Initialise the cluster and start the server on the database's core."""
        for folder in (self._cluster, self._logs):
            folder.mkdir()
            if self._user:
                shutil.chown(folder, self._user)
        self._cluster.chmod(0o700)
        done = subprocess.run(
            [self._bin / "initdb", "-D", self._cluster, "-U", "shop", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"],
            user=self._user, capture_output=True, text=True, cwd="/", check=False,
        )  # fmt: skip
        if done.returncode:
            raise LabError(f"initdb failed: {done.stderr.strip()[-500:]}")
        with (self._cluster / "postgresql.conf").open("a") as file:
            file.write(CONFIGURATION.format(port=self.port, logs=self._logs, buffers=buffers_mb))
        self.process = processes.start(
            "postgres", [str(self._bin / "postgres"), "-D", str(self._cluster)], core=cores.database, user=self._user
        )
        # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to leave.
        self.process.facts["stop_signal"] = signal.SIGINT
        self._wait()
        return self.process

    def _wait(self) -> None:
        assert self.process is not None
        end = time.monotonic() + 30
        while True:
            self.process.check()
            try:
                with psycopg.connect(
                    self.url() + "?connect_timeout=2", dbname="postgres", autocommit=True
                ) as connection:
                    connection.execute("CREATE DATABASE shop")
            except psycopg.OperationalError as error:
                if time.monotonic() > end:
                    raise LabError(f"PostgreSQL did not start within 30 s: {error}") from error
                time.sleep(0.1)
            else:
                return

    def fill(self, *, seed: int, rows: int, indexed: bool = False) -> None:
        """Make the tables. ``promotions`` gets ``rows`` rows; without an index on ``user_id`` each look-up reads all."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(SCHEMA)
            drawn = carts(seed)
            with connection.cursor() as cursor:
                with cursor.copy("COPY carts FROM STDIN") as copy:
                    for cart in drawn:
                        copy.write_row((cart.cart_id, cart.user_id, cart.tier))
                with cursor.copy("COPY cart_lines FROM STDIN") as copy:
                    number = 0
                    for cart in drawn:
                        for line in cart.lines:
                            number += 1
                            copy.write_row(
                                (number, cart.cart_id, cart.user_id, line.sku, line.quantity, line.unit_cents)
                            )
            connection.execute("CREATE INDEX ON cart_lines (cart_id)")
            connection.execute("SELECT setseed(%s)", ((seed % 1000) / 1000,))
            connection.execute(
                """INSERT INTO promotions SELECT i, 1 + floor(random() * %s)::int, floor(random() * 7)::int,
                   100 + floor(random() * 2900)::int, floor(random() * 100000)::int, repeat('terms ', 6)
                   FROM generate_series(1, %s) AS i""",
                (USERS, rows),
            )
            connection.execute(
                """INSERT INTO orders SELECT i, floor(random() * 24)::int,
                   timestamptz '2026-01-01' + random() * interval '90 days', 500 + floor(random() * 20000)::int
                   FROM generate_series(1, %s) AS i""",
                (ORDERS,),
            )
            if indexed:
                connection.execute(INDEX_SQL)
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")
