"""What requests carry: every attribute and value that enough of them share, as facts that are true or not of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from rca.measures.logged import logged_requests
from rca.model import Window
from rca.sql import statement
from rca.store import Store

__all__ = ["ABSENT", "PRESENT", "Facts", "facts_of", "request_attributes"]

PRESENT, ABSENT = "(present)", "(absent)"
"""Values of the fact that a request carries an attribute at all, or does not."""

_OUTCOME = (
    "http.response.status_code", "http.status_code", "error", "error.type", "error.message", "otel.status_code",
    "otel.status_description", "rpc.grpc.status_code", "rpc.response.status_code", "exception.type", "exception.message",
    "http.response.body.size", "http.response_content_length", "http.response.size",
)  # fmt: skip
"""What a request ends with is not what made it slow."""
_PLUMBING = (
    "client.port", "network.peer.port", "net.peer.port", "net.sock.peer.port", "thread.id", "w3c.tracestate", "SampleRate",
    "sampleRate", "sampler.param", "sampling.probability", "otel.scope.version",
)  # fmt: skip
"""Numbers of connections and threads, and sampling: they rise with time, or follow from the outcome."""
_FEW_NUMBERS = 12
"""Distinct numbers up to which they are names, not quantities."""

_ENTRIES = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Facts:
    """Attributes of requests. `table` has a row a fact (``attribute``, ``value``, ``seen``); `members` their request rows.

    `numbers` holds attributes that are quantities: one value a request, NaN where it has none.
    """

    n: int
    table: pl.DataFrame
    members: Mapping[int, npt.NDArray[np.int64]]
    numbers: Mapping[str, npt.NDArray[np.float64]]

    def column(self, fact: int) -> Flags:
        """Return for each request whether the fact is true of it."""
        flags = np.zeros(self.n, dtype=bool)
        flags[self.members[fact]] = True
        return flags


def request_attributes(store: Store, *, service: str, start_ns: int, end_ns: int) -> pl.DataFrame:
    """Return the requests of a service that start in a window, with all that is known of each.

    Feature flags that were evaluated anywhere in the trace come as the column ``flags``. Where nothing is traced, requests are
    those that the log tells of, with their route, version and instance, and without a ``span_name``.
    """
    bounds = {"service": service, "from_ns": start_ns, "to_ns": end_ns}
    requests = store.query(statement("request_attributes").sql, bounds)
    if requests.is_empty():
        return _logged(store, service, Window(start_ns, end_ns))
    flags = store.query(statement("request_flags").sql, bounds)
    name = pl.concat_str(pl.lit("feature_flag."), "flag").alias("key")
    # one flag can be asked twice in a trace and say different things: then both are true of it
    pairs = flags.select("trace_id", flag=pl.struct(name, pl.col("variant").alias("value")))
    listed = pairs.group_by("trace_id").agg("flag").rename({"flag": "flags"})
    return requests.join(listed, on="trace_id", how="left", maintain_order="left")


def _logged(store: Store, service: str, window: Window) -> pl.DataFrame:
    named = {"http.route": "route", "service.version": "service_version", "service.instance.id": "service_instance_id"}
    pairs = [
        pl.struct(
            pl.lit(key).alias("key"),
            pl.when(pl.col(column) == "").then(None).otherwise(pl.col(column)).alias("value"),
        )
        for key, column in named.items()
    ]
    none = pl.lit(None, _ENTRIES)
    return logged_requests(store, service, window).select(
        pl.col("example_trace_id").alias("trace_id"),
        (pl.col("duration_ms") * 1e6).cast(pl.Int64).alias("duration_ns"),
        pl.col("weight").alias("adjusted_count"),
        pl.lit("").alias("span_name"),
        pl.concat_list(pairs).alias("attributes"),
        none.alias("resource_attributes"),
        none.alias("flags"),
    )


def facts_of(requests: pl.DataFrame, *, least: int) -> Facts:
    """Return the facts that at least `least` requests share and as many do not.

    The number of requests decides alone, never their outcome: what is left out costs nothing when many facts are tested.
    An identifier has no value that enough requests share, and leaves by itself.
    """
    values = _values(requests)
    n = requests.height
    held = values.group_by("key").agg(seen=pl.sum("seen"), distinct=pl.len())
    common = values.filter((pl.col("seen") >= least) & (pl.col("seen") <= n - least))
    partial = held.filter((pl.col("seen") >= least) & (pl.col("seen") <= n - least))
    shared = common.select(attribute="key", value="value", seen="seen")
    present = partial.select(attribute="key", value=pl.lit(PRESENT), seen="seen")
    absent = partial.select(attribute="key", value=pl.lit(ABSENT), seen=n - pl.col("seen"))
    columns = [pl.col("attribute"), pl.col("value"), pl.col("seen").cast(pl.Int64)]
    parts = [part.select(columns) for part in (shared, present, absent)]
    table = pl.concat(parts).sort("attribute", "value").with_columns(fact=pl.int_range(pl.len()))
    return Facts(n, table, _members(values, table, n), _numbers(values, held, n, least))


def _values(requests: pl.DataFrame) -> pl.DataFrame:
    """One row an attribute and value: ``key``, ``value``, ``seen``, and the ``row`` of each request that carries it.

    Grouped once: with fifty attributes there are fifty times as many pairs as requests.
    """
    grouped = _pairs(requests).group_by("key", "value").agg("row")
    kept = ~pl.col("key").is_in((*_OUTCOME, *_PLUMBING)) & pl.col("value").is_not_null()
    return grouped.filter(kept).with_columns(seen=pl.col("row").list.len().cast(pl.Int64))


def _pairs(requests: pl.DataFrame) -> pl.DataFrame:
    """One row a request, attribute and value; an attribute of the span hides one of the resource."""
    numbered = requests.select(
        "attributes", "resource_attributes", "flags", row=pl.int_range(pl.len(), dtype=pl.UInt32)
    )
    parts = []
    for name in ("attributes", "resource_attributes", "flags"):
        exploded = (
            numbered.select("row", pair=pl.col(name).cast(_ENTRIES)).explode("pair").drop_nulls("pair").unnest("pair")
        )
        parts.append(exploded.select("row", "key", "value"))
    own = parts[0]["key"].unique()
    both = parts[1]["key"].is_in(own.implode())
    if both.any():
        parts[1] = pl.concat(
            [parts[1].filter(~both), parts[1].filter(both).join(own_pairs(parts[0]), on=["row", "key"], how="anti")]
        )
    names = requests.select(row=pl.int_range(pl.len(), dtype=pl.UInt32), key=pl.lit("span.name"), value="span_name")
    return pl.concat([*parts, names])


def own_pairs(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return which request carries which attribute."""
    return pairs.select("row", "key")


def _members(values: pl.DataFrame, table: pl.DataFrame, n: int) -> dict[int, npt.NDArray[np.int64]]:
    wanted = table.filter(~pl.col("value").is_in([PRESENT, ABSENT])).select(key="attribute", value="value", fact="fact")
    found = values.join(wanted, on=["key", "value"], how="inner").select("fact", "row")
    members = {int(fact): _ascending(rows) for fact, rows in zip(found["fact"], found["row"], strict=True)}
    held = table.filter(pl.col("value") == PRESENT)["attribute"]
    carried = values.filter(pl.col("key").is_in(held.implode())).select("key", "row").explode("row")
    by_key = {str(part["key"][0]): _ascending(part["row"]) for part in carried.partition_by("key")}
    for attribute, value, fact in table.select("attribute", "value", "fact").iter_rows():
        if value == PRESENT:
            members[fact] = np.unique(by_key[attribute])
        elif value == ABSENT:
            members[fact] = np.setdiff1d(np.arange(n), by_key[attribute])
    return members


def _ascending(rows: pl.Series) -> npt.NDArray[np.int64]:
    ordered: npt.NDArray[np.int64] = np.sort(rows.to_numpy()).astype(np.int64)
    return ordered


def _numbers(values: pl.DataFrame, held: pl.DataFrame, n: int, least: int) -> dict[str, npt.NDArray[np.float64]]:
    many = held.filter((pl.col("distinct") > _FEW_NUMBERS) & (pl.col("seen") >= 2 * least))["key"]
    numbers = values.filter(pl.col("key").is_in(many.implode())).with_columns(
        number=pl.col("value").cast(pl.Float64, strict=False)
    )
    found = {}
    for part in numbers.partition_by("key"):
        known = part.filter(pl.col("number").is_finite())
        if float(known["seen"].sum()) >= 0.95 * float(part["seen"].sum()):
            column = np.full(n, np.nan)
            each = known.select("number", "row").explode("row").sort("row", "number")
            column[each["row"].to_numpy()] = each["number"].to_numpy()
            found[str(part["key"][0])] = column
    return found
