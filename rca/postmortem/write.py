"""Writing the postmortem and its figures into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rca.errors import RcaError
from rca.investigation import Investigation, investigate
from rca.model import Incident
from rca.postmortem.content import sections, title
from rca.postmortem.drawing import draw
from rca.postmortem.measured import measured
from rca.postmortem.pdf import can_typeset, typeset
from rca.postmortem.redact import redact
from rca.postmortem.render import to_html, to_markdown
from rca.store import Store

if TYPE_CHECKING:
    from rca.figures.press import Press

__all__ = ["report"]


def report(
    store: Store,
    incident: Incident | None,
    *,
    to: str | Path,
    investigation: Investigation | None = None,
    redacted: bool = True,
    press: Press | None = None,
) -> list[Path]:
    """Write the postmortem: ``postmortem.html``, ``postmortem.md``, with the extra ``pdf`` ``postmortem.pdf``, and the folder ``figures``.

    Parameters
    ----------
    incident
        The incident; None finds it in the data.
    to
        Folder to write into; made where it is absent.
    investigation
        What was found already; left out, the whole investigation runs.
    redacted
        Take secrets and personal data out of every text (figures hold normalised statements and names only).
    press
        What makes figures into files, where it was started before.

    Returns
    -------
    list of Path
        The documents, HTML first.

    Raises
    ------
    RcaError
        When the folder cannot be written.
    """
    found = investigation or investigate(store, incident)
    folder = Path(to)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RcaError(f"{folder} cannot be made: {error.strerror or error}.") from None
    clean = redact if redacted else str
    figures = draw(store, found, folder / "figures", press)
    parts = measured(store, found, sections(found, figures), figures)
    documents = {
        "postmortem.html": to_html(title(found), parts, clean),
        "postmortem.md": to_markdown(title(found), parts, clean),
    }
    paths = []
    for name, text in documents.items():
        path = folder / name
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise RcaError(f"{path} cannot be written: {error.strerror or error}.") from None
        paths.append(path)
    if can_typeset():
        paths.append(folder / "postmortem.pdf")
        typeset(title(found), parts, clean, figures=folder / "figures", path=paths[-1])
    return paths
