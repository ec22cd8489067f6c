"""A coverage-guided fuzzer over every reader: it stops at the first file that breaks one or is not accounted for.

    pip install atheris; python benchmarks/fuzz.py [FOLDER] [-max_total_time=3600] [libFuzzer's options]

It starts from the small files of ``tests/ingest/test_fuzz.py`` and makes the same checks; FOLDER keeps what reached new code, so that a
second run goes on where the first one ended. A case that fails is left as ``crash-…`` in the working folder.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "ingest")]
with atheris.instrument_imports(include=["rca"]):
    import test_fuzz

FILE = Path(tempfile.mkdtemp(prefix="rca-fuzz-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)) / "input"


def one(data: bytes) -> None:
    """Read one file as an ingest does."""
    FILE.write_bytes(data)
    test_fuzz.check(FILE)


def main() -> None:
    """Write the seeds into the folder and fuzz."""
    folders = [item for item in sys.argv[1:] if not item.startswith("-")]
    corpus = Path(folders[0] if folders else tempfile.mkdtemp(prefix="rca-corpus-"))
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(test_fuzz.SEEDS):
        (corpus / f"seed-{number}").write_text(seed)
    options = [item for item in sys.argv[1:] if item.startswith("-")]
    atheris.Setup([sys.argv[0], str(corpus), "-timeout=60", "-max_len=4096", *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
