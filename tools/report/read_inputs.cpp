#include "tools/report/read_inputs.h"

#include "lib/base/atomic_file.h"
#include "lib/base/errors.h"

#include <algorithm>

namespace carbonedge {

std::vector<ReportInput> read_report_inputs(const std::vector<std::string>& files, std::istream& in) {
    if (std::count(files.begin(), files.end(), "-") > 1) {
        throw UsageError("'-' is given twice: standard input can be read once");
    }
    std::vector<ReportInput> inputs;
    for (const std::string& file : files) {
        inputs.push_back(read_report_input(read_input(file, in), file == "-" ? "standard input" : file));
    }
    return inputs;
}

}  // namespace carbonedge
