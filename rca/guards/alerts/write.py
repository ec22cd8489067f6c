"""Writing the alerts, the dashboard and the changes into a folder."""

from __future__ import annotations

import json
from pathlib import Path

from rca.errors import NoDataError, RcaError
from rca.guards.alerts.dashboard import change_annotations, grafana_dashboard
from rca.guards.alerts.prometheus import prometheus_rules
from rca.guards.alerts.rules import AlertRules
from rca.model import Incident
from rca.store import Store

__all__ = ["export_guards"]


def export_guards(
    store: Store, incident: Incident | None = None, *, to: str | Path, slo: float = 0.999, service_label: str = ""
) -> tuple[AlertRules, list[Path]]:
    """Write ``alerts.yml`` for Prometheus, and ``dashboard.json`` and ``annotations.json`` for Grafana.

    Parameters
    ----------
    incident, slo, service_label
        As for :func:`prometheus_rules`.
    to
        Folder to write into; made where it is absent.

    Returns
    -------
    tuple
        The rules with what was left out, and the files. A dashboard that cannot be drawn is a line of what was left out.

    Raises
    ------
    NoDataError
        When the store holds no metric.
    RcaError
        When the folder cannot be written.
    """
    rules = prometheus_rules(store, incident, slo=slo, service_label=service_label)
    documents: dict[str, str] = {"alerts.yml": rules.to_yaml()}
    try:
        documents["dashboard.json"] = (
            json.dumps(grafana_dashboard(store, service_label=service_label), indent=1, ensure_ascii=False) + "\n"
        )
    except NoDataError as error:
        rules = AlertRules(rules=rules.rules, left_out=(*rules.left_out, ("dashboard", str(error))), notes=rules.notes)
    changes = change_annotations(store)
    if changes:
        documents["annotations.json"] = json.dumps(changes, indent=1, ensure_ascii=False) + "\n"
    folder, paths = Path(to), []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in documents.items():
            (folder / name).write_text(text, encoding="utf-8")
            paths.append(folder / name)
    except OSError as error:
        raise RcaError(f"{folder} cannot be written: {error.strerror or error}.") from None
    return rules, paths
