"""What every assignment is given: the data set, gradient checks and the solver that trains."""
