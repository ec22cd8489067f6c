"""What an installation costs: packages, megabytes, seconds to the first figure; beside msticpy, the closest relative.

    python benchmarks/install.py [--peer msticpy] [--json]

Each package is installed into a fresh virtual environment of its own, with the constraints of this project for `rca` itself. Counted are the
distributions that the environment then holds, without pip and setuptools; megabytes are what the files of site-packages take, compiled
Python included as the installer leaves it. The first figure is drawn in a new process: import, a store of a small access log, the timeline
as PNG. Nothing is installed into the environment that runs this.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIRST_FIGURE = """
from pathlib import Path
import rca
from rca import figures as fig
rows = []
for second in range(1800):
    slow = 900 <= second < 1500
    minute, at = divmod(second, 60)
    rows.append(f'10.0.0.1 - - [04/Mar/2026:14:{minute:02d}:{at:02d} +0000] "GET /cart HTTP/1.1" {500 if slow and second % 5 == 0 else 200} 512 "-" "load" {0.9 if slow else 0.1}')
Path("access.log").write_text("\\n".join(rows) + "\\n")
store = rca.open()
store.ingest("access.log")
incident = rca.detect_incident(store)
fig.save(fig.timeline(rca.red(store, incident), incident=incident), "first", formats=["png"])
"""


def environment(folder: Path) -> Path:
    """Make a fresh environment; return its Python."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return folder / "bin" / "python"


def install(python: Path, *what: str) -> float:
    """Install into it; return the seconds it took."""
    began = time.monotonic()
    uv = shutil.which("uv")
    command = (
        [uv, "pip", "install", "--quiet", "--python", str(python)]
        if uv
        else [str(python), "-m", "pip", "install", "--quiet"]
    )
    subprocess.run([*command, *what], check=True, cwd=ROOT)
    return time.monotonic() - began


def held(python: Path) -> tuple[list[str], float]:
    """Return the distributions of an environment, and the megabytes that they take."""
    code = "import importlib.metadata as m; print('\\n'.join(sorted({d.name.lower() for d in m.distributions()} - {'pip', 'setuptools'})))"
    names = subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True).stdout.split()
    folder = next(python.parent.parent.glob("lib/python*/site-packages"))
    files = [
        path
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in ("pip", "setuptools")
    ]
    return names, sum(path.stat().st_size for path in files) / 1e6


def first_figure(python: Path, folder: Path) -> float:
    """Return the seconds from the start of a process to its first figure; the second of two runs is the one with compiled files."""
    began = time.monotonic()
    subprocess.run([str(python), "-W", "error", "-c", FIRST_FIGURE], check=True, cwd=folder)
    took = time.monotonic() - began
    assert (folder / "first.png").stat().st_size > 10_000
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", default="msticpy", help="the package to compare with; '' for none")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="rca-install-") as place:
        folder = Path(place)
        wanted = {"rca": ("-c", "constraints.txt", str(ROOT))}
        if options.peer:
            wanted[options.peer] = (options.peer,)
        for name, what in wanted.items():
            python = environment(folder / name)
            took = install(python, *what)
            names, megabytes = held(python)
            row = {"package": name, "packages": len(names), "megabytes": round(megabytes), "install_s": round(took, 1)}
            if name == "rca":
                row |= {
                    "first_figure_s": round(first_figure(python, folder), 1),
                    "second_figure_s": round(first_figure(python, folder), 1),
                }
                row["names"] = names
            rows.append(row)
    if options.json:
        print(json.dumps(rows))
        return
    for row in rows:
        figure = (
            f", first figure {row['first_figure_s']} s after it, the next time {row['second_figure_s']} s"
            if "first_figure_s" in row
            else ""
        )
        print(
            f"{row['package']}: {row['packages']} packages, {row['megabytes']} MB, installed in {row['install_s']} s{figure}"
        )


if __name__ == "__main__":
    main()
