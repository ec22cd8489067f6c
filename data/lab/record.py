"""Record a scenario: start everything, load it, throw the switches, stop everything, write the files."""

from __future__ import annotations

import copy
import json
import logging
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.cgroups import Groups
from lab.database import Database
from lab.defaults import DEFAULTS, FIRST_RELEASES
from lab.errors import LabError
from lab.model import Phase, Scenario, Window, windows
from lab.package import write_recording
from lab.processes import Cores, Process, Processes
from lab.scrape import Scraper, Target
from lab.switches import Switchboard

__all__ = ["record"]

log = logging.getLogger("lab")
SCRAPE_SECONDS = 3.0
WARM_UP_SECONDS = 20.0
START_UP_SECONDS = 180.0


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = copy.deepcopy(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else copy.deepcopy(value)
    return merged


@contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    """End by an exception on SIGTERM, SIGINT and after ``seconds``, so that everything is stopped on the way out."""

    def stop(number: int, _frame: object) -> None:
        if number == signal.SIGALRM:
            raise LabError(f"the recording was not done within {seconds:.0f} s and was given up")
        raise SystemExit(128 + number)

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)
    before = {number: signal.signal(number, stop) for number in numbers}
    signal.alarm(int(seconds))
    try:
        yield
    finally:
        signal.alarm(0)
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(slots=True)
class Lab:
    """Everything that runs during one recording."""

    scenario: Scenario
    seed: int
    work: Path
    processes: Processes
    database: Database
    scraper: Scraper
    board: Switchboard

    def start(self) -> None:
        """Start the database, the reports and the services, and let them warm up."""
        buffers = max(128, self.scenario.promotion_rows // 2_500)
        postgres = self.database.start(self.processes, self.processes.cores, buffers_mb=buffers)
        log.info("filling the database: %d promotions", self.scenario.promotion_rows)
        self.database.fill(seed=self.seed, rows=self.scenario.promotion_rows, indexed=self.scenario.indexed)
        self.scraper.targets["postgres-1"] = Target("postgres", "postgres-1", "", None, postgres.group)
        self.board.write_settings()
        releases = FIRST_RELEASES | self.scenario.releases
        for service in ("pricing", "inventory", "checkout", "gateway"):
            instance = self.board.start_service(service, *releases[service])
            if service in ("pricing", "inventory"):
                self.board.settings["urls"][service] = self.board.running[instance][1]["url"]
                self.board.write_settings()
            elif service == "checkout":
                self.board.route({instance: 1.0})
            else:
                self.board.move_gateway(instance)
        reports = self.board.settings.get("reports", {})
        if reports:
            options = [text for key, value in reports.items() for text in (f"--{key}", str(value))]
            self.processes.python("reports", "lab.background", self.database.url(), "--seed", str(self.seed), *options)

    def load(self, placed: list[tuple[Window, float]], out: Path) -> Process:
        """Start the load generator on a plan."""
        plan = {
            "seed": self.seed,
            "address": str(self.board.address_file),
            "phases": [
                {"name": w.name, "begin": w.begin, "start": w.start, "end": w.end, "load": w.load_seed_name, "rate": r}
                for w, r in placed
            ],
        }
        file = out.with_suffix(".plan.json")
        file.write_text(json.dumps(plan))
        generator = self.processes.python(out.stem, "lab.load", str(file), str(out))
        generator.facts["may_end"] = True
        # It must be on time whatever the services do.
        self.processes.settle(generator, 16_384)
        return generator

    def warm_up(self, seconds: float) -> None:
        """Load the services once with every request traced, make sure the traces hold SQL, and forget it all."""
        self._sampling(1.0)
        start = time.time() + 1.5
        window = Window("warm_up", start, start, start + seconds, "")
        generator = self.load([(window, self.scenario.rate)], self.work / "warm-up.csv")
        self._wait_for(generator, seconds + 30)
        self._sampling(self.scenario.settings.get("sampling", DEFAULTS["sampling"]))
        time.sleep(2.5)
        checkout = self.board.instances("checkout")[0]
        text = (self.work / checkout / "traces.jsonl").read_text()
        if "db.query.text" not in text:
            raise LabError(
                "no span of checkout carries a database statement: the SQLAlchemy instrumentation did not start "
                "(it refuses SQLAlchemy 2.1 and newer); install the lab's requirements as pinned"
            )
        for file in (*self.work.glob("*/traces.jsonl"), *self.work.glob("*/app.log"), self.database.log_file):
            # All are open for appending, so what follows starts at the top.
            os.truncate(file, 0)

    def _sampling(self, ratio: float) -> None:
        self.board.settings["sampling"] = ratio
        self.board.write_settings()
        time.sleep(0.5)

    def _wait_for(self, process: Process, seconds: float) -> None:
        end = time.monotonic() + seconds
        while process.popen.poll() is None:
            if time.monotonic() > end:
                raise LabError(f"{process.name} was not done within {seconds:.0f} s")
            time.sleep(0.2)
        if process.popen.returncode:
            process.check()
        self.processes.stop(process)

    def run(self, placed: list[Window], phases: tuple[Phase, ...]) -> None:
        """Load the phases and throw their switches, each at its time."""
        rates = [self.scenario.rate * phase.rate_factor for phase in phases]
        generator = self.load(list(zip(placed, rates, strict=True)), self.work / "requests.csv")
        self.scraper.start()
        for window, phase in zip(placed, phases, strict=True):
            self._sleep_until(window.begin)
            log.info("%s: %.0f s", window.name, window.end - window.begin)
            for switch in sorted(phase.switches, key=lambda switch: switch.at):
                self._sleep_until(window.begin + switch.at)
                self.board.throw(switch.kind, switch.args)
            if time.time() > window.end:
                raise LabError(f"the switches of phase {window.name} took longer than the phase: give it more time")
        self._sleep_until(placed[-1].end)
        self._wait_for(generator, 60)
        self.scraper.stop()

    def _sleep_until(self, at: float) -> None:
        while (left := at - time.time()) > 0:
            time.sleep(min(left, 1.0))
            self.processes.check_services()

    def note_experiments(self, placed: list[Window]) -> None:
        """Write the experiments down with the windows they had."""
        by_name = {window.name: window for window in placed}
        for tried in self.scenario.experiments:
            treated, control = by_name[tried.treated], by_name[tried.control]
            self.board.experiment(
                tried.name, tried.toggled, (treated.start, treated.end), (control.start, control.end), **tried.args
            )


def record(scenario: Scenario, out: Path, *, seed: int) -> None:
    """Record ``scenario`` into ``out`` and, beside it, the truth into ``<out>.truth``.

    Raises
    ------
    LabError
        Where something that is needed is missing, or a process ends by itself; nothing is left running then.
    """
    length = sum(phase.settle + phase.seconds for phase in scenario.phases)
    with ExitStack() as stack:
        stack.enter_context(_bounded(length + START_UP_SECONDS + 120))
        work = Path(tempfile.mkdtemp(prefix="rca-lab-"))
        if not os.environ.get("RCA_LAB_KEEP"):
            stack.callback(shutil.rmtree, work, ignore_errors=True)
        work.chmod(0o755)
        groups = Groups()
        stack.callback(groups.close)
        if not groups.available:
            log.warning("no CPU groups here: limits have no effect and throttling is not recorded")
        processes = Processes(work, Cores.choose(), groups)
        stack.callback(processes.close)
        database = Database(work)
        scraper = Scraper(SCRAPE_SECONDS, database.url())
        stack.callback(scraper.stop)
        settings = _merge(DEFAULTS, scenario.settings)
        board = Switchboard(work, processes, database, scraper, settings, scenario.checkout_cpus)
        lab = Lab(scenario, seed, work, processes, database, scraper, board)
        lab.start()
        log.info("warming up")
        lab.warm_up(min(WARM_UP_SECONDS, max(4.0, length / 10)))
        placed = windows(scenario, time.time() + 2.0)
        lab.run(placed, scenario.phases)
        lab.note_experiments(placed)
        processes.close()
        write_recording(scenario, placed, seed=seed, work=work, board=board, scraper=scraper, out=out)
