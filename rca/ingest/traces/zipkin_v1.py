"""Zipkin's first JSON: a span is what was noted on it (``cs``, ``sr``, …), by whom; the client's half and the server's may be one object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["is_first", "spans_of"]

_SIDES = {"cs": "CLIENT", "cr": "CLIENT", "sr": "SERVER", "ss": "SERVER", "ms": "PRODUCER", "mr": "CONSUMER"}
_BEGINS, _ENDS = {"cs", "sr", "ms", "mr"}, {"cr", "ss"}
_ADDRESSES = {"sa": ("CLIENT", ""), "ca": ("SERVER",), "ma": ("PRODUCER", "CONSUMER")}


def is_first(span: Mapping[str, Any]) -> bool:
    """Say whether a span is of the first kind."""
    noted = span.get("annotations")
    return "binaryAnnotations" in span or any(isinstance(item, dict) and "endpoint" in item for item in noted or ())


def spans_of(span: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the spans of the second kind that a span of the first is: one a side that noted something.

    Examples
    --------
    >>> here = {"serviceName": "shop"}
    >>> noted = [{"timestamp": 5, "value": "sr", "endpoint": here}, {"timestamp": 9, "value": "ss", "endpoint": here}]
    >>> found = spans_of({"traceId": "1", "id": "2", "name": "get", "annotations": noted})
    >>> [(item["kind"], item["timestamp"], item["duration"], item["localEndpoint"]) for item in found]
    [('SERVER', 5, 4, {'serviceName': 'shop'})]
    """
    shared = {key: span[key] for key in ("traceId", "id", "parentId", "name", "debug") if span.get(key) is not None}
    sides: dict[str, dict[str, Any]] = {}
    others: list[Mapping[str, Any]] = []
    for item in span.get("annotations") or ():
        kind = _SIDES.get(str(item.get("value")))
        if kind is None:
            others.append(item)
            continue
        side = sides.setdefault(kind, {"kind": kind})
        side.setdefault("localEndpoint", item.get("endpoint"))
        if item["value"] in _BEGINS:
            side["timestamp"] = item.get("timestamp")
        elif item["value"] in _ENDS:
            side["end"] = item.get("timestamp")
    found = list(sides.values()) or [{}]
    for side in found:
        end, start = side.pop("end", None), side.get("timestamp")
        if end is not None and start is not None:
            side["duration"] = int(end) - int(start)
    # What the span says of itself is the side that began it: the client's where there are two.
    for name in ("timestamp", "duration"):
        if span.get(name) is not None:
            found[0][name] = span[name]
    for side in found[1:]:
        side["shared"] = True
    _placed(found, others, "annotations")
    _tagged(found, span.get("binaryAnnotations") or ())
    return [shared | side for side in found]


def _placed(found: list[dict[str, Any]], items: list[Mapping[str, Any]], name: str) -> None:
    for item in items:
        side = _side_of(found, item.get("endpoint"))
        side.setdefault(name, []).append({key: item.get(key) for key in ("timestamp", "value")})


def _tagged(found: list[dict[str, Any]], items: Any) -> None:
    for item in items:
        key, endpoint = str(item.get("key")), item.get("endpoint")
        if key in _ADDRESSES and str(item.get("value")).lower() in ("true", "\x01", "1"):
            side = next((side for side in found if side.get("kind", "") in _ADDRESSES[key]), found[0])
            side["remoteEndpoint"] = endpoint
            continue
        side = _side_of(found, endpoint)
        if key == "lc" and not side.get("localEndpoint"):
            side["localEndpoint"] = endpoint
        if key != "lc" or item.get("value"):
            side.setdefault("tags", {})[key] = item.get("value")


def _side_of(found: list[dict[str, Any]], endpoint: Any) -> dict[str, Any]:
    """Return the side that an endpoint belongs to: the one of the same service, else the first."""
    service = (endpoint or {}).get("serviceName")
    side = next((side for side in found if (side.get("localEndpoint") or {}).get("serviceName") == service), None)
    if side is None:
        side = found[0]
        if endpoint and not side.get("localEndpoint"):
            side["localEndpoint"] = endpoint
    return side
