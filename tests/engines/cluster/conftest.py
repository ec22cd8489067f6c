"""A standalone cluster of Apache Spark on loopback: a master, two workers of one core, a Spark Connect server.

Each is a process of its own, of bounded memory, started and stopped by its id; should the tests be killed, the kernel ends
them too. Needs Java 17 and Apache Spark itself: ``SPARK_HOME``, or the package ``pyspark`` with its JVM part.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import rca
from rca.store import Store

STARTED_WITHIN_S = 180
_DAEMON = "org.apache.spark.deploy"
_LEASH = ("setpriv", "--pdeathsig", "KILL")
"""Ends a process when the one that started it ends, however that happens."""


def spark_home() -> Path | None:
    """Return where Apache Spark with its JVM part is, or None."""
    found = importlib.util.find_spec("pyspark")
    package = Path(found.origin).parent if found and found.origin else None
    places = [Path(place) for place in (os.environ.get("SPARK_HOME", ""), package or "") if str(place)]
    return next((place for place in places if list(place.glob("jars/spark-connect_*.jar"))), None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Standalone:
    """The processes of one cluster."""

    def __init__(self, home: Path, place: Path) -> None:
        self.home, self.place = home, place
        self.port, self._master_port = free_port(), free_port()
        self.workers: list[subprocess.Popen[bytes]] = []
        self._others: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        master = f"spark://127.0.0.1:{self._master_port}"
        place = ("--host", "127.0.0.1", "--webui-port", "0")
        daemon = {"SPARK_DAEMON_MEMORY": "256m"}
        self._others.append(
            self._run("master", f"{_DAEMON}.master.Master", *place, "--port", str(self._master_port), **daemon)
        )
        self._until_it_listens(self._master_port)
        for number in range(2):
            folder = str(self.place / f"work-{number}")
            self.workers.append(
                self._run(
                    f"worker-{number}",
                    f"{_DAEMON}.worker.Worker",
                    *place,
                    "-c",
                    "1",
                    "-m",
                    "1g",
                    "-d",
                    folder,
                    master,
                    **daemon,
                )
            )
        short = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # a JVM that lives for minutes
        settings = {
            "spark.driver.extraJavaOptions": short, "spark.executor.extraJavaOptions": short,
            "spark.executor.memory": "900m", "spark.driver.memory": "1g", "spark.driver.host": "127.0.0.1", "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "4", "spark.connect.grpc.binding.address": "127.0.0.1", "spark.connect.grpc.binding.port": str(self.port),
        }  # fmt: skip
        given = [part for key, value in settings.items() for part in ("--conf", f"{key}={value}")]
        server = "org.apache.spark.sql.connect.service.SparkConnectServer"
        self._others.append(
            self._run(
                "connect", f"{_DAEMON}.SparkSubmit", "--class", server, "--master", master, *given, "spark-internal"
            )
        )
        self._until_it_listens(self.port)

    def _run(self, name: str, *arguments: str, **more: str) -> subprocess.Popen[bytes]:
        leash = _LEASH if shutil.which(_LEASH[0]) else ()
        env = (
            os.environ
            | more
            | {
                "SPARK_HOME": str(self.home),
                "SPARK_LOCAL_IP": "127.0.0.1",
                "SPARK_LOCAL_DIRS": str(self.place / "scratch"),
            }
        )
        with (self.place / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [*leash, str(self.home / "bin" / "spark-class"), *arguments], env=env, stdout=log, stderr=log
            )

    def _until_it_listens(self, port: int) -> None:
        until = time.monotonic() + STARTED_WITHIN_S
        while time.monotonic() < until and all(process.poll() is None for process in (*self._others, *self.workers)):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.2)
        pytest.fail(
            "the cluster did not start: " + "".join(path.read_text()[-600:] for path in self.place.glob("*.log"))
        )

    def log(self, name: str) -> str:
        return (self.place / f"{name}.log").read_text(errors="replace")

    def tasks(self, worker: int) -> int:
        """Return how many tasks a worker's executors have begun."""
        return sum(
            path.read_text(errors="replace").count("Running task")
            for path in (self.place / f"work-{worker}").glob("app-*/*/stderr")
        )

    def executors(self, worker: int) -> list[int]:
        """Return the ids of the processes in which one worker computes."""
        children = Path(f"/proc/{self.workers[worker].pid}/task").glob("*/children")
        return [int(pid) for path in children for pid in path.read_text().split()]

    def kill(self, worker: int) -> None:
        """End a worker and its executors in mid-stride, as a machine that dies."""
        for pid in (self.workers[worker].pid, *self.executors(worker)):
            os.kill(pid, signal.SIGKILL)
        self.workers[worker].wait(20)

    def stop(self) -> None:
        for process in (*self._others[1:], *self.workers, *self._others[:1]):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)


@pytest.fixture(scope="session")
def start_cluster(tmp_path_factory: pytest.TempPathFactory):
    """A function that starts a cluster; it is stopped at the end."""
    pytest.importorskip("pyspark", reason="install the group engines: pip install --group engines")
    home = spark_home()
    if not shutil.which("java"):
        pytest.skip("there is no java: install a Java 17 run-time, such as openjdk-17-jre-headless")
    if home is None:
        pytest.skip(
            "there is no Apache Spark: pip install pyspark into a virtual environment of its own and let SPARK_HOME name its folder pyspark"
        )
    started = []

    def start() -> Standalone:
        started.append(Standalone(home, tmp_path_factory.mktemp("cluster")))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture(scope="session")
def cluster(start_cluster) -> Standalone:
    return start_cluster()


@pytest.fixture(scope="session")
def folder(recorded: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("lake") / "telemetry"
    recorded.export(place)
    return place


@pytest.fixture(scope="session")
def lake(cluster: Standalone, folder: Path) -> Iterator[Store]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the client warns of pandas, which rca does not use
        store = rca.open(f"sc://127.0.0.1:{cluster.port}?path={folder}")
    yield store
    store.close()
