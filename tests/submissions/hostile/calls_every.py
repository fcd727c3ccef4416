# idea: every call of the kernel by its number, but those that a worker needs
# fails: none
# prints: tried

# what kit/sandbox/worker/confine.py allows, told once more: a call that it adds must be added here too
# (those on clocks and cores it allows for some first arguments: see spy_clocks.py)
_NEEDED = (
    "read readv write writev recvfrom recvmsg sendto sendmsg lseek close brk munmap mremap madvise "
    "poll ppoll select pselect6 futex nanosleep "
    "gettimeofday time restart_syscall sched_yield getpid gettid getppid getuid "
    "geteuid getgid getegid getrandom getrusage times rt_sigaction rt_sigprocmask rt_sigreturn "
    "sigaltstack rseq set_robust_list exit exit_group mmap mprotect fcntl"
).split()
# seccomp lets these two pass by design; outside of a probe they end the process that calls them
_UNFILTERED = {335, 336}  # uretprobe and uprobe of x86-64
_LIBRARY = ctypes.CDLL("libseccomp.so.2")
_needed = _UNFILTERED | {_LIBRARY.seccomp_syscall_resolve_name(name.encode()) for name in _NEEDED}


def _try(number):
    # no address is valid and no file has this number, so that a call that isn't refused does little
    return raw(number, -77, -77, -77, -77, -77, -77)


refused({str(number): lambda n=number: _try(n) for number in range(520) if number not in _needed})
