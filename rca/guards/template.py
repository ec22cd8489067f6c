"""A notebook to begin an investigation in: every step of it, ready to run on one's own telemetry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rca.errors import OptionError, RcaError, SourceError

__all__ = ["new_notebook", "notebook_document"]

_CELLS: tuple[tuple[str, str], ...] = (
    (
        "markdown",
        "# Investigation: *what hurt, and when*\n\n*Run all cells; nothing here needs a network.* Change the next cell first: where the telemetry is, and what is known of the incident. What is not known is found in the data.",
    ),
    ("code", "import rca\nfrom rca import figures as fig\n\n{opened}\nstore"),
    ("markdown", "## What is there, and what to doubt"),
    ("code", "rca.data_quality(store)"),
    (
        "markdown",
        '## The incident\n\nGive it by hand where it is known: `rca.Incident("checkout", start="2026-03-04T14:10Z", end="2026-03-04T15:00Z", slo=0.999)`. Times without a zone are UTC.',
    ),
    (
        "code",
        "incident = None  # or rca.Incident(…)\nfound = rca.investigate(store, incident)\nincident = found.incident\nprint(incident or found.why)",
    ),
    (
        "markdown",
        "## What users felt\n\nEvery part below is in `found`; each is also a function of its own, such as `rca.red(store, incident)`.",
    ),
    (
        "code",
        'if incident and found.red.height:\n    display(fig.timeline(found.red, incident=incident, experiments=found.experiments, claim=found.findings["latency"].claim if "latency" in found.findings else ""))',
    ),
    ("code", 'found.findings.get("latency", "Latency could not be compared.")'),
    (
        "markdown",
        "## Which change did it, or none\n\nA change that came before is no cause for that alone: its code, its service and the time must fit.",
    ),
    ("code", 'found.changes if found.changes else "No change is known, so none can be blamed."'),
    ("markdown", "## Database calls"),
    ("code", 'found.findings.get("queries_per_request", "No database call is traced.")'),
    ("code", 'found.findings.get("slow_queries", "No slow-query log is in the store.")'),
    ("markdown", "## What is saturated, and where the time goes"),
    ("code", 'found.findings.get("saturation", "No metric of a resource could be compared.")'),
    ("code", 'found.findings.get("dependencies", "No call from service to service is traced.")'),
    (
        "markdown",
        '## Hypotheses\n\nObservations can support one, only an experiment can confirm or refute it. After an experiment: `off = rca.experiment(store, incident, "flag_off", treated=("15:05", "15:20"))`, then `rca.score_hypotheses(store, incident, experiments=[off])`.',
    ),
    ("code", "found.verdicts"),
    ("code", "if len(found.verdicts):\n    display(fig.scoreboard(found.verdicts))"),
    (
        "markdown",
        "## The postmortem\n\nMarkdown and HTML with every figure, secrets and personal data taken out. `rca runbook` and `rca export` write what keeps it from coming back.",
    ),
    (
        "code",
        'if incident:\n    print(*rca.report(store, incident, to="postmortem", investigation=found), sep="\\n")',
    ),
)


def notebook_document(opened: str, *, key: str = "new") -> dict[str, Any]:
    """Return the notebook as JSON, version 4.5, without outputs."""
    cells = []
    for at, (kind, text) in enumerate(_CELLS):
        source = text.replace("{opened}", opened)
        cell: dict[str, Any] = {
            "cell_type": kind,
            "id": f"{key}-{at:02d}",
            "metadata": {},
            "source": source.splitlines(keepends=True),
        }
        cells.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def new_notebook(path: str | Path, *, store: str | Path | None = None, force: bool = False) -> Path:
    """Write a notebook with every step of an investigation.

    Parameters
    ----------
    path
        The notebook, ``….ipynb``; the suffix is added where it is absent.
    store
        A store, or a file or folder of telemetry, to begin with; left out, the cell says where to name it.
    force
        Replace a notebook that is there.

    Returns
    -------
    Path
        The notebook.

    Raises
    ------
    OptionError
        When there is a file of that name already.
    SourceError
        When `store` does not exist, or the notebook cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     new_notebook(Path(folder) / "friday").name
    'friday.ipynb'
    """
    place = Path(path)
    place = place if place.suffix == ".ipynb" else place.with_name(place.name + ".ipynb")
    if place.exists() and not force:
        raise OptionError(f"{place} is there already. Name another file, or replace it with --force.")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(notebook_document(_opening(store)), indent=1, ensure_ascii=False) + "\n"
        place.write_text(text, encoding="utf-8")
    except RcaError:
        raise
    except OSError as error:
        raise SourceError(f"{place} cannot be written: {error.strerror or error}.") from None
    return place


def _opening(store: str | Path | None) -> str:
    if store is None:
        return 'store = rca.open()  # in memory; give a path to keep it\n# store.ingest("path/to/telemetry")  # files and folders; each format is recognised'
    source = Path(store)
    if not source.exists():
        raise SourceError(f"{source} does not exist. Name a store, or a file or folder of telemetry.")
    shown = json.dumps(str(source.resolve()), ensure_ascii=False)
    if source.is_file():
        with source.open("rb") as opened:
            if opened.read(12)[8:] == b"DUCK":
                return f"store = rca.open({shown}, read_only=True)"
    return f"store = rca.open()  # in memory; give a path to keep it\nledger = store.ingest({shown})"
