"""A format that is certain of a file ends the questions, so that no other may be as sure of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rca.errors import RcaError
from rca.ingest.formats import _CERTAIN, FORMATS, _guess, choose
from rca.ingest.reading import beginning
from rca.ingest.discover import discover
from rca.ingest.source import Limits

FILES = Path(__file__).resolve().parents[3] / "shared" / "corpus"


def test_no_two_formats_are_certain_of_one_file():
    if not FILES.exists():
        pytest.skip(f"{FILES} is not there")
    asked = certain = 0
    for path in sorted(FILES.rglob("*"))[::5]:
        if not path.is_file():
            continue
        try:
            sample = beginning(discover(str(path), Limits())[0])
        except (RcaError, OSError):
            continue
        if sample is None:
            continue
        guesses = [(_guess(item, sample).score, item.name) for item in FORMATS]
        sure = [name for score, name in guesses if score >= _CERTAIN]
        assert len(sure) <= 1, (path.name, sure)
        if sure:
            assert choose(sample).name == sure[0] == max(guesses, key=lambda guess: guess[0])[1]
        asked, certain = asked + 1, certain + len(sure)
    assert asked > 100
    assert certain > 20
