"""Log schemas: fields that every record needs, correlation IDs hop by hop, levels, timestamps that say their zone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rca.errors import NoDataError, OptionError
from rca.guards.lint.report import Issue, LintReport
from rca.guards.lint.zones import zones_of_file
from rca.sql import statement
from rca.store import Store

__all__ = ["RULES", "lint_logs"]

RULES = {
    "no-service": "records do not name the service that wrote them",
    "no-time": "records have no time",
    "no-zone": "timestamps do not say their zone, so they are read as UTC",
    "no-level": "records have no severity that is understood",
    "no-message": "records have no message",
    "no-correlation": "records carry neither a trace id nor a request id, so they cannot be tied to a request",
    "correlation-lost": "the trace id is in the caller's logs but not in the callee's",
    "missing-field": "records lack a field that is required of them",
}


def lint_logs(store: Store, *, require: Sequence[str] = (), coverage: float = 0.95, least: int = 20) -> LintReport:
    """Say which service's log records cannot be searched by request, and what they lack.

    Parameters
    ----------
    require
        Attributes that every record must have, beside time, level, message and a correlation ID.
    coverage
        Share of a service's records that must have each; start-up and background records of any service have no request.
    least
        Records a service, and calls a hop, below which nothing is said.

    Returns
    -------
    LintReport
        `facts` has one row a service: ``service_name, records, time, level, message, correlation`` as shares, and one a hop:
        ``service_name`` as ``caller -> callee``, ``records`` as traces, ``correlation``.

    Raises
    ------
    NoDataError
        When the store holds no log record.
    OptionError
        When `coverage` is no share.

    Examples
    --------
    >>> import rca
    >>> lint_logs(rca.open())
    Traceback (most recent call last):
    ...
    rca.errors.NoDataError: The store holds no log record, so there is no log schema to check.
    """
    if not 0 < coverage <= 1:
        raise OptionError(f"coverage is a share of the records, above 0 and at most 1, such as 0.95, not {coverage!r}.")
    rows = store.query(statement("lint_logs").sql, field="").to_dicts()
    if not rows:
        raise NoDataError("The store holds no log record, so there is no log schema to check.")
    issues: list[Issue] = []
    facts: list[dict[str, Any]] = []
    untold: list[str] = []
    for row in rows:
        name = row["service_name"] or "(no service)"
        if row["records"] < least:
            untold.append(f"{name}: only {row['records']} records")
            continue
        if not row["service_name"]:
            issues.append(_issue("no-service", name, f"{row['records']:,} records name no service"))
        facts.append(_fact(name, row))
        issues += _judged(name, row, coverage)
    for field in require:
        for row in store.query(statement("lint_logs").sql, field=field).to_dicts():
            share = 1 - row["without_field"] / row["records"]
            if row["records"] >= least and share < coverage:
                name = row["service_name"] or "(no service)"
                issues.append(
                    _issue(
                        "missing-field",
                        name,
                        f"{share:.1%} of {row['records']:,} records have the field {field!r}, {coverage:.0%} are asked for",
                    )
                )
    _hops(store, coverage, least, issues, facts)
    _zones(store, issues, untold)
    checked = tuple(
        dict.fromkeys([row["service_name"] for row in facts] + [issue.path or issue.place for issue in issues])
    )
    return LintReport(
        title="rca lint --logs",
        rules=RULES,
        issues=tuple(sorted(issues)),
        checked=checked,
        untold=tuple(untold),
        facts=tuple(facts),
    )


def _issue(rule: str, place: str, message: str) -> Issue:
    return Issue(rule=rule, place=place, message=f"{place}: {message}.")


def _fact(name: str, row: dict[str, Any]) -> dict[str, Any]:
    whole = row["records"]
    return {
        "service_name": name,
        "records": whole,
        "time": round(1 - row["without_time"] / whole, 4),
        "level": round(1 - row["without_level"] / whole, 4),
        "message": round(1 - row["without_message"] / whole, 4),
        "correlation": round(row["correlated"] / whole, 4),
    }


def _judged(name: str, row: dict[str, Any], coverage: float) -> list[Issue]:
    whole = row["records"]
    found = []
    for rule, lacking, what in (
        ("no-time", row["without_time"], "have a time"),
        ("no-level", row["without_level"], "have a level that is understood"),
        ("no-message", row["without_message"], "have a message"),
        ("no-correlation", whole - row["correlated"], "carry a trace id or a request id"),
    ):
        share = 1 - lacking / whole
        if share < coverage:
            found.append(_issue(rule, name, f"{share:.1%} of {whole:,} records {what}, {coverage:.0%} are asked for"))
    return found


def _hops(store: Store, coverage: float, least: int, issues: list[Issue], facts: list[dict[str, Any]]) -> None:
    """Follow the trace id from caller to callee; a hop is judged on traces whose caller logged the id."""
    for row in store.query(statement("lint_log_hops").sql).to_dicts():
        if row["at_caller"] < least:
            continue
        hop, share = f"{row['caller']} -> {row['callee']}", row["at_both"] / row["at_caller"]
        facts.append(
            {
                "service_name": hop,
                "records": row["at_caller"],
                "time": None,
                "level": None,
                "message": None,
                "correlation": round(share, 4),
            }
        )
        if share < coverage:
            issues.append(
                _issue(
                    "correlation-lost",
                    hop,
                    f"of {row['at_caller']:,} traces in the caller's logs, {share:.1%} are also in the callee's, {coverage:.0%} are asked for",
                )
            )


def _zones(store: Store, issues: list[Issue], untold: list[str]) -> None:
    paths = store.query(statement("lint_log_files").sql)["path"].to_list()
    gone = []
    for path in paths:
        zones = zones_of_file(str(path))
        if zones is None:
            gone.append(path)
        elif zones[False] > zones[True]:
            issues.append(
                Issue(
                    rule="no-zone",
                    path=str(path),
                    line=1,
                    message=f"{zones[False]:,} of {zones.total():,} timestamps looked at do not say their zone.",
                )
            )
    if gone:
        untold.append(
            f"time zones: {len(gone)} of {len(paths)} files of the logs are no longer where they were read from, such as {gone[0]}"
        )
