"""What the gate found, for people and for machines of a pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import polars as pl

from rca import display
from rca.gate.budgets import Budgets
from rca.guards.sarif import Result, sarif

__all__ = ["GateReport"]

_SHOWN = ("service_name", "route", "measure", "baseline", "candidate", "change", "low", "high", "allowed", "verdict")
_RULES = {
    "p95_ms": "the 95th percentile of a route's latency rose beyond its budget",
    "p99_ms": "the 99th percentile of a route's latency rose beyond its budget",
    "error_ratio": "the share of failed requests of a route rose beyond its budget",
    "queries_per_request": "database calls per request of a route rose beyond their budget",
    "many_queries_share": "more requests of a route make far more database calls than any did before",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """What the gate found: one row a route and measure with a verdict ``pass``, ``regress`` or ``no_data``."""

    table: pl.DataFrame
    budgets: Budgets

    @property
    def regressions(self) -> pl.DataFrame:
        """The rows that close the gate."""
        return self.table.filter(pl.col("verdict") == "regress")

    @property
    def passed(self) -> bool:
        """Whether nothing regressed."""
        return self.regressions.is_empty()

    @property
    def claim(self) -> str:
        """The verdict in a sentence."""
        told = self.table.filter(pl.col("verdict") != "no_data")
        routes = told.select("service_name", "route").unique().height
        if self.passed:
            return f"No regression in {told.height} comparisons of {routes} routes."
        worst = self.regressions.row(0, named=True)
        count = self.regressions.height
        return (
            f"{count} regression{'s' if count > 1 else ''} in {told.height} comparisons of {routes} routes; "
            f"the first: {worst['service_name']} {worst['route']}: {worst['reason']}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"passed": self.passed, "claim": self.claim, "comparisons": self.table.to_dicts()}

    def _rows(self) -> list[dict[str, Any]]:
        return self.table.select(_SHOWN).to_dicts()

    def __str__(self) -> str:
        silent = self.table.filter(pl.col("verdict") == "no_data")
        notes = [
            f"- cannot tell: {display.escape_terminal(row['service_name'])} {display.escape_terminal(row['route'])}: {row['reason']}"
            for row in silent.iter_rows(named=True)
        ]
        told = [row for row in self._rows() if row["verdict"] != "no_data"]
        return "\n".join([display.escape_terminal(self.claim), display.table_text(told), *notes])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<p><strong>{display.escape_html(self.claim)}</strong></p>{display.table_html(self._rows())}"

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def to_markdown(self) -> str:
        """Return the report for a comment on a merge request: the verdict, the regressions, and the rest folded away."""
        mark = "✅" if self.passed else "❌"
        parts = [f"### {mark} rca gate\n", display.escape_markdown(self.claim) + "\n"]
        if not self.passed:
            shown = self.regressions.select(
                "service_name", "route", "reason", "n_baseline", "n_candidate", "example_trace_id"
            )
            parts.append(display.table_markdown(shown.to_dicts()))
        parts += [
            "<details><summary>All comparisons</summary>\n",
            display.table_markdown(self._rows()),
            "</details>\n",
            f"A route regresses where all of a change's interval lies beyond its budget; together they hold {self.budgets.level:.0%}.\n",
        ]
        return "\n".join(parts)

    def to_junit(self) -> str:
        """Return the report as JUnit XML: one test case a comparison; what cannot be told is skipped."""
        cases = []
        for row in self.table.iter_rows(named=True):
            name = quoteattr(_xml(f"{row['route']} {row['measure']}"))
            opening = f"<testcase classname={quoteattr(_xml('rca.gate.' + row['service_name']))} name={name} time="
            reason = quoteattr(_xml(row["reason"]))
            inner = {
                "regress": f'<failure message={reason} type="regression">{escape(_xml(row["reason"]))}</failure>',
                "no_data": f"<skipped message={reason}/>",
                "pass": "",
            }[row["verdict"]]
            cases.append(f'    {opening}"0">{inner}</testcase>')
        count = {name: int((self.table["verdict"] == name).sum()) for name in ("regress", "no_data")}
        head = f'tests="{self.table.height}" failures="{count["regress"]}" errors="0" skipped="{count["no_data"]}"'
        body = "\n".join(cases)
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<testsuites name="rca gate" {head}>\n  <testsuite name="rca gate" {head} time="0">\n{body}\n  </testsuite>\n</testsuites>\n'
        )

    def to_sarif(self) -> str:
        """Return the regressions as SARIF 2.1.0; they have no place in a file, so a logical location names the route."""
        results = [
            Result(
                rule=row["measure"],
                message=f"{row['service_name']} {row['route']}: {row['reason']}",
                level="error",
                logical=f"{row['service_name']} {row['route']}",
            )
            for row in self.regressions.iter_rows(named=True)
        ]
        return sarif("rca gate", _RULES, results)


def _xml(text: object) -> str:
    """Return text without what XML 1.0 cannot hold."""
    shown = display.escape_terminal(text)
    return "".join(sign for sign in shown if not 0xD800 <= ord(sign) <= 0xDFFF and sign not in "\ufffe\uffff")
