// Errors made on purpose, one an argument: what finds nothing else must at least find these.
#include <cstdlib>
#include <iostream>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

long shared_number = 0;

void race() {
    std::thread other([] {
        for (int i = 0; i < 1000; ++i) ++shared_number;
    });
    for (int i = 0; i < 1000; ++i) ++shared_number;
    other.join();
}

void use_after_free() {
    auto number = std::make_unique<long>(7);
    long* volatile kept = number.get();  // the compiler does not see what it points at
    number.reset();
    shared_number = *kept;
}

void overflow_of_a_buffer() {
    volatile std::size_t size = 16;  // the compiler would see it
    const std::vector<char> bytes(size);
    shared_number = bytes.data()[size];
}

void leak() {
    // Some, since the last may still be in a register.
    for (std::size_t i = 1; i <= 100; ++i) {
        void* volatile lost = std::malloc(16 * i);
        shared_number += lost == nullptr ? 1 : 0;
        lost = nullptr;
    }
}

void signed_overflow() {
    volatile int largest = std::numeric_limits<int>::max();
    shared_number = largest + 1;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string what = argc == 2 ? argv[1] : "";
    if (what == "race") {
        race();
    } else if (what == "use_after_free") {
        use_after_free();
    } else if (what == "overflow_of_a_buffer") {
        overflow_of_a_buffer();
    } else if (what == "leak") {
        leak();
    } else if (what == "signed_overflow") {
        signed_overflow();
    } else if (what != "nothing") {
        std::cerr << "usage: deliberate nothing|race|use_after_free|overflow_of_a_buffer|leak|signed_overflow\n";
        return 2;
    }
    std::cout << "done " << shared_number << '\n';
    return 0;
}
