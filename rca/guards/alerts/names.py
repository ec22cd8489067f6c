"""What the store's metrics are called in Prometheus, and which of them plays which part in an alert."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rca.sql import statement
from rca.store import Store

__all__ = ["Names", "prometheus_name", "read_names"]

_UNITS = {
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "By": "bytes",
    "KiBy": "kibibytes",
    "MiBy": "mebibytes",
    "%": "percent",
}
_STATUS = ("status", "code", "status_code", "http_status_code", "http_response_status_code", "http.response.status_code", "http.status_code", "response_code",
           "grpc_code", "rpc_grpc_status_code", "outcome", "error_type", "error.type", "result")  # fmt: skip
_SERVICE = (
    "service",
    "service_name",
    "job",
    "app",
    "application",
    "service.name",
    "container",
    "destination_service_name",
    "kubernetes_name",
)
_FAILED = re.compile(r"(?i)^(error|errors|failure|failed|fail|server_error|exception|5xx)$")
_GRPC = "Unknown|DeadlineExceeded|Unimplemented|Internal|Unavailable|DataLoss"


@dataclass(frozen=True, slots=True)
class Names:
    """The metrics of a store by their names in Prometheus."""

    plain: dict[str, str]
    """Name of a series -> type: ``gauge``, ``counter``."""
    histograms: frozenset[str]
    """Families with ``_bucket``, ``_sum`` and ``_count``."""
    services: dict[str, frozenset[str]]
    """Name or family -> the services that have it."""
    service_label: str
    assumed: bool
    """Whether the label that names the service was not found in the data."""
    failed: dict[str, str]
    """Name or family -> the matcher of failed requests."""

    def find(self, pattern: str, *, without: str = "", kind: str = "") -> str:
        """Return the first series or family that a pattern fits, the shortest name first; '' where there is none.

        Parameters
        ----------
        kind
            ``histogram``, ``gauge`` or ``counter``; '' for a gauge or counter.
        """
        names: Iterable[str] = (
            self.histograms
            if kind == "histogram"
            else [name for name, is_kind in self.plain.items() if kind in ("", is_kind)]
        )
        fitting = [name for name in names if re.search(pattern, name) and not (without and re.search(without, name))]
        return min(fitting, key=lambda name: (-len(self.services.get(name, ())), len(name), name), default="")


def prometheus_name(name: str, unit: str = "", *, counter: bool = False) -> str:
    """Return what a metric is called in Prometheus, by OpenTelemetry's rules for names, units and counters.

    Examples
    --------
    >>> prometheus_name("http.server.request.duration", "s"), prometheus_name("queue.shed", "{request}", counter=True)
    ('http_server_request_duration_seconds', 'queue_shed_total')
    >>> prometheus_name("http_requests_total", counter=True)
    'http_requests_total'
    """
    plain = re.sub(r"[^a-zA-Z0-9_:]+", "_", name).strip("_")
    plain = f"_{plain}" if plain[:1].isdigit() else plain
    word = _UNITS.get(unit, "")
    if "." in name and word and not re.search(rf"_{word}(_|$)", plain):
        plain += f"_{word}"
    return f"{plain}_total" if counter and not re.search(r"_(total|bucket|count|sum)$", plain) else plain


def read_names(store: Store, *, service_label: str = "") -> Names:
    """Read from the store what its metrics are called."""
    plain: dict[str, str] = {}
    families: set[str] = set()
    services: dict[str, set[str]] = {}
    ours: dict[str, str] = {}
    for row in store.query(statement("export_metrics").sql).to_dicts():
        is_family = row["metric_type"] in ("histogram", "exponential_histogram")
        name = prometheus_name(row["metric_name"], row["unit"], counter=row["monotonic"] == 1 and not is_family)
        ours[row["metric_name"]] = name
        services.setdefault(name, set()).add(row["service_name"])
        if is_family:
            families.add(name)
        else:
            plain[name] = "counter" if row["monotonic"] or re.search(r"_(total|count|sum|bucket)$", name) else "gauge"
    for name in [name for name in plain if name.endswith("_bucket")]:
        family = name.removesuffix("_bucket")
        families.add(family)
        services.setdefault(family, set()).update(services[name])
    label, assumed = _service_label(store) if not service_label else (service_label, False)
    frozen = {name: frozenset(found) for name, found in services.items()}
    return Names(plain, frozenset(families), frozen, label, assumed, _failed(store, ours))


def _service_label(store: Store) -> tuple[str, bool]:
    for label in _SERVICE:
        rows = store.query(statement("export_labels").sql, label=label)
        if rows.height and int(rows["is_service"].sum()) > 0.9 * int(rows["points"].sum()):
            return prometheus_name(label), False
    return "job", True


def _failed(store: Store, ours: dict[str, str]) -> dict[str, str]:
    """Return how a failed request is told by its labels, metric by metric."""
    found: dict[str, str] = {}
    for label in _STATUS:
        values: dict[str, set[str]] = {}
        for row in store.query(statement("export_labels").sql, label=label).to_dicts():
            values.setdefault(ours[row["metric_name"]], set()).add(str(row["value"]))
        for name, seen in values.items():
            matcher = _matcher(label, seen)
            if matcher:
                for one in (name, re.sub(r"_(bucket|count|sum)$", "", name)):
                    found.setdefault(one, matcher)
    return found


def _matcher(label: str, values: set[str]) -> str:
    name = prometheus_name(label)
    if label in ("error_type", "error.type"):
        return f'{name}!=""'
    if label in ("grpc_code", "rpc_grpc_status_code"):
        return f'{name}=~"{_GRPC}"'
    if any(re.fullmatch(r"[1-5]\d\d", value) for value in values):
        return f'{name}=~"5.."'
    if any(re.fullmatch(r"[1-5]xx", value, re.IGNORECASE) for value in values):
        return f'{name}=~"5[xX]{{2}}"'
    failed = sorted(value for value in values if _FAILED.match(value))
    return f'{name}=~"{"|".join(failed)}"' if failed else ""
