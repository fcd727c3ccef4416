"""Turns a folder or an archive from any platform into a submission in memory.

A submission passes ``downloads`` (which submissions a path holds), ``folder`` or ``archive`` (a
``tree`` of names), ``locate`` (which file is which) and ``submission``. Nothing here runs or
imports the files that it reads.
"""
