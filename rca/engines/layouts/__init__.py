"""Layouts: how tables that others made become the canonical relations.

A layout is a file of SELECTs, one a canonical relation, over columns that are looked at first, never assumed::

    -- relation spans                     the canonical relation
    -- from otel_traces                   customary names of the table; others are found by their columns
    -- needs TraceId SpanId Duration      columns that the table must have
    -- without MetricName                 columns that it must not have
    -- beside time_series                 a table that must be there, too: @beside() names it
    -- time Timestamp                     column by which a window is cut off; then the nanoseconds of its unit, if it is a number of others
    -- bucket ts_bucket_start 1800        column with the start of the time's bucket, and its length, both in seconds: the primary index
    -- trace TraceId                      column by which traces are sampled and fetched
    SELECT
      @id(TraceId, 32) AS trace_id,
      …
    FROM @source()

The words after ``@`` are what engines say differently; :mod:`rca.engines.dialect` has them. Columns that a layout leaves out
get the schema's default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

import pyarrow as pa

from rca.engines.dialect import Dialect, expand, kind_of
from rca.engines.layouts.macros import Macros
from rca.engines.scope import Scope
from rca.schema import Column, Table, table

__all__ = ["Layout", "Source", "default", "empty", "inline", "layouts", "matches", "select"]

_HEAD = re.compile(r"^-- (relation|from|needs|without|beside|time|bucket|trace)\s+(.*)$", re.MULTILINE)
_GIVEN = re.compile(r"\bAS (\w+),?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Layout:
    """One SELECT from a foreign table to a canonical relation."""

    file: str
    relation: str
    names: tuple[str, ...]
    needs: tuple[str, ...]
    without: tuple[str, ...]
    beside: str
    time: str
    unit_ns: int
    bucket: tuple[str, ...]
    trace: str
    sql: str

    def fits(self, columns: Mapping[str, str]) -> bool:
        """Say whether a table has the columns."""
        return all(name in columns for name in self.needs) and not any(name in columns for name in self.without)

    def given(self, source: Source) -> frozenset[str]:
        """Return the canonical columns that the layout fills; the others get their default."""
        return frozenset(source.columns) if self.file == "canonical" else frozenset(_GIVEN.findall(self.sql))


@dataclass(frozen=True, slots=True)
class Source:
    """A table as it was found: how a FROM clause names it, and its columns with the engine's types."""

    name: str
    reference: str
    columns: Mapping[str, str]
    beside: Source | None = None
    """The table that a layout reads along with it."""


@cache
def layouts() -> tuple[Layout, ...]:
    """Return every layout, the canonical ones first."""
    found = []
    folder = resources.files("rca.engines.layouts")
    files = sorted(item.name for item in folder.iterdir() if item.name.endswith(".sql"))
    for file in sorted(files, key=lambda name: name != "canonical.sql"):
        text = folder.joinpath(file).read_text(encoding="utf-8")
        for part in re.split(r"(?=^-- relation )", text, flags=re.MULTILINE)[1:]:
            head = {key: value.split() for key, value in _HEAD.findall(part)}
            sql = "\n".join(line for line in part.splitlines() if not line.startswith("--")).strip()
            found.append(
                Layout(
                    file.removesuffix(".sql"), head["relation"][0], tuple(head.get("from", ())), tuple(head["needs"]),
                    tuple(head.get("without", ())), "".join(head.get("beside", [])), "".join(head.get("time", [])[:1]),
                    int("".join(head.get("time", [])[1:]) or 1), tuple(head.get("bucket", ())), "".join(head.get("trace", [])), sql,
                )
            )  # fmt: skip
    return tuple(found)


def matches(sources: Sequence[Source], *, every: bool = False) -> dict[str, list[tuple[Layout, Source]]]:
    """Return the tables of each canonical relation, with the layout that reads each.

    The layouts of one relation come from one file: the first that fits. Where several tables fit one layout, the one with a
    customary name is taken, the earlier name first; where none has, or `every` is asked, all are returned.
    """
    chosen: dict[str, list[tuple[Layout, Source]]] = {}
    for layout in layouts():
        fitting = [source for source in sources if layout.fits(source.columns)]
        if layout.beside:
            others = [other for other in sources if other.name.lower() == layout.beside]
            fitting = [replace(source, beside=others[0]) for source in fitting if others]
        named = [source for name in layout.names for source in fitting if source.name.lower() == name]
        before = chosen.get(layout.relation, [])
        if any(other.file != layout.file for other, _ in before):
            continue
        for source in fitting if every else named[:1] or fitting:
            if all(source is not other for _, other in before):
                chosen.setdefault(layout.relation, []).append((layout, source))
    return chosen


def select(
    layout: Layout,
    source: Source,
    dialect: Dialect,
    scope: Scope,
    *,
    traces: Sequence[str] = (),
    learned: Mapping[str, str] | None = None,
) -> str:
    """Return the SELECT that makes a table the canonical relation of its layout, all columns in their order.

    Parameters
    ----------
    scope
        The window and the sample.
    traces
        Only these traces, asked of the table's own column, so that its index is used.
    learned
        Expressions for columns that the layout leaves out, over the canonical columns.
    """
    target = table(layout.relation)
    if layout.file == "canonical":
        given = {name: dialect.quoted(name) for name in target.names if name in source.columns}
        inner, types = _from(layout, source, dialect, scope, traces), source.columns
        alias = ""
    else:
        given = {name: dialect.quoted(name) for name in _GIVEN.findall(layout.sql)}
        macros = Macros(dialect, source.columns, _from(layout, source, dialect, scope, traces))
        if source.beside:
            macros = replace(
                macros, columns={**source.beside.columns, **source.columns}, beside=source.beside.reference
            )
        inner, types = f"({expand(layout.sql, macros.all())})", {}
        alias = " AS laid"
    given |= learned or {}
    columns = [_column(column, given, types, dialect, scope, target) for column in target.columns]
    return " ".join(("SELECT", ", ".join(columns), "FROM", inner + alias))


def _column(
    column: Column, given: Mapping[str, str], types: Mapping[str, str], dialect: Dialect, scope: Scope, target: Table
) -> str:
    name = dialect.quoted(column.name)
    expression = given.get(column.name)
    if expression is None:
        return f"{default(column, dialect)} AS {name}"
    if types.get(column.name, "") != dialect.types[column.type]:
        expression = dialect.cast(expression, column.type)
    if column.default is not None and column.type == "VARCHAR":
        expression = f"COALESCE({expression}, {dialect.literal(column.default)})"
    if column.name == "adjusted_count":
        expression = f"COALESCE({expression}, 1)"
        if scope.sample > 1 and "trace_id" in target.names:
            expression = f"{expression} * CASE WHEN {given['trace_id']} <> '' THEN {scope.sample} ELSE 1 END"
        expression = dialect.cast(expression, column.type)
    return f"{expression} AS {name}"


def empty(relation: str, dialect: Dialect) -> str:
    """Return a SELECT of a canonical relation without rows."""
    columns = ", ".join(
        f"{default(column, dialect)} AS {dialect.quoted(column.name)}" for column in table(relation).columns
    )
    return f"SELECT {columns} WHERE 1 = 0"


def inline(relation: str, rows: pa.Table, dialect: Dialect) -> str:
    """Return a SELECT that carries rows of a canonical relation in its text."""
    selects = []
    for row in rows.to_pylist(maps_as_pydicts="last"):
        cells = [
            f"{dialect.cast(dialect.literal(row[column.name]), column.type)} AS {dialect.quoted(column.name)}"
            for column in table(relation).columns
        ]
        selects.append("SELECT " + ", ".join(cells))
    return " UNION ALL ".join(selects)


def default(column: Column, dialect: Dialect) -> str:
    """Return the value of a column that a table lacks, as the engine writes it."""
    if column.default == ():
        return dialect.words["empty:map" if column.type.startswith("MAP") else "empty:list"]
    if column.default is None and column.type.endswith("[]"):
        return dialect.cast(dialect.words["null:list"], column.type)
    if column.default is None and column.type == "VARCHAR":
        return dialect.words["null:text"]
    value = "NULL" if column.default is None else dialect.literal(column.default)
    return dialect.cast(value, column.type)


def _spelled(traces: Sequence[str]) -> list[str]:
    """Return the ways in which tables spell trace ids: lower and upper case, and 64 bits without the zeros in front."""
    short = [one[16:] for one in traces if one.startswith("0" * 16)]
    return [spelling for one in (*traces, *short) for spelling in dict.fromkeys((one, one.upper()))]


def _from(layout: Layout, source: Source, dialect: Dialect, scope: Scope, traces: Sequence[str]) -> str:
    """Return the table, cut to the window, the sample and the traces by conditions on its own columns."""
    conditions = []
    time = dialect.quoted(layout.time) if layout.time in source.columns else ""
    if time and scope.start_ns is not None and scope.end_ns is not None:
        instant = dialect.word("instant", kind_of(dialect, source.columns[layout.time])) or "{0}"
        low, high = (-(-at // layout.unit_ns) for at in (scope.start_ns, scope.end_ns))
        conditions += [f"{time} >= {instant.format(low)}", f"{time} < {instant.format(high)}"]
        if layout.bucket and layout.bucket[0] in source.columns:
            bucket, length = dialect.quoted(layout.bucket[0]), int(layout.bucket[1])
            first, last = scope.start_ns // 1_000_000_000 - length, scope.end_ns // 1_000_000_000
            conditions += [f"{bucket} >= {first}", f"{bucket} <= {last}"]
    trace = dialect.quoted(layout.trace) if layout.trace in source.columns else ""
    if trace and scope.sample > 1:
        conditions.append(scope.sampled(trace))
    if trace and traces:
        conditions.append(f"{trace} IN ({', '.join(dialect.literal(one) for one in _spelled(traces))})")
    if not conditions:
        return source.reference
    return " ".join(("(SELECT * FROM", source.reference, "WHERE", " AND ".join(conditions), ") AS cut"))
