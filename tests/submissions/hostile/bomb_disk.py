# idea: files are written, linked, renamed and removed wherever a name for one is known
# fails: none
# prints: tried

import pathlib
import shutil
import tempfile

_VICTIM = f"{ROOT}/solutions/optimization/nndl/optim.py"
refused(
    {
        "flag": lambda: open(FLAG_FILE, "w"),
        "append": lambda: open(_VICTIM, "a"),
        "save": lambda: np.save(FLAG_FILE, np.zeros(10)),
        "tofile": lambda: np.zeros(10).tofile(FLAG_FILE),
        "memmap": lambda: np.memmap(FLAG_FILE, float, "w+", shape=(10,)),
        "libc": lambda: raw("openat", -100, id(FLAG_FILE), 0o101, 0o666),
        "openat2": lambda: raw("openat2", -100, 0, 0, 24),
        "mkdir": lambda: os.mkdir(FLAG_FILE),
        "symlink": lambda: os.symlink("/", FLAG_FILE),
        "link": lambda: os.link(SECRET_FILE, FLAG_FILE),
        "mkfifo": lambda: os.mkfifo(FLAG_FILE),
        "rename": lambda: os.rename(SECRET_FILE, FLAG_FILE),
        "remove": lambda: os.remove(SECRET_FILE),
        "truncate": lambda: os.truncate(SECRET_FILE, 0),
        "ftruncate": lambda: os.ftruncate(1, 0),
        "chmod": lambda: os.chmod(SECRET_FILE, 0o777),
        "utime": lambda: os.utime(SECRET_FILE),
        "touch": lambda: pathlib.Path(FLAG_FILE).touch(),
        "rmtree": lambda: shutil.rmtree(ROOT + "/nothing-here"),
        "temporary": tempfile.TemporaryFile,
        "fallocate": lambda: os.posix_fallocate(1, 0, 10**12),
    },
    FileNotFoundError,  # tempfile finds no folder to write in
)
