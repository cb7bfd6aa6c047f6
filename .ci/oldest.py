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
extras = sys.argv[1:]
for extra in extras:
    for requirement in project["optional-dependencies"][extra]:
        own = re.fullmatch(r"kerasaudio\[([\w,-]+)\]", requirement)
        if own:
            extras += own[1].split(",")
        else:
            requirements.append(requirement)
for requirement in requirements:
    name, _, oldest = re.match(r"([\w.-]+)(>=([\w.]+))?", requirement).groups()
    if oldest:
        print(f"{name}=={oldest}")
