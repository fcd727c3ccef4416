"""All that has to do with nbgrader: its gradebook, and what its own commands call.

``gradebook`` writes results into nbgrader's database, ``bookkeeping`` does so beside the grading.
``generate``, ``autograde``, ``plain``, ``cells`` and ``pages`` are named in ``nbgrader_config.py``.
No kernel ever runs a student's notebook.
"""
