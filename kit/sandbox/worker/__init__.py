"""The process that runs a student's code.

Nothing here knows a check, an expected value or a verdict, and nothing here may import more than
the standard library, NumPy, MessagePack and ``kit.sandbox.wire``: whatever this package loads
lies in the memory that a student's code can read.
"""
