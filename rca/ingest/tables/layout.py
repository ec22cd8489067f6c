"""What a table holds, decided from its column names and a few of its rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rca.ingest.changes.kinds import kind_of_name, kind_of_word
from rca.ingest.exact import Number, flatten
from rca.ingest.tables.names import CHANGE, EDGES, LOG, METRIC, QUERY, SPAN, TIME, find, normal, split_unit
from rca.ingest.tables.units import number

__all__ = ["UNKNOWN", "Layout", "decide"]


@dataclass(frozen=True, slots=True)
class Layout:
    """What a table holds: which column is which field, and how sure that is."""

    kind: str
    """``points``, ``wide``, ``spans``, ``queries``, ``edges``, ``changes``, ``patterns``, ``logs`` or ``''``."""
    score: float
    reason: str
    fields: Mapping[str, str] = field(default_factory=dict)
    """Field → column as written."""
    hint: str = ""
    """Name of the file or of the list: what the rows are where they do not say."""


_STATEMENT = re.compile(
    r"\s*(?:/\*.*?\*/\s*|--[^\n]*\n\s*)*(?:select|insert|update|delete|with|call|exec|merge|replace|begin|commit|\{|db\.)\b",
    re.IGNORECASE | re.DOTALL,
)
_LOGGED = (
    "message",
    "msg",
    "level",
    "log_level",
    "loglevel",
    "lvl",
    "severity_text",
    "logger",
    "logger_name",
    "stream",
    "stack_trace",
)
"""What records of loggers have; the first of them changes have too."""

_EVENTS = (
    *_LOGGED, "body", "log", "trace_id", "span_id", "request_id", "path", "url", "uri", "method", "http_method", "user_agent", "remote_addr", "client_ip",
    "user_id", "session_id", "query", "statement", "exception", "request", "thread", "flow_id", "src_ip", "dest_ip", "source_ip", "destination_ip",
)  # fmt: skip
"""What records of single events have, and tables of measurements have not."""

UNKNOWN = Layout("", 0.0, "its columns are none that telemetry has")
_TIME_TEXT = re.compile(
    r"\d{4}-\d\d?-\d\d?|\d{1,2}/\w{3}/\d{4}|\d{9,19}(\.\d+)?$|\w{3} \w{3} |\d{1,2}:\d\d|\d{4}/\d\d/\d\d|\d{8}T\d{6}"
)


@dataclass(frozen=True, slots=True)
class _Table:
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    hint: str

    def has(self, *spellings: str, unit: bool = False) -> str | None:
        return find(self.columns, spellings, unit=unit)

    def values(self, column: str | None) -> list[Any]:
        return [row[column] for row in self.rows if column is not None and row.get(column) not in (None, "")]

    def texts(self, column: str | None) -> list[str]:
        return [str(value) for value in self.values(column)]

    def fields(self, spellings: Mapping[str, tuple[str, ...]], *, unit: tuple[str, ...] = ()) -> dict[str, str]:
        """Give every column to the first field that asks for it, fields in their order."""
        left, found = list(self.columns), {}
        for name, words in spellings.items():
            column = find(left, words, unit=name in unit)
            if column is not None:
                found[name] = column
                left.remove(column)
        return found


def decide(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], hint: str = "") -> Layout:
    """Return what a table holds.

    Parameters
    ----------
    columns
        Names as they are written.
    rows
        Some of the rows, column → value.
    hint
        Name of the file, or of the list in a document: settles what the columns leave open.

    Examples
    --------
    >>> decide(["timestamp", "service", "metric", "value"], []).kind
    'points'
    >>> decide(["caller", "callee"], []).kind
    'edges'
    """
    flat = tuple(flatten(dict(row)) for row in rows[:50])
    names = dict.fromkeys([*columns, *(name for row in flat for name in row)])
    for row in rows[:50]:
        for name, value in row.items():
            if isinstance(value, dict) and name in names and name not in flat[0]:
                del names[name]
    table = _Table(tuple(names), flat, hint)
    for test in (_edges, _spans, _queries, _changes, _points, _patterns, _logs, _wide):
        found = test(table)
        if found is not None:
            return found
    return UNKNOWN


def _edges(table: _Table) -> Layout | None:
    known = {normal(column): column for column in table.columns}
    if table.has(*SPAN["duration"], *_LOGGED, unit=True) or "trace_id" in known:
        return None
    for caller, callee in EDGES:
        if caller in known and callee in known:
            sure = (caller, callee) == ("caller", "callee")
            loose = {"from", "parent", "service", "source", "downstream"}
            if (
                caller in loose
                and (len(known) > 6 or find(table.columns, ("flag", "version", "sha", "kind", "metric", "value")))
            ) or (caller == "from" and table.has(*TIME)):
                continue
            if _all_numbers(table, known[caller]):
                continue
            fields = {"caller": known[caller], "callee": known[callee]}
            return Layout("edges", 0.9 if sure else 0.75, f"columns {caller}, {callee}", fields, table.hint)
    return None


def _spans(table: _Table) -> Layout | None:
    trace = table.has(*SPAN["trace_id"])
    parent = table.has(*SPAN["parent_span_id"][:9])
    fields = _sharper(table, table.fields(SPAN, unit=("start", "end", "duration")))
    timed = "start" in fields and ("duration" in fields or "end" in fields)
    named = "name" in fields or "service" in fields
    if not (timed and named and (trace or (parent and "span_id" in fields))):
        return None
    if not parent and table.has("msg", "body", "level", "severity", "severity_text", "log_level"):
        return None  # a log line that tells how long its request took
    if not table.has(*SPAN["span_id"][:5]) and not parent and trace and normal(trace) not in {"trace_id", "traceid"}:
        return None
    return Layout("spans", 0.85, "columns of spans: trace or parent, start, length", fields, table.hint)


def _sharper(table: _Table, fields: dict[str, str]) -> dict[str, str]:
    """Prefer a length whose name tells its unit; a span's name to that of the operation it belongs to."""
    if "duration" in fields and not split_unit(normal(fields["duration"]))[1]:
        known = {base: column for column in table.columns for base, unit in [split_unit(normal(column))] if unit}
        fields["duration"] = known.get(normal(fields["duration"]), fields["duration"])
    named = table.has("name")
    if named and normal(fields.get("trace_id", "")) == "operation_id":
        fields["name"] = named
    return fields


def _queries(table: _Table) -> Layout | None:
    fields = table.fields(QUERY, unit=("time", "duration", "lock"))
    texts = table.texts(fields.get("text"))
    if "text" not in fields or "duration" not in fields or "time" not in fields or not texts:
        return None
    statements = sum(bool(_STATEMENT.match(text)) for text in texts)
    return (
        Layout("queries", 0.75, "columns of slow statements", fields, table.hint)
        if 2 * statements >= len(texts)
        else None
    )


def _changes(table: _Table) -> Layout | None:
    known = {normal(column): column for column in table.columns}
    if table.has("span_id", "metric_value", *_LOGGED[1:]) or table.has("src_ip", "source_ip", "flow_id", "dest_ip"):
        return None
    timed = table.has(*CHANGE["time"], unit=True)
    hinted = kind_of_name(table.hint)
    kinds = [kind_of_word(text) for text in table.texts(table.has(*CHANGE["kind"]))]
    said = bool(kinds) and sum(bool(kind) for kind in kinds) * 2 >= len(kinds)
    alert = table.has("threshold", "fired_at", "triggered_at", "alertname", "alert_name", "observed", "monitor")
    if alert and (table.has(*CHANGE["metric"], "alertname", "alert_name", "monitor") or hinted == "incident"):
        return Layout("changes", 0.85, "columns of alerts", {}, table.hint)
    if not timed and not (table.has("sha", "commit_sha", "commit_hash") and table.has("message", "diff")):
        return None
    if said:
        return Layout("changes", 0.8, f"column {table.has(*CHANGE['kind'])} names kinds of change", {}, table.hint)
    if "value" in known and table.has("metric", "metric_name") and not hinted:
        return None
    if found := _kind_by_columns(table, hinted):
        return Layout("changes", 0.8, f"columns of changes ({found})", {}, table.hint)
    return None


_SHAS = (
    "sha", "commit_sha", "commit", "commit_id", "commit_hash", "git_sha", "revision", "hash", "head_sha", "git_commit",
)  # fmt: skip
_VERSIONS = ("version", "new_version", "image", "image_tag", "release")
_PAIRS = (("from", "to"), ("old_value", "new_value"), ("before", "after"), ("old", "new"), ("previous", "current"))


def _kind_by_columns(table: _Table, hinted: str) -> str:
    sha, service = table.has(*_SHAS), table.has(*CHANGE["service"])
    written = table.has("message", "subject") and table.has(*CHANGE["author"])
    if sha and (table.has(*CHANGE["diff"], *CHANGE["files"]) or written):
        return "commit"
    if table.has(*CHANGE["flag"]) and not table.has("duration", unit=True):
        return "flag"
    if hinted == "flag" and table.has("key", "name", "id") and table.has(*CHANGE["to"]):
        return "flag"
    logged = table.has("message", "body", "log") and not hinted
    if (sha or table.has(*_VERSIONS)) and (service or hinted) and not logged:
        return "deploy"
    if table.has("treated_start", "control_start", "experiment", "experiment_name"):
        return "experiment"
    if table.has("migration", "migration_name"):
        return "migration"
    pair = any(table.has(before) and table.has(after) for before, after in _PAIRS)
    if pair and (table.has(*CHANGE["setting"]) or service) and not table.has("metric", "metric_name"):
        return "config"
    if hinted and (service or table.has(*CHANGE["title"])) and not table.has("message", "body", "log", "trace_id"):
        return hinted
    return ""


def _points(table: _Table) -> Layout | None:
    fields = table.fields({**METRIC, "labels": METRIC["labels"]}, unit=("time", "value"))
    if "name" not in fields or "value" not in fields:
        return None
    numbers = [number(text) is not None for text in table.texts(fields["value"])]
    if numbers and sum(numbers) * 2 < len(numbers):
        return None
    named = normal(fields["name"]) in METRIC["name"][:5]
    if _all_numbers(table, fields["name"]) or (not named and "time" not in fields):
        return None
    if not named and table.has("msg", "message", "body", "level", "severity", "severity_text"):
        return None  # a record of a logger that names itself
    score = 0.85 if named and "time" in fields else 0.6 if "time" in fields else 0.5
    return Layout("points", score, "columns of metric points: name and value", fields, table.hint)


def _patterns(table: _Table) -> Layout | None:
    fields = {name: column for name in ("signature", "count") if (column := table.has(*LOG[name]))}
    message = table.has("message", "msg", "body", "log")
    if len(fields) < 2 or message or not all(number(text) for text in table.texts(fields["count"])):
        return None
    return Layout("patterns", 0.7, "columns of log patterns: signature and count", fields, table.hint)


def _logs(table: _Table) -> Layout | None:
    fields = table.fields(LOG, unit=("time",))
    fields.pop("signature", None)
    fields.pop("count", None)
    body = fields.get("body")
    if body is None or _all_numbers(table, body) or not ("time" in fields or "level" in fields):
        return None
    if normal(body) in {"value", "event", "text", "content", "line", "entry"} and "level" not in fields:
        return None
    return Layout("logs", 0.35, "columns of logs: time or level, and message", fields, table.hint)


def _wide(table: _Table) -> Layout | None:
    if table.has(*_EVENTS):
        return None
    time = table.has(*TIME, unit=True)
    if time is None or (
        table.rows and not any(_TIME_TEXT.match(text) or _is_number(text) for text in table.texts(time))
    ):
        time = next((column for column in table.columns if _is_index(column) and _are_times(table, column)), None)
    if time is None:
        return None
    others = [column for column in table.columns if column != time]
    numeric = [column for column in others if _mostly_numbers(table, column)]
    if table.rows and (not numeric or 3 * len(numeric) < len(others)):
        return None
    if not others or (not table.rows and len(others) < 2):
        return None
    score = 0.55 if _are_times(table, time) else 0.3
    return Layout("wide", score, "a column of times and columns of numbers", {"time": time}, table.hint)


def _is_index(column: str) -> bool:
    return normal(column) in {"", "index", "unnamed_0"}


def _are_times(table: _Table, column: str) -> bool:
    texts = table.texts(column)
    return not texts or sum(bool(_TIME_TEXT.match(text)) for text in texts) * 2 > len(texts)


def _is_number(text: str) -> bool:
    return number(text) is not None


def _mostly_numbers(table: _Table, column: str) -> bool:
    texts = table.texts(column)
    return bool(texts) and 2 * sum(map(_is_number, texts)) >= len(texts)


def _all_numbers(table: _Table, column: str | None) -> bool:
    values = table.values(column)
    return bool(values) and all(
        isinstance(value, Number) or (isinstance(value, str) and _is_number(value)) for value in values
    )
