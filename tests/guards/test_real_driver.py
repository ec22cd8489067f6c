"""The pytest plugin with a real driver and a real PostgreSQL."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))

TESTS = """
import psycopg
import pytest

@pytest.fixture
def shop():
    with psycopg.connect({address!r}) as connection:
        connection.execute("CREATE TEMPORARY TABLE stock (sku int, held int)")
        connection.execute("INSERT INTO stock SELECT n, n FROM generate_series(1, 20) AS n")
        yield connection

def held(connection, sku):
    return connection.execute("SELECT held FROM stock WHERE sku = %s", (sku,)).fetchone()

@pytest.mark.max_queries(3)
def test_loop(shop):
    with shop.cursor() as cursor:
        for sku in range(12):
            cursor.execute("SELECT held FROM stock WHERE sku = %s", (sku,))

@pytest.mark.no_n_plus_one
def test_connection_shortcut(shop):
    assert [held(shop, sku) for sku in range(1, 8)]

@pytest.mark.max_queries(3)
@pytest.mark.no_n_plus_one
def test_batch(shop):
    with shop.cursor() as cursor:
        cursor.execute("SELECT held FROM stock WHERE sku = ANY(%s)", (list(range(12)),))
        assert len(cursor.fetchall()) == 11
"""


@pytest.fixture(scope="module")
def address():
    pytest.importorskip("psycopg", reason="psycopg is not installed (dependency group lab)")
    if not SERVERS:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    binaries = SERVERS[-1].parent
    user = "postgres" if os.geteuid() == 0 else None
    if user and user not in {entry.pw_name for entry in pwd.getpwall()}:
        pytest.skip("PostgreSQL refuses to run as root, and there is no user postgres")
    # not pytest's own folder: the server's user must be able to walk into it
    folder = Path(tempfile.mkdtemp(prefix="rca-plugin-"))
    folder.chmod(0o755)
    cluster = folder / "data"
    cluster.mkdir(mode=0o700)
    if user:
        shutil.chown(cluster, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    subprocess.run([binaries / "initdb", "-D", cluster, "-U", "shop", "-A", "trust", "--no-locale", "-N"], user=user, cwd="/", check=True, capture_output=True)  # fmt: skip
    options = ["-c", f"port={port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]  # fmt: skip
    server = subprocess.Popen([binaries / "postgres", "-D", cluster, *options], user=user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"postgresql://shop@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def run(text, tmp_path):
    (tmp_path / "test_shop.py").write_text(text)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "rca.pytest_plugin",
        "test_shop.py",
    ]
    installed = subprocess.run(
        [sys.executable, "-c", "from importlib.metadata import entry_points as e; print(len(e(group='pytest11', name='rca')))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    if installed != "0":  # the entry point loads it already
        del command[6:8]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))},
    )  # fmt: skip
    return done.stdout + done.stderr


def test_psycopg(address, tmp_path):
    said = run(TESTS.format(address=address), tmp_path)
    assert "2 failed, 1 passed" in said, said
    assert "test_shop.py" in said
    assert "12" in said


OTHERS = """
import asyncio
import aiosqlite
import asyncpg
import psycopg2
import psycopg2.extras
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

ADDRESS = {address!r}

async def prepared():
    connection = await asyncpg.connect(ADDRESS)
    statement = await connection.prepare("SELECT $1::int")
    for sku in range(6):
        await statement.fetchval(sku)  # asks
    await connection.close()

async def pooled():
    async with asyncpg.create_pool(ADDRESS, min_size=1, max_size=2) as pool:
        for sku in range(6):
            await pool.fetchval("SELECT $1::int", sku)  # asks

async def lite():
    async with aiosqlite.connect(":memory:") as connection:
        for sku in range(6):
            await connection.execute("SELECT ?", (sku,))  # asks

async def alchemy(address):
    engine = create_async_engine(address)
    async with engine.connect() as connection:
        for sku in range(6):
            await connection.execute(text("SELECT :sku"), dict(sku=str(sku)))  # asks
    await engine.dispose()

def old(**more):
    with psycopg2.connect(ADDRESS) as connection, connection.cursor(**more) as cursor:
        for sku in range(6):
            cursor.execute("SELECT %s", (sku,))  # asks

WAYS = dict(
    prepared=lambda: asyncio.run(prepared()),
    pooled=lambda: asyncio.run(pooled()),
    lite=lambda: asyncio.run(lite()),
    alchemy_lite=lambda: asyncio.run(alchemy("sqlite+aiosqlite://")),
    psycopg2=old,
    psycopg2_rows=lambda: old(cursor_factory=psycopg2.extras.RealDictCursor),
)

@pytest.mark.parametrize("way", WAYS)
def test_counted_once_and_at_its_line(way, queries):
    WAYS[way]()
    assert queries.count == 6, queries.statements
    [found] = queries._recorder.repeated()
    assert found.place.path == __file__
    assert found.place.source.endswith("# asks")
"""


def test_drivers_that_are_hooked_by_their_connections(address, tmp_path):
    for name in ("asyncpg", "psycopg2", "aiosqlite"):
        pytest.importorskip(name, reason=f"{name} is not installed (dependency group test)")
    said = run(OTHERS.format(address=address), tmp_path)
    assert "6 passed" in said, said
