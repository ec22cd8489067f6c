"""What the gateway passes on."""

from __future__ import annotations

from collections.abc import Mapping

PASSED_ON = ("x-version", "x-variant", "x-db-queries")


def response_headers(upstream: Mapping[str, str], request_id: str) -> dict[str, str]:
    """Choose the headers that the caller gets."""
    headers = {name: upstream[name] for name in PASSED_ON if name in upstream}
    headers["x-request-id"] = request_id
    return headers
