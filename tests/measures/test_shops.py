"""The culprit comes first in whole systems told in the names and layouts of many tools; the usual methods find fewer."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import numpy as np
import pytest
from ranking_peers import correlated, deviations, robust
from shop_dialects import BEGIN, DIALECTS, LAYOUTS, told, write
from shops import Shop, build

import rca

SMALL = range(3_000, 3_012)
"""Seeds that no rule was changed for."""
LARGE = range(4_000, 4_000 + int(os.environ.get("RCA_SHOPS", "20")))
"""More of them, at some seconds each: RCA_SHOPS=60 to see whether a rate holds."""


def case(seed: int, folder: Path, *, hard: bool = False):
    """Write a case in a dialect and layout drawn from its seed."""
    shop = build(seed, hard=hard)
    rng = np.random.default_rng([seed, 5])
    dialect = str(rng.choice([name for name in DIALECTS if told(shop, name)]))
    layout = str(rng.choice(LAYOUTS))
    series = write(shop, dialect, layout, folder, rng, edges=bool(rng.random() < 0.4))
    return shop, series


def ranking(shop: Shop, folder: Path) -> list[str]:
    calm = BEGIN + dt.timedelta(seconds=shop.step_s * shop.calm)
    start = calm + dt.timedelta(seconds=shop.away_s)
    end = start + dt.timedelta(seconds=shop.step_s * shop.hot)
    with rca.open() as store:
        store.ingest(folder)
        incident = rca.Incident(shop.root, start=start, end=end, baseline=(BEGIN, calm))
        return rca.rank_services(store, incident)["service_name"].to_list()


def hits(seeds, tmp_path: Path, *, hard: bool = False) -> dict[str, int]:
    """Count how often each method names the culprit first."""
    found = dict.fromkeys(("rca", "deviations", "robust", "correlated"), 0)
    for seed in seeds:
        folder = tmp_path / str(seed)
        folder.mkdir()
        shop, series = case(seed, folder, hard=hard)
        found["rca"] += ranking(shop, folder)[0] == shop.culprit
        for peer in (deviations, robust, correlated):
            found[peer.__name__] += peer(series, shop.calm, shop.root) == shop.culprit
    return found


def test_the_culprit_comes_first(tmp_path):
    found = hits(SMALL, tmp_path)
    assert found["rca"] >= 0.9 * len(SMALL)
    assert found["rca"] >= max(found.values())


@pytest.mark.slow
@pytest.mark.parametrize("hard", [False, True])
def test_it_comes_first_more_often_than_by_the_usual_methods(tmp_path, hard):
    """Also where the fault is small, or the baseline was taken days before."""
    found = hits(LARGE, tmp_path, hard=hard)
    assert found["rca"] >= (0.8 if hard else 0.9) * len(LARGE)
    assert found["rca"] > max(found["deviations"], found["robust"], found["correlated"])
