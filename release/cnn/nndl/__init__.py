"""The network library of this course: layers, a network, update rules, and tests of the layers."""
