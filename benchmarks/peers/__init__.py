"""What we are measured against: other libraries, and twins of original networks.

Every function named in a contest gives a callable that does one unit of the work; it is
imported only in the process that runs it.
"""
