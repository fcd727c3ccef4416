"""The kit's own tests, in folders by the rooms of `kit/`; `support` is what they share."""

import pytest

pytest.register_assert_rewrite("tests.support")  # so that a failure there says what differs
