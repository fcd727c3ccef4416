"""Grades many submissions, on this machine or on a cluster, and keeps their results.

``run`` is the entry. ``pool`` hands out jobs. ``processes`` and ``loaded`` run the testers of this
machine, ``cluster`` the nodes of Dask. ``lock`` keeps two commands apart. Nothing here judges a
submission.
"""
