"""Spans on their way from a reader to the sink: columns are gathered, meaning is settled in bulk.

One place for what all span formats share: which attributes become columns, what a span weighs, how many calls it stands
for, the digest of its statement. A reader calls :meth:`SpanRows.add` span by span, or fills the lists itself where speed
matters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rca.ingest.contract import Sink
from rca.ingest.members import Members, as_members, json_map
from rca.ingest.semconv import (  # fmt: skip
    CALL_KEYS,
    KINDS,
    RESOURCE_KEYS,
    SAMPLING_KEYS,
    SPAN_KEYS,
    STATUSES,
    threshold_weight,
    weight_from,
)
from rca.ingest.statements import Statements

__all__ = ["Resource", "Scope", "SpanRows"]

ROWS = 32_768
"""Spans that are gathered before they become a batch."""

_BYTES = 64 << 20
"""Bytes of attributes that make a batch whatever the number of spans."""

_KINDS, _STATUSES = np.array(KINDS, dtype=object), np.array(STATUSES, dtype=object)


class Resource:
    """What wrote the spans: its attributes, as a map and as the columns taken from it."""

    __slots__ = ("attributes", "columns", "json")

    def __init__(self, attributes: Mapping[str, str], service_name: str = "") -> None:
        self.attributes = dict(attributes)
        self.json = json_map(self.attributes)
        self.columns = {
            column: next((self.attributes[key] for key in keys if self.attributes.get(key)), "")
            for column, keys in RESOURCE_KEYS.items()
        }
        self.columns["service_name"] = self.columns["service_name"] or service_name


class Scope:
    """What instrumentation made the spans: attributes that all of them share."""

    __slots__ = ("attributes", "members")

    def __init__(self, attributes: Mapping[str, str]) -> None:
        self.attributes = dict(attributes)
        self.members = json_map(self.attributes)[1:-1]


_NO_SCOPE = Scope({})


class SpanRows:
    """Gathers spans and hands them to the sink in batches.

    The lists are public for readers that fill them by whole groups of spans; they call :meth:`groups` first.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._statements = Statements()
        self._resources: dict[tuple[tuple[str, str], ...], Resource] = {}
        self._scopes: dict[tuple[tuple[str, str], ...], Scope] = {}
        self._clear()

    def _clear(self) -> None:
        self.trace_id: list[str] = []
        self.span_id: list[str] = []
        self.parent_span_id: list[str] = []
        self.span_name: list[str] = []
        self.kind: list[int] = []
        self.start_ns: list[int | None] = []
        self.duration_ns: list[int | None] = []
        self.status: list[int] = []
        self.lines: list[bytes] = []
        """Attributes, a line a span, in pieces of any number of lines; see :class:`rca.ingest.members.Members`."""
        self._bytes = 0
        self.messages: dict[int, str] = {}
        self.weights: dict[int, float] = {}
        self.calls: dict[int, int] = {}
        self._groups: list[tuple[Resource, int, int, Scope]] = []
        self._events: list[dict[str, Any]] = []
        self._links: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self.span_id)

    def resource(self, attributes: Mapping[str, str]) -> Resource:
        """Return the resource with these attributes, the same object for the same attributes."""
        key = tuple(attributes.items())
        found = self._resources.get(key)
        if found is None:
            if len(self._resources) > 50_000:
                self._resources.clear()
            found = self._resources[key] = Resource(attributes, self._sink.context.service_name)
        return found

    def scope(self, attributes: Mapping[str, str]) -> Scope:
        """Return the scope with these attributes, the same object for the same attributes."""
        if not attributes:
            return _NO_SCOPE
        key = tuple(attributes.items())
        found = self._scopes.get(key)
        if found is None:
            if len(self._scopes) > 50_000:
                self._scopes.clear()
            found = self._scopes[key] = Scope(attributes)
        return found

    def groups(self, groups: Sequence[tuple[Resource, Scope, int]]) -> int:
        """Announce spans, so many of each resource and scope, and return the row at which they begin."""
        first = self._sink.reserve(sum(count for *_, count in groups))
        for resource, scope, count in groups:
            self._groups.append((resource, first, count, scope))
            first += count
        return len(self.span_id)

    def add(
        self, resource: Resource, *, trace_id: str, span_id: str, parent_span_id: str = "", name: str = "", kind: int = 0,
        start_ns: int | None = None, duration_ns: int | None = None, status: int = 0, message: str = "",
        tracestate: str = "", attributes: Mapping[str, str] | None = None, scope: Scope = _NO_SCOPE, weight: float = 0.0, calls: int = 0,
    ) -> None:  # fmt: skip
        """Take one span; ids are hex already, `kind` and `status` are OTLP's numbers."""
        row = self.groups([(resource, scope, 1)])
        own = dict(attributes or {})
        if tracestate:
            own["w3c.tracestate"] = tracestate
            weight = weight or threshold_weight(tracestate)
        if message:
            self.messages[row] = message
        if weight:
            self.weights[row] = weight
        if calls:
            self.calls[row] = calls
        self.trace_id.append(trace_id)
        self.span_id.append(span_id)
        self.parent_span_id.append(parent_span_id)
        self.span_name.append(name)
        self.kind.append(kind)
        self.start_ns.append(start_ns)
        self.duration_ns.append(duration_ns)
        self.status.append(status)
        self.take_lines(as_members(own) + b"\n")

    def take_lines(self, lines: bytes) -> None:
        """Take the attributes of the spans that were appended last."""
        self.lines.append(lines)
        self._bytes += len(lines)

    def event(self, trace_id: str, span_id: str, time_ns: int | None, name: str, attributes: Mapping[str, str]) -> None:
        """Take an event on a span."""
        self._events.append(
            {"trace_id": trace_id, "span_id": span_id, "time_ns": time_ns, "event_name": name, "attributes": json_map(attributes)}
        )  # fmt: skip

    def link(self, trace_id: str, span_id: str, linked: tuple[str, str], attributes: Mapping[str, str]) -> None:
        """Take a link from a span to another."""
        self._links.append(
            {"trace_id": trace_id, "span_id": span_id, "linked_trace_id": linked[0], "linked_span_id": linked[1],
             "attributes": json_map(attributes)}
        )  # fmt: skip

    def flush_if_full(self) -> None:
        """Hand over what was gathered when it is enough for a batch."""
        if len(self.span_id) >= ROWS or len(self._events) + len(self._links) >= 4 * ROWS or self._bytes > _BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand over everything that was gathered."""
        if self.span_id:
            self._sink.rows("spans", self._batch())
        if self._events:
            self._sink.rows("span_events", pa.Table.from_pylist(self._events))
        if self._links:
            self._sink.rows("span_links", pa.Table.from_pylist(self._links))
        self._clear()

    def _batch(self) -> pa.Table:
        count = len(self.span_id)
        sizes = np.array([group[2] for group in self._groups], dtype=np.int64)
        selection, before = self._scoped(sizes)
        columns: dict[str, Any] = {
            "trace_id": pa.array(self.trace_id, pa.string()),
            "span_id": pa.array(self.span_id, pa.string()),
            "parent_span_id": pa.array(self.parent_span_id, pa.string()),
            "span_name": pa.array(self.span_name, pa.string()),
            "span_kind": pa.array(_KINDS[np.array(self.kind, dtype=np.int64)], pa.string()),
            "start_ns": pa.array(self.start_ns, pa.int64()),
            "duration_ns": pa.array(self.duration_ns, pa.int64()),
            "status_code": pa.array(_STATUSES[np.array(self.status, dtype=np.int64)], pa.string()),
            "attributes": selection.maps(before),
            "record_no": _numbers([group[1] for group in self._groups], sizes),
        }
        for name, keys in SPAN_KEYS.items():
            found = selection.text(keys)
            if found is not None:
                columns[name] = found
        if self.messages:
            columns["status_message"] = _sparse(self.messages, count, "", pa.string())
        self._settle(columns, selection, count)
        columns |= self._of_resources(selection, sizes)
        return pa.table(columns)

    def _scoped(self, sizes: npt.NDArray[np.int64]) -> tuple[Members, pa.Array | None]:
        """Return the attributes of the rows, and what their scopes put in front of them."""
        scopes = list(dict.fromkeys(group[3] for group in self._groups))
        places = {scope: at for at, scope in enumerate(scopes)}
        own = Members(b"".join(self.lines))
        if not any(scope.attributes for scope in scopes):
            return own, None
        codes = np.repeat([places[group[3]] for group in self._groups], sizes)
        before = pa.array([scope.members for scope in scopes], pa.string()).take(pa.array(codes))
        if not any(key in own.keys for scope in scopes for key in scope.attributes):
            return own, before
        # a span may say otherwise than its scope: both become members, the span's own coming last
        return Members("".join(own.lines(before).to_pylist()).encode()), None

    def _settle(self, columns: dict[str, Any], selection: Members, count: int) -> None:
        """Fill the columns whose values follow from several attributes."""
        if "http_response_status_code" in columns:
            columns["http_response_status_code"] = _status_codes(columns["http_response_status_code"])
        self._statements.settle(columns)
        calls = {row: most for row, found in selection.rows_with(CALL_KEYS).items() if (most := _calls(found)) > 1}
        calls |= self.calls
        if calls:
            columns["calls"] = _sparse(calls, count, 1, pa.int64())
        weights = {row: weight for row, found in selection.rows_with(SAMPLING_KEYS).items() if (weight := weight_from(found))}  # fmt: skip
        weights |= self.weights
        if weights:
            columns["adjusted_count"] = _sparse(weights, count, 1.0, pa.float64())

    def _of_resources(self, selection: Members, sizes: npt.NDArray[np.int64]) -> dict[str, Any]:
        places: dict[int, int] = {}
        distinct: list[Resource] = []
        codes = []
        for resource, *_ in self._groups:
            at = places.setdefault(id(resource), len(distinct))
            if at == len(distinct):
                distinct.append(resource)
            codes.append(at)
        index = pa.array(np.repeat(np.array(codes, dtype=np.int32), sizes))
        columns: dict[str, Any] = {}
        for name, keys in RESOURCE_KEYS.items():
            texts = [resource.columns[name] for resource in distinct]
            columns[name] = pa.array(texts, pa.string()).take(index)
            own = selection.text(keys) if "" in texts else None
            if own is not None:
                blank = pc.equal(columns[name], "")
                columns[name] = pc.if_else(blank, own, columns[name])
        maps = pa.array([list(item.attributes.items()) for item in distinct], pa.map_(pa.string(), pa.string()))
        columns["resource_attributes"] = pa.DictionaryArray.from_arrays(index, maps)
        return columns


def _numbers(firsts: Sequence[int], sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the record numbers of groups that begin at `firsts`."""
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    return np.arange(int(sizes.sum()), dtype=np.int64) + np.repeat(np.array(firsts, dtype=np.int64) - starts, sizes)


def _sparse(values: Mapping[int, Any], count: int, default: Any, kind: pa.DataType) -> pa.Array:
    column = [default] * count
    for row, value in values.items():
        column[row] = value
    return pa.array(column, kind)


def _status_codes(column: pa.Array) -> pa.Array:
    coded = column.dictionary_encode()
    codes = [int(text) if text.isdecimal() and len(text) < 6 else None for text in coded.dictionary.to_pylist()]
    return pa.array(codes, pa.int32()).take(coded.indices)


def _calls(found: Mapping[str, str]) -> int:
    texts = [found[key] for key in CALL_KEYS if key in found]
    return next((int(text) for text in texts if text.isdecimal() and len(text) < 16), 1)
