"""The package that you write, homework by homework."""
