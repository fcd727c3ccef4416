"""Results in the formats that other tools read: each a small module of pure functions."""
