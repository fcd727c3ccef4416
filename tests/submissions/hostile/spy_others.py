# idea: the memory and the files of the tester and of the parent are reached by number
# fails: none
# prints: tried

_CALLS = (
    "process_vm_readv process_vm_writev ptrace pidfd_open kcmp kill tkill get_robust_list "
    "sched_setaffinity sched_setscheduler setpriority prlimit64 move_pages migrate_pages "
    "process_madvise process_mrelease pidfd_getfd rt_sigqueueinfo setpgid getpgid getsid"
).split()


def _arguments(name, pid):
    return (16, pid, 0, 0) if name == "ptrace" else (pid, 0, 0, 0, 0, 0)


refused(
    {
        f"{name} {pid}": lambda name=name, pid=pid: raw(name, *_arguments(name, pid))
        for pid in (TESTER, os.getppid())
        for name in _CALLS
    }
)
