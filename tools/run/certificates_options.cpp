#include "tools/run/certificates_options.h"

#include "lib/base/errors.h"
#include "lib/units/text.h"
#include "tools/cli/standard_options.h"

#include <fmt/format.h>

namespace carbonedge {
namespace {

std::chrono::seconds parse_term(const std::string& text, const std::string& option) {
    const auto term = std::chrono::duration_cast<std::chrono::seconds>(parse_lifetime(text, option));
    if (term < std::chrono::minutes(1) || term > std::chrono::years(100))
        throw UsageError(fmt::format("{}: '{}' is not between a minute and 100 years", option, text));
    return term;
}

void read_address(const std::string& text, CertificatesOptions& options) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
        throw UsageError(fmt::format("--address: '{}' is not of the form NODE=ADDRESS", text));
    options.addresses[text.substr(0, equals)].push_back(text.substr(equals + 1));
}

void require_arguments(const CertificatesOptions& options) {
    if (options.directory.empty()) throw UsageError("no directory is given, see -h");
    if (options.cluster.empty() == options.plan.empty())
        throw UsageError("give one of --cluster FILE and --plan FILE: they name the nodes");
}

}  // namespace

bool parse_certificates_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                                std::ostream& err, CertificatesOptions& options) {
    std::string valid = "90days";
    std::string authority_valid = "10years";
    std::vector<std::string> addresses;
    CLI::App app("Make an authority and a certificate for every node.", "carbonedge-run certificates");
    app.add_option("directory", options.directory, "folder to fill")->type_name("DIR");
    app.add_option("--cluster", options.cluster, "the cluster whose nodes get certificates")->type_name("FILE");
    app.add_option("--plan", options.plan, "a plan, for the nodes of its cluster")->type_name("FILE");
    app.add_option("--address", addresses, "where others reach a node, or the gateway; may be repeated")
        ->type_name("NODE=ADDRESS")
        ->expected(1)
        ->take_all();
    app.add_option("--client", options.clients, "also a certificate for a client of services; may be repeated")
        ->type_name("NAME")
        ->expected(1)
        ->take_all();
    app.add_option("--valid", valid, "how long the certificates hold")->type_name("TIME")->capture_default_str();
    app.add_option("--authority-valid", authority_valid, "how long a new authority holds")
        ->type_name("TIME")
        ->capture_default_str();
    app.add_flag("--rotate", options.rotate, "new keys and certificates under the authority that is there");
    add_standard_options(app, options.standard);
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return false;
    require_arguments(options);
    options.valid = parse_term(valid, "--valid");
    options.authority_valid = parse_term(authority_valid, "--authority-valid");
    for (const std::string& address : addresses) read_address(address, options);
    return true;
}

}  // namespace carbonedge
