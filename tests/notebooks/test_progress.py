"""Progress in a notebook: one line of text that changes in place and goes, from a real kernel; nothing where output is piped."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

CELL = """
import rca, rca.progress
rca.progress._MOMENT = rca.progress._BETWEEN = 0.0
store = rca.open()
store.ingest({path!r})
None
"""


def log(tmp_path):
    place = tmp_path / "<b>app.log"
    lines = [{"timestamp": 1_772_633_400 + at, "level": "info", "message": f"order {at}"} for at in range(4000)]
    place.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return place


def test_a_line_in_a_notebook(tmp_path, monkeypatch):
    pytest.importorskip("ipykernel", reason="needs the extra notebook")
    import nbclient
    import nbformat

    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL.format(path=str(log(tmp_path))))])
    client = nbclient.NotebookClient(book, timeout=120)
    seen = []
    handle = client.process_message

    def watch(message, cell, index):
        if message["msg_type"] in ("display_data", "update_display_data"):
            seen.append(message["content"]["data"])
        return handle(message, cell, index)

    client.process_message = watch
    client.execute()
    assert seen, "nothing was shown"
    assert "MB/s" in seen[0]["text/plain"]
    assert "s left" in seen[0]["text/plain"]
    assert all(set(data) == {"text/plain"} for data in seen), "the name of a file is no markup"
    assert seen[-1] == {"text/plain": ""}


def test_nothing_where_output_is_piped(tmp_path):
    code = f"import rca; s = rca.open(); s.ingest({str(log(tmp_path))!r}); rca.investigate(s)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert done.stderr == ""
