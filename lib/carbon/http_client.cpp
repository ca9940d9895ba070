#include "lib/carbon/http_client.h"

#include "lib/base/errors.h"

#include <dlfcn.h>

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include <fmt/format.h>

namespace carbonedge {
namespace {

/// The few functions of libcurl that are used, resolved at run time. Its C interface is stable within libcurl.so.4.
class CurlLibrary {
public:
    CurlLibrary() : handle_(::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL)) {
        if (handle_ == nullptr) {
            throw EnvironmentError("libcurl.so.4 cannot be loaded",
                                   "install the package libcurl4 to fetch intensities, or read a file");
        }
        resolve(global_init, "curl_global_init");
        resolve(init, "curl_easy_init");
        resolve(setopt, "curl_easy_setopt");
        resolve(perform, "curl_easy_perform");
        resolve(getinfo, "curl_easy_getinfo");
        resolve(cleanup, "curl_easy_cleanup");
        resolve(strerror, "curl_easy_strerror");
        resolve(append, "curl_slist_append");
        resolve(free_all, "curl_slist_free_all");
        global_init(CURL_GLOBAL_DEFAULT);
    }

    decltype(&::curl_global_init) global_init = nullptr;
    decltype(&::curl_easy_init) init = nullptr;
    decltype(&::curl_easy_setopt) setopt = nullptr;
    decltype(&::curl_easy_perform) perform = nullptr;
    decltype(&::curl_easy_getinfo) getinfo = nullptr;
    decltype(&::curl_easy_cleanup) cleanup = nullptr;
    decltype(&::curl_easy_strerror) strerror = nullptr;
    decltype(&::curl_slist_append) append = nullptr;
    decltype(&::curl_slist_free_all) free_all = nullptr;

private:
    template <class Function>
    void resolve(Function& function, const char* name) {
        function = reinterpret_cast<Function>(::dlsym(handle_, name));
        if (function == nullptr)
            throw EnvironmentError(fmt::format("libcurl.so.4 has no {}", name), "install a newer libcurl4");
    }

    void* handle_;  // stays loaded: libcurl's threads and TLS state must outlive every request
};

const CurlLibrary& curl() {
    static const CurlLibrary library;
    return library;
}

struct Body {
    std::string content;
    std::size_t largest = 0;
    bool too_large = false;
};

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* target) {
    auto& body = *static_cast<Body*>(target);
    const std::size_t length = size * count;
    if (body.content.size() + length > body.largest) {
        body.too_large = true;
        return 0;
    }
    body.content.append(bytes, length);
    return length;
}

/// libcurl asks about once a second, more often while bytes come; another value than 0 ends the request.
int give_up(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

class CurlClient : public HttpClient {
public:
    explicit CurlClient(const HttpLimits& limits) : limits_(limits) { static_cast<void>(curl()); }

    HttpResponse get(const HttpRequest& request) override {
        const CurlLibrary& library = curl();
        const std::unique_ptr<CURL, decltype(library.cleanup)> handle(library.init(), library.cleanup);
        curl_slist* headers = nullptr;
        for (const std::string& header : request.headers) headers = library.append(headers, header.c_str());
        const std::unique_ptr<curl_slist, decltype(library.free_all)> header_owner(headers, library.free_all);
        Body body{{}, limits_.largest_body_bytes, false};
        const auto set = [&](CURLoption option, auto value) { library.setopt(handle.get(), option, value); };
        set(CURLOPT_URL, request.url.c_str());
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits_.connect_timeout.count()));
        set(CURLOPT_TIMEOUT_MS, static_cast<long>(limits_.total_timeout.count()));
        set(CURLOPT_WRITEFUNCTION, &take_body);
        set(CURLOPT_WRITEDATA, static_cast<void*>(&body));
        set(CURLOPT_USERAGENT, "carbonedge");
        set(CURLOPT_NOPROGRESS, 0L);
        set(CURLOPT_XFERINFOFUNCTION, &give_up);
        set(CURLOPT_XFERINFODATA, static_cast<void*>(&limits_.stop));
        if (headers != nullptr) set(CURLOPT_HTTPHEADER, headers);
        if (!request.user_and_password.empty()) {
            set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
            set(CURLOPT_USERPWD, request.user_and_password.c_str());
        }
        const CURLcode code = library.perform(handle.get());
        HttpResponse response;
        if (body.too_large) {
            response.problem = fmt::format("answered more than {} bytes", limits_.largest_body_bytes);
            response.hopeless = true;
            return response;
        }
        if (code != CURLE_OK) {
            response.problem = library.strerror(code);
            return response;
        }
        library.getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &response.status);
        curl_off_t wait = 0;
        library.getinfo(handle.get(), CURLINFO_RETRY_AFTER, &wait);
        response.retry_after = std::chrono::seconds(wait);
        response.body = std::move(body.content);
        return response;
    }

private:
    HttpLimits limits_;
};

}  // namespace

std::unique_ptr<HttpClient> make_http_client(const HttpLimits& limits) { return std::make_unique<CurlClient>(limits); }

}  // namespace carbonedge
