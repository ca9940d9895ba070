#include "lib/runtime/system_calls.h"

#include "lib/base/errors.h"

#include <fmt/format.h>
#include <sched.h>
#include <seccomp.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <type_traits>

namespace carbonedge {
namespace {

struct Release {
    void operator()(void* filter) const { ::seccomp_release(filter); }
};
using Filter = std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, Release>;

constexpr std::array kForbidden = {
    // other programs
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork),
    // other processes
    SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(process_madvise),
    SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp),
    // file systems and namespaces
    SCMP_SYS(mount), SCMP_SYS(umount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(move_mount),
    SCMP_SYS(open_tree), SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount), SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr), SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(open_by_handle_at), SCMP_SYS(quotactl),
    SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct),
    // the kernel itself and the machine
    SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load), SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register), SCMP_SYS(add_key),
    SCMP_SYS(request_key), SCMP_SYS(keyctl), SCMP_SYS(syslog), SCMP_SYS(iopl), SCMP_SYS(ioperm), SCMP_SYS(reboot),
    SCMP_SYS(sethostname), SCMP_SYS(setdomainname), SCMP_SYS(settimeofday), SCMP_SYS(stime), SCMP_SYS(clock_settime),
    SCMP_SYS(adjtimex), SCMP_SYS(clock_adjtime)};

void require(int result) {
    if (result == 0) return;
    throw EnvironmentError(fmt::format("cannot forbid system calls to a node: {}", std::strerror(-result)),
                           "use a kernel with seccomp (CONFIG_SECCOMP_FILTER), and an engine that allows it");
}

}  // namespace

void forbid_system_calls() {
    const Filter filter(::seccomp_init(SCMP_ACT_ALLOW));
    if (!filter) require(-ENOMEM);
    // For threads that a library has started already.
    require(::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1));
    for (const int call : kForbidden) {
        // What this machine's kernel does not have needs no rule.
        if (call >= 0) require(::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0));
    }
    // Threads may be started, processes not. The flags of clone3 lie in memory, where no filter looks: without it the
    // C library takes clone.
    require(::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0));
    require(::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                               SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)));
    require(::seccomp_load(filter.get()));
}

}  // namespace carbonedge
