"""What a scenario is: phases of load and switches thrown at set times. Plain data; `lab.record` carries it out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

__all__ = ["Experiment", "Phase", "Scenario", "Switch", "Window"]


STARTING = ("deploy", "canary_start", "canary_stop", "migrate")
START_SECONDS = 9.0


@dataclass(frozen=True, slots=True)
class Switch:
    """Something that is changed while the load runs.

    ``kind`` names a method of `lab.switches.Switchboard`; ``at`` is in seconds after the start of its phase.
    """

    kind: str
    args: dict[str, Any] = field(default_factory=dict)
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of load. Phases with the same ``pair`` get the same arrivals, carts and downstream delays.

    The first ``settle`` seconds follow the switches and belong to no window: work begun before them drains.
    """

    name: str
    seconds: float = 180.0
    settle: float = 0.0
    pair: str = ""
    rate_factor: float = 1.0
    switches: tuple[Switch, ...] = ()
    fixed: bool = False
    """True keeps the length when ``--phase-seconds`` shortens the recording."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """A treated and a control window, written to the changes so that a reader knows what was tried when."""

    name: str
    toggled: str
    treated: str
    control: str
    args: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One recording: what runs, how it is loaded, what is changed when, and (for the label) what is wrong."""

    name: str
    title: str
    phases: tuple[Phase, ...]
    cause: str = "none"
    """Label: H1, H2, H3, H4 or none."""
    culprit: str = ""
    """Label: what a perfect investigation names."""
    experiments: tuple[Experiment, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    """First values of the settings that services watch; merged over `lab.defaults.DEFAULTS`."""
    rate: float = 12.0
    """Arrivals a second at scale 1."""
    promotion_rows: int = 1_400_000
    indexed: bool = False
    """Whether ``promotions(user_id)`` has its index from the start."""
    releases: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Version and release that a service starts with, where not the first."""
    checkout_cpus: float = 0.5
    alert_seconds: float = 1.0
    """Checkout's p99 over the alert's window that fires it; 0 for a recording without one."""
    alert_window: float = 60.0
    """Seconds that the alert looks back; it waits half as long before it fires."""
    expect: tuple[str, ...] = ()
    """Label: ids of the hypotheses that a perfect investigation may put first."""
    both: bool = False
    """Label: whether all of ``expect`` are at work at once."""
    culprit_change: dict[str, str] = field(default_factory=dict)
    """Label: kind and service of the change that did it; empty where none did."""
    part: str = ""
    """Label: ``fit`` where weights may be fitted on the recording, ``test`` where they must not."""

    def with_phase_seconds(self, seconds: float | None, scale: float = 1.0) -> Scenario:
        """Return the scenario with every phase cut to ``seconds`` and the arrivals and rows scaled."""
        phases = self.phases
        if seconds is not None:
            ratio = seconds / 180.0
            phases = tuple(_shorten(phase, ratio) for phase in phases)
        return replace(
            self,
            phases=phases,
            rate=self.rate * min(1.0, max(scale, 0.3)),
            promotion_rows=max(2_000, int(self.promotion_rows * scale)),
        )


@dataclass(frozen=True, slots=True)
class Window:
    """Where a phase lies in time once a recording has begun, in Unix seconds."""

    name: str
    begin: float
    start: float
    end: float
    pair: str

    @property
    def load_seed_name(self) -> str:
        """Name that the arrivals are drawn from: shared by paired phases."""
        return self.pair or self.name


def _shorten(phase: Phase, ratio: float) -> Phase:
    if phase.fixed:
        return phase
    switches = tuple(replace(switch, at=switch.at * ratio) for switch in phase.switches)
    # Starting a process takes as long in a short recording as in a long one.
    starting = START_SECONDS * sum(switch.kind in STARTING for switch in switches)
    settle = max(2.0, phase.settle * ratio, starting) if phase.settle else 0.0
    last = max((switch.at for switch in switches), default=0.0)
    return replace(
        phase,
        seconds=max(phase.seconds * ratio, last + starting - settle),
        settle=min(phase.settle, settle),
        switches=switches,
    )


def windows(scenario: Scenario, t0: float) -> list[Window]:
    """Lay the phases one after the other from ``t0`` (Unix seconds)."""
    placed, at = [], t0
    for phase in scenario.phases:
        end = at + phase.settle + phase.seconds
        placed.append(Window(phase.name, at, at + phase.settle, end, phase.pair))
        at = end
    return placed
