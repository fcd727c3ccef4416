# idea: a server on this machine is called, by every way to a socket
# fails: none
# prints: tried

import importlib
import socket

_LOCAL = ("127.0.0.1", PORT)
refused(
    {
        "connect": lambda: socket.create_connection(_LOCAL, 1),
        "udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", _LOCAL),
        "unix": lambda: socket.socket(socket.AF_UNIX),
        "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
        "vsock": lambda: socket.socket(socket.AF_VSOCK),
        "raw": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW),
        "pair": socket.socketpair,
        "urllib": lambda: importlib.import_module("urllib.request").urlopen(f"http://127.0.0.1:{PORT}/", timeout=1),
        "listen": lambda: socket.create_server(("127.0.0.1", 0)),
        "names": lambda: socket.getaddrinfo("localhost", 80),
        "socket": lambda: raw("socket", 2, 1, 0),
        "bind": lambda: raw("bind", 3, 0, 0),
        "accept": lambda: raw("accept4", 3, 0, 0, 0),
        "setsockopt": lambda: raw("setsockopt", 3, 1, 7, 0, 0),
        "shutdown": lambda: raw("shutdown", 3, 2),
        "uring": lambda: raw("io_uring_setup", 8, 0),
    },
    OSError,
    ImportError,
)
