#include "lib/base/tool_main.h"

#include <new>
#include <ostream>

namespace carbonedge {
namespace {

int end(ExitStatus status) { return static_cast<int>(status); }

}  // namespace

int tool_main(std::string_view program, std::ostream& err, const std::function<ExitStatus()>& body) {
    try {
        return end(body());
    } catch (const UsageError& error) {
        err << program << ": error: " << error.what() << "\n";
        return end(ExitStatus::kUsage);
    } catch (const InputError& error) {
        err << program << ": error: " << error.what() << "\n";
        return end(ExitStatus::kUnreadable);
    } catch (const EnvironmentError& error) {
        err << program << ": error: " << error.what() << "\n";
        return end(ExitStatus::kUnreadable);
    } catch (const Interrupted&) {
        err << program << ": interrupted\n";
        return end(ExitStatus::kInterrupted);
    } catch (const std::bad_alloc&) {
        err << program << ": error: not enough memory; free some or make the input smaller\n";
        return end(ExitStatus::kUnreadable);
    } catch (const std::exception& error) {
        err << program << ": internal error: " << error.what() << "; please report it with the command line\n";
        return end(ExitStatus::kUnreadable);
    } catch (...) {
        err << program << ": internal error: an exception of an unknown type; please report it with the command line\n";
        return end(ExitStatus::kUnreadable);
    }
}

}  // namespace carbonedge
