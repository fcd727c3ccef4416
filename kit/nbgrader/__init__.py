"""What nbgrader's own commands call, as ``nbgrader_config.py`` says: no student's kernel ever runs.

``release`` and ``autograde`` are hooks, ``plain`` makes a notebook harmless, ``verdicts`` says in
it what the checks said, and ``pages`` renders Markdown. Nothing else in the kit imports them.
"""
