"""Unified diffs, read leniently: whole ones, bare hunks, and hunks whose header holds the path."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

__all__ = ["Diff", "FileDiff", "parse_diff", "tokens"]

_HUNK = re.compile(r"^@@\s*(?P<ranges>-\d+(?:,\d+)?\s+\+\d+(?:,\d+)?)?\s*(?:@@)?\s*(?P<rest>.*)$")
_PATH = re.compile(
    r"^(?P<path>[\w.@+-]+(?:/[\w.@+-]+)+|[\w@+-]+\.\w{1,10}|Dockerfile|Makefile)\s*(?:@@|:|$)\s*(?P<rest>.*)$"
)
_OLD, _NEW = re.compile(r"^---\s+(?:a/)?(\S+)"), re.compile(r"^\+\+\+\s+(?:b/)?(\S+)")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_")
_QUIET_PATH = re.compile(
    r"(^|/)(docs?|documentation|test|tests|testdata|__tests__|spec|fixtures|\.github|\.circleci|\.gitlab|examples?|staging)(/|$)"
    r"|(_test|\.test|_spec|\.spec)\.\w+$|(^|/)test_\w+\.py$"
    r"|\.(md|rst|adoc|css|scss|less|svg|png|jpg|ico|woff2?)$|(?<!requirements)(?<!-requirements)(?<!constraints)\.txt$"
    r"|(^|/)(CODEOWNERS|LICEN[CS]E|NOTICE|(CHANGELOG|README)(\.(md|txt|rst|adoc))?$|\.golangci|\.eslintrc|\.prettierrc|\.editorconfig|\.gitignore)",
    re.IGNORECASE,
)
_MANIFEST = re.compile(
    r"(^|/)(go\.(mod|sum)|package(-lock)?\.json|requirements[\w-]*\.txt|Pipfile(\.lock)?|poetry\.lock|uv\.lock|pyproject\.toml|Gemfile(\.lock)?"
    r"|pom\.xml|build\.(gradle(\.kts)?|sbt)|libs\.versions\.toml|Cargo\.(toml|lock)|yarn\.lock|pnpm-lock\.yaml|composer\.(json|lock)"
    r"|[\w.]+\.csproj|Directory\.Packages\.props|mix\.(exs|lock))$"
)
_COMMENT = re.compile(r"^\s*(//|#(?!include)|--\s|/\*|\*|\"\"\"|'''|<!--|;)")
_LITERAL = re.compile(r"[\"'`]([^\"'`\s]{5,60})[\"'`]")
_CLOSING = re.compile(r"^[\s{}()\[\];,]*$")


def tokens(text: str, *, parts: bool = True) -> Counter[str]:
    """Return the identifiers of a text in lower case, whole and (with `parts`) cut at case and underscores.

    Examples
    --------
    >>> sorted(tokens("db.BatchWriteItem(ctx)"))
    ['batch', 'batchwriteitem', 'ctx', 'item', 'write']
    """
    found: Counter[str] = Counter()
    for word in _WORD.findall(text):
        found[word.lower()] += 1
        if parts:
            pieces = [piece.lower() for piece in _CAMEL.split(word) if len(piece) > 2]
            if len(pieces) > 1:
                found.update(pieces)
    return found


@dataclass(frozen=True)
class FileDiff:
    """What one file lost and gained; comments and blank lines are left out of `removed` and `added`."""

    path: str
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    header: str = ""
    comments: tuple[str, ...] = ()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing of it runs in production: tests, documents, styles, CI, staging."""
        return bool(_QUIET_PATH.search(self.path))

    @property
    def is_manifest(self) -> bool:
        """Whether it lists libraries and their versions."""
        return bool(_MANIFEST.search(self.path))

    @cached_property
    def moved(self) -> frozenset[str]:
        """Lines that were removed and added alike, white space apart; in Python their depth says what they belong to."""
        both = frozenset(map(_squeeze, self.removed)) & frozenset(map(_squeeze, self.added))
        if not self.path.endswith(".py"):
            return both
        before, after = ({_squeeze(line): _indent(line) for line in lines} for lines in (self.removed, self.added))
        return frozenset(line for line in both if before[line] == after[line])

    @cached_property
    def lost(self) -> tuple[str, ...]:
        """Removed lines that were not added again."""
        return tuple(line for line in self.removed if _squeeze(line) not in self.moved)

    @cached_property
    def gained(self) -> tuple[str, ...]:
        """Added lines that were not there before."""
        return tuple(line for line in self.added if _squeeze(line) not in self.moved)


@dataclass(frozen=True)
class Diff:
    """All files of a change."""

    files: tuple[FileDiff, ...] = ()
    paths: tuple[str, ...] = field(default=())
    """Paths named beside the diff, where the diff itself shows none or not all."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to read: no diff was given."""
        return not self.files

    @cached_property
    def live(self) -> tuple[FileDiff, ...]:
        """Files that run in production."""
        return tuple(item for item in self.files if not item.is_quiet)

    @cached_property
    def all_paths(self) -> tuple[str, ...]:
        """Every path, from the diff and beside it."""
        return tuple(dict.fromkeys((*self.paths, *(item.path for item in self.files if item.path))))

    @property
    def is_quiet(self) -> bool:
        """Whether nothing of it runs in production."""
        known = [path for path in self.all_paths if path]
        return bool(known) and all(_QUIET_PATH.search(path) for path in known)

    @cached_property
    def is_inert(self) -> bool:
        """Whether a diff was read and what it changed is comments, white space or the order of lines."""
        return bool(self.files) and not any(item.lost or item.gained for item in self.files)

    @cached_property
    def changed_tokens(self) -> Counter[str]:
        """Identifiers that one side has more often than the other: what was really touched."""
        lost: Counter[str] = Counter()
        gained: Counter[str] = Counter()
        for item in self.live:
            lost += tokens("\n".join(item.lost))
            gained += tokens("\n".join(item.gained))
        return (lost - gained) + (gained - lost)

    @cached_property
    def lost_tokens(self) -> Counter[str]:
        """Identifiers that went away."""
        lost: Counter[str] = Counter()
        gained: Counter[str] = Counter()
        for item in self.live:
            lost += tokens("\n".join(item.lost))
            gained += tokens("\n".join(item.gained))
        return lost - gained

    @cached_property
    def literals(self) -> frozenset[str]:
        """Quoted texts of some length that only one side has: names on the wire, keys, values of settings."""
        lost, gained = (
            {text for line in self.lines(side) for text in _LITERAL.findall(line)} for side in ("lost", "gained")
        )
        return frozenset(text for text in lost ^ gained if re.search(r"[A-Za-z]", text))

    def lines(self, side: str) -> list[str]:
        """Return the lines that the production files lost (``"lost"``) or gained (``"gained"``)."""
        return [line for item in self.live for line in (item.lost if side == "lost" else item.gained)]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _squeeze(line: str) -> str:
    return re.sub(r"\s+", "", line)


def parse_diff(text: str, paths: Iterable[str] = ()) -> Diff:
    r"""Read a diff.

    Parameters
    ----------
    text
        A unified diff, or hunks without file headers; ``''`` where there is none.
    paths
        Files that the change is known to touch.

    Examples
    --------
    >>> diff = parse_diff("--- a/x.go\n+++ b/x.go\n@@ -1 +1 @@\n-n := 50\n+n := 10\n")
    >>> diff.files[0].path, diff.files[0].lost, diff.files[0].gained
    ('x.go', ('n := 50',), ('n := 10',))
    """
    named = tuple(paths)
    reader = _Reader(named[0] if len(named) == 1 else "")
    for line in text.splitlines():
        reader.take(line)
    return Diff(tuple(reader.done()), named)


class _Reader:
    def __init__(self, path: str) -> None:
        self._files: dict[str, dict[str, list[str]]] = {}
        self._path = path
        self._old = ""
        self._in_hunk = False

    def take(self, line: str) -> None:
        if line.startswith(("diff ", "index ", "new file", "deleted file", "similarity", "rename ", "Binary ")):
            self._in_hunk = False
            return
        old = _OLD.match(line)
        if old and not (self._in_hunk and not re.match(r"^---\s+(a/|/dev/null|\S+/\S+$)", line)):
            self._old, self._in_hunk = old[1], False
            return
        new = _NEW.match(line)
        if new and not self._in_hunk:
            self._path = self._old if new[1] == "/dev/null" else new[1]
            return
        if line.startswith("@@"):
            self._hunk(line)
            return
        self._in_hunk = True
        kind = {"-": "removed", "+": "added"}.get(line[:1], "context")
        body = line[1:] if line[:1] in "+- " else line
        if not body.strip():
            return
        if kind != "context" and _COMMENT.match(body):
            kind = "comments"
        elif kind != "context" and _CLOSING.match(body):
            return
        self._bucket()[kind].append(body)

    def _hunk(self, line: str) -> None:
        self._in_hunk = True
        found = _HUNK.match(line)
        rest = (found["rest"] if found else "").strip()
        path = _PATH.match(rest) if found and not found["ranges"] else None
        if path and ("/" in path["path"] or "." in path["path"] or path["path"] in ("Dockerfile", "Makefile")):
            self._path, rest = path["path"], path["rest"]
        if rest:
            self._bucket()["header"].append(rest)

    def _bucket(self) -> dict[str, list[str]]:
        names = ("removed", "added", "context", "header", "comments")
        return self._files.setdefault(self._path, {name: [] for name in names})

    def done(self) -> Iterable[FileDiff]:
        for path, parts in self._files.items():
            yield FileDiff(
                path,
                tuple(parts["removed"]),
                tuple(parts["added"]),
                tuple(parts["context"]),
                " ".join(parts["header"]),
                tuple(parts["comments"]),
            )
