"""All that has to do with nbgrader: its gradebook, and what its own commands call.

``gradebook`` writes results into nbgrader's database, ``bookkeeping`` does so beside the grading.
``finals`` reads from it what submissions are worth in the end, and ``copies`` makes what formgrader
shows where nbgrader makes nothing.
``generate`` has nbgrader make the students' notebook. ``autograde``, ``plain``, ``cells`` and
``markdown`` are named in ``nbgrader_config.py`` or serve those that are. No other room imports
nbgrader.
No kernel ever runs a student's notebook.
"""
