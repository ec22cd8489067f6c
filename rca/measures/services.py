"""Which service stands out: every signal of every service, weighed in one unit, and callers excused by what they call."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import polars as pl

from rca.display import cell
from rca.errors import NoDataError, did_you_mean
from rca.measures.attribution import attribute
from rca.measures.behaviour import behaviour_shifts
from rca.measures.calls import CallGraph, call_graph
from rca.measures.edges import edge_gaps, edge_suspects
from rca.measures.owntime import own_suspects, own_times
from rca.measures.periods import Periods, periods
from rca.measures.shifts import metric_shifts
from rca.measures.vocabulary import words
from rca.model import Incident
from rca.store import Store

__all__ = ["Clue", "Ranked", "rank_services", "ranked_clues", "service_clues", "table_of", "weight_of", "window_params"]

_FLOOR, _CAP = 0.0, 80.0
_EFFECTS = ("latency", "errors", "availability", "requests", "log", "log_errors", "restarts")
"""Signals that travel from a service to its callers; a caller is excused where what it calls has them too."""
_TRAFFIC = ("latency", "errors", "availability", "requests", "network", "disk", "other")
"""Signals that rise and fall with the traffic of a service, and that spans measure better."""
_EXCUSED = 0.35
"""Share of such evidence that a caller keeps."""
_STRONG = 10.0
"""Decibans of a callee from which it can excuse its callers."""
_SHARED = ("cpu", "memory", "disk", "network")
"""Signals whose amounts add up over services."""
_PARTS = 20
"""The greatest excess of failures in parts of which every other counts: as what never failed before counts itself."""
_SLOWED = 3.0
"""Shift of own time or of a gap, in units of unrest, from which a service is slower."""
_PETTY = 30.0
"""Most decibans that a shift loses for being small beside that of another service."""
_TENTH = 5.0
"""Decibans it loses at a tenth of the other; below, three times as fast: what is a hundredth is hardly noticed at all."""
_HOST = re.compile(r"^(node|host|machine|hypervisor)\b")
_MORE = 0.35
"""Worth of further families of signals beside the strongest: they are not independent."""


@dataclass(frozen=True, slots=True)
class Clue:
    """One reason to suspect a service."""

    family: str
    """``metric``, ``log``, ``edge`` or ``own_time``: clues of one family are seen by the same instrument."""
    signal: str
    decibans: float
    claim: str


@dataclass(frozen=True, slots=True)
class Ranked:
    """A service with the weight of its clues, and the service below that explains them, if one does."""

    service_name: str
    score: float
    clues: tuple[Clue, ...]
    blamed: str = ""


@dataclass(slots=True)
class _Suspect:
    clues: list[Clue] = field(default_factory=list)

    def weight(self, *, excused: bool) -> float:
        return weight_of(self.clues, excused=excused)


def weight_of(clues: Iterable[Clue], *, excused: bool = False) -> float:
    """Return the decibans of a service's clues: the plainest of each family, the families beside the first discounted."""
    best: dict[str, float] = defaultdict(float)
    for clue in clues:
        worth = clue.decibans * (_EXCUSED if excused and clue.signal in _EFFECTS else 1.0)
        best[clue.family] = max(best[clue.family], worth)
    ordered = sorted(best.values(), reverse=True)
    return (ordered[0] + _MORE * sum(ordered[1:])) if ordered else 0.0


def rank_services(store: Store, incident: Incident, *, signal: str | None = None) -> pl.DataFrame:
    """Rank the services by how much of the incident begins in them.

    With `signal`, the excess of that metric at the incident's service is divided up along the call graph (time and
    failures are conserved). Without, the shifts of all metrics, the time between services, the time spent inside
    operations and the log lines of each kind of request are weighed in decibans; what a service's callees explain
    counts little against it.

    Parameters
    ----------
    store
        The telemetry.
    incident
        Service, window and baseline.
    signal
        Name of a metric as ingested.

    Returns
    -------
    polars.DataFrame
        ``service_name, score, signal, claim, clues`` (a list), best first; with `signal` also ``share, own_share,
        shift, before, during, reachable``.

    Raises
    ------
    NoDataError
        When nothing can be compared.

    References
    ----------
    Weights of evidence in decibans: I. J. Good, "Weight of evidence: a brief survey" (1985). Conservation of time along
    calls is this project's own; ``docs`` has its measurements.
    """
    windows = periods(store, incident)
    graph = call_graph(store)
    if signal is not None:
        return _by_signal(store, windows, incident, signal, graph)
    return table_of(ranked_clues(store, incident, windows=windows, graph=graph))


def ranked_clues(
    store: Store, incident: Incident, *, windows: Periods | None = None, graph: CallGraph | None = None
) -> list[Ranked]:
    """Return every service with its clues, most suspicious first: what :func:`rank_services` shows as a table.

    Raises
    ------
    NoDataError
        When nothing can be compared.
    """
    windows = windows or periods(store, incident)
    suspects = service_clues(store, windows)
    if not suspects:
        raise NoDataError(
            f"No metric, span or error of any service lies in both the baseline ({windows.baseline}) and the incident ({windows.incident})."
        )
    return _ranked(suspects, graph or call_graph(store))


def _by_signal(store: Store, windows: Periods, incident: Incident, signal: str, graph: CallGraph) -> pl.DataFrame:
    frame = attribute(store, windows, incident.service_name, signal, graph)
    if incident.service_name not in frame["service_name"].to_list():
        names = [str(name) for name in frame["service_name"].to_list()]
        raise NoDataError(
            f"{incident.service_name!r} has no points of {signal!r} in both windows. {did_you_mean(incident.service_name, names)}"
        )
    claim = pl.format(
        "{} of the excess of {} begins here (shift {} times its unrest)",
        (100 * pl.col("own_share")).round(0).cast(pl.Int64).cast(pl.String) + "%",
        pl.lit(signal),
        pl.col("shift").round(1),
    )
    return frame.with_columns(claim.alias("claim"), pl.concat_list(claim).alias("clues"))


def window_params(windows: Periods) -> dict[str, int]:
    """Return both windows as the parameters that statements name them by."""
    return {
        "before_start_ns": windows.baseline.start_ns,
        "before_end_ns": windows.baseline.end_ns,
        "start_ns": windows.incident.start_ns,
        "end_ns": windows.incident.end_ns,
    }


def service_clues(store: Store, windows: Periods) -> dict[str, list[Clue]]:
    """Return the clues against each service, from metrics, log lines, edges and own time.

    Where spans cover both windows they measure latency, errors and traffic themselves; metrics of these then add nothing
    but quantiles of few requests, and only metrics of resources count.
    """
    params = window_params(windows)
    out: dict[str, list[Clue]] = defaultdict(list)
    gaps, own = edge_gaps(store, params), own_times(store, params)
    traced = not own.is_empty()
    shifts = metric_shifts(store, windows)
    shared = shifts.group_by("metric_name", "before", "during", "score").len().filter(pl.col("len") > 1)
    shifts = shifts.join(shared, on=["metric_name", "before", "during", "score"], how="left")
    greatest = _greatest_excess(shifts)
    own_kinds = {(row["service_name"], row["signal"]) for row in shifts.iter_rows(named=True) if not _of_host(row)}
    for row in shifts.iter_rows(named=True):
        clue = None if traced and row["signal"] in _TRAFFIC else _metric_clue(row, greatest)
        if _of_host(row) and (row["service_name"], row["signal"]) in own_kinds:
            clue = None  # what the machine does is no trait of one service that runs on it and has a metric of its own
        out.setdefault(row["service_name"], [])
        if clue is not None and not row["len"]:  # one series for many services is the host's or the cluster's
            out[row["service_name"]].append(clue)
    for row in behaviour_shifts(store, params).iter_rows(named=True):
        out[row["service_name"]].append(_log_clue(row))
    _doubt_idle(out, own, gaps)
    for name, (value, claim) in edge_suspects(gaps).items():
        out[name].append(Clue("edge", "network", _decibans(value), claim))
    for name, (value, signal, claim) in own_suspects(own).items():
        out[name].append(Clue("own_time", signal, _decibans(value), claim))
    return dict(out)


def _decibans(shift: float) -> float:
    """Return what a shift in units of unrest is worth: heavy tails, and many series looked at.

    Under a tail that falls with the third power, ten times as far is thirty decibans more; the first twenty pay for the
    number of series.
    """
    if shift <= 1:
        return _FLOOR
    return min(_CAP, max(_FLOOR, 30 * math.log10(shift) - 20))


def _doubt_idle(clues: dict[str, list[Clue]], own: pl.DataFrame, gaps: pl.DataFrame) -> None:
    """Halve what resources say of a service whose own operations, by its traces, are no slower and fail no more."""
    failed = pl.col("failed_during") / pl.col("calls_during") > pl.col("failed_before") / pl.col("calls_before")
    suffers = own.filter((pl.col("shift") >= _SLOWED) | failed)["service_name"].to_list()
    late = gaps.filter(pl.col("shift") >= _SLOWED)
    felt = {*suffers, *late["caller"].to_list(), *late["callee"].to_list()}
    for name in set(own["service_name"].to_list()) - felt:
        clues[name] = [
            replace(clue, decibans=0.5 * clue.decibans) if clue.family == "metric" else clue for clue in clues[name]
        ]


def _of_host(row: dict[str, object]) -> bool:
    return bool(_HOST.search(words(str(row["metric_name"]))))


def _greatest_excess(shifts: pl.DataFrame) -> dict[str, float]:
    """Return for each metric that services share out (CPU, memory, …) or hand on (errors) the greatest excess of any.

    Of what is shared out at least a twentieth of the greatest level: where nothing moved by more than that, nothing did.
    """
    moved = pl.when(pl.col("signal") == "errors").then(pl.col("excess"))
    amount = moved.otherwise(
        pl.max_horizontal((pl.col("during") - pl.col("before")).abs(), 0.05 * pl.col("before").abs())
    )
    rows = shifts.filter(pl.col("signal").is_in((*_SHARED, "errors"))).with_columns(amount.alias("amount"))
    return {
        str(name): float(value or 0.0)
        for name, value in rows.group_by("metric_name").agg(pl.col("amount").max()).iter_rows()
    }


def _of_little_account(row: dict[str, object], greatest: dict[str, float]) -> float:
    """Return decibans to take off a shift that is small beside the greatest of the same metric elsewhere.

    A service that hardly runs has an unrest near nothing, so that its smallest stir is many times that; what it takes
    beside the others says whether it matters, in whatever unit.
    """
    most = greatest.get(str(row["metric_name"]), 0.0) if row["signal"] in _SHARED else 0.0
    excess = abs(float(str(row["during"])) - float(str(row["before"])))
    if most <= 0:
        return 0.0
    tenths = max(0.0, -math.log10(max(excess / most, 1e-9)))
    return min(_PETTY, _TENTH * (tenths + 2 * max(0.0, tenths - 1)))


def _metric_clue(row: dict[str, object], greatest: dict[str, float]) -> Clue | None:
    score, bad, signal = float(str(row["score"])), int(str(row["bad"])), str(row["signal"])
    if (
        signal == "errors" and score > 0
    ):  # who hands on the failures of another may be steadier, and so seem to move farther
        score = min(score, _PARTS * float(str(row["excess"])) / greatest[str(row["metric_name"])])
    toward = score * bad if bad else abs(score) * (0.3 if signal in ("requests", "limit") else 1.0)
    if bad == 0 and signal == "other":
        toward = score if score > 0 else 0.3 * abs(score)
    decibans = _decibans(toward) - _of_little_account(row, greatest)
    if decibans <= 0:
        return None
    claim = f"{row['metric_name']} {cell(row['before'])} → {cell(row['during'])} ({score:+,.1f} times its usual unrest)"
    return Clue("metric", signal, decibans, claim)


def _log_clue(row: dict[str, object]) -> Clue:
    # half the deviance is the log of the likelihood ratio; halved again because requests of one kind resemble each other
    decibans = min(60.0, 10 / math.log(10) * float(str(row["deviance"])) / 4)
    verb = "complains" if row["is_bad"] else "no longer says"
    claim = (
        f"{verb} “{str(row['example'])[:100]}” in {row['during']} of {row['during_all']} requests of {row['operation']}, "
        f"before in {row['before']} of {row['before_all']}"
    )
    return Clue("log", "log_errors" if row["is_bad"] else "log", decibans, claim)


def _ranked(suspects: dict[str, list[Clue]], graph: CallGraph) -> list[Ranked]:
    people = {name: _Suspect(suspects.get(name, [])) for name in sorted(suspects.keys() | graph.services) if name}
    alone = {name: suspect.weight(excused=False) for name, suspect in people.items()}
    out = []
    for name, suspect in people.items():
        below = graph.below(name)
        blamed = [item for item in below if alone.get(item, 0.0) >= max(_STRONG, 0.5 * alone[name])]
        clues = tuple(sorted(suspect.clues, key=lambda clue: -clue.decibans))
        out.append(Ranked(name, suspect.weight(excused=bool(blamed)), clues, blamed[0] if blamed else ""))
    return sorted(out, key=lambda item: (-item.score, item.service_name))


def table_of(ranked: list[Ranked]) -> pl.DataFrame:
    """Return ranked services as the table that people read."""
    rows = []
    for item in ranked:
        first = item.clues[0] if item.clues else Clue("", "", 0.0, "nothing stands out")
        claim = first.claim + (f"; explained in part by {item.blamed}" if item.blamed else "")
        rows.append((item.service_name, item.score, first.signal, claim, [clue.claim for clue in item.clues[:5]]))
    schema = pl.Schema(
        {
            "service_name": pl.String(),
            "score": pl.Float64(),
            "signal": pl.String(),
            "claim": pl.String(),
            "clues": pl.List(pl.String()),
        }
    )
    return pl.DataFrame(rows, schema=schema, orient="row")
