"""Requests counted by time, latency and one more property at once: what a linked view of them is drawn from."""

from __future__ import annotations

import polars as pl

from rca.errors import NoDataError, OptionError, did_you_mean
from rca.measures.periods import periods
from rca.measures.places import WHERE, requests_by_place
from rca.model import Incident, Window
from rca.store import Store

__all__ = ["request_cells"]

_BINS = 40
_LATENCIES = 18
_GROUPS = 6
_OTHER = "(others)"


def request_cells(store: Store, incident: Incident, *, by: str = "route") -> pl.DataFrame:
    """Count requests of the incident's service by time, latency and route, version or instance.

    The engine counts, so that the rows are as few for ten million requests as for ten thousand.

    Parameters
    ----------
    store
        The store.
    incident
        Service and window; time begins with the baseline.
    by
        ``route``, ``service_version`` or ``service_instance_id``; of its values the five most frequent are kept apart.

    Returns
    -------
    polars.DataFrame
        ``bin_ns`` (start of a time bin), ``from_ms``, ``to_ms`` (latency), ``group``, ``requests``, ``errors`` (weighted).

    Raises
    ------
    OptionError
        When `by` is something else.
    NoDataError
        When no request of the service is traced in that time.

    Examples
    --------
    >>> import rca
    >>> inc = rca.Incident("a", start="2026-03-04T14:10Z", end="2026-03-04T15:00Z", baseline="1h")
    >>> request_cells(rca.open(), inc, by="colour")
    Traceback (most recent call last):
    rca.errors.OptionError: Requests cannot be counted by 'colour'. Known: route, service_instance_id, service_version.
    """
    if by not in WHERE:
        raise OptionError(f"Requests cannot be counted by {by!r}. {did_you_mean(by, sorted(WHERE))}")
    windows = periods(store, incident)
    start = min(windows.baseline.start_ns, windows.incident.start_ns)
    whole = Window(start, max(windows.baseline.end_ns, incident.end_ns))
    rows = requests_by_place(
        store, incident.service_name, whole, bin_ns=max(1_000_000_000, whole.length_ns // _BINS)
    ).filter(pl.col("bucket") >= 0)
    if rows.is_empty():
        raise NoDataError(f"No request of {incident.service_name} with a length starts in {whole}.")
    common = rows.group_by(by).agg(pl.sum("weight")).sort("weight", by, descending=[True, False]).head(_GROUPS - 1)[by]
    low, high = (int(str(edge)) for edge in (rows["bucket"].min(), rows["bucket"].max()))
    width = max(1, -(-(high - low + 1) // _LATENCIES))
    step = (pl.col("bucket") - low) // width
    return (
        rows.with_columns(
            group=pl.when(pl.col(by).is_in(common.implode())).then(pl.col(by)).otherwise(pl.lit(_OTHER)),
            first=low + step * width,
        )
        .group_by("bin_ns", "first", "group")
        .agg(requests=pl.sum("weight"), errors=pl.sum("errors"))
        .with_columns(
            from_ms=(2.0 ** (pl.col("first") / 32) / 1e6), to_ms=(2.0 ** ((pl.col("first") + width) / 32) / 1e6)
        )
        .sort("bin_ns", "from_ms", "group")
        .select("bin_ns", "from_ms", "to_ms", "group", "requests", "errors")
    )
