"""Types, documentation and sizes of the house, measured."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "rca"
SQL = re.compile(
    r"\b(SELECT\b.+\bFROM|INSERT\s+INTO|CREATE\s+(OR\s+REPLACE\s+)?(TABLE|VIEW|MACRO)|DELETE\s+FROM|UPDATE\s+\w+\s+SET)\b",
    re.IGNORECASE | re.DOTALL,
)
STRAY = re.compile(r"/work/(main|steering)|index-url\s*[=\s]\s*http|\"resolved\":\s*\"http|https?://\S+/simple/")
MODULE_LINES, FUNCTION_LINES = 400, 60


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path):
    """Yield every function with whether it is public: not private itself, nor inside something that is."""

    def below(node, seen):
        for child in ast.iter_child_nodes(node):
            named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            inner = seen and not (named and (child.name.startswith("_") or isinstance(node, ast.FunctionDef)))
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield child, inner
            yield from below(child, inner)

    yield from below(tree(path), True)


def length(node) -> int:
    first = node.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(getattr(first, "value", None), ast.Constant)
    skip = first.end_lineno - first.lineno + 1 if documented and isinstance(first.value.value, str) else 0
    return node.end_lineno - node.lineno + 1 - skip


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module(path):
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(tree(path)), "a module says what it is for"
    assert text.count("\n") <= MODULE_LINES, "split it by purpose"
    for node, is_public in functions(path):
        where = f"{path.name}:{node.lineno} {node.name}"
        assert length(node) <= FUNCTION_LINES, f"{where} is {length(node)} lines long"
        arguments = [a for a in node.args.args + node.args.kwonlyargs if a.arg not in ("self", "cls")]
        assert node.returns is not None, f"{where} has no return type"
        assert all(a.annotation for a in arguments), f"{where} has an untyped argument"
        assert ast.get_docstring(node) or not is_public, f"{where} has no docstring"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_sql_in_formatted_strings(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.JoinedStr):
            literal = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
            assert not SQL.search(literal), f"{path.name}:{node.lineno}"


def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    out = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    return [ROOT / line for line in out.splitlines()]


def test_no_stray_paths_or_hosts():
    me = Path(__file__).resolve()
    for path in tracked():
        if (
            path == me
            or not path.is_file()
            or path.suffix in {".gz", ".zst", ".parquet", ".png", ".duckdb"}
            or path.stat().st_size > 1_000_000
        ):
            continue
        found = STRAY.search(path.read_text(encoding="utf-8", errors="ignore"))
        assert not found, f"{path}: {found[0]}"


def test_notebooks_are_committed_without_outputs():
    for path in tracked():
        if path.suffix == ".ipynb":
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells), path
