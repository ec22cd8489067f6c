"""How tools name and lay out the same quantities: names, units, running sums, long and wide tables, gaps."""

from __future__ import annotations

import csv
import datetime as dt
import pathlib
from dataclasses import dataclass

import numpy as np
from shops import Shop

BEGIN = dt.datetime(2025, 3, 11, 7, 20, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Named:
    """A metric name, the factor to its unit, and whether it is a running sum of the quantity."""

    name: str
    times: float = 1.0
    running: bool = False


DIALECTS: dict[str, dict[str, tuple[Named, ...]]] = {
    "suffixes": {  # service_metric columns of benchmark sets
        "load": (Named("workload"),), "p50": (Named("latency-50"),), "p90": (Named("latency-90"),), "errors": (Named("error"),),
        "cpu": (Named("cpu"),), "memory": (Named("mem"),), "disk": (Named("diskio"),), "sockets": (Named("socket"),),
    },
    "exporters": {
        "cpu": (Named("container_cpu_usage_seconds_total", 1, True),), "memory": (Named("container_memory_working_set_bytes"), Named("container_memory_rss", 0.8)),
        "disk": (Named("container_fs_writes_bytes_total", 1, True),), "received": (Named("container_network_receive_bytes_total", 1, True),),
        "sent": (Named("container_network_transmit_bytes_total", 1, True),), "threads": (Named("container_threads"),), "sockets": (Named("container_sockets"),),
        "load": (Named("istio_requests_total", 1, True),), "p50": (Named("istio_request_duration_milliseconds_p50", 1e3),),
        "p90": (Named("istio_request_duration_milliseconds_p90", 1e3),), "p99": (Named("istio_request_duration_milliseconds_p99", 1e3),),
        "errors": (Named("istio_requests_5xx_total", 1, True),), "restarts": (Named("kube_pod_container_status_restarts_total"),),
    },
    "cloudwatch": {
        "load": (Named("RequestCount", 60),), "p50": (Named("TargetResponseTime"),), "p99": (Named("TargetResponseTime.p99"),),
        "errors": (Named("HTTPCode_Target_5XX_Count", 60),), "cpu": (Named("CPUUtilization", 25),), "memory": (Named("MemoryUtilization", 1e-7),),
        "disk": (Named("DiskWriteBytes"),), "received": (Named("NetworkIn"),), "sent": (Named("NetworkOut"),), "sockets": (Named("ActiveConnectionCount"),),
    },
    "datadog": {
        "load": (Named("trace.http.request.hits"),), "p50": (Named("trace.http.request.duration.by.service.50p"),), "p99": (Named("trace.http.request.duration.by.service.99p"),),
        "errors": (Named("trace.http.request.errors"),), "cpu": (Named("kubernetes.cpu.usage.total", 1e9),), "memory": (Named("kubernetes.memory.usage"), Named("kubernetes.memory.rss", 0.7)),
        "disk": (Named("kubernetes.io.write_bytes"),), "received": (Named("kubernetes.network.rx_bytes"),), "sent": (Named("kubernetes.network.tx_bytes"),),
        "gc": (Named("jvm.gc.parnew.time", 1e3),), "threads": (Named("jvm.thread_count"),), "restarts": (Named("kubernetes.containers.restarts"),),
    },
    "otel": {
        "load": (Named("http.server.request.count"),), "p50": (Named("http.server.request.duration.p50"),), "p90": (Named("http.server.request.duration.p90"),),
        "errors": (Named("http.server.errors"),), "cpu": (Named("process.cpu.utilization", 0.25),), "memory": (Named("process.memory.usage"),),
        "disk": (Named("process.disk.io"),), "threads": (Named("process.thread.count"),), "sockets": (Named("process.open_file_descriptor.count"),),
        "gc": (Named("jvm.gc.duration"),), "received": (Named("system.network.io.receive"),),
    },
    "hosts": {  # node exporter and JMX names of people's own dashboards
        "cpu": (Named("OSLinux-CPU_CPU_CPUCpuUtil", 20), Named("node_load1", 2)), "memory": (Named("OSLinux-MEMORY_MEMORY_MEMUsedMemPerc", 1e-7),),
        "disk": (Named("OSLinux-DISK_DISK_DSKWrite"),), "sockets": (Named("OSLinux-NETWORK_TCP_CONN_ESTABLISHED"),), "received": (Named("OSLinux-NETWORK_eth0_NETBandwidthIn"),),
        "load": (Named("JVM_Servlet_Requests_per_s"),), "p50": (Named("mrt(ms)", 1e3),), "errors": (Named("JVM_Servlet_ErrorCount"),), "threads": (Named("JVM-Threads_BusyThread"),),
        "gc": (Named("JVM_GC_CollectionTime", 1e3),), "restarts": (Named("ContainerRestarts"),),
    },
    "plain": {
        "load": (Named("throughput_rps"),), "p50": (Named("avg_response_time_ms", 1e3),), "p99": (Named("p99_ms", 1e3),), "errors": (Named("failed_requests_per_s"),),
        "cpu": (Named("cpu_millicores", 1e3),), "memory": (Named("memory_mb", 1e-6),), "disk": (Named("disk_write_kb_s", 1e-3),), "sockets": (Named("tcp_connections"),),
        "sent": (Named("net_tx_kbps", 8e-3),), "threads": (Named("active_threads"),), "gc": (Named("gc_pause_ms", 1e3),), "restarts": (Named("pod_restarts"),),
    },
}  # fmt: skip
LAYOUTS = ("long", "long", "wide", "unix")


def told(shop: Shop, dialect: str) -> bool:
    """Say whether this dialect shows the fault at all."""
    shown = {"cpu": "cpu", "memory": "memory", "disk": "disk", "delay": "p50", "loss": "p90", "socket": "sockets", "errors": "errors", "gc": "gc",
             "restart": "restarts", "threads": "threads"}[shop.fault]  # fmt: skip
    return shown in DIALECTS[dialect] or (shop.fault == "loss" and "p99" in DIALECTS[dialect])


def series_of(shop: Shop, dialect: str, rng: np.random.Generator) -> dict[tuple[str, str], np.ndarray]:
    """Return every metric's points, NaN where one is missing."""
    out = {}
    missing = float(rng.choice([0, 0, 0.03]))
    resets = int(rng.integers(10, shop.calm))
    for name in shop.names:
        for quantity, called in DIALECTS[dialect].items():
            for one in called:
                values = shop.values[name, quantity] * one.times
                if one.running:
                    values = np.cumsum(values * shop.step_s) + rng.integers(0, 10**6)
                    if rng.random() < 0.05:
                        values[resets:] -= values[resets]
                values = values.copy()
                values[rng.random(len(values)) < missing] = np.nan
                out[name, one.name] = values
    return out


def write(
    shop: Shop, dialect: str, layout: str, folder: pathlib.Path, rng: np.random.Generator, *, edges: bool
) -> dict[tuple[str, str], np.ndarray]:
    """Write the files of a case, and return the series in them."""
    series = series_of(shop, dialect, rng)
    away = [shop.away_s * (at >= shop.calm) for at in range(shop.calm + shop.hot)]
    times = [BEGIN + dt.timedelta(seconds=shop.step_s * at + away[at]) for at in range(shop.calm + shop.hot)]
    stamps = [time.strftime("%Y-%m-%dT%H:%M:%SZ") if layout == "long" else str(int(time.timestamp())) for time in times]
    with (folder / "metrics.csv").open("w", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        if layout == "wide":
            table.writerow(["time", *(f"{service}_{metric}" for service, metric in series)])
            for at, stamp in enumerate(stamps):
                table.writerow(
                    [stamp, *("" if np.isnan(values[at]) else repr(float(values[at])) for values in series.values())]
                )
        else:
            table.writerow(["timestamp", "service", "metric", "value"])
            for (service, metric), values in series.items():
                for at in np.flatnonzero(np.isfinite(values)):
                    table.writerow([stamps[at], service, metric, repr(float(values[at]))])
    if edges:
        with (folder / "edges.csv").open("w", newline="") as out:
            csv.writer(out).writerows(
                [("caller", "callee"), *((caller, callee) for caller, below in shop.calls.items() for callee in below)]
            )
    return series
