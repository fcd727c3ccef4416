"""Many submissions: ``run`` has them graded and keeps the results, on this machine or on a cluster.

``pool`` hands out jobs, ``processes`` and ``loaded`` are the processes of this machine, ``cluster``
the nodes of Dask, ``lock`` keeps two commands apart. Nothing here judges anything.
"""
