"""Which histogram measures the requests that a service serves, by its name in Prometheus."""

from __future__ import annotations

import re

__all__ = ["NOT_SERVED", "SERVED", "served_rank"]

SERVED = (
    r"server_(request_)?duration|http_server_requests?_(duration_)?(seconds|milliseconds)",
    r"(http|grpc|rpc|request)\w*(duration|latency|seconds|milliseconds)",
)
"""Names of the length of served requests, the plainest first."""
NOT_SERVED = r"client|outgoing|egress|upstream|(^|_)(db|sql|database|query|queries|gc|queue|dns|cache|redis|lock|scrape|pool)(_|$)"
"""Names of other lengths: of calls that the service makes, of what happens inside."""


def served_rank(name: str) -> int | None:
    """Return how plainly a metric's name says that it measures served requests, 0 best; None where it does not.

    Examples
    --------
    >>> served_rank("http.server.request.duration"), served_rank("grpc_server_handling_seconds")
    (0, 1)
    >>> served_rank("http_client_request_duration_seconds"), served_rank("worker_pool_queue_wait_seconds")
    (None, None)
    """
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower())
    if re.search(NOT_SERVED, plain):
        return None
    return next((rank for rank, pattern in enumerate(SERVED) if re.search(pattern, plain)), None)
