#include "lib/transport/descriptor.h"

#include <unistd.h>

namespace carbonedge {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        close();
        number_ = other.release();
    }
    return *this;
}

void Descriptor::close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
}

int Descriptor::release() {
    const int number = number_;
    number_ = -1;
    return number;
}

}  // namespace carbonedge
