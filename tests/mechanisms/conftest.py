"""Lets the tests of this folder import the incidents they write."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
