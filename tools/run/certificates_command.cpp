#include "tools/run/certificates_command.h"

#include "lib/base/atomic_file.h"
#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/cluster/cluster_file.h"
#include "lib/formats/csv.h"
#include "lib/partition/plan_file.h"
#include "lib/transport/certificate_files.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <ostream>

namespace carbonedge {
namespace {

Cluster read_nodes(const CertificatesOptions& options, std::istream& in) {
    const std::string& path = options.plan.empty() ? options.cluster : options.plan;
    const std::string name = path == "-" ? "standard input" : path;
    const std::string text = read_input(path, in);
    return options.plan.empty() ? read_cluster(text, name, keep_intensity_name) : read_plan(text, name).cluster;
}

std::vector<CertificateSubject> subjects_of(const Cluster& cluster, const CertificatesOptions& options) {
    std::vector<std::string> names;
    for (const Node& node : cluster.nodes) names.push_back(node.name);
    names.emplace_back(kGateway);
    for (const std::string& client : options.clients) {
        if (std::find(names.begin(), names.end(), client) != names.end())
            throw UsageError(
                fmt::format("--client: '{}' is the name of another already; name the client otherwise", client));
        names.push_back(client);
    }
    std::vector<CertificateSubject> subjects;
    for (const std::string& name : names) subjects.emplace_back().name = name;
    for (const auto& [name, addresses] : options.addresses) {
        const auto subject = std::find(names.begin(), names.end(), name);
        if (subject == names.end()) throw UsageError("--address: " + unknown_name_message("node", name, names));
        subjects[static_cast<std::size_t>(subject - names.begin())].addresses = addresses;
    }
    return subjects;
}

std::string list_of(const CertificatesOptions& options, const std::vector<CertificateSubject>& subjects,
                    const CertificatesWritten& written) {
    std::string list = "name,valid_until,certificate\n";
    for (const CertificateSubject& subject : subjects) {
        const std::array<std::string, 3> row{subject.name, moment_text(written.until),
                                             tls_files(options.directory, subject.name).certificate};
        list += csv_line(row);
    }
    const std::array<std::string, 3> authority{"authority", moment_text(written.authority_until),
                                               options.directory + "/ca.pem"};
    return list + csv_line(authority);
}

}  // namespace

ExitStatus certificates_command(const CertificatesOptions& options, std::istream& in, std::ostream& out,
                                std::ostream& err) {
    check_output(options.standard.output, options.standard.overwrite);
    const Cluster cluster = read_nodes(options, in);
    CertificateRequest request;
    request.cluster = cluster.name;
    request.subjects = subjects_of(cluster, options);
    request.valid = options.valid;
    request.authority_valid = options.authority_valid;
    request.rotate = options.rotate;
    request.overwrite = options.standard.overwrite;
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const CertificatesWritten written = write_certificates(options.directory, request, now);
    write_output(options.standard.output, options.standard.overwrite, list_of(options, request.subjects, written), out);
    if (!options.standard.quiet) {
        err << fmt::format(
            "carbonedge-run: {0}/ca.key signs for the whole cluster: keep it where no node is; each node needs its own "
            "folder of {0} alone\n",
            options.directory);
    }
    return ExitStatus::kOk;
}

}  // namespace carbonedge
