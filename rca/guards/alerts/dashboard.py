"""A Grafana dashboard: rate, errors and duration of each service, what saturates, and every change marked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from rca.errors import NoDataError
from rca.guards.alerts.names import Names, read_names
from rca.guards.alerts.served import duration_family
from rca.store import Store

__all__ = ["TAG", "change_annotations", "grafana_dashboard"]

TAG = "change"
"""Annotations with this tag are shown: post changes with it."""
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_SATURATION = (
    ("Processor throttling", r"throttled_periods|throttled_seconds|throttl\w*", "counter", "ops"),
    (
        "Queue",
        r"(queue|executor)\w*_(length|depth|size|pending|waiting)$|pending_(requests|threads|acquires)",
        "gauge",
        "short",
    ),
    (
        "Pool in use",
        r"connections?_(in_use|active|used|busy|usage)|(pool|worker)\w*_(busy|active|in_use)",
        "gauge",
        "short",
    ),
    ("Slow statements", r"slow_quer", "counter", "ops"),
    ("Database processor", r"(pg|postgres|mysql|db|rds|database)\w*cpu\w*", "gauge", "percentunit"),
)


def grafana_dashboard(
    store: Store, *, title: str = "Rate, errors, duration", service_label: str = ""
) -> dict[str, Any]:
    """Return a dashboard for Grafana's import page: one row of three panels a service, with changes as annotations.

    Parameters
    ----------
    service_label
        As for :func:`prometheus_rules`.

    Returns
    -------
    dict
        The model of a dashboard, schema version 39; the data source is a variable, so any Prometheus can be chosen.

    Raises
    ------
    NoDataError
        When the store holds no metric of served requests.
    """
    names = read_names(store, service_label=service_label)
    family = duration_family(names)
    counter = (
        f"{family}_count"
        if family
        else names.find(r"(http|grpc|rpc|request)\w*_(total|count)$", without=r"client|db|gc", kind="counter")
    )
    if not counter:
        raise NoDataError(
            "The store holds no metric of served requests (such as http_server_request_duration_seconds), so there is nothing to draw."
        )
    services = sorted(
        name for name in names.services.get(family or counter, names.services.get(counter, frozenset())) if name
    ) or [""]
    panels: list[dict[str, Any]] = []
    for service in services:
        _row(panels, f"{service or 'all services'}")
        for made in _red(names, family, counter, service):
            _place(panels, made, width=8)
    _row(panels, "saturation")
    for heading, pattern, kind, unit in _SATURATION:
        if found := names.find(pattern, without=r"client_operation", kind=kind):
            expr = (
                f"sum by ({names.service_label}) ({f'rate({found}[$__rate_interval])' if kind == 'counter' else found})"
            )
            _place(panels, _panel(heading, [(expr, "{{" + names.service_label + "}}")], unit), width=8)
    for at, panel in enumerate(panels, 1):
        panel["id"] = at
    return _document(title, panels, "-".join([title, *services]))


def _document(title: str, panels: list[dict[str, Any]], key: str) -> dict[str, Any]:
    annotations = [
        {"builtIn": 1, "datasource": {"type": "grafana", "uid": "-- Grafana --"}, "enable": True, "hide": True, "iconColor": "rgba(0, 211, 255, 1)",
         "name": "Annotations & Alerts", "type": "dashboard"},
        {"datasource": {"type": "grafana", "uid": "-- Grafana --"}, "enable": True, "iconColor": "orange", "name": "Changes",
         "target": {"limit": 200, "matchAny": True, "tags": [TAG], "type": "tags"}},
    ]  # fmt: skip
    source = {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": {},
        "hide": 0,
        "refresh": 1,
        "regex": "",
    }
    return {
        "uid": "rca-" + hashlib.sha256(key.encode()).hexdigest()[:12],
        "title": title,
        "tags": ["rca", "red"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "timezone": "utc",
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "annotations": {"list": annotations},
        "templating": {"list": [source]},
        "panels": panels,
        "links": [],
    }


def _red(names: Names, family: str, counter: str, service: str) -> Iterator[dict[str, Any]]:
    by = names.service_label
    value = service.replace("\\", "\\\\").replace('"', '\\"')
    mine = f'{by}="{value}"' if service else ""
    window = "[$__rate_interval]"
    yield _panel("Requests", [(f"sum(rate({counter}{{{mine}}}{window}))", "requests")], "reqps")
    failed = names.failed.get(counter) or names.failed.get(family, "")
    if failed:
        inner = ", ".join(part for part in (mine, failed) if part)
        ratio = f"sum(rate({counter}{{{inner}}}{window})) / sum(rate({counter}{{{mine}}}{window}))"
        yield _panel("Errors", [(ratio, "share of failed requests")], "percentunit")
    if family:
        quantiles = [
            (f"histogram_quantile({q}, sum by (le) (rate({family}_bucket{{{mine}}}{window})))", f"p{q * 100:g}")
            for q in (0.5, 0.95, 0.99)
        ]
        yield _panel("Duration", quantiles, "ms" if "milliseconds" in family else "s")


def _panel(title: str, queries: list[tuple[str, str]], unit: str) -> dict[str, Any]:
    targets = [
        {
            "refId": chr(65 + at),
            "datasource": _SOURCE,
            "expr": expr,
            "legendFormat": legend,
            "range": True,
            "editorMode": "code",
        }
        for at, (expr, legend) in enumerate(queries)
    ]
    return {
        "type": "timeseries",
        "title": title,
        "datasource": _SOURCE,
        "targets": targets,
        "fieldConfig": {
            "defaults": {"unit": unit, "min": 0, "custom": {"lineWidth": 1, "fillOpacity": 10, "showPoints": "never"}},
            "overrides": [],
        },
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
    }


def _row(panels: list[dict[str, Any]], title: str) -> None:
    panels.append(
        {
            "type": "row",
            "title": title,
            "collapsed": False,
            "panels": [],
            "gridPos": {"h": 1, "w": 24, "x": 0, "y": _bottom(panels)},
        }
    )


def _place(panels: list[dict[str, Any]], panel: dict[str, Any], *, width: int, height: int = 8) -> None:
    last = panels[-1]["gridPos"]
    right = last["x"] + last["w"] + width <= 24
    place = {"x": last["x"] + last["w"], "y": last["y"]} if right else {"x": 0, "y": _bottom(panels)}
    panels.append(panel | {"gridPos": {"h": height, "w": width, **place}})


def _bottom(panels: list[dict[str, Any]]) -> int:
    return max((panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels), default=0)


def change_annotations(store: Store) -> list[dict[str, Any]]:
    """Return the store's changes as bodies for Grafana's ``POST /api/annotations``, oldest first.

    Examples
    --------
    >>> import rca
    >>> change_annotations(rca.open())
    []
    """
    from rca.display import escape_html  # Grafana shows an annotation's text as HTML
    from rca.postmortem.redact import redact
    from rca.sql import statement

    rows = []
    for row in store.query(statement("all_changes").sql, start_ns=-(1 << 62), end_ns=1 << 62).to_dicts():
        if row["time_ns"] is None or row["kind"] == "commit":
            continue
        text = " ".join(
            str(row.get(name) or "")
            for name in ("kind", "service_name", "title", "service_version", "feature_flag_key")
        ).split()
        body: dict[str, Any] = {
            "time": row["time_ns"] // 1_000_000,
            "tags": [TAG, str(row["kind"])],
            "text": escape_html(redact(" ".join(text))),
        }
        rows.append(body)
    return sorted(rows, key=lambda body: body["time"])
