"""What you write, homework by homework."""
