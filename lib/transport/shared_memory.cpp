#include "lib/transport/shared_memory.h"

#include "lib/base/errors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace carbonedge {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW;
constexpr const char* kRemedy = "give it more memory, or use unix: instead of shm:";

std::byte* map(const Descriptor& descriptor, std::size_t size) {
    void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.number(), 0);
    if (address == MAP_FAILED) {
        throw EnvironmentError(fmt::format("cannot map {} bytes of shared memory: {}", size, std::strerror(errno)),
                               kRemedy);
    }
    return static_cast<std::byte*>(address);
}

}  // namespace

std::shared_ptr<SharedMemory> SharedMemory::create(std::size_t size) {
    Descriptor descriptor(::memfd_create("carbonedge-tensors", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!descriptor.open() || ::ftruncate(descriptor.number(), static_cast<off_t>(size)) != 0 ||
        ::fcntl(descriptor.number(), F_ADD_SEALS, kSeals) != 0) {
        throw EnvironmentError(fmt::format("cannot make {} bytes of shared memory: {}", size, std::strerror(errno)),
                               kRemedy);
    }
    std::byte* bytes = map(descriptor, size);
    return std::shared_ptr<SharedMemory>(new SharedMemory(std::move(descriptor), size, bytes));
}

std::shared_ptr<SharedMemory> SharedMemory::adopt(Descriptor descriptor, std::size_t size, const std::string& peer) {
    struct stat found {};
    const bool sized = ::fstat(descriptor.number(), &found) == 0 && S_ISREG(found.st_mode) &&
                       found.st_size == static_cast<off_t>(size);
    const int seals = ::fcntl(descriptor.number(), F_GET_SEALS);
    if (!sized || seals < 0 || (seals & kSeals) != kSeals) {
        throw InputError(peer, 0, "offered shared memory that is not of the announced size, or not sealed");
    }
    std::byte* bytes = map(descriptor, size);
    return std::shared_ptr<SharedMemory>(new SharedMemory(std::move(descriptor), size, bytes));
}

SharedMemory::~SharedMemory() { ::munmap(bytes_, size_); }

}  // namespace carbonedge
