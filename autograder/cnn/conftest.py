"""Lets `pytest autograder/cnn --submission FOLDER` know the fixtures of `kit.checks`."""

pytest_plugins = ["kit.checks.plugin"]
