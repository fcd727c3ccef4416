"""From what was handed in, a folder or an archive of any platform, to a submission in memory.

The order is ``downloads`` (whose submissions a path means), ``folder`` or ``archive`` (a ``tree``
of names), ``locate`` (which file is which), ``submission``. Nothing here runs
or imports what it reads.
"""
