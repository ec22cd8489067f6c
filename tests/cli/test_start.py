"""A command starts without what it does not need."""

from __future__ import annotations

import subprocess
import sys

_RUN = """
import contextlib, io, sys
from rca.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main()
print("\\n".join(sys.modules))
"""


def _imported(*words: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", _RUN, *words], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_ingest_starts_without_the_other_commands_and_pandas(tmp_path):
    log = tmp_path / "app.jsonl"
    log.write_text('{"time": "2026-03-04T14:10:00Z", "level": "info", "msg": "started"}\n')
    imported = _imported("ingest", str(log), "--db", str(tmp_path / "a.duckdb"))
    assert "rca.cli.ingest" in imported
    assert not imported & {"rca.cli.investigate", "rca.findings", "scipy", "altair", "pandas"}


def test_without_a_command_all_are_known():
    assert {"rca.cli.ingest", "rca.cli.investigate", "rca.cli.new_notebook"} <= _imported("--help")
