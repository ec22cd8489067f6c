"""``rca export``: alert rules for Prometheus and a dashboard for Grafana from what a store has seen."""

from __future__ import annotations

import argparse

import rca
from rca.cli.outcome import Outcome
from rca.guards.alerts import export_guards

__all__ = ["HELP", "add_arguments", "run"]

HELP = "write alert rules for Prometheus and a dashboard for Grafana, named after the store's own metrics"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("store", metavar="STORE", help="the store whose metrics, baseline and changes are taken")
    parser.add_argument(
        "--to",
        required=True,
        metavar="DIR",
        help="folder to write alerts.yml, dashboard.json and annotations.json into",
    )
    parser.add_argument(
        "--slo", type=float, default=0.999, metavar="SHARE", help="objective for the share of good requests (0.999)"
    )
    parser.add_argument(
        "--service-label",
        default="",
        metavar="LABEL",
        help="label that names the service; left out, found in the data, else job",
    )


def run(options: argparse.Namespace) -> Outcome:
    """Write the files."""
    with rca.open(options.store, read_only=True) as store:
        rules, paths = export_guards(store, to=options.to, slo=options.slo, service_label=options.service_label)
    files = [str(path) for path in paths]
    return Outcome(document=rules.to_dict() | {"files": files}, text="\n".join([str(rules), "", *files]))
