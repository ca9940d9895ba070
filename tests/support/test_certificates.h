#pragma once

#include "lib/transport/frame_stream.h"
#include "tests/support/temporary_folder.h"

#include <string>

namespace carbonedge {

/// An authority of its own for one test, and what it signs.
class TestAuthority {
public:
    TestAuthority();
    ~TestAuthority();
    TestAuthority(const TestAuthority&) = delete;
    TestAuthority& operator=(const TestAuthority&) = delete;

    /// A certificate with this subject alternative name ("DNS:node-a", "IP:127.0.0.1"), in force from `days_from_now`
    /// for one day.
    TlsFiles issue(const std::string& name, int days_from_now = 0);
    /// The same, believing in this other authority's certificates.
    TlsFiles issue_believing(const std::string& name, const TestAuthority& other);
    [[nodiscard]] const std::string& certificate_file() const { return certificate_file_; }

private:
    struct State;
    TemporaryFolder folder_;
    std::unique_ptr<State> state_;
    std::string certificate_file_;
    int issued_ = 0;
};

}  // namespace carbonedge
