"""What we compare with: other libraries, and copies of original networks.

Every function named in a contest returns a callable that does one unit of the work; it
is imported only in the process that runs it.
"""
