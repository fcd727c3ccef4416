# idea: commands to a CI job on GitHub, printed and raised, at the beginnings of lines and after spaces
# fails: adam
# says: raised

_TEXT = "\n".join(
    f"{before}{command}"
    for before in ("", "  ", "\t", "x ", "\r", "\x0b", "\u2028", "\xa0", "\u3000")
    for command in ("::error::forged", "::add-mask::a", "##[error]forged", "::stop-commands::x")
)
print(_TEXT, flush=True)


def adam(w, dw, config=None):
    raise ValueError(_TEXT)
