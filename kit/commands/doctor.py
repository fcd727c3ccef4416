"""`kit doctor`: what this host can do."""

from __future__ import annotations

from kit.commands.consoles import console


def doctor() -> None:
    """Show what this host can do: which layers of isolation hold and which limits apply."""
    from kit.display import show_limits
    from kit.limits import Limits
    from kit.sandbox.host import require, shortcomings
    from kit.sandbox.tester.process import WarmParent, Worker

    require()
    with WarmParent() as parent:
        worker = Worker(parent)
        layers = worker.layers
        worker.end()
    console.print(f"Students' code is confined here by: {', '.join(layers)}.")
    for sentence in shortcomings():
        console.print(sentence, markup=False, soft_wrap=True)
    show_limits(console, Limits())
