"""Write a recording: files as a team would have them, compressed; and the truth in a folder of its own."""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lab.alert import find_alert
from lab.model import Scenario, Window
from lab.scrape import Scraper, matrices
from lab.switches import Switchboard, stamp

__all__ = ["write_recording"]

SERVICES = ("gateway", "checkout", "pricing", "inventory")


def _gzip(path: Path, chunks: Iterable[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # No name and no time inside: the same input gives the same bytes.
    with path.open("wb") as raw, gzip.GzipFile("", "wb", compresslevel=9, fileobj=raw, mtime=0) as file:
        for chunk in chunks:
            file.write(chunk)


# Where the lab happens to be installed is nobody's business: the shop lives in /srv.
_PLACES = (
    (str(Path(__file__).parent / "services"), "/srv/shop"),
    (str(Path(__file__).parents[1]), "/srv"),
    (sys.prefix, "/opt/python"),
    (sys.base_prefix, "/usr"),
)


def _placeless(content: bytes) -> bytes:
    for place, shown in _PLACES:
        content = content.replace(place.encode(), shown.encode())
    return content


def _joined(work: Path, service: str, name: str) -> list[bytes]:
    """Read one file of every instance of a service, in the order they were started."""
    found = sorted(work.glob(f"{service}-*/{name}"), key=lambda path: path.parent.stat().st_ctime_ns)
    return [_placeless(path.read_bytes()) for path in found if path.stat().st_size]


def _telemetry(work: Path, out: Path) -> None:
    for service in SERVICES:
        for name, target in (
            ("traces.jsonl", f"traces/{service}.otlp.jsonl.gz"),
            ("logs.jsonl", f"logs/{service}.otlp.jsonl.gz"),
            ("metrics.jsonl", f"metrics/{service}.otlp.jsonl.gz"),
            ("app.log", f"logs/{service}.log.gz"),
        ):
            chunks = _joined(work, service, name)
            if chunks:
                _gzip(out / target, chunks)


def write_recording(
    scenario: Scenario,
    placed: list[Window],
    *,
    seed: int,
    work: Path,
    board: Switchboard,
    scraper: Scraper,
    out: Path,
) -> None:
    """Write everything below ``out``, the truth below ``<out>.truth``; what was there is replaced."""
    truth = out.with_name(f"{out.name}.truth")
    for folder in (out, truth):
        readme = folder / "README.md"
        kept = readme.read_text() if readme.exists() else ""
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        if kept:
            readme.write_text(kept)
    _telemetry(work, out)
    _gzip(out / "postgresql.json.gz", [board.database.log_file.read_bytes()])
    series = scraper.series(since=placed[0].begin, until=placed[-1].end + 30)
    for name, matrix in matrices(series).items():
        _gzip(out / "metrics" / f"{name}.json.gz", [json.dumps(matrix, separators=(",", ":")).encode()])
    changes = sorted(board.changes, key=lambda change: str(change["time"]))
    (out / "changes.json").write_text(json.dumps(changes, indent=1, ensure_ascii=False) + "\n")
    short = scenario.alert_window < 60
    alert = (
        find_alert(
            series, threshold=scenario.alert_seconds, window=scenario.alert_window, errors=0.05 if short else 0.0
        )
        if scenario.alert_seconds
        else None
    )
    if alert is not None:
        (out / "alert.json").write_text(json.dumps(alert, indent=1) + "\n")
    _gzip(truth / "requests.csv.gz", [(work / "requests.csv").read_bytes()])
    phases: list[dict[str, Any]] = [
        {"name": w.name, "begin": stamp(w.begin), "start": stamp(w.start), "end": stamp(w.end), "pair": w.pair}
        for w in placed
    ]
    label = {
        "scenario": scenario.name, "title": scenario.title, "seed": seed, "cause": scenario.cause,
        "culprit": scenario.culprit, "phases": phases,
    }  # fmt: skip
    if scenario.expect:
        label |= {
            "expect": scenario.expect,
            "both": scenario.both,
            "part": scenario.part,
            "culprit": scenario.culprit_change,
        }
    (truth / "phases.json").write_text(json.dumps(label, indent=1) + "\n")
