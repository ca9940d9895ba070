#include "lib/runtime/confinement.h"

#include "lib/base/errors.h"
#include "lib/runtime/node_child.h"
#include "lib/runtime/system_calls.h"
#include "tests/support/skip.h"
#include "tests/support/temporary_folder.h"

#include <doctest/doctest.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <fstream>
#include <functional>
#include <thread>

namespace carbonedge {
namespace {

constexpr Nanoseconds kPatience = std::chrono::seconds(20);

/// The status with which a shell ends that runs `script` under the confinement of a node whose home is `home`.
std::string ending_of(const std::string& script, const std::string& home) {
    Program program;
    program.path = "/bin/sh";
    program.arguments = {"-c", script};
    program.home = home;
    const LimitGroup group = LimitGroup::create("confined", {});
    NodeChild child(program, group);
    return child.wait(kPatience).value_or("did not end");
}

constexpr const char* kDone = "exited with status 0";

/// What `action` gives in a process of its own, after its system calls were forbidden: 0, or an errno.
int forbidden(const std::function<int()>& action) {
    const pid_t child = ::fork();
    if (child == 0) {
        try {
            forbid_system_calls();
        } catch (const EnvironmentError&) {
            ::_exit(255);
        }
        ::_exit(action());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int errno_of(long result) { return result < 0 ? errno : 0; }

TEST_CASE("a confined program keeps to its home and to what the system shows everybody") {
    if (!Confinement::limits_files()) {
        skip_test("this kernel has no Landlock");
        return;
    }
    const TemporaryFolder home;
    const TemporaryFolder elsewhere;
    std::ofstream(elsewhere.file("secret")) << "secret\n";
    std::ofstream(elsewhere.file("script")) << "exit 0\n";
    const std::string out = elsewhere.path().string();
    const struct {
        const char* what;
        std::string script;
        bool allowed;
    } rows[] = {
        {"writes at home", "echo x > " + home.file("mine"), true},
        {"reads what it wrote", "read line < " + home.file("mine"), true},
        {"makes a directory at home", "/bin/mkdir " + home.file("d"), true},
        {"writes to nothing", "echo x > /dev/null", true},
        {"reads a library's file", "test -r /usr/lib && read line < /etc/hosts", true},
        {"reads of its own state", "read line < /proc/self/status", true},
        {"reads somewhere else", "read line < " + elsewhere.file("secret"), false},
        {"lists somewhere else", "/bin/ls " + out, false},
        {"writes somewhere else", "echo x > " + elsewhere.file("new"), false},
        {"appends somewhere else", "echo x >> " + elsewhere.file("secret"), false},
        {"removes somewhere else", "/bin/rm " + elsewhere.file("secret"), false},
        {"reads what only root may", "read line < /etc/shadow", false},
        {"writes to a device", "echo x > /dev/mem", false},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        CHECK((ending_of(row.script, home.path().string()) == kDone) == row.allowed);
    }
    std::string left;
    CHECK(std::getline(std::ifstream(elsewhere.file("secret")), left));
    CHECK(left == "secret");
    // Without a home nothing is kept from it: the rows above speak of the confinement.
    CHECK(ending_of("read line < " + elsewhere.file("secret"), "") == kDone);
}

TEST_CASE("a confined program has no capability and dumps no core") {
    const TemporaryFolder home;
    // What bounds them can be lowered by root alone; who is not root has nothing that it bounds.
    const std::string sets = ::geteuid() == 0 ? "Cap*" : "CapInh:|CapPrm:|CapEff:|CapAmb:";
    CHECK(ending_of("while read key value; do case $key in " + sets +
                        ") test $value = 0000000000000000 || exit 1;; NoNewPrivs:) test $value = 1 || exit 2;; esac; "
                        "done < /proc/self/status",
                    home.path().string()) == kDone);
    CHECK(ending_of("test $(ulimit -c) = 0 && test $(ulimit -Hc) = 0", home.path().string()) == kDone);
    CHECK(ending_of("test $(ulimit -Hn) -le 4096", home.path().string()) == kDone);
    CHECK(ending_of("test $(ulimit -f) != unlimited", home.path().string()) == kDone);
}

TEST_CASE("a confined program sends no signal to others") {
    if (!Confinement::limits_files()) {
        skip_test("this kernel has no Landlock");
        return;
    }
    const TemporaryFolder home;
    const std::string self = std::to_string(::getpid());
    const bool may = ending_of("kill -0 " + self, home.path().string()) == kDone;
    const bool scoped = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1U) >= 6;
    CHECK(may == !scoped);
}

TEST_CASE("a home that is not there is said") {
    CHECK_THROWS_WITH_AS(Confinement({"/nonexistent/home", {}}), doctest::Contains("/nonexistent/home"),
                         EnvironmentError);
}

TEST_CASE("forbidden system calls are refused and all others work") {
    const struct {
        const char* what;
        std::function<int()> action;
        int expected;
    } rows[] = {
        {"nothing", [] { return 0; }, 0},
        {"a socket", [] { return errno_of(::socket(AF_UNIX, SOCK_STREAM, 0)); }, 0},
        {"another program", [] { return errno_of(::execl("/bin/true", "true", nullptr)); }, EPERM},
        {"another process", [] { return errno_of(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr)); },
         EPERM},
        {"another process by the newer call", [] { return errno_of(::syscall(SYS_clone3, nullptr, 0)); }, ENOSYS},
        {"tracing", [] { return errno_of(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }, EPERM},
        {"another's memory",
         [] { return errno_of(::syscall(SYS_process_vm_readv, ::getppid(), nullptr, 0, nullptr, 0, 0)); }, EPERM},
        {"a mount", [] { return errno_of(::syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, nullptr)); }, EPERM},
        {"a namespace", [] { return errno_of(::unshare(CLONE_NEWUSER)); }, EPERM},
        {"a program for the kernel", [] { return errno_of(::syscall(SYS_bpf, 0, nullptr, 0)); }, EPERM},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        CHECK(forbidden(row.action) == row.expected);
    }
    // Seen from outside the filter they are not refused, or for other reasons; in a container by that one's filter.
    if (::access("/.dockerenv", F_OK) == 0) return;
    CHECK(errno_of(::syscall(SYS_process_vm_readv, ::getpid(), nullptr, 0, nullptr, 0, 0)) == 0);
}

TEST_CASE("threads that run already are held too and new ones can be started") {
    const auto action = [] {
        int of_earlier = 0;
        std::stop_source filtered;
        std::jthread earlier([&] {
            while (!filtered.stop_requested()) std::this_thread::yield();
            of_earlier = errno_of(::unshare(CLONE_NEWUSER));
        });
        try {
            forbid_system_calls();
        } catch (const EnvironmentError&) {
            filtered.request_stop();
            return 254;
        }
        filtered.request_stop();
        earlier.join();
        int of_later = 0;
        std::thread([&of_later] { of_later = errno_of(::unshare(CLONE_NEWUSER)); }).join();
        return of_earlier == EPERM && of_later == EPERM ? 0 : 1;
    };
    const pid_t child = ::fork();
    if (child == 0) ::_exit(action());
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace carbonedge
