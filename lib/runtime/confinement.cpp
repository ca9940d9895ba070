#include "lib/runtime/confinement.h"

#include "lib/base/errors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <link.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

namespace carbonedge {
namespace {

/// The kernel's struct of Landlock's version 6; older headers end after the first member.
struct Ruleset {
    std::uint64_t files = 0;
    std::uint64_t ports = 0;
    std::uint64_t scoped = 0;
};
constexpr std::uint64_t kScopeAbstractSockets = 1U << 0U;
constexpr std::uint64_t kScopeSignals = 1U << 1U;
constexpr std::uint64_t kTruncate = 1U << 14U;  // version 3

constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kChange = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                  LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                  LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                  LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                  LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
/// Rights that a rule for a single file may have.
constexpr std::uint64_t kOfFiles = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;

/// Libraries, what the C library and gRPC look up, the process's own state and limits. Nothing that is secret to other
/// users, but for what root may read in /etc: there only these files.
constexpr std::array kReadBySystem = {
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/opt",
    "/proc",
    "/sys",
    "/etc/ssl",
    "/etc/ld.so.cache",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/localtime",
    "/dev/random",
    "/dev/urandom",
};
constexpr std::array kWrittenBySystem = {"/dev/null", "/dev/zero"};

/// 0 where the kernel has no Landlock, or it is switched off.
int landlock_version() {
    const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version < 0 ? 0 : static_cast<int>(version);
}

std::uint64_t handled_by(int version) { return kRead | kChange | (version >= 3 ? kTruncate : 0); }

bool allow(const Descriptor& rules, const std::string& path, std::uint64_t rights) {
    const Descriptor place(::open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat found {};
    if (!place.open() || ::fstat(place.number(), &found) != 0) return false;
    landlock_path_beneath_attr rule{};
    rule.allowed_access = S_ISDIR(found.st_mode) ? rights : rights & kOfFiles;
    rule.parent_fd = place.number();
    return ::syscall(SYS_landlock_add_rule, rules.number(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

/// Not open where the kernel has no Landlock.
Descriptor rules_for(const AllowedFiles& files) {
    const int version = landlock_version();
    if (version == 0) return {};
    Ruleset set;
    set.files = handled_by(version);
    if (version >= 6) set.scoped = kScopeAbstractSockets | kScopeSignals;
    const std::size_t known = version >= 6 ? sizeof(Ruleset) : sizeof(set.files);
    Descriptor rules(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &set, known, 0)));
    if (!rules.open()) {
        throw EnvironmentError(fmt::format("cannot make rules for a node's files: {}", std::strerror(errno)),
                               "raise the limit of open files (ulimit -n)");
    }
    // What is not there needs no rule.
    for (const char* path : kReadBySystem) allow(rules, path, set.files & kRead);
    for (const char* path : kWrittenBySystem) allow(rules, path, set.files & (kRead | LANDLOCK_ACCESS_FS_WRITE_FILE));
    for (const std::string& path : files.readable) allow(rules, path, set.files & kRead);
    if (!allow(rules, files.home, set.files)) {
        throw EnvironmentError(fmt::format("cannot give a node {}: {}", files.home, std::strerror(errno)),
                               "see that it is there");
    }
    return rules;
}

bool lower(decltype(RLIMIT_CORE) what, rlim_t most) {
    rlimit now{};
    if (::getrlimit(what, &now) != 0) return false;
    now.rlim_max = std::min(now.rlim_max, most);
    now.rlim_cur = std::min(now.rlim_cur, now.rlim_max);
    return ::setrlimit(what, &now) == 0;
}

/// Also what a program that belongs to root would get from its file.
bool drop_capabilities(int count) {
    for (int capability = 0; capability < count; ++capability) {
        // Refused to whoever has none to give up; what is to be gained is closed off by no_new_privs then.
        if (::prctl(PR_CAPBSET_DROP, capability, 0UL, 0UL, 0UL) != 0 && errno != EPERM) return false;
    }
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0UL, 0UL, 0UL);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
    return ::syscall(SYS_capset, &header, none.data()) == 0;
}

int add_directory(dl_phdr_info* library, std::size_t /*size*/, void* directories) {
    const std::filesystem::path path(library->dlpi_name);
    if (path.is_absolute() && path.parent_path() != "/") {
        static_cast<std::set<std::string>*>(directories)->insert(path.parent_path().string());
    }
    return 0;
}

}  // namespace

Confinement::Confinement(const AllowedFiles& files) : rules_(rules_for(files)) {
    while (::prctl(PR_CAPBSET_READ, capabilities_, 0UL, 0UL, 0UL) >= 0) ++capabilities_;
}

bool Confinement::apply() const {
    // A file that grows too large is a failed write.
    ::signal(SIGXFSZ, SIG_IGN);
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) == 0 && lower(RLIMIT_CORE, 0) &&
           lower(RLIMIT_FSIZE, kLargestFile) && lower(RLIMIT_NOFILE, kMostDescriptors) &&
           drop_capabilities(capabilities_) &&
           (!rules_.open() || ::syscall(SYS_landlock_restrict_self, rules_.number(), 0) == 0);
}

bool Confinement::limits_files() { return landlock_version() > 0; }

std::vector<std::string> library_directories() {
    std::set<std::string> directories;
    ::dl_iterate_phdr(add_directory, &directories);
    return {directories.begin(), directories.end()};
}

}  // namespace carbonedge
