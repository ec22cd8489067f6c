"""Metric points of tables: one a row (long), or one a cell (wide), vectorised."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl
import pyarrow as pa

from rca.ingest.changes.kubernetes import workload
from rca.ingest.clock import Clock
from rca.ingest.contract import Sink
from rca.ingest.metrics.series import SERVICE_LABELS, labels_of, split_series
from rca.ingest.tables.batch import Batch, Numbers, attribute_maps, text_maps
from rca.ingest.tables.layout import Layout
from rca.ingest.tables.measured import measured
from rca.ingest.tables.names import SERVICE, find, normal, split_unit
from rca.ingest.tables.series_names import split_names
from rca.ingest.tables.units import in_unit, number, ucum, unit_in_name

__all__ = ["LongPoints", "WidePoints"]

_TYPES = {
    "counter": "sum", "sum": "sum", "gauge": "gauge", "histogram": "histogram", "summary": "summary", "cumulative": "sum", "delta": "sum",
    "c": "sum", "g": "gauge",
}  # fmt: skip


_PODS = frozenset(("pod", "pod_name", "podname", "k8s_pod_name", "kubernetes_pod_name"))
_INDEX = frozenset(("", "unnamed_0"))
"""Names under which a data frame writes the running number of its rows."""


class LongPoints:
    """One point a row: time, service, name, value, and labels."""

    def __init__(self, layout: Layout, sink: Sink) -> None:
        self._fields, self._sink = dict(layout.fields), sink
        time = self._fields.get("time")
        self._clock = Clock(sink.context, unit=split_unit(normal(time))[1] if time else "")

    def add(self, batch: Batch) -> None:
        """Take a batch of rows."""
        frame = _with(batch.frame, self._fields.values(), len(batch))
        if not len(frame):
            return
        times, bad_time = _times(frame, self._fields.get("time"), self._clock)
        values, units, bad_value = _values(frame, self._fields["value"])
        nameless = (frame[self._fields["name"]].fill_null("") == "").to_numpy()
        bad = bad_time | bad_value | nameless
        numbers = Numbers(self._sink, len(frame))
        for at in np.flatnonzero(bad):
            reason = "not a time" if bad_time[at] else "not a number" if bad_value[at] else "no name of a metric"
            self._sink.quarantine(reason, batch.excerpt(int(at)), batch.offset(int(at)), record_no=numbers.at(int(at)))
        good = np.flatnonzero(~bad)
        if len(good) == len(frame):
            self._push(frame, times, values, units, numbers.of(good))
        elif len(good):
            self._push(frame[good], times[good], values[good], units[good], numbers.of(good))

    def _push(
        self, frame: pl.DataFrame, times: pl.Series, values: pl.Series, units: pl.Series, record_no: pa.Array
    ) -> None:
        column, count = self._fields, len(frame)
        names = measured(frame, column["name"])
        service = (
            frame[column["service"]]
            if "service" in column
            else pl.Series([None], dtype=pl.String).new_from_index(0, count)
        )
        inner: list[dict[str, str]] = []
        which = np.zeros(count, np.int64)
        distinct = frame[column["labels"]].unique(maintain_order=True) if "labels" in column else None
        if distinct is not None:
            inner, which = [labels_of(text) for text in distinct.to_list()], _codes(frame[column["labels"]], distinct)
        own = names.unique(maintain_order=True)
        split = {name: split_series(name) for name in own.to_list() if "{" in name}
        if split and distinct is None:
            # name{label="value"} in the column of names, as Prometheus writes a series
            inner, which = [split.get(name, ("", {}))[1] for name in own.to_list()], _codes(names, own)
            names = names.replace({name: parts[0] for name, parts in split.items()})
        if inner and "service" not in column:
            service = _picked(inner, which)
        maps = text_maps(
            frame, [name for name in frame.columns if name not in column.values() and normal(name) not in _INDEX]
        )
        rows: dict[str, object] = {
            "time_ns": times.to_arrow(),
            "value": values.to_arrow(),
            "record_no": record_no,
            "metric_name": names.to_arrow(),
            "service_name": service.fill_null(self._sink.context.service_name).to_arrow(),
            "unit": _units(frame, column, names, units).to_arrow(),
        }
        if inner or maps is not None:
            rows["attributes"] = _joined(maps, inner, which) if inner else maps
        if "type" in column:
            kinds = frame[column["type"]].fill_null("").str.to_lowercase()
            rows["metric_type"] = kinds.replace_strict(_TYPES, default="gauge", return_dtype=pl.String).to_arrow()
        self._sink.rows("metrics", pa.table(rows))

    def finish(self) -> None:
        """Nothing is held back."""


class WidePoints:
    """One point a cell: a column of times, and a column for each series."""

    def __init__(self, layout: Layout, sink: Sink) -> None:
        self._time, self._sink, self._hint = layout.fields["time"], sink, layout.hint
        self._clock = Clock(sink.context, unit=split_unit(normal(self._time))[1])
        self._named: dict[str, tuple[str, str, dict[str, str]]] = {}

    def add(self, batch: Batch) -> None:
        """Take a batch of rows."""
        frame = _with(batch.frame, [self._time], len(batch))
        if not len(frame):
            return
        times, bad_time = _times(frame, self._time, self._clock)
        labels, series = self._roles(frame)
        cells = [_values(frame, name) for name in series]
        missing = [
            frame[name].is_null().to_numpy() | (values.is_null().to_numpy() & ~bad)
            for name, (values, _, bad) in zip(series, cells, strict=True)
        ]
        there = np.column_stack([~gone & ~bad_time for gone in missing]) if series else np.zeros((len(frame), 0), bool)
        whole = np.flatnonzero(bad_time)
        # Records in the order of the file: the cells of a row from left to right; a row without a time is one.
        counts = there.sum(axis=1) + bad_time
        first = np.concatenate(([0], np.cumsum(counts)[:-1])).astype(np.int64)
        numbers = Numbers(self._sink, int(counts.sum()))
        for at in whole:
            self._sink.quarantine(
                "not a time", batch.excerpt(int(at)), batch.offset(int(at)), record_no=numbers.at(first[at])
            )
        place = first[:, None] + np.cumsum(there, axis=1) - there
        service_column = find(labels, SERVICE)
        for index, name in enumerate(series):
            values, written, bad = cells[index]
            for at in np.flatnonzero(bad & there[:, index]):
                self._sink.quarantine(
                    f"not a number in column {name}",
                    str(frame[name][int(at)]),
                    batch.offset(int(at)),
                    record_no=numbers.at(place[at, index]),
                )
            good = np.flatnonzero(there[:, index] & ~bad)
            if len(good):
                self._push(
                    frame[good],
                    name,
                    (times[good], values[good], written[good]),
                    numbers.of(place[good, index]),
                    labels,
                    service_column,
                )

    def _roles(self, frame: pl.DataFrame) -> tuple[list[str], list[str]]:
        """Return the columns that label a row, and those that are series."""
        labels, series = [], []
        for name in frame.columns:
            if name == self._time or name in self._named:
                series += [name] * (name in self._named)
                continue
            texts = frame[name].drop_nulls()
            numeric = sum(number(text) is not None for text in texts.head(50).to_list())
            if normal(name) in _INDEX | {"index", "row", "id"}:
                self._sink.context.note(f"column {name!r} is a running number and was left out")
            elif 2 * numeric >= len(texts.head(50)):
                series.append(name)
            else:
                labels.append(name)
        fresh = [name for name in series if name not in self._named]
        if fresh:
            has_service = bool(self._sink.context.service_name) or find(labels, SERVICE) is not None
            self._named |= split_names([*self._named, *fresh], hint=self._hint, alone=has_service)
        return labels, series

    def _push(
        self,
        frame: pl.DataFrame,
        name: str,
        points: tuple[pl.Series, pl.Series, pl.Series],
        record_no: pa.Array,
        labels: list[str],
        service_column: str | None,
    ) -> None:
        service, metric, extra = self._named[name]
        count = len(frame)
        values, units = _of_one_unit(points[1], points[2], unit_in_name(metric))
        own: pa.Array = pa.repeat(pa.scalar(service or self._sink.context.service_name), count)
        if service_column is not None:
            pod = normal(service_column) in _PODS
            services = _workloads(frame[service_column]) if pod else frame[service_column]
            own = services.fill_null(self._sink.context.service_name).to_arrow()
            labels = labels if pod else [label for label in labels if label != service_column]
        maps = text_maps(frame, labels)
        if extra:
            maps = _joined(maps, [extra], np.zeros(count, np.int64))
        rows = {
            "time_ns": points[0].to_arrow(),
            "value": values.to_arrow(),
            "record_no": record_no,
            "metric_name": pa.repeat(pa.scalar(metric), count),
            "service_name": own,
            "unit": units.to_arrow(),
        }
        if maps is not None:
            rows["attributes"] = maps
        self._sink.rows("metrics", pa.table(rows))

    def finish(self) -> None:
        """Nothing is held back."""


def _with(frame: pl.DataFrame, names: Iterable[str], count: int) -> pl.DataFrame:
    """Return a frame that has all these columns: a batch of JSON rows may lack one altogether."""
    absent = [name for name in names if name not in frame.columns]
    if not frame.width:
        return pl.DataFrame({name: [None] * count for name in absent}, schema=dict.fromkeys(absent, pl.String))
    return frame.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent) if absent else frame


def _times(frame: pl.DataFrame, column: str | None, clock: Clock) -> tuple[pl.Series, np.ndarray]:
    if column is None:
        return pl.Series([None] * len(frame), dtype=pl.Int64), np.zeros(len(frame), bool)
    texts = frame[column].str.strip_chars().replace("", None)
    times = clock.column(texts)
    return times, (times.is_null() & texts.is_not_null()).to_numpy()


def _values(frame: pl.DataFrame, column: str) -> tuple[pl.Series, pl.Series, np.ndarray]:
    """Return numbers, units written behind them, and which texts are no number. NaN is no value."""
    texts = frame[column]
    values = texts.cast(pl.Float64, strict=False)
    odd = (values.is_null() & texts.is_not_null()).to_numpy()
    units = pl.Series([""]).new_from_index(0, len(frame))
    if odd.any():
        distinct = texts.filter(pl.Series(odd)).unique().to_list()
        read = {text: number(text) for text in distinct}
        wrong = {text for text, found in read.items() if found is None}
        values = pl.select(
            pl.when(pl.Series(odd))
            .then(texts.replace_strict({t: f[0] for t, f in read.items() if f}, default=None, return_dtype=pl.Float64))
            .otherwise(values)
        ).to_series()
        units = texts.replace_strict(
            {t: f[1] for t, f in read.items() if f}, default="", return_dtype=pl.String
        ).fill_null("")
        odd = texts.is_in(list(wrong)).fill_null(value=False).to_numpy()
    return values.fill_nan(None), units, odd


def _of_one_unit(values: pl.Series, written: pl.Series, named: str) -> tuple[pl.Series, pl.Series]:
    """Bring the cells of one series, each with its unit behind it as a dashboard shows them, to one unit: the name's, or the first of its kind."""
    if not (written != "").any():
        return values, pl.Series([named], dtype=pl.String).new_from_index(0, len(values))
    pairs = zip(values.to_list(), written.to_list(), strict=True)
    told = [(None, unit) if value is None else in_unit(value, unit or named, named) for value, unit in pairs]
    return pl.Series([value for value, _ in told], dtype=pl.Float64), pl.Series(
        [unit for _, unit in told], dtype=pl.String
    )


def _units(frame: pl.DataFrame, column: dict[str, str], names: pl.Series, written: pl.Series) -> pl.Series:
    """Take the unit from its own column, else from behind the number, else from the column's or the metric's name."""
    told = split_unit(normal(column["value"]))[1]
    distinct = {name: told or unit_in_name(name) for name in names.unique().to_list()}
    units = written.zip_with(written != "", names.replace_strict(distinct, return_dtype=pl.String))
    if "unit" not in column:
        return units
    own = frame[column["unit"]]
    own = own.replace({text: ucum(text) for text in own.drop_nulls().unique().to_list()})
    return own.fill_null(units)


def _workloads(pods: pl.Series) -> pl.Series:
    """Return the workload of each pod."""
    return pods.replace({name: workload(name) for name in pods.drop_nulls().unique().to_list()})


def _codes(texts: pl.Series, distinct: pl.Series) -> np.ndarray:
    return texts.replace_strict(distinct, pl.Series(range(len(distinct))), return_dtype=pl.Int64).to_numpy()


def _picked(labels: list[dict[str, str]], which: np.ndarray) -> pl.Series:
    """Return the service that each row's labels name, taking it out of the labels."""
    services: list[str | None] = []
    for item in labels:
        key = find(item, SERVICE_LABELS)
        services.append(item.pop(key) if key else None)
    return pl.Series(services, dtype=pl.String).gather(pl.Series(which))


def _joined(maps: pa.Array | None, inner: list[dict[str, str]], which: np.ndarray) -> pa.Array:
    """Return maps with the labels `inner[which]` added to each."""
    if maps is None:
        return attribute_maps([list(item.items()) for item in inner], which)
    pairs = [[*(outer or []), *inner[at].items()] for outer, at in zip(maps.to_pylist(), which.tolist(), strict=True)]
    return attribute_maps(pairs, np.arange(len(pairs)))
