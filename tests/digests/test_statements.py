"""Statements of many servers and drivers: those that differ in values alone share a digest, all others do not.

Each group of `statements.txt` begins with ``%%% same`` or ``%%% differ`` and the dialect; a line is a statement, ``\\n`` a line end.
"""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest

from rca.digests import digest, digest_many


def groups():
    text = (Path(__file__).parent / "statements.txt").read_text(encoding="utf-8")
    for part in re.split(r"^%%% ", text, flags=re.MULTILINE)[1:]:
        head, *lines = part.strip().split("\n")
        kind, dialect = head.split()
        statements = [line.replace("\\n", "\n") for line in lines]
        yield pytest.param(kind, None if dialect == "unknown" else dialect, statements, id=f"{head} {lines[0][:40]}")


@pytest.mark.parametrize(("kind", "dialect", "statements"), list(groups()))
def test_a_group(kind, dialect, statements):
    found = [digest(statement, dialect) for statement in statements]
    assert digest_many(statements, dialect) == found
    for one, two in combinations(range(len(found)), 2):
        assert (found[one] == found[two]) is (kind == "same"), (statements[one], statements[two], found[one])
