"""Imports run one way, and `import rca` stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "rca"
LAYERS = (
    "errors", "absent", "times", "display", "progress", "statements", "model", "schema", "digests", "engines", "ingest", "store",
    "stats", "sql", "measures", "mechanisms", "findings", "experiments", "hypotheses", "investigation", "figures", "postmortem",
    "guards", "pytest_plugin", "gate", "cli",
)  # fmt: skip
TOP = ("__init__", "__main__")
HEAVY = (
    "altair",
    "scipy.stats",
    "vl_convert",
    "pandas",
    "clickhouse_connect",
    "pyspark",
    "rich.progress",
    "matplotlib",
)


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
    return found


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def test_every_room_has_its_layer():
    unknown = {room(path) for path in modules()} - set(LAYERS) - set(TOP)
    assert not unknown, f"give these a place in LAYERS: {sorted(unknown)}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path):
    here = room(path)
    if here in TOP:
        return
    for line, name in imports(path):
        parts = name.split(".")
        if parts[0] != "rca" or len(parts) < 2:
            continue
        if here == "cli" and parts[1] not in LAYERS:
            continue  # the command line uses the public API
        assert parts[1] in LAYERS, f"{path.name}:{line} imports {name} from the package's root"
        assert LAYERS.index(parts[1]) <= LAYERS.index(here), f"{path.name}:{line}: {here} must not import {parts[1]}"


def test_figures_never_see_a_store():
    for path in (PACKAGE / "figures").rglob("*.py"):
        for line, name in imports(path):
            assert not name.startswith(("rca.store", "rca.engines", "rca.measures", "rca.ingest")), (
                f"{path.name}:{line} imports {name}"
            )


def test_only_engines_and_store_import_an_engine():
    for path in modules():
        if room(path) in ("engines", "store", "ingest"):
            continue
        for line, name in imports(path):
            assert name.split(".")[0] not in ("duckdb", "clickhouse_connect", "pyspark"), (
                f"{path}:{line} imports {name}"
            )


def test_no_import_cycles():
    graph: dict[str, set[str]] = {}
    names = {
        ".".join(("rca", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in modules()
    }
    for name, path in names.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = [
            node
            for node in tree.body
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("rca")
        ]
        targets = set()
        for node in top:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                targets.add(full if full in names else node.module)
        graph[name] = {target for target in targets if target in names and target != name}
    state: dict[str, int] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        state[name] = 1
        for target in sorted(graph[name]):
            assert state.get(target) != 1, f"cycle: {' -> '.join((*trail, name, target))}"
            if target not in state:
                visit(target, (*trail, name))
        state[name] = 2

    for name in sorted(graph):
        if name not in state:
            visit(name, ())


def test_import_is_light():
    code = f"import rca, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    ).stdout
    assert out.strip() == "[]"
