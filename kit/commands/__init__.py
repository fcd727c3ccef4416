"""The commands of `kit`, a module for each.

A command reads its arguments, calls the rooms below, prints, and chooses the exit code. It decides
nothing else, and imports what is slow to load when it runs. ``kit.cli`` puts the commands together.
"""
