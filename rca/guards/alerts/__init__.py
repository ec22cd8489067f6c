"""Alerts and a dashboard from what a store's own metrics are called."""

from __future__ import annotations

from rca.guards.alerts.dashboard import grafana_dashboard
from rca.guards.alerts.prometheus import prometheus_rules
from rca.guards.alerts.rules import AlertRules
from rca.guards.alerts.write import export_guards

__all__ = ["AlertRules", "export_guards", "grafana_dashboard", "prometheus_rules"]
