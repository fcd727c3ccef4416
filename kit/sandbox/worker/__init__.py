"""The process that runs a student's code.

Nothing here knows a check, an expected value or a verdict. Nothing here may import more than the
standard library, NumPy, MessagePack and ``kit.sandbox.wire``, because the student's code can read
everything that this package loads into memory.
"""
