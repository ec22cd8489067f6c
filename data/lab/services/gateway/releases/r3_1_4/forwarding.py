"""What the gateway passes on."""

from __future__ import annotations

from collections.abc import Mapping

PASSED_ON = ("x-version", "x-variant", "x-db-queries")
SECURITY = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}


def response_headers(upstream: Mapping[str, str], request_id: str) -> dict[str, str]:
    """Choose the headers that the caller gets."""
    headers = {name: upstream[name] for name in PASSED_ON if name in upstream}
    return headers | SECURITY | {"x-request-id": request_id}
