"""What a plan of Spark says that it will scan."""

from __future__ import annotations

import re

from rca.engines.scope import Estimate

__all__ = ["scanned"]

_SPARK = re.compile(r"^[\s:+|-]*\w*Relation\w*\b.*Statistics\(sizeInBytes=([\d.E+]+) (\w+)(?:, rowCount=([\d.E+]+))?")
_SAIL = re.compile(r"^\s*DataSourceExec: .*?statistics=\[Rows=\w+\((\d+)\)")
_COLUMN = re.compile(r"\bScanBytes=\w+\((\d+)\)")
_UNITS = {unit: 1024**power for power, unit in enumerate(("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"))}
_UNKNOWN = 8 * 1024**6
"""What Spark says where it does not know: the greatest number of 64 bits."""


def scanned(plan: str) -> Estimate:
    """Return rows and bytes that ``EXPLAIN COST`` expects of the tables that a statement reads; None for what it does not say.

    Apache Spark gives the bytes of the files that are left after partitions are pruned, and rows where its catalog knows them;
    Sail gives both from the footers of Parquet, of the columns that are read.

    Examples
    --------
    >>> scanned("+- Relation [a#0L] parquet, Statistics(sizeInBytes=1.5 MiB, rowCount=2.00E+5)")
    Estimate(rows=200000, bytes=1572864)
    >>> scanned("+- HiveTableRelation [db.t], Statistics(sizeInBytes=8.0 EiB)")
    Estimate(rows=None, bytes=None)
    """
    rows: list[int | None] = []
    sizes: list[int | None] = []
    for line in plan.splitlines():
        if found := _SPARK.match(line):
            size = float(found[1]) * _UNITS.get(found[2], 1)
            sizes.append(int(size) if size < _UNKNOWN else None)
            rows.append(int(float(found[3])) if found[3] else None)
        elif found := _SAIL.match(line):
            rows.append(int(found[1]))
            sizes.append(sum(map(int, _COLUMN.findall(line))))
    return Estimate(_total(rows), _total(sizes))


def _total(parts: list[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known and len(known) == len(parts) else None
