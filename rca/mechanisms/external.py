"""Causes that nobody's change made: certificates, names, providers, machines, traffic, data, quotas."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from rca.display import cell
from rca.measures.vocabulary import words
from rca.mechanisms.base import Found
from rca.mechanisms.scene import Scene
from rca.mechanisms.symptoms import is_outside, outside_hosts, symptoms_in

__all__ = ["EXTERNAL", "External", "external_causes"]


_GAP = 20.0
"""Decibans by which a service stands out through the way to it, from which the network is a cause."""


_MORE = 1.5
"""How many times more requests from outside are a surge."""
_FULL = re.compile(
    r"space|full|free|used|usage|pressure|inode|ENOSPC|extend|read.only|quota|fail|EIO|i/o error", re.IGNORECASE
)
_HOST = re.compile(r"(^|[-_.])(node|host|machine|vm|hypervisor)s?\d*($|[-_.])", re.IGNORECASE)
_AGAIN = re.compile(
    r"redeliver|requeue|returned to the queue|dead.?letter|\bdlq\b|poison|delivery (attempt|count)", re.IGNORECASE
)
_FROM_OUTSIDE = 0.5
"""Share of the requests that are more from which a surge comes from outside, however much there was before."""


@dataclass(frozen=True, slots=True)
class External:
    """A cause outside, how it would show, and what one does about it.

    `kind` is the kind of fault it makes, as in :class:`rca.mechanisms.base.Mechanism`, or ``data``, ``certificate``, ``surge``.
    """

    name: str
    title: str
    find: Callable[[Scene], Found | None]
    remediation: str
    kind: str = ""


def _symptom(name: str, *, least: float = 0.15) -> Callable[[Scene], Found | None]:
    def find(scene: Scene) -> Found | None:
        seen = scene.symptoms.get(name)
        return Found(seen.strength, seen.claim) if seen and seen.strength >= least else None

    return find


def _feed(scene: Scene, *names: str) -> str:
    """Return what a status page says that shows one of the symptoms."""
    for row in scene.feed:
        text = f"{row['title']} {row['detail']}"
        if not names or set(names) & set(symptoms_in(text)):
            return str(row["title"])
    return ""


def _dns(scene: Scene) -> Found | None:
    here = {name: found.get("dns", 0.0) for name, found in scene.by_service.items()}
    hit = [name for name, strength in here.items() if strength > 0.2]
    if not hit:
        return None
    hosts = {
        host
        for item in scene.complaints
        if "dns" in symptoms_in(item.text)
        for host in re.findall(r"(?:[\w-]+\.)+[a-z]{2,}", item.text)
    }
    strength = 0.6 * max(here.values())
    claim = f"{', '.join(sorted(hit)[:4])} cannot resolve names"
    if len(hit) > 1 or len(hosts) > 1:
        strength += 0.4
        claim += f" ({len(hosts)} different ones)"
    said = _feed(scene, "dns")
    return Found(
        min(1.0, strength + (0.3 if said else 0.0)), claim + (f"; a status page says “{said[:90]}”" if said else "")
    )


def _provider(scene: Scene) -> Found | None:
    outside = [item for item in scene.complaints if is_outside(item.text)]
    known = {host.split(".")[-2] for item in outside for host in outside_hosts(item.text)}
    named = re.compile(rf"\b({'|'.join(map(re.escape, sorted(known)))})\b", re.IGNORECASE) if known else None
    if named is not None:  # what speaks of the same provider without its address tells of it too
        outside = [item for item in scene.complaints if item in outside or named.search(item.text)]
    total = sum(item.weight for item in scene.complaints) or 1.0
    hosts = sorted({host for item in outside for host in outside_hosts(item.text)})
    own = sum(item.weight for item in scene.complaints if item.service_name == scene.incident.service_name) or total
    share = min(1.0, sum(item.weight for item in outside) / own) if outside else 0.0
    feeds = [row for row in scene.feed if _affects(row, hosts, scene)]
    if not outside and not feeds:
        return None
    strength = 0.75 * share + (0.5 if feeds else 0.0)
    claim = f"{hosts[0]} fails" if hosts else "a provider outside fails"
    if outside:
        claim += f": “{outside[0].text[:90]}”"
    if feeds:
        claim += f"; its status page says “{str(feeds[0]['title'])[:90]}”"
    return Found(min(1.0, strength), claim)


def _affects(row: object, hosts: list[str], scene: Scene) -> bool:
    assert isinstance(row, dict)  # noqa: S101
    text = f"{row['title']} {row['detail']}".lower()
    if "dns" in symptoms_in(text):
        return False
    names = {part for host in hosts for part in host.split(".")[-2:-1]} | set(hosts)
    if any(name in text for name in names):
        return True
    words = " ".join(item.text for item in scene.complaints).lower()
    providers = re.findall(r"(?:provider|vendor|page|component)\W+([\w-]{4,})", text)
    return any(name in words for name in providers)


def _platform(scene: Scene) -> Found | None:
    """Find an incident that a status page reports of the platform itself, where nothing more specific fits."""
    rows = [
        row
        for row in scene.feed
        if not re.search(r"resolved|operational|completed|scheduled", f"{row['detail']}", re.IGNORECASE)
    ]
    if not rows:
        return None
    return Found(0.45, f"a status page says “{str(rows[0]['title'])[:100]}”")


def _surge(scene: Scene) -> Found | None:
    seen = scene.symptoms.get("surge")
    if seen is None or seen.strength < 0.3:
        return None
    if scene.entry_ratio is None:
        # a surge is often only what brings a defect to light, so it never explains as much as a cause of its own
        return Found(min(0.45, seen.strength), seen.claim)
    inside = scene.entry_ratio < 0.5 * scene.surge_ratio and (scene.entry_share or 0.0) < _FROM_OUTSIDE
    if scene.entry_ratio < _MORE or inside:
        return Found(min(0.15, 0.3 * seen.strength), f"{seen.claim}, but hardly more come in from outside")
    return Found(
        min(0.7, seen.strength), f"{seen.claim}, and {scene.entry_ratio:.1f} times as many come in from outside"
    )


def _node(scene: Scene) -> Found | None:
    seen = scene.symptoms.get("node")
    hit = [item for item in scene.complaints if "node" in symptoms_in(item.text)]
    system = [
        item for item in hit if re.search(r"kube|scheduler|node|host|machine|agent", item.service_name, re.IGNORECASE)
    ]
    said = _feed(scene, "node")
    if seen is None and not said:
        return None
    strength = 0.6 * (seen.strength if seen else 0.0) + (0.5 if system else 0.0) + (0.4 if said else 0.0)
    text = (system or hit)[0].text if (system or hit) else said
    return Found(min(1.0, strength), f"a machine or zone is lost: “{text[:100]}”")


def _zone(scene: Scene) -> Found | None:
    """Find a lost zone: a status page says so, or a service, and machines or connections of several services are gone."""
    seen, said = scene.symptoms.get("zone"), _feed(scene, "zone")
    if seen is None and not said:
        return None
    gone = [
        name for name, here in scene.by_service.items() if max(here.get("refused", 0.0), here.get("node", 0.0)) > 0.2
    ]
    strength = 0.5 * (seen.strength if seen else 0.0) + (0.5 if said else 0.0) + (0.3 if len(gone) > 1 else 0.0)
    return Found(
        min(1.0, strength), f"a zone or region is lost: “{said[:100]}”" if said or seen is None else seen.claim
    )


def _data(scene: Scene) -> Found | None:
    seen = scene.symptoms.get("data")
    if seen is None:
        return _poison(scene)
    same = {re.sub(r"\W+", " ", item.text) for item in scene.complaints if "data" in symptoms_in(item.text)}
    return Found(0.75 * seen.strength * (1.0 if len(same) <= 3 else 0.6), seen.claim)


def _disk_full(scene: Scene) -> Found | None:
    """Find a disk that is full or failing; a busy one is a consequence."""
    seen = scene.symptoms.get("disk")
    return Found(0.7 * seen.strength, seen.claim) if seen and _FULL.search(seen.claim) else None


def _host(scene: Scene) -> Found | None:
    """Find a machine that runs out of memory or CPU while the service on it takes no more than before."""
    rows = [row for row in scene.moved.iter_rows(named=True) if row["signal"] in ("memory", "cpu", "disk")]
    own = [row for row in rows if row["service_name"] == scene.incident.service_name and row["score"] * row["bad"] > 0]
    hosts = [row for row in rows if _HOST.search(row["service_name"]) and row["score"] * row["bad"] > 0]
    if own or not hosts:
        return None
    top = max(hosts, key=lambda row: abs(row["score"]))
    return Found(
        0.5, f"{top['metric_name']} of {top['service_name']} went from {cell(top['before'])} to {cell(top['during'])}"
    )


def _poison(scene: Scene) -> Found | None:
    """Find a message that cannot be digested and comes again and again: it is refused, and redeliveries rise."""
    refused = max((scene.symptoms[name] for name in ("decode", "nil", "validation") if name in scene.symptoms),
                  key=lambda item: item.strength, default=None)  # fmt: skip
    again = [
        row
        for row in scene.moved.iter_rows(named=True)
        if row["score"] > 0 and _AGAIN.search(words(row["metric_name"]))
    ]
    said = [item.text for item in scene.complaints if _AGAIN.search(item.text)]
    if refused is None or not (again or said):
        return None
    return Found(0.6 * refused.strength, f"{refused.claim}, and it comes again and again")


def _network(scene: Scene) -> Found | None:
    said = _half(_symptom("network")(scene), 0.5)
    first = next(iter(scene.standing), None)
    if first is None or first.score < _GAP or not first.clues or first.clues[0].family != "edge":
        return said
    seen = Found(min(0.3, first.score / 100), first.clues[0].claim)
    return seen if said is None or seen.strength > said.strength else said


EXTERNAL: tuple[External, ...] = (
    External("certificate_expired", "a certificate expired", _symptom("certificate"), "rotate-cert", "certificate"),
    External("credential_expired", "a token, key or licence expired", _symptom("credential"), "rotate-credentials"),
    External("dns", "names are not resolved", _dns, "escalate-upstream", "network"),
    External("provider", "a provider outside fails", _provider, "failover", "dependency"),
    External("node", "a machine or zone is lost", _node, "drain-node"),
    External("zone", "a zone or region is lost", _zone, "failover"),
    External("surge", "more traffic than the system is sized for", _surge, "scale-up", "surge"),
    External("data", "a record that the code cannot digest", _data, "fix-data", "data"),
    External("plan_flip", "the database plans a statement otherwise", lambda scene: _half(_symptom("plan")(scene), 0.8), "refresh-statistics", "database"),
    External("counterpart", "what another party sends changed", lambda scene: _half(_symptom("counterpart")(scene), 0.8), "escalate-upstream", "data"),
    External("host", "what shares the host takes its memory or CPU", _host, "drain-node", "runtime"),
    External("clock", "a clock is off", lambda scene: _half(_symptom("clock")(scene), 0.8), "fix-clock"),
    External("neighbour", "another tenant of the host takes the CPU", lambda scene: _half(_symptom("steal")(scene), 0.7), "move-workload", "runtime"),
    External("disk_full", "a disk is full", _disk_full, "free-disk"),
    External("database_failover", "the database changed its primary or was in maintenance", lambda scene: _half(_symptom("failover")(scene), 0.8), "failover", "database"),
    External("network", "the network loses or delays packets", _network, "escalate-upstream", "network"),
    External("quota", "a quota of a provider is used up", lambda scene: _half(_symptom("throttle")(scene), 0.35), "scale-up", "dependency"),
    External("platform", "the platform reports an incident", _platform, "escalate-upstream"),
)  # fmt: skip
"""What can go wrong without a change, most specific first."""


def _half(found: Found | None, factor: float) -> Found | None:
    return Found(factor * found.strength, found.claim) if found else None


def external_causes(scene: Scene) -> list[tuple[External, Found]]:
    """Return the causes outside that the scene shows, plainest first.

    Examples
    --------
    >>> from rca.mechanisms.scene import Scene, Seen
    >>> from rca.measures.calls import CallGraph
    >>> from rca.measures.periods import Periods
    >>> from rca.model import Incident, Window
    >>> scene = Scene(Incident("a", start=10, end=20), Periods(Window(0, 10), Window(10, 20)), CallGraph(),
    ...     symptoms={"certificate": Seen(1.0, "a", "it expired")})
    >>> external_causes(scene)[0][0].remediation
    'rotate-cert'
    """
    found = [(cause, cause.find(scene)) for cause in EXTERNAL]
    kept = [(cause, item) for cause, item in found if item is not None and item.strength >= 0.1]
    return sorted(kept, key=lambda pair: -pair[1].strength)
