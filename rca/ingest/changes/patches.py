"""Files and unified diffs of a change, out of the shapes in which tools give them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from rca.ingest.exact import text_of

__all__ = ["files_and_diff"]

_PATHS = ("filename", "path", "new_path", "file", "name", "b_path")
_PATCHES = ("patch", "diff")


def files_and_diff(files: Any, diff: Any) -> tuple[list[str], str]:
    r"""Return the files of a change and its unified diff, out of lists of names, of objects with patches, or text.

    Examples
    --------
    >>> files_and_diff([{"filename": "a.py", "patch": "@@ -1 +1 @@"}], None)
    (['a.py'], '--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n')
    >>> files_and_diff("a.py, b.py", None)[0]
    ['a.py', 'b.py']
    """
    names: list[str] = []
    patches: list[str] = []
    for item in _listed(files):
        if isinstance(item, dict):
            name = next((text_of(item[key]) for key in _PATHS if item.get(key)), "")
            patch = next((text_of(item[key]) for key in _PATCHES if isinstance(item.get(key), str)), "")
            if patch:
                patches.append(_headed(name, patch))
        else:
            name = text_of(item)
        if name:
            names.append(name)
    text = diff if isinstance(diff, str) else ""
    for item in _listed(diff) if not isinstance(diff, str) else ():
        if isinstance(item, dict):
            name = next((text_of(item[key]) for key in _PATHS if item.get(key)), "")
            patches.append(_headed(name, next((text_of(item[key]) for key in _PATCHES if item.get(key)), "")))
            names += [name] if name and name not in names else []
        else:
            patches.append(text_of(item))
    if not names:
        names = _named_in(text)
    return names, text_of(text) or "".join(patches)


def _listed(value: Any) -> Iterable[Any]:
    if value is None:
        return ()
    if isinstance(value, dict):
        return [{"path": name, "patch": inner} if isinstance(inner, str) else {**inner, "path": name} if isinstance(inner, dict) else name
                for name, inner in value.items()]  # fmt: skip
    if isinstance(value, str):
        text = value.strip().strip("[]{}")
        return [
            part.strip().strip("\"'")
            for part in re.split(r"[,;|\n]+" if re.search(r"[,;|\n]", text) else r"\s+", text)
            if part.strip()
        ]
    return value if isinstance(value, list) else ()


def _headed(name: str, patch: str) -> str:
    text = patch if patch.endswith("\n") else patch + "\n"
    return text if patch.startswith(("---", "diff ")) or not name else f"--- a/{name}\n+++ b/{name}\n{text}"


def _named_in(diff: str) -> list[str]:
    """Return the files that a unified diff touches."""
    names = []
    for line in diff.splitlines():
        if line.startswith(("+++ ", "--- ")):
            name = line[4:].split("\t")[0].strip()
            name = name[2:] if name[:2] in {"a/", "b/"} else name
            if name != "/dev/null" and name not in names:
                names.append(name)
    return names
