"""Files on disk and downloads: atomic writes, digests, cache, locks, logs.

This package does not depend on weights, audio or networks.
"""
