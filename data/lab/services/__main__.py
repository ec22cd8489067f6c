"""Start one service: ``python -m lab.services NAME --instance … --port …``."""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
from pathlib import Path

# Read by the instrumentations when they are first imported.
os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")
os.environ.setdefault("PROMETHEUS_DISABLE_CREATED_SERIES", "True")

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("service", choices=("gateway", "checkout", "pricing", "inventory"))
    for name in ("version", "instance", "release", "database-url"):
        parser.add_argument(f"--{name}", default="")
    for name in ("port", "metrics-port"):
        parser.add_argument(f"--{name}", type=int, required=True)
    for name in ("out", "settings"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    # A service must not outlive the recorder, however that ends.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    from lab.services import jsonlog
    from lab.services.identity import Identity
    from lab.services.settings import Settings
    from lab.services.telemetry import Telemetry

    identity = Identity(**vars(parser.parse_args()))
    settings = Settings(identity.settings)
    telemetry = Telemetry(identity, settings)
    jsonlog.install(identity, settings)
    if identity.service == "gateway":
        from lab.services.gateway.app import run
    elif identity.service == "checkout":
        from lab.services.checkout.app import run
    else:
        from lab.services.leaves import run
    run(identity, settings, telemetry)


if __name__ == "__main__":
    main()
