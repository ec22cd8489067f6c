"""Drawing in a notebook without a network, and without a way from data into markup.

Altair's own renderers load scripts from elsewhere, and write data into a script element unescaped. This one compiles the
chart to Vega, which JupyterLab draws with the library it ships, and adds a PNG for every other viewer.
"""

from __future__ import annotations

import base64
from typing import Any

import altair as alt

from rca.figures.clean import cleaned

__all__ = ["mimebundle", "register"]

_VEGA = "application/vnd.vega.v5+json"


def mimebundle(spec: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Return a Vega-Lite spec as Vega for JupyterLab, and as PNG for viewers that do not draw Vega."""
    import vl_convert as vlc

    spec = cleaned(spec)
    vega = vlc.vegalite_to_vega(spec)
    vega["$schema"] = "https://vega.github.io/schema/vega/v5.json"
    png = base64.b64encode(vlc.vegalite_to_png(spec, scale=2)).decode()
    return {_VEGA: vega, "image/png": png, "text/plain": _plain(spec)}


def _plain(spec: dict[str, Any]) -> str:
    title = spec.get("title", "")
    text = title.get("text", "") if isinstance(title, dict) else title
    return " ".join(text) if isinstance(text, list) else str(text) or "chart"


def register() -> None:
    """Make this the renderer of Altair charts in this process."""
    alt.renderers.register("rca", mimebundle)
    alt.renderers.enable("rca")
