"""Writing the runbook as Markdown and as HTML."""

from __future__ import annotations

from pathlib import Path

from rca.errors import OptionError, RcaError
from rca.guards.runbook.content import sections, title
from rca.guards.runbook.thresholds import limits
from rca.investigation import Investigation, investigate
from rca.model import Incident
from rca.postmortem.redact import redact
from rca.postmortem.render import to_html, to_markdown
from rca.store import Store

__all__ = ["runbook"]


def runbook(
    store: Store,
    incident: Incident | None = None,
    *,
    to: str | Path,
    investigation: Investigation | None = None,
    redacted: bool = True,
) -> list[Path]:
    """Write the playbook from hypothesis to experiment, with criteria for taking each experiment back.

    Parameters
    ----------
    incident
        The incident that it is written from; None finds it in the data.
    to
        The file, ``….md`` or ``….html``; the other one is written beside it.
    investigation
        What was found already; left out, the whole investigation runs.
    redacted
        Take secrets and personal data out of every text.

    Returns
    -------
    list of Path
        The Markdown and the HTML.

    Raises
    ------
    NoDataError
        When no incident was found: there is nothing to learn from.
    OptionError
        When `to` is a folder, or its name ends in something else.
    RcaError
        When a file cannot be written.
    """
    place = Path(to)
    if place.is_dir() or place.suffix.lower() not in ("", ".md", ".html"):
        raise OptionError(f"{place} must be a file that ends in .md or .html; both are written.")
    found = investigation or investigate(store, incident)
    parts = sections(found, limits(store, found))
    clean = redact if redacted else str
    paths = [place.with_suffix(".md"), place.with_suffix(".html")]
    texts = [to_markdown(title(found), parts, clean), to_html(title(found), parts, clean)]
    for path, text in zip(paths, texts, strict=True):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise RcaError(f"{path} cannot be written: {error.strerror or error}.") from None
    return paths
