"""Lets `pytest autograder/batchnorm --submission FOLDER` know the fixtures of `kit.checks`."""

pytest_plugins = ["kit.checks.plugin"]
