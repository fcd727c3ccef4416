# idea: terminal escapes, control characters and text that runs backwards, printed and raised
# fails: adam
# says: \x1b[31m

_TEXT = "\x1b[31mred\x1b]0;title\x07\x1b]8;;http://a.b\x1b\\link\b\b\r\x00\x7f\x9b2J"
_TEXT += "\u202edrow\u200b\ufeff\u2028\u2066\U000e0041\xad"
print(_TEXT, flush=True)
os.write(2, b"\xff\xfe\x1b[2J\xc0\x80")


def adam(w, dw, config=None):
    raise type(_TEXT.replace("\0", ""), (Exception,), {})(_TEXT)
