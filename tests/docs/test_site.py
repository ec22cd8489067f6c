"""The documentation site: every command and every public function is in it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import html5lib
import pytest

import rca
from rca import figures, stats
from rca.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
pytest.importorskip("pdoc", reason="the documentation's generator is not installed: pip install --group docs")
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    spec = importlib.util.spec_from_file_location("rca_docs_build", ROOT / "docs" / "build.py")
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    return builder.build(tmp_path_factory.mktemp("site"), execute=False)


@pytest.mark.slow
def test_every_command_is_there(site):
    text = (site / "commands.html").read_text()
    for name in COMMANDS:
        assert f'id="{name}"' in text
        assert f"usage: rca {name}" in text


@pytest.mark.slow
@pytest.mark.parametrize(("module", "place"), [(rca, "rca"), (figures, "rca/figures"), (stats, "rca/stats")])
def test_every_public_name_is_there(site, module, place):
    text = (site / "api" / f"{place}.html").read_text()
    missing = [
        name
        for name in module.__all__
        if f'id="{name}"' not in text
        and f"{place}/{name}.html" not in text
        and f'"{place.rsplit("/", 1)[-1]}/{name}.html"' not in text
    ]
    assert not missing


@pytest.mark.slow
def test_pages_and_notebooks_are_there_and_links_lead_somewhere(site):
    for path in sorted((ROOT / "docs").glob("*.md")):
        assert (site / f"{path.stem.lower()}.html").exists()
    assert len(list((site / "notebooks").glob("*.html"))) == len(list((ROOT / "notebooks").glob("*.ipynb")))
    for page in ("index", "commands", "guards"):
        tree = html5lib.parse((site / f"{page}.html").read_text(), namespaceHTMLElements=False)
        for link in tree.iter("a"):
            target = link.attrib.get("href", "").split("#")[0]
            if target and not re.match(r"https?:|mailto:", target):
                assert (site / target).exists(), f"{page}: {target}"


def test_contributing_is_one_page():
    lines = (ROOT / "docs" / "CONTRIBUTING.md").read_text().splitlines()
    assert len(lines) <= 60
