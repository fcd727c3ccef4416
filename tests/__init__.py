"""The kit's own tests, in folders by the rooms of `kit/`; `support` is what they share."""
