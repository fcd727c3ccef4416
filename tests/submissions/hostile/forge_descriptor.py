# idea: open files are passed to the tester along with a reply
# fails: adam
# says: malformed reply

import socket


def adam(w, dw, config=None):
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=3)
    for _ in range(5):
        socket.send_fds(channel, [b"xxxx"], [0, 1, 2, 3])
    channel.detach()
