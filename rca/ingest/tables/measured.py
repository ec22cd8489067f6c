"""Names of metrics in a column of a table."""

from __future__ import annotations

import polars as pl

from rca.ingest.tables.names import normal

__all__ = ["measured"]


def measured(frame: pl.DataFrame, column: str) -> pl.Series:
    """Return the names of metrics in a column; InfluxDB's measurements, of which each has several fields, with their field.

    Examples
    --------
    >>> measured(pl.DataFrame({"_measurement": ["cpu"], "_field": ["usage_user"]}), "_measurement").to_list()
    ['cpu_usage_user']
    """
    names = frame[column].fill_null("")
    field = next((name for name in frame.columns if normal(name) == "field" and name != column), None)
    if field is None or normal(column) != "measurement":
        return names
    return names + "_" + frame[field].fill_null("")
