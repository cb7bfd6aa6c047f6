"""Print pip constraints that pin each direct dependency to the oldest allowed version.

python .ci/oldest.py EXTRA...
"""

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads(
    (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
)["project"]
requirements = list(project["dependencies"])
for extra in sys.argv[1:]:
    requirements += project["optional-dependencies"][extra]
for requirement in requirements:
    name, _, oldest = re.match(r"([\w.-]+)(>=([\w.]+))?", requirement).groups()
    if oldest:
        print(f"{name}=={oldest}")
