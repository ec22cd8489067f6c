from __future__ import annotations

import subprocess
import sys

import pytest

import rca.stats
from rca.errors import OptionError
from rca.stats.arrays import as_codes, as_numbers


def test_the_public_names_exist_and_constants_classes_and_functions_are_sorted():
    assert len(set(rca.stats.__all__)) == len(rca.stats.__all__)
    kinds = [
        [name for name in rca.stats.__all__ if name.isupper()],
        [name for name in rca.stats.__all__ if name[0].isupper() and not name.isupper()],
        [name for name in rca.stats.__all__ if name[0].islower()],
    ]
    assert (
        [name for kind in kinds for name in kind]
        == [name for kind in kinds for name in sorted(kind)]
        == list(rca.stats.__all__)
    )
    assert all(getattr(rca.stats, name) is not None for name in rca.stats.__all__)


def test_importing_needs_numpy_alone():
    code = "import sys, rca.stats; print([m for m in ('scipy', 'ruptures', 'pandas', 'altair') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "scipy" not in done.stdout


@pytest.mark.parametrize("values", [["a", "b"], [[1, 2], [3, 4]], 5])
def test_what_is_not_a_sequence_of_numbers_is_refused(values):
    with pytest.raises((OptionError, TypeError)):
        as_numbers(values)


def test_polars_series_and_generators_are_sequences():
    polars = pytest.importorskip("polars")
    assert as_numbers(polars.Series([1, None, 3]), finite=True).tolist() == [1, 3]
    assert as_numbers(value for value in (1, 2)).tolist() == [1, 2]
    assert as_codes(polars.Series(["b", "a", "b"]), 3).tolist() == [1, 0, 1]
