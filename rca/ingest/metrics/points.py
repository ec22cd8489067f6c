"""Points of series on their way to the sink: what a series says of all its points is written down once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from rca.ingest.contract import Sink
from rca.ingest.metrics.series import service_of
from rca.ingest.tables.units import ucum, unit_in_name

__all__ = ["PointRows"]

_ROWS = 131_072


class PointRows:
    """Gathers points and hands them to the sink in batches."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._series: list[dict[str, Any]] = []
        self._labels: list[list[tuple[str, str]]] = []
        self._known: dict[tuple[Any, ...], int] = {}
        self._clear()

    def _clear(self) -> None:
        self._which: list[int] = []
        self._times: list[int | None] = []
        self._starts: list[int | None] = []
        self._values: list[float | None] = []
        self._extra: dict[int, dict[str, str]] = {}

    def series(
        self, name: str, labels: Mapping[str, str], *, service: str = "", unit: str = "", kind: str = "gauge", temporality: str = "",
        monotonic: bool | None = None,
    ) -> int:  # fmt: skip
        """Announce a series and return its number; the label that names the service becomes it where none is given."""
        key = (name, tuple(labels.items()), service, unit, kind, temporality, monotonic)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self._series)
            own = {label: value for label, value in labels.items() if value != ""}
            found = service or service_of(own) or self._sink.context.service_name
            self._series.append(
                {"metric_name": name, "service_name": found, "unit": ucum(unit) if unit else unit_in_name(name), "metric_type": kind,
                 "temporality": temporality, "is_monotonic": monotonic}
            )  # fmt: skip
            self._labels.append(list(own.items()))
        return number

    def add(
        self,
        series: int,
        time_ns: int | None,
        value: float | None,
        *,
        extra: Mapping[str, str] | None = None,
        start_ns: int | None = None,
    ) -> None:
        """Take one point; NaN is no value."""
        if extra:
            self._extra[len(self._which)] = dict(extra)
        self._which.append(series)
        self._times.append(time_ns)
        self._starts.append(start_ns)
        self._values.append(None if value is None or value != value else value)  # noqa: PLR0124  (NaN alone differs from itself)
        if len(self._which) >= _ROWS:
            self.flush()

    def extend(self, series: int, times_ns: Sequence[int | None], values: Sequence[float | None]) -> None:
        """Take many points of one series."""
        for time_ns, value in zip(times_ns, values, strict=True):
            self.add(series, time_ns, value)

    def whole(self, row: Mapping[str, Any], labels: Mapping[str, str]) -> None:
        """Take a point of a histogram or summary, given as its columns."""
        self.flush()
        own = dict(labels)
        service = service_of(own) or self._sink.context.service_name
        self._sink.records(
            "metrics",
            [{"service_name": service, "unit": unit_in_name(str(row["metric_name"])), "attributes": own, **row}],
        )

    def quarantine(self, reason: str, excerpt: bytes | str, offset: int | None = None) -> None:
        """Set a record apart, in its place among the points."""
        self.flush()
        self._sink.quarantine(reason, excerpt, offset)

    def flush(self) -> None:
        """Hand over what was gathered."""
        if not self._which:
            return
        index = pa.array(self._which, pa.int32())
        columns: dict[str, Any] = {
            "time_ns": pa.array(self._times, pa.int64()),
            "start_time_ns": pa.array(self._starts, pa.int64()),
            "value": pa.array(self._values, pa.float64()),
        }
        for name in ("metric_name", "service_name", "unit", "metric_type", "temporality", "is_monotonic"):
            kind = pa.bool_() if name == "is_monotonic" else pa.string()
            columns[name] = pa.array([item[name] for item in self._series], kind).take(index)
        labels = self._labels
        if self._extra:
            which, labels = list(self._which), list(self._labels)
            for row, more in self._extra.items():
                labels.append(list((dict(self._labels[which[row]]) | more).items()))
                which[row] = len(labels) - 1
            index = pa.array(which, pa.int32())
        columns["attributes"] = pa.DictionaryArray.from_arrays(
            index, pa.array(labels, pa.map_(pa.string(), pa.string()))
        )
        self._sink.rows("metrics", pa.table(columns))
        self._clear()
