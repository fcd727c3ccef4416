"""Lets `pytest autograder/ASSIGNMENT --submission FOLDER` know the fixtures."""

pytest_plugins = ["kit.checks.plugin"]
