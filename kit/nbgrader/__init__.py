"""All that has to do with nbgrader: its gradebook, and what its own commands call.

``gradebook`` writes results into nbgrader's database, ``bookkeeping`` does so beside the grading.
``generate`` has nbgrader make the students' notebook. ``autograde``, ``plain``, ``cells`` and
``markdown`` are named in ``nbgrader_config.py`` or serve those that are. No other room imports
nbgrader.
No kernel ever runs a student's notebook.
"""
