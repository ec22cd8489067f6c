"""Python files as lint sees them: parsed, never imported."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rca.errors import SourceError

__all__ = ["ASKING", "MAPPED", "Function", "Module", "last_name", "parse_file", "python_files", "read_file"]

MAPPED = re.compile(rb"relationship\s*\(|ForeignKey|ManyToMany|OneToOne")
"""In a file with a mapped class that leads to others."""
ASKING = re.compile(rb"execute|query|objects|_manager|_404|scalar|fetch|session|refresh")
"""In a file that may ask a database; others need not be parsed where no class is mapped."""
_ALLOW = re.compile(r"#\s*rca:\s*allow\b")
_SKIPPED = {"__pycache__", ".git", ".hg", ".venv", "venv", ".tox", ".nox", "node_modules", ".mypy_cache", ".ruff_cache"}
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a module, or a method: ``Class.name``."""

    name: str
    node: FunctionNode
    owner: str = ""

    @property
    def decorators(self) -> set[str]:
        """Last names of the decorators."""
        return {
            name
            for item in self.node.decorator_list
            if (name := last_name(item.func if isinstance(item, ast.Call) else item))
        }


@dataclass(slots=True)
class Module:
    """One parsed file."""

    path: str
    dotted: tuple[str, ...]
    tree: ast.Module
    allowed: frozenset[int]
    """Lines with a comment ``# rca: allow``."""
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Local name -> module, name in it ('' where the module itself was imported)."""
    functions: dict[str, Function] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)
    """Top packages that the file imports."""


def last_name(node: ast.expr | None) -> str:
    """Return the last identifier of a dotted expression.

    Examples
    --------
    >>> last_name(ast.parse("a.b.c", mode="eval").body)
    'c'
    """
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def python_files(paths: Sequence[str | Path]) -> Iterator[Path]:
    """Yield the Python files that were named and those below the folders that were named, each once.

    Raises
    ------
    SourceError
        When a path does not exist, or nothing below it is Python.
    """
    seen: set[Path] = set()
    for name in paths:
        root = Path(name)
        if not root.exists():
            raise SourceError(f"{root} does not exist. Name Python files or folders.")
        found = (
            sorted(path for path in root.rglob("*.py") if not _SKIPPED & set(path.relative_to(root).parts))
            if root.is_dir()
            else [root]
        )
        if not found:
            raise SourceError(f"{root} holds no Python file. To check logs: rca lint {root} --logs")
        for path in found:
            if path.resolve() not in seen:
                seen.add(path.resolve())
                yield path


def read_file(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    SourceError
        When it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror or error}.") from None


def parse_file(path: Path, data: bytes) -> Module:
    """Parse one file.

    Raises
    ------
    SourceError
        When it is no Python that this interpreter understands.
    """
    try:
        text = data.decode(tokenize.detect_encoding(io.BytesIO(data).readline)[0])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the file's own doubtful escapes are not ours to report
            tree = ast.parse(data, filename=str(path))
    except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError) as error:
        raise SourceError(f"{path}: is not understood as Python: {error}.") from None
    parts = path.resolve().with_suffix("").parts
    module = Module(path.as_posix(), tuple(parts[:-1] if parts[-1] == "__init__" else parts), tree, _allowed(text))
    for node in ast.walk(tree):
        _note_import(module, node, package=parts[:-1])
    _note_functions(module, tree, "")
    return module


def _allowed(text: str) -> frozenset[int]:
    if "rca:" not in text:
        return frozenset()
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return frozenset()
    lines = set()
    for token in tokens:
        if token.type == tokenize.COMMENT and _ALLOW.search(token.string):
            lines.add(token.start[0])
            if not token.line[: token.start[1]].strip():  # alone on its line: it is about the next one
                lines.add(token.start[0] + 1)
    return frozenset(lines)


def _note_import(module: Module, node: ast.AST, package: tuple[str, ...]) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            module.packages.add(alias.name.split(".")[0])
            module.imports[alias.asname or alias.name.split(".")[0]] = (alias.name, "")
    elif isinstance(node, ast.ImportFrom):
        home = node.module or ""
        if node.level:
            base = package[: len(package) - node.level + 1]
            home = ".".join((*base[-4:], *([home] if home else [])))
        else:
            module.packages.add(home.split(".")[0])
        for alias in node.names:
            module.imports[alias.asname or alias.name] = (home, alias.name)


def _note_functions(module: Module, node: ast.AST, owner: str) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FunctionNode):
            name = f"{owner}.{child.name}" if owner else child.name
            module.functions.setdefault(name, Function(name, child, owner))
            _note_functions(module, child, owner)
        elif isinstance(child, ast.ClassDef):
            _note_functions(module, child, child.name)
        elif isinstance(child, ast.stmt | ast.ExceptHandler):
            _note_functions(module, child, owner)
