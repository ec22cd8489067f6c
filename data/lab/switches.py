"""The switchboard: everything that a scenario can change while the load runs, each change written down as teams do."""

from __future__ import annotations

import copy
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from lab.database import Database
from lab.errors import LabError
from lab.history import INDEX_SQL, commit
from lab.processes import Process, Processes, free_port, wait_for_http
from lab.scrape import Scraper, Target

__all__ = ["Switchboard", "stamp"]


def stamp(at: float) -> str:
    """Write Unix seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Switchboard:
    """Runs the services and changes them; ``changes`` is the list that the recording ships."""

    work: Path
    processes: Processes
    database: Database
    scraper: Scraper
    settings: dict[str, Any]
    checkout_cpus: float
    changes: list[dict[str, Any]] = field(default_factory=list)
    running: dict[str, tuple[Process, dict[str, Any]]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)
    _limit: float | None = None

    @property
    def settings_file(self) -> Path:
        """The file that all services watch."""
        return self.work / "settings.json"

    @property
    def address_file(self) -> Path:
        """Where the gateway can be reached: the load generator's load balancer."""
        return self.work / "gateway-address.json"

    def write_settings(self) -> None:
        """Put the settings in force."""
        fresh = self.settings_file.with_suffix(".new")
        fresh.write_text(json.dumps(self.settings))
        fresh.chmod(0o644)
        fresh.replace(self.settings_file)

    def _note(self, kind: str, **fields: Any) -> None:
        self.changes.append({"time": stamp(time.time()), "kind": kind, **fields})

    def start_service(self, service: str, version: str, release: str, *, suffix: str = "") -> str:
        """Start an instance, wait until it answers, return its name."""
        self._counts[service] = self._counts.get(service, 0) + 1
        instance = f"{service}-{suffix or self._counts[service]}"
        out = self.work / instance
        out.mkdir()
        port, metrics_port = free_port(), free_port()
        options = {
            "version": version, "instance": instance, "release": release, "port": port, "metrics-port": metrics_port,
            "out": out, "settings": self.settings_file,
        }  # fmt: skip
        if service == "checkout":
            options["database-url"] = self.database.url("postgresql+psycopg") + (
                f"?application_name=checkout&options=-c%20statement_timeout%3D{self.settings.get('statement_timeout', 6000)}"
            )
            self._limit = self._limit or self.checkout_cpus
        arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        process = self.processes.python(instance, "lab.services", service, *arguments, gently=True)
        wait_for_http(f"http://127.0.0.1:{metrics_port}/metrics", process)
        self.processes.settle(process)
        if service == "checkout" and process.group is not None:
            process.group.limit(self._limit)
        facts = {"service": service, "version": version, "url": f"http://127.0.0.1:{port}", "instance": instance}
        self.running[instance] = (process, facts)
        self.scraper.targets[instance] = Target(service, instance, version, metrics_port, process.group)
        return instance

    def route(self, shares: dict[str, float]) -> None:
        """Send shares of the traffic to instances of checkout."""
        self.settings["upstreams"]["checkout"] = [
            {**self.running[instance][1], "share": share} for instance, share in shares.items()
        ]
        self.write_settings()

    def instances(self, service: str) -> list[str]:
        """Name the running instances of a service."""
        return [name for name, (_, facts) in self.running.items() if facts["service"] == service]

    def retire(self, instance: str, drain: float = 3.0) -> None:
        """Stop an instance after its last requests."""
        time.sleep(drain)
        process, _ = self.running.pop(instance)
        self.scraper.targets.pop(instance)
        self.processes.stop(process)

    # Below: the switches that a scenario names.

    def deploy(self, *, service: str, version: str, release: str, commit_name: str = "", title: str = "") -> None:
        """Start a new version beside the old, move the traffic, stop the old."""
        old = self.instances(service)
        began = time.time()
        fresh = self.start_service(service, version, release)
        change = commit(commit_name) if commit_name else None
        previous = self.running[old[0]][1]["version"]
        self._note(
            "deploy",
            service=service, version=version, previous_version=previous,
            revision=change.sha if change else "", title=title or f"{service} {previous} -> {version}",
            author="deploy-bot",
        )  # fmt: skip
        if service == "checkout":
            self.route({fresh: 1.0})
        elif service == "gateway":
            self.move_gateway(fresh)
        else:
            self.settings["urls"][service] = self.running[fresh][1]["url"]
            self.write_settings()
        for name in old:
            self.retire(name)
        if change is not None:
            self.commit_at(commit_name, began - 420.0)

    def commit_at(self, name: str, at: float) -> None:
        """Write down a commit and when it was merged."""
        change = commit(name)
        diffs = change.changed
        self.changes.append(
            {
                "time": stamp(at), "kind": "commit", "service": change.service, "sha": change.sha,
                "message": change.message, "files": sorted(diffs), "diff": "".join(diffs.values()),
            }
        )  # fmt: skip

    def move_gateway(self, fresh: str) -> None:
        """Point the callers to an instance of the gateway."""
        draft = self.address_file.with_suffix(".new")
        draft.write_text(json.dumps({"url": self.running[fresh][1]["url"]}))
        draft.replace(self.address_file)

    def flag(self, *, name: str, state: str, service: str, only_instance: str | None = None, title: str = "") -> None:
        """Flip a feature flag, for all instances or for one."""
        rule = self.settings["flags"][name]
        before = rule["state"]
        rule["state"] = state
        rule.pop("only_instance", None)
        if only_instance:
            rule["only_instance"] = only_instance
        self.write_settings()
        self._note(
            "flag", service=service, flag=name, **{"from": before, "to": state},
            title=title or f"{name}: {before} -> {state}" + (f" on {only_instance} only" if only_instance else ""),
        )  # fmt: skip

    def setting(self, *, values: dict[str, Any], service: str = "", key: str = "", title: str = "") -> None:
        """Change settings that the services watch; dotted names reach inside. Without a title nobody writes it down."""
        before: dict[str, Any] = {}
        for name, value in values.items():
            *folders, last = name.split(".")
            place = self.settings
            for folder in folders:
                place = place[folder]
            before[name] = copy.deepcopy(place.get(last))
            place[last] = value
        self.write_settings()
        if title:
            name, value = next(iter(values.items()))
            self._note(
                "config", service=service, key=key or name, **{"from": str(before[name]), "to": str(value)}, title=title
            )

    def cpu_limit(self, *, cpus: float, service: str = "checkout", quiet: bool = False) -> None:
        """Change the CPU limit of a service's instances."""
        before, self._limit = self._limit, cpus
        for instance in self.instances(service):
            group = self.running[instance][0].group
            if group is not None:
                group.limit(cpus)
        if not quiet:
            old, new = f"{round((before or 0) * 1000)}m", f"{round(cpus * 1000)}m"
            self._note(
                "scale", service=service, key="resources.limits.cpu", **{"from": old, "to": new},
                title=f"{service} CPU limit {old} -> {new}",
            )  # fmt: skip

    def canary_start(self, *, version: str, release: str, share: float) -> None:
        """Start a second version and give it a share of the traffic."""
        stable = self.instances("checkout")[0]
        canary = self.start_service("checkout", version, release, suffix="canary")
        self.route({canary: share, stable: 1.0 - share})
        self._note(
            "deploy", service="checkout", version=version, revision=commit("personalised").sha,
            instance=canary, share=share, title=f"checkout canary {version} at {share:.0%}", author="deploy-bot",
        )  # fmt: skip

    def canary_stop(self) -> None:
        """Take the canary away."""
        others = [name for name in self.instances("checkout") if name != "checkout-canary"]
        version = self.running["checkout-canary"][1]["version"]
        self.route({others[0]: 1.0})
        self._note(
            "rollback", service="checkout", version=version, instance="checkout-canary",
            title=f"checkout canary {version} removed",
        )  # fmt: skip
        self.retire("checkout-canary")

    def migrate(self, *, title: str = "index on promotions(user_id)") -> None:
        """Create the missing index."""
        with psycopg.connect(self.database.url(), application_name="migrations", autocommit=True) as connection:
            connection.execute(INDEX_SQL)
            connection.execute("ANALYZE promotions")
        self._note("migration", service="checkout", title=title, files=["migrations/0042_promotions_user_id_idx.sql"])

    def drop_index(self, *, title: str = "drop unused index promotions_user_id_idx") -> None:
        """Drop the index, as a mistaken clean-up does."""
        with psycopg.connect(self.database.url(), application_name="migrations", autocommit=True) as connection:
            connection.execute("DROP INDEX IF EXISTS promotions_user_id_idx")
        self._note("migration", service="checkout", title=title)

    def index_on(self, *, statement: str, title: str) -> None:
        """Create an index that helps nobody who is waiting."""
        with psycopg.connect(self.database.url(), application_name="migrations", autocommit=True) as connection:
            connection.execute(statement.encode())
        self._note("migration", service="checkout", title=title)

    def database_setting(self, *, values: dict[str, str], title: str) -> None:
        """Change settings of the database server, for all who are connected."""
        with psycopg.connect(self.database.url(), application_name="operations", autocommit=True) as connection:
            for name, value in values.items():
                connection.execute(f"ALTER SYSTEM SET {name} = {value}".encode())
            connection.execute("SELECT pg_reload_conf()")
        key, value = next(iter(values.items()))
        self._note("config", service="postgres", key=key, **{"from": "on", "to": value}, title=title)

    def certificate(self, *, service: str, seconds: float) -> None:
        """Let checkout call a service over TLS, with a certificate that expires in ``seconds``: nobody writes it down."""
        port, target = free_port(), self.settings["urls"][service].rsplit(":", 1)[-1]
        folder = self.work / f"tls-{service}"
        folder.mkdir()
        self.helper(module="lab.faults.tls", arguments=[f"{port}", target, str(folder), f"{seconds}"])
        authority = folder / "ca.pem"
        end = time.monotonic() + 15
        while not (folder / "ready").exists():
            if time.monotonic() > end:
                raise LabError("the link with TLS did not start within 15 s; is openssl installed?")
            time.sleep(0.05)
        self.settings["tls_authority"] = str(authority)
        self.settings["urls"][service] = f"https://127.0.0.1:{port}"
        self.write_settings()

    def helper(self, *, module: str, arguments: list[str]) -> None:
        """Start a helper of the lab (a batch job, a slow network): nobody writes it down."""
        words = [word.format(url=self.database.url(), work=self.work) for word in arguments]
        helper = self.processes.python(f"helper-{len(self.processes.running)}", module, *words)
        helper.facts["may_end"] = True

    def bad_network(self, *, service: str, delay: float = 0.0, loss: float = 0.0, reset: float = 0.0) -> None:
        """Put a link that delays, loses or resets before a service that checkout calls: nobody writes it down."""
        port = free_port()
        target = self.settings["urls"][service].rsplit(":", 1)[-1]
        words = [f"{port}", target, "--delay", f"{delay}", "--loss", f"{loss}", "--reset", f"{reset}"]
        self.helper(module="lab.faults.proxy", arguments=words)
        time.sleep(0.7)
        self.settings["urls"][service] = f"http://127.0.0.1:{port}"
        self.write_settings()

    def rename(self, *, service: str, host: str) -> None:
        """Let checkout look for a service under a name that does not resolve."""
        port = self.settings["urls"][service].rsplit(":", 1)[-1]
        self.settings["urls"][service] = f"http://{host}:{port}"
        self.write_settings()

    def sql(self, *, statement: str) -> None:
        """Change the shop's data: nobody writes it down."""
        with psycopg.connect(self.database.url(), application_name="import", autocommit=True) as connection:
            connection.execute(statement.encode())

    def throw(self, kind: str, arguments: dict[str, Any]) -> None:
        """Throw a switch by its name."""
        method = getattr(self, kind, None)
        if method is None or kind.startswith("_"):
            raise LabError(f"a scenario names the switch {kind!r}, which does not exist")
        method(**arguments)

    def experiment(
        self, name: str, toggled: str, treated: tuple[float, float], control: tuple[float, float], **fields: Any
    ) -> None:
        """Write down an experiment and its windows."""
        self.changes.append(
            {
                "time": stamp(treated[0]), "end": stamp(treated[1]), "kind": "experiment", "experiment": name,
                "service": "checkout", "title": toggled, "start": stamp(treated[0]),
                "control_start": stamp(control[0]), "control_end": stamp(control[1]), **fields,
            }
        )  # fmt: skip
