#pragma once

#include "lib/units/quantity.h"
#include "tools/cli/option_values.h"

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// The command line of carbonedge-profile transport. Defaults are those of the page.
struct TransportOptions {
    StandardOptions standard;
    std::vector<std::string> paths{"unix", "shm", "tcp", "tls"};
    std::vector<Bytes> sizes{Bytes(64),      Bytes(4'096),     Bytes(65'536),    Bytes(262'144),
                             Bytes(802'816), Bytes(3'211'264), Bytes(12'845'056)};
    std::size_t rounds = 5;
    Nanoseconds time{20'000'000};  ///< for each size, path and round
    std::string cluster;           ///< written with [transport] filled in, instead of the table
    std::string answer;            ///< only answers whoever measures, at this address
    std::string to;                ///< measures the path to who answers there, instead of to children
    std::string from_end;          ///< of the link that is filled in
    std::string to_end;
    std::string tls;  ///< folder with ca.pem, cert.pem and key.pem of this end
    bool plain_text = false;
    std::size_t width = 0;  ///< of text; 0: the terminal's, else 120
};

/// False: help or version was printed. Throws UsageError.
bool parse_transport_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                             std::ostream& err, TransportOptions& options);

}  // namespace carbonedge
