"""The process that judges: it holds inputs, expected values and verdicts, and runs pytest.

A student's code never runs here. What comes from a worker is data that
``kit.sandbox.wire`` has checked, and is still only what somebody claims.
"""
