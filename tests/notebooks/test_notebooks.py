"""Every notebook runs from top to bottom in a real kernel, and its charts are drawn."""

from __future__ import annotations

import time
from pathlib import Path

import nbformat
import pytest

nbclient = pytest.importorskip("nbclient", reason="the notebooks need the extra: pip install -e .[notebook]")
pytest.importorskip("ipykernel", reason="the notebooks need a kernel: pip install -e .[notebook]")

ROOT = Path(__file__).resolve().parents[2]
BOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECONDS = 60


def test_there_are_notebooks():
    assert len(BOOKS) >= 6


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path):
    book = nbformat.read(path, as_version=4)
    began = time.monotonic()
    nbclient.NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}).execute()
    assert time.monotonic() - began < 10 * SECONDS, "a notebook is to be run while one watches"
    for cell in book.cells:
        if cell.cell_type == "code":
            assert not [item for item in cell.outputs if item.output_type == "error"]
            if cell.source.strip().splitlines()[-1].startswith("fig."):
                kinds = {kind for item in cell.outputs for kind in item.get("data", {})}
                assert "application/vnd.vega.v5+json" in kinds
                assert "image/png" in kinds
    nbformat.validate(book)
