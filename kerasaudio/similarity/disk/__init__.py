"""Search in more vectors than fit into memory: codes in memory, vectors on disk.

`DiskIndex` is in `index`; `build` makes what it opens from a Parquet data set.
Only `build` reads Parquet, and nothing here needs Keras to search.
"""
