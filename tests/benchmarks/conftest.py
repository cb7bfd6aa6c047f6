"""The benchmarks are not installed; they lie beside the package in the checkout."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
