# idea: HTML, Markdown and the markup of the terminal library
# fails: adam, rmsprop
# says: <script>

_TEXT = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>[bold red]x[/bold red]"
_TEXT += "[link=http://a.b]y[/link]](javascript:x) ![](x) ```{{7*7}} ${jndi:x} =cmd|' /C calc'!A0"
print(_TEXT, flush=True)


def adam(w, dw, config=None):
    raise ValueError(_TEXT)


def rmsprop(w, dw, config=None):
    return w, {_TEXT: 1}
