#include "lib/carbon/intensity_fetch.h"

#include "lib/base/atomic_file.h"
#include "lib/base/errors.h"
#include "lib/base/random.h"
#include "lib/formats/json.h"

#include <sys/stat.h>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace carbonedge {
namespace {

constexpr std::array kServices{std::pair{IntensityService::kElectricityMaps, std::string_view("electricity-maps")},
                               std::pair{IntensityService::kWattTime, std::string_view("watttime")},
                               std::pair{IntensityService::kUkCarbonIntensity, std::string_view("uk")},
                               std::pair{IntensityService::kCarbonAwareSdk, std::string_view("carbon-aware-sdk")}};

std::string base_of(const IntensityQuery& query) {
    if (!query.base_url.empty()) return query.base_url;
    switch (query.service) {
        case IntensityService::kElectricityMaps:
            return "https://api.electricitymaps.com";
        case IntensityService::kWattTime:
            return "https://api.watttime.org";
        case IntensityService::kUkCarbonIntensity:
            return "https://api.carbonintensity.org.uk";
        case IntensityService::kCarbonAwareSdk:
            break;
    }
    throw UsageError("carbon-aware-sdk is self-hosted: say where, --url http://127.0.0.1:8080");
}

/// Percent-encodes what is not unreserved (RFC 3986), so that a zone cannot add parameters of its own.
std::string encoded(std::string_view text) {
    std::string result;
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                           (byte >= '0' && byte <= '9') ||
                           std::string_view("-._~").find(letter) != std::string_view::npos;
        result += plain ? std::string(1, letter) : fmt::format("%{:02X}", byte);
    }
    return result;
}

std::string minute_text(UtcSeconds time) { return utc_text(time).substr(0, 16) + "Z"; }

std::string address_of(const IntensityQuery& query) {
    const std::string from = encoded(utc_text(query.from));
    const std::string to = encoded(utc_text(query.to));
    const std::string zone = encoded(query.choice.zone);
    const bool marginal = query.choice.signal == IntensitySignal::kMarginal;
    switch (query.service) {
        case IntensityService::kElectricityMaps:
            return fmt::format("{}/v3/carbon-intensity/past-range?zone={}&start={}&end={}&emissionFactorType={}",
                               base_of(query), zone, from, to,
                               scope_name(query.choice.scope.value_or(IntensityScope::kLifecycle)));
        case IntensityService::kWattTime:
            return fmt::format("{}/v3/historical?region={}&start={}&end={}&signal_type={}", base_of(query), zone, from,
                               to, !query.choice.signal || marginal ? "co2_moer" : "co2_aoer");
        case IntensityService::kUkCarbonIntensity:
            return fmt::format("{}/intensity/{}/{}", base_of(query), minute_text(query.from), minute_text(query.to));
        case IntensityService::kCarbonAwareSdk:
            return fmt::format("{}/emissions/bylocation?location={}&time={}&toTime={}", base_of(query), zone, from, to);
    }
    throw std::logic_error("unknown service");
}

bool is_worth_a_retry(const HttpResponse& response, const FetchPolicy& policy) {
    if (response.hopeless || response.retry_after > policy.longest_delay) return false;
    return response.status == 0 || response.status == 429 || response.status >= 500;
}

/// One attempt's outcome in words, without the secret.
std::string outcome_text(const HttpResponse& response) {
    if (response.status == 0) return response.problem;
    std::string text = fmt::format("answered {}", response.status);
    if (response.status >= 300 && response.status < 400) text += ", a redirect, which is not followed";
    if (response.retry_after.count() > 0)
        text += fmt::format(" and asks to wait for {} s", response.retry_after.count());
    return text;
}

[[noreturn]] void refuse_secret(const IntensityQuery& query, long status) {
    throw EnvironmentError(fmt::format("{} answered {}: it does not accept the token for zone '{}'",
                                       service_name(query.service), status, query.choice.zone),
                           "check the token's file or variable, and that the account covers the zone");
}

class Waiter {
public:
    explicit Waiter(const FetchPolicy& policy) : policy_(policy), random_(policy.seed), delay_(policy.first_delay) {}

    void wait(std::chrono::seconds wish) {
        auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(delay_ * (1.0 + 0.25 * random_.uniform()));
        pause = std::max<std::chrono::milliseconds>(pause, wish);
        policy_.sleep(std::min<std::chrono::milliseconds>(pause, policy_.longest_delay));
        delay_ *= 2;
    }

private:
    const FetchPolicy& policy_;
    SeededRandom random_;
    std::chrono::milliseconds delay_;
};

/// Asks until there is an answer or the attempts are used up. 401 and 403 throw.
HttpResponse ask(const IntensityQuery& query, HttpRequest request, HttpClient& client, const FetchPolicy& policy) {
    Waiter waiter(policy);
    HttpResponse response;
    for (int attempt = 1; attempt <= policy.attempts; ++attempt) {
        response = client.get(request);
        if (response.status == 401 || response.status == 403) refuse_secret(query, response.status);
        if (!is_worth_a_retry(response, policy)) return response;
        if (attempt < policy.attempts) waiter.wait(response.retry_after);
    }
    return response;
}

bool has_control_characters(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

/// The token of a login's answer. Nothing of the answer is quoted where it is none.
std::string token_of(const std::string& answer) {
    std::string token;
    try {
        const JsonDocument document = read_json(answer, "watttime's login");
        token = document.root().at("token").text();
    } catch (const InputError&) {
        token.clear();
    }
    if (token.empty() || has_control_characters(token))
        throw EnvironmentError("watttime's login answered without a usable token", "try again later");
    return token;
}

/// A token must not be read by whoever listens on the way.
void refuse_open_road(const IntensityQuery& query, const ServiceSecret& secret) {
    if (secret.value.empty() || !query.base_url.starts_with("http://")) return;
    std::string_view host = std::string_view(query.base_url).substr(std::string_view("http://").size());
    host = host.substr(0, host.find('/'));
    const bool bracketed = host.starts_with('[');
    host = bracketed ? host.substr(0, host.find(']') + 1) : host.substr(0, host.find(':'));
    if (host == "localhost" || host == "[::1]" || host.starts_with("127.")) return;
    throw UsageError(fmt::format("--url {}: a token would travel unencrypted; use https", query.base_url));
}

HttpRequest request_for(const IntensityQuery& query, const ServiceSecret& secret, HttpClient& client,
                        const FetchPolicy& policy) {
    HttpRequest request{address_of(query), {"Accept: application/json"}, {}};
    if (query.service == IntensityService::kElectricityMaps && !secret.value.empty()) {
        request.headers.push_back("auth-token: " + secret.value);
    }
    if (query.service == IntensityService::kWattTime) {
        // A token that lives half an hour is bought with name and password.
        const HttpResponse login = ask(query, {base_of(query) + "/login", {}, secret.value}, client, policy);
        if (login.status != 200)
            throw EnvironmentError(fmt::format("watttime's login {}", outcome_text(login)), "try again later");
        request.headers.push_back("Authorization: Bearer " + token_of(login.body));
    }
    return request;
}

/// `text` without anything of the secret, whoever put it there: a server may answer with what it was sent.
std::string without_secret(std::string text, const ServiceSecret& secret, const HttpRequest& request) {
    std::vector<std::string> hidden{secret.value, secret.value.substr(secret.value.find(':') + 1)};
    for (const std::string& header : request.headers) {
        const std::size_t space = header.rfind(' ');
        if (header.starts_with("Authorization") || header.starts_with("auth-token"))
            hidden.push_back(header.substr(space + 1));
    }
    for (const std::string& word : hidden) {
        if (word.empty()) continue;
        for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at))
            text.replace(at, word.size(), "***");
    }
    return text;
}

/// The answer as a series, or why it is none.
std::variant<IntensitySeries, std::string> read_answer(const IntensityQuery& query, const std::string& body) {
    try {
        return read_intensity(body, fmt::format("answer of {}", service_name(query.service)), query.choice);
    } catch (const InputError& error) {
        return std::string(error.what());
    }
}

std::string cache_path(const IntensityQuery& query, const FetchPolicy& policy) {
    std::string name = fmt::format(
        "{}{}-{}-{}-{}-{}-{}", service_name(query.service), query.base_url.empty() ? "" : "-" + query.base_url,
        query.choice.zone, query.choice.scope ? scope_name(*query.choice.scope) : "any",
        query.choice.signal ? signal_name(*query.choice.signal) : "any", utc_text(query.from), utc_text(query.to));
    for (char& letter : name) {
        const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                           (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
        if (!plain) letter = '_';
    }
    return policy.cache_folder + "/" + name + ".intensity.csv";
}

std::optional<FetchedIntensity> read_cache(const IntensityQuery& query, const FetchPolicy& policy) {
    if (policy.cache_folder.empty()) return std::nullopt;
    const std::string path = cache_path(query, policy);
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    try {
        std::istringstream no_input;
        return FetchedIntensity{read_intensity(read_input(path, no_input), path, {}),
                                UtcSeconds(std::chrono::seconds(status.st_mtim.tv_sec)), true, ""};
    } catch (const InputError&) {
        return std::nullopt;  // a damaged cache is no cache; the next answer replaces it
    }
}

void write_cache(const IntensityQuery& query, const FetchPolicy& policy, const IntensitySeries& series) {
    if (policy.cache_folder.empty()) return;
    ::mkdir(policy.cache_folder.c_str(), 0700);
    std::ostringstream unused;
    write_output(cache_path(query, policy), true, write_intensity(series), unused);
}

std::string trimmed(const std::string& text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string age_text(std::chrono::seconds age) {
    const auto minutes = std::max<std::int64_t>(0, age.count() / 60);
    return minutes < 60 ? fmt::format("{} min", minutes) : fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

}  // namespace

std::string_view service_name(IntensityService service) {
    for (const auto& [value, name] : kServices) {
        if (value == service) return name;
    }
    throw std::logic_error("unknown service");
}

std::optional<IntensityService> service_from_name(std::string_view name) {
    for (const auto& [value, known] : kServices) {
        if (known == name) return value;
    }
    return std::nullopt;
}

FetchedIntensity fetch_intensity(const IntensityQuery& query, const ServiceSecret& secret, HttpClient& client,
                                 const FetchPolicy& policy) {
    std::optional<FetchedIntensity> cached = read_cache(query, policy);
    if (cached && policy.now() - cached->fetched_at < policy.fresh_for) return std::move(*cached);

    refuse_open_road(query, secret);
    std::string failure;
    HttpRequest request;
    try {
        request = request_for(query, secret, client, policy);
        const HttpResponse response = ask(query, request, client, policy);
        if (response.status == 200) {
            auto answer = read_answer(query, response.body);
            if (auto* series = std::get_if<IntensitySeries>(&answer)) {
                write_cache(query, policy, *series);
                return {std::move(*series), policy.now(), false, ""};
            }
            failure = std::get<std::string>(answer);
        } else {
            failure = fmt::format("{} {}", service_name(query.service), outcome_text(response));
        }
    } catch (const EnvironmentError& error) {
        if (!cached) throw;
        failure = error.what();
    }
    failure = without_secret(failure, secret, request);
    if (!cached) {
        throw EnvironmentError(fmt::format("no intensity could be fetched: {}", failure),
                               "check the network and the zone, or read a file instead");
    }
    cached->remark =
        fmt::format("{}; the values are the ones cached {} ago", failure, age_text(policy.now() - cached->fetched_at));
    return std::move(*cached);
}

ServiceSecret read_secret_file(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 077U) != 0) {
        throw InputError(path, 0, "holds a secret that other users may read; chmod 600 it");
    }
    std::istringstream no_input;
    std::string text = read_input(path, no_input);
    text = trimmed(text.substr(0, text.find_first_of("\r\n")));
    if (text.empty()) throw InputError(path, 1, "is empty, a token was expected");
    if (has_control_characters(text)) throw InputError(path, 1, "holds control characters, a token was expected");
    return {text};
}

ServiceSecret secret_from_variable(const std::string& text, const std::string& name) {
    std::string secret = trimmed(text);
    if (secret.empty() || has_control_characters(secret))
        throw UsageError(fmt::format("--token-variable: {} holds no token: it is empty or has line breaks", name));
    return {std::move(secret)};
}

std::string checked_base_url(const std::string& url) {
    const std::string_view form = "expected one such as https://example.org/carbon";
    const bool http = url.starts_with("http://") || url.starts_with("https://");
    if (!http || has_control_characters(url) || url.find(' ') != std::string::npos)
        throw UsageError(fmt::format("--url: '{}' is no address, {}", url, form));
    const std::size_t start = url.find("//") + 2;
    const std::string_view authority = std::string_view(url).substr(start, url.find('/', start) - start);
    if (authority.find('@') != std::string_view::npos)  // not quoted: it may be a secret
        throw UsageError(fmt::format("--url: holds a user or password; they belong into --token-file, {}", form));
    if (authority.empty() || url.find_first_of("?#") != std::string::npos)
        throw UsageError(fmt::format("--url: '{}' is no address of a service, {}", url.substr(0, url.find('?')), form));
    return url.ends_with('/') ? url.substr(0, url.size() - 1) : url;
}

}  // namespace carbonedge
