"""``python -m benchmarks.gpu``: exactness and speed on a GPU, in under 8 minutes.

`rows` lists what is measured, `exact`, `fast`, `first` and `peers` measure it, `child`
runs rows in a process for each backend, `table` writes the page.
"""
