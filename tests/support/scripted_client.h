#pragma once

#include "lib/carbon/http_client.h"

#include <algorithm>
#include <vector>

namespace carbonedge {

/// Answers from a list, the last one again and again, and remembers what was asked.
class ScriptedClient : public HttpClient {
public:
    explicit ScriptedClient(std::vector<HttpResponse> answers) : answers_(std::move(answers)) {}
    HttpResponse get(const HttpRequest& request) override {
        requests.push_back(request);
        return answers_[std::min(requests.size(), answers_.size()) - 1];
    }
    std::vector<HttpRequest> requests;

private:
    std::vector<HttpResponse> answers_;
};

}  // namespace carbonedge
