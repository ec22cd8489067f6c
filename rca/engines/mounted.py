"""Engines elsewhere: every statement goes there with the canonical relations in front of it, as common table expressions."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from rca.engines.dialect import Dialect
from rca.engines.duckdb import DuckDBEngine, connect, parameters_in
from rca.engines.layouts import Layout, Source, empty, inline, matches, select
from rca.engines.results import conformed, typed
from rca.engines.scope import Estimate, Scope
from rca.errors import EngineError, QueryError
from rca.schema import TABLES, arrow_schema, conform

__all__ = ["Learner", "MountedEngine"]

Learner = Callable[[pa.Table], Mapping[str, str]]
"""Makes of distinct texts (``key, text, system, count``) what a reader of files would have made of them: key to value."""

_NAMES = "|".join(item.name for item in TABLES)
_RELATION = re.compile(rf'\b(?:FROM|JOIN)\s+"?({_NAMES})"?(?![\w"(.])', re.IGNORECASE)
_READS = re.compile(r"\s*(?:SELECT|WITH)\b", re.IGNORECASE)
_LEARNED: Mapping[str, tuple[str, str]] = {"db_query_digest": ("spans", "digest"), "template": ("logs", "template")}
"""Columns that readers of files make in Python: their relation, and the word that gives the key of a row."""
_MOST_TEXTS = 4_000
_MOST_INLINE = 5_000
_MOST_CHANGES = 50_000


class MountedEngine(ABC):
    """What engines elsewhere share; each adds how it is asked.

    Parameters
    ----------
    location
        The address, without secrets.
    scope
        Window, sample and budgets.
    beside
        Rows of tables that the engine lacks; they stay on this machine.
    """

    read_only = True
    name = ""
    dialect: Dialect

    def __init__(self, location: str, scope: Scope, beside: Mapping[str, pa.Table]) -> None:
        self.scope = scope
        self.notes: tuple[str, ...] = scope.notes()
        self._location = location
        self._local = DuckDBEngine(connect(None), location=location)
        self._beside: dict[str, int] = {}
        self._large: set[str] = set()
        self._found: dict[str, list[tuple[Layout, Source]]] = {}
        self._learners: Mapping[str, Learner] = {}
        self._known: dict[str, Mapping[str, str]] = {}
        for item in TABLES:
            self._local.execute(item.ddl)
        for name, rows in beside.items():
            self._local.insert(name, rows)
            self._beside[name] = rows.num_rows

    @property
    def location(self) -> str:
        """The address, without secrets."""
        return self._location

    @abstractmethod
    def ask(self, sql: str, params: Mapping[str, Any]) -> pa.Table:
        """Run one statement in the engine's own words."""

    @abstractmethod
    def estimate(self, sql: str, params: Mapping[str, Any]) -> Estimate:
        """Return what a statement will scan, as far as the engine can tell and where it may matter."""

    def mount(self, sources: Sequence[Source]) -> None:
        """Find the layouts of the tables that are there.

        Raises
        ------
        EngineError
            When none is known, or several tables would do for one relation.
        """
        self._found = matches(sources)
        if not self._found:
            shown = "; ".join(f"{item.name} ({', '.join(list(item.columns)[:6])}, …)" for item in sources[:5])
            raise EngineError(
                f"{self.location} has no table of a known layout. Known are those of the collector's ClickHouse exporter, ClickStack, SigNoz v3 and rca itself. "
                f"There: {shown or 'no table at all; is the database right?'}."
            )
        for relation, parts in self._found.items():
            layouts = [layout for layout, _ in parts]
            if len(set(map(id, layouts))) < len(layouts):
                names = ", ".join(source.name for _, source in parts)
                raise EngineError(
                    f"{self.location} has several tables for {relation}: {names}. Say which with ?tables=NAME,NAME."
                )

    def teach(self, learners: Mapping[str, Learner]) -> None:
        """Take what makes digests and templates of texts, for tables that hold the texts alone."""
        self._learners = learners

    @property
    def mounted(self) -> dict[str, tuple[str, ...]]:
        """The tables behind each canonical relation."""
        return {relation: tuple(source.name for _, source in parts) for relation, parts in self._found.items()}

    def run(self, sql: str, params: Mapping[str, Any] | None = None) -> pa.Table:
        """Run one SELECT and return its rows.

        Raises
        ------
        QueryError
            With the engine's own words.
        EngineError
            When the engine cannot be reached, or the statement is over a budget.
        """
        wanted = parameters_in(sql)
        given = {key: value for key, value in (params or {}).items() if key in wanted}
        text = re.sub(r"--[^\n]*", "", sql).strip().rstrip(";")
        if not _READS.match(text):
            raise QueryError(f"{self.location} is read-only: only a SELECT can be run there.")
        used = {name.lower() for name in _RELATION.findall(text)}
        if used and (not used & self._found.keys() or self._fetched(used)):
            return self._local.run(sql, given)
        whole = self._composed(text, used, given)
        self._check(whole, given, used)
        rows = conformed(self.ask(whole, given), sql)
        if rows.nbytes > self.scope.max_result_bytes:
            raise EngineError(
                f"{self.location}: {rows.nbytes:,} bytes of rows came back, more than max_result_bytes={self.scope.max_result_bytes:,}. "
                "Narrow the window (start=, end=) or read a sample (sample=16)."
            )
        return rows

    def _fetched(self, used: set[str]) -> bool:
        """Say whether a statement needs the changes alone: they are few, and are fetched once instead of asked for ten times."""
        if used != {"changes"} or "changes" in self._large:
            return False
        if not self._beside.get("changes"):
            parts = (select(layout, source, self.dialect, self.scope) for layout, source in self._found["changes"])
            rows = self.ask(f"{' UNION ALL '.join(parts)} LIMIT {_MOST_CHANGES + 1}", {})
            if rows.num_rows > _MOST_CHANGES:
                self._large.add("changes")
                return False
            schema = arrow_schema("changes")
            self._local.insert("changes", conform("changes", typed(rows, schema)))
            self._beside["changes"] = rows.num_rows
        return True

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Run one SELECT and yield its rows."""
        yield from self.run(sql).to_batches()

    def close(self) -> None:
        """Release what is held here; a second call does nothing."""
        self._local.close()

    def _composed(self, text: str, used: set[str], params: Mapping[str, Any]) -> str:
        """Return the statement in the engine's words, with the relations that it names in front."""
        traces = _traces(params)
        parts = [f"{self.dialect.quoted(name)} AS ({self._relation(name, text, traces)})" for name in sorted(used)]
        body = self.dialect.rewritten(text)
        if not parts:
            return body
        lead = "WITH " + ",\n".join(parts)
        return f"{lead},\n{body[4:].lstrip()}" if re.match(r"WITH\b", body, re.IGNORECASE) else f"{lead}\n{body}"

    def _relation(self, name: str, text: str, traces: Sequence[str]) -> str:
        parts = self._found.get(name)
        if parts:
            learned = self._learned(name, text)
            return " UNION ALL ".join(
                select(layout, source, self.dialect, self.scope, traces=traces, learned=learned)
                for layout, source in parts
            )
        if not self._beside.get(name):
            return empty(name, self.dialect)
        if self._beside[name] > _MOST_INLINE:
            raise QueryError(
                f"{self.location} lacks the table {name}; the {self._beside[name]:,} rows beside it are too many to be sent with a statement (at most {_MOST_INLINE:,})."
            )
        return inline(name, self._local.run("SELECT * FROM " + name), self.dialect)

    def _learned(self, relation: str, text: str) -> dict[str, str]:
        """Return expressions for columns that must be learned first, where the statement asks for them."""
        made = {}
        for column, (owner, word) in _LEARNED.items():
            lacking = any(column not in layout.given(source) for layout, source in self._found.get(owner, []))
            if (
                owner != relation
                or not lacking
                or column not in self._learners
                or not re.search(rf"\b{column}\b", text)
            ):
                continue
            key = self.dialect.words[f"key:{word}"]
            if column not in self._known:
                self._known[column] = self._learn(owner, column, key)
            known = self._known[column]
            if known:
                made[column] = self.dialect.lookup(key, known)
        return made

    def _learn(self, relation: str, column: str, key: str) -> Mapping[str, str]:
        parts = self._found[relation]
        inner = " UNION ALL ".join(select(layout, source, self.dialect, self.scope) for layout, source in parts)
        text, system = ("db_query_text", "db_system_name") if relation == "spans" else ("body", "service_name")
        pieces = (
            "SELECT",
            key,
            "AS key, MIN(",
            text,
            ") AS text, MIN(",
            system,
            ") AS system, COUNT(*) AS n FROM (",
            inner,
            ") AS every WHERE",
        )
        whole = " ".join((*pieces, text, f"<> '' GROUP BY 1 ORDER BY 1 LIMIT {_MOST_TEXTS + 1}"))
        self._check(whole, {}, {relation})
        rows = conformed(self.ask(whole, {}), "")
        if rows.num_rows > _MOST_TEXTS:
            what = "statements" if column == "db_query_digest" else "messages"
            self.notes += (
                f"The {what} there have more than {_MOST_TEXTS:,} shapes, too many to learn their {'digests' if what == 'statements' else 'templates'}; they are compared as they are.",
            )
            return {}
        return self._learners[column](rows)

    def _check(self, sql: str, params: Mapping[str, Any], used: set[str]) -> None:
        """Refuse a statement that would scan more than the budget.

        Raises
        ------
        EngineError
            With what would fit.
        """
        expected = self.estimate(sql, params)
        for what, found, most in (
            ("rows", expected.rows, self.scope.max_rows),
            ("bytes", expected.bytes, self.scope.max_bytes),
        ):
            if found is None or found <= most:
                continue
            factor = 1 << max(1, (found // max(1, most)).bit_length())
            raise EngineError(
                f"{self.location}: a statement over {', '.join(sorted(used))} would scan {found:,} {what}, more than max_{what}={most:,}. "
                f"Narrow the window (start=, end=), read a sample (sample={min(4096, factor * self.scope.sample)}), or raise max_{what}."
            )


def _traces(params: Mapping[str, Any]) -> list[str]:
    """Return the traces that a statement asks for by id."""
    one, many = params.get("trace_id"), params.get("trace_ids")
    found = [one] if isinstance(one, str) else list(many) if isinstance(many, list | tuple) else []
    return [str(item) for item in found if re.fullmatch(r"[0-9a-f]{32}", str(item))]
