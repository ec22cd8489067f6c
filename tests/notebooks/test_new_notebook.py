"""The notebook that ``rca new-notebook`` writes runs as it is: on telemetry, and on none."""

from __future__ import annotations

import ast
import json

import nbformat
import pytest

from rca.cli import main
from rca.errors import OptionError, SourceError
from rca.guards.template import new_notebook

nbclient = pytest.importorskip("nbclient", reason="the notebooks need the extra: pip install -e .[notebook]")
pytest.importorskip("ipykernel", reason="the notebooks need a kernel: pip install -e .[notebook]")


def run(path):
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    nbclient.NotebookClient(
        book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    outputs = [item for cell in book.cells if cell.cell_type == "code" for item in cell.outputs]
    assert not [item for item in outputs if item.output_type == "error"]
    return json.dumps(outputs), {kind for item in outputs for kind in item.get("data", {})}


def span(at):
    start = f"2026-03-04T14:{at // 30:02d}:{at % 30 * 2:02d}Z"
    length = 900 + at % 9 if at >= 300 else 100 + at % 9
    return {
        "trace_id": f"{at + 1:032x}",
        "span_id": f"{at + 1:016x}",
        "service": "shop",
        "name": "GET /",
        "kind": "SERVER",
        "start": start,
        "duration_ms": length,
    }


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_it_runs_on_telemetry_and_writes_the_postmortem(tmp_path):
    (tmp_path / "telemetry").mkdir()
    spans = [span(at) for at in range(600)]
    (tmp_path / "telemetry" / "spans.jsonl").write_text("".join(json.dumps(row) + "\n" for row in spans))
    alert = {"service": "shop", "metric": "p99", "observed": 900, "threshold": 500, "fired_at": "2026-03-04T14:11:00Z"}
    (tmp_path / "telemetry" / "alert.json").write_text(json.dumps(alert))
    text, kinds = run(new_notebook(tmp_path / "friday", store=tmp_path / "telemetry"))
    assert "shop" in text
    assert "application/vnd.vega.v5+json" in kinds
    assert (tmp_path / "postmortem" / "postmortem.html").exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_it_runs_where_nothing_is_named(tmp_path):
    text, _ = run(new_notebook(tmp_path / "empty.ipynb"))
    assert "The store is empty" in text


def test_the_command_never_replaces_a_notebook_unasked(tmp_path, capsys):
    assert main(["new-notebook", str(tmp_path / "a"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["notebook"].endswith("a.ipynb")
    assert main(["new-notebook", str(tmp_path / "a.ipynb")]) == 1
    assert main(["new-notebook", str(tmp_path / "a.ipynb"), "--force"]) == 0
    with pytest.raises(OptionError, match="--force"):
        new_notebook(tmp_path / "a")
    with pytest.raises(SourceError, match="does not exist"):
        new_notebook(tmp_path / "b", store=tmp_path / "absent")


def test_a_store_is_opened_and_hostile_names_stay_text(tmp_path):
    place = tmp_path / 'a"); import os; ("'
    (tmp_path / "changes.json").write_text(
        '[{"time": "2026-03-04T14:00:00Z", "kind": "deploy", "service": "shop", "version": "1"}]'
    )
    assert main(["ingest", str(tmp_path / "changes.json"), "--db", str(place)]) == 0
    code = "".join(json.loads(new_notebook(tmp_path / "c", store=place).read_text())["cells"][1]["source"])
    assert "read_only=True" in code
    imported = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert len(imported) == 2


def test_a_store_that_is_not_there_is_what_the_message_names(tmp_path):
    import pytest

    import rca

    with pytest.raises(rca.RcaError, match=r"^\S*nope\.duckdb does not exist\.") as raised:
        rca.new_notebook(tmp_path / "a.ipynb", store=tmp_path / "nope.duckdb")
    assert "cannot be written" not in str(raised.value)
