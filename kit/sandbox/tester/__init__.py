"""The process that judges: it holds inputs, expected values and verdicts, and runs pytest.

A student's code never runs here. Data from a worker has passed the checks of ``kit.sandbox.wire``,
but it is still only a claim.
"""
