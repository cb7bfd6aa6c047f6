"""Speed, compared with other libraries in one run: ``python -m benchmarks --help``.

`frontend`, `networks`, `training`, `seeded`, `long_file` and `startup` define the
measurements, `peers` contains the other libraries, `contest` runs the rounds, `report`
writes the tables.
"""
