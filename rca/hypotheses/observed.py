"""Everything observed about one incident, each finding made once and shared by all hypotheses."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import polars as pl

from rca.errors import NoDataError
from rca.findings.dependencies import dependencies
from rca.findings.queries_per_request import queries_per_request
from rca.findings.repeated import repeated_queries
from rca.findings.saturation import saturation
from rca.findings.slow_queries import slow_queries
from rca.hypotheses.requests import Rate, Requests
from rca.measures.calls import call_graph
from rca.measures.knock_on import plain_cause
from rca.measures.logged import binned_log, complete_log, told_places
from rca.measures.logs import log_shifts
from rca.measures.metered import binned_metrics, p99_by_both
from rca.measures.periods import Periods, periods
from rca.measures.places import binned, requests_by_place
from rca.measures.saturation import SCHEMA
from rca.measures.services import Ranked, ranked_clues, table_of
from rca.measures.shifts import metric_shifts
from rca.measures.texts import Text, incident_texts
from rca.mechanisms.traffic import entry_ratio, rate_ratio
from rca.model import Finding, Incident
from rca.sql import statement
from rca.store import Store

if TYPE_CHECKING:
    from rca.hypotheses.origin import Origin

__all__ = ["Observed"]

_UNKNOWN_SAMPLING = 0.2
"""Standard error, on the logarithm, of a rate counted from traces whose sampling may not be on record."""
_BUSIER = 1.4
"""Ratio of rates, by the lower end of its interval, from which more requests explain why things wait."""
_SLOWER = 1.4
"""Ratio of p99 from which a service is slower by its own spans, so that waiting for it may follow from that."""
T = TypeVar("T")


class Observed:
    """The findings about one incident; an attribute is None where the store cannot give it, and `why` says so."""

    def __init__(self, store: Store, incident: Incident) -> None:
        self.store, self.incident = store, incident
        self.why: dict[str, str] = {}

    def _try(self, name: str, make: Callable[[], T]) -> T | None:
        try:
            return make()
        except NoDataError as error:
            self.why[name] = str(error)
            return None

    @cached_property
    def windows(self) -> Periods:
        """Baseline and incident."""
        return periods(self.store, self.incident)

    @cached_property
    def requests(self) -> Requests | None:
        """Requests of the incident's service, before and during: traced ones; where none is, logged ones, or those a histogram counts."""
        return self._try("requests", self._requests)

    def _requests(self) -> Requests:
        windows = (self.windows.baseline, self.windows.incident)
        traced = [binned(requests_by_place(self.store, self.incident.service_name, window)) for window in windows]
        if all(data.n for data in traced):
            return Requests(*traced)
        others = None if any(data.n for data in traced) else self._logged() or self._metered()
        if others is None:
            role = "incident" if traced[0].n else "baseline"
            raise NoDataError(f"no traced request of {self.incident.service_name} in the {role}")
        return others

    def _logged(self) -> Requests | None:
        """Return the requests that the service's log tells of; None where it does not tell how they went in both windows."""
        windows = (self.windows.baseline, self.windows.incident)
        logs = complete_log(self.store, self.incident.service_name, *windows)
        if logs is None or any(log.is_empty() for log in logs):
            return None
        places = told_places(*logs)
        before, during = (binned_log(log, window, places=places) for log, window in zip(logs, windows, strict=True))
        return None if before is None or during is None else Requests(before, during, source="logs")

    def _metered(self) -> Requests | None:
        """Return the requests that a histogram of the service counts; None where it has none in one of the windows."""
        windows = (self.windows.baseline, self.windows.incident)
        before, during = (binned_metrics(self.store, self.incident.service_name, window) for window in windows)
        return Requests(before, during, source="histograms") if before.n and during.n else None

    @cached_property
    def covered_ns(self) -> tuple[int, int]:
        """How much of the baseline and of the incident holds requests: recordings have holes, and rates must not count them."""
        windows = (self.windows.baseline, self.windows.incident)
        if self.requests is not None and self.requests.source != "spans":
            return windows[0].length_ns, windows[1].length_ns
        step = max(1_000_000_000, self.windows.incident.length_ns // 10)
        out = []
        for window in windows:
            params = {"start_ns": window.start_ns, "end_ns": window.end_ns, "bin_ns": step}
            bins = self.store.query(statement("traced_bins").sql, params)["bin_ns"].to_list()
            out.append(sum(min(at + step, window.end_ns) - max(at, window.start_ns) for at in bins))
        return out[0], out[1]

    @cached_property
    def rate(self) -> Rate | None:
        """Requests a second; None where a window holds none."""
        covered = self.covered_ns
        if self.requests is None or not all(covered):
            return None
        before, during = self.requests.before, self.requests.during
        first, second = (
            float(item.weight.sum()) / (length / 1e9) for item, length in zip((before, during), covered, strict=True)
        )
        ratio = second / first if first else float("nan")
        unsure = _UNKNOWN_SAMPLING if self.requests.source == "spans" else 0.0
        error = math.exp(1.96 * math.sqrt(1 / before.n + 1 / during.n + unsure**2))
        return Rate(first, second, ratio, ratio / error, ratio * error)

    @cached_property
    def metered(self) -> tuple[float | None, float | None]:
        """How many times more requests come to the incident's service, and from outside, by metrics; None where none says."""
        shifts = metric_shifts(self.store, self.windows)
        here = rate_ratio(shifts, [self.incident.service_name])
        return here, entry_ratio(shifts, call_graph(self.store), self.incident.service_name)

    @cached_property
    def p99_by_both(self) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """p99 by the service's histogram and by its spans, before and during, in ms; None where one of them does not tell."""
        windows = (self.windows.baseline, self.windows.incident)
        before, during = (p99_by_both(self.store, self.incident.service_name, window) for window in windows)
        return None if before is None or during is None else (before, during)

    @property
    def waits_first(self) -> bool:
        """Whether requests wait before the service takes them up, far longer than before: its histogram grew, its spans did not."""
        if self.p99_by_both is None:
            return False
        (metered_before, traced_before), (metered, traced) = self.p99_by_both
        return metered >= 2 * max(traced, metered_before) and traced < _SLOWER * traced_before

    @property
    def busier(self) -> bool:
        """Whether plainly more requests came, so that what waits needs no other cause."""
        return self.rate is not None and self.rate.low > _BUSIER

    @cached_property
    def calls(self) -> Finding | None:
        """Queries per request."""
        return self._try("calls", lambda: queries_per_request(self.store, self.incident))

    def made(self, name: str) -> Finding | None:
        """Return a finding that was made already, None where it was not: evidence that can do without it shows it if it can."""
        return self.__dict__.get(name)

    @cached_property
    def repeated(self) -> Finding | None:
        """Repeated calls."""
        return self._try("repeated", lambda: repeated_queries(self.store, self.incident))

    @cached_property
    def slow(self) -> Finding | None:
        """Slow statements."""
        return self._try("slow", lambda: slow_queries(self.store, self.incident))

    @cached_property
    def saturation(self) -> Finding | None:
        """Saturation signals."""
        return self._try("saturation", lambda: saturation(self.store, self.incident))

    @cached_property
    def hops(self) -> Finding | None:
        """Dependencies, hop by hop."""
        return self._try("hops", lambda: dependencies(self.store, self.incident))

    @cached_property
    def logs(self) -> pl.DataFrame | None:
        """Log templates and telling messages of failed spans, before and during."""
        from rca.hypotheses.spoken import span_messages

        logs = self._try("logs", lambda: log_shifts(self.store, self.windows))
        spans = span_messages(self.texts)
        if logs is None:
            return spans if spans.height else None
        return pl.concat([logs, spans.cast({"severity_number": logs.schema["severity_number"]})], how="diagonal").sort(
            "shift", "service_name", "template", descending=[True, False, False]
        )

    @cached_property
    def texts(self) -> list[Text]:
        """What services say, in logs and in failed spans."""
        return incident_texts(self.store, self.windows)

    @cached_property
    def failed_spans(self) -> Mapping[str, Mapping[str, tuple[float, str]]]:
        """Kinds of fault that the failed spans of each service speak of."""
        from rca.hypotheses.spoken import kinds_said

        return kinds_said(self.texts)

    def on_the_way(self) -> tuple[str, str]:
        """Kind (network or certificate) and message of most calls of the incident's service that fail, where that is why."""
        said = self.failed_spans.get(self.incident.service_name, {})
        best = max(said, key=lambda kind: said[kind][0], default="")
        return (best, said[best][1]) if best in ("network", "certificate") and said[best][0] >= 0.5 else ("", "")

    @cached_property
    def suspects(self) -> list[Ranked] | None:
        """Services with their clues, most suspicious first."""
        return self._try("services", lambda: ranked_clues(self.store, self.incident, windows=self.windows))

    @cached_property
    def caused(self) -> tuple[str, str, str]:
        """Service, signal and claim of the plainest cause of waits; empty texts where nothing but waiting stands out."""
        found = plain_cause(self.suspects or ())
        return ("", "", "") if found is None else (found[0].service_name, found[1].signal, found[1].claim)

    @cached_property
    def services(self) -> pl.DataFrame | None:
        """Services, most suspicious first, as a table."""
        return None if self.suspects is None else table_of(self.suspects)

    @cached_property
    def origin(self) -> Origin | None:
        """Where it begins and what shows there; None where no service stands out."""
        from rca.hypotheses.origin import origin

        return origin(self)

    def signals(self, *names: str) -> pl.DataFrame:
        """Return the saturation rows of some signals, strongest first; empty where there are none."""
        if self.saturation is None:
            return pl.DataFrame(schema=SCHEMA)
        return self.saturation.table.filter(pl.col("signal").is_in(names))
