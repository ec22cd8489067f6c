"""The last check of a specification before anything draws it: no string in it holds a control character.

A control character is no XML, and what draws figures ends the whole process over it, so one log line could.
"""

from __future__ import annotations

from typing import Any

from rca.display import escape_terminal

__all__ = ["cleaned"]


def cleaned(node: Any) -> Any:
    r"""Return a specification in which control, bidirectional and zero-width characters are shown, not sent.

    Examples
    --------
    >>> cleaned({"title": ["a\x1b[31m"], "width": 5})
    {'title': ['a\\u001b[31m'], 'width': 5}
    """
    if isinstance(node, str):
        return escape_terminal(node)
    if isinstance(node, dict):
        return {cleaned(key): cleaned(value) for key, value in node.items()}
    return [cleaned(item) for item in node] if isinstance(node, list | tuple) else node
