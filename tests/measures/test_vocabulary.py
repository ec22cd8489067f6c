"""What the names that tools give their metrics say."""

from __future__ import annotations

import pytest

from rca.measures.vocabulary import meaning

NAMES = {
    "HTTPCode_Target_5XX_Count": ("errors", 1),
    "HTTPCode_ELB_5XX": ("errors", 1),
    "5XXError": ("errors", 1),
    "UnHealthyHostCount": ("errors", 1),
    "HealthyHostCount": ("availability", -1),
    "success_rate(%)": ("availability", -1),
    "sr(%)": ("availability", -1),
    "trace.http.request.hits": ("requests", 0),
    "redis_keyspace_hits": ("cache", -1),
    "redis_keyspace_misses_total": ("cache", 1),
    "node_load1": ("cpu", 1),
    "system.load.5": ("cpu", 1),
    "cart_load": ("requests", 0),
    "node_cpu_idle": ("cpu", -1),
    "CPUCreditBalance": ("cpu", -1),
    "CPUUtilization": ("cpu", 1),
    "FreeableMemory": ("memory", -1),
    "node_memory_MemAvailable_bytes": ("memory", -1),
    "node_filesystem_avail_bytes": ("disk", -1),
    "kubernetes.io.write_bytes": ("disk", 1),
    "cart_diskio": ("disk", 1),
    "system.io.await": ("disk", 1),
    "packet_loss": ("network", 1),
    "mrt(ms)": ("latency", 1),
    "envoy_cluster_upstream_rq_time": ("latency", 1),
    "latency-50": ("latency", 1),
    "redis_connected_clients": ("connections", 1),
    "process_open_fds": ("connections", 1),
    "jvm.gc.duration": ("gc", 1),
    "JVM-Threads_BusyThread": ("pool", 1),
    "kube_pod_container_status_restarts_total": ("restarts", 1),
    "container_cpu_cfs_throttled_seconds_total": ("throttling", 1),
}


@pytest.mark.parametrize("name", NAMES)
def test_names_of_tools(name):
    found = meaning(name)
    assert (found.signal, found.bad) == NAMES[name]
