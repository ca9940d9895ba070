#include "lib/measure/composite_meter.h"

#include "lib/measure/boundary.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

constexpr double kAgreement = 0.05;

class CompositeMeter : public EnergyMeter {
public:
    explicit CompositeMeter(std::vector<std::unique_ptr<EnergyMeter>> meters) : meters_(std::move(meters)) {}

    [[nodiscard]] std::string name() const override {
        return join([](const EnergyMeter& meter) { return meter.name(); });
    }
    [[nodiscard]] std::string boundary() const override {
        return join([](const EnergyMeter& meter) { return meter.boundary(); });
    }
    [[nodiscard]] Nanoseconds update_period() const override {
        Nanoseconds longest{0};
        for (const std::size_t i : chosen()) longest = std::max(longest, meters_[i]->update_period());
        return longest;
    }
    [[nodiscard]] Nanoseconds longest_gap() const override {
        Nanoseconds shortest = Nanoseconds::max();
        for (const auto& meter : meters_) shortest = std::min(shortest, meter->longest_gap());
        return shortest;
    }
    [[nodiscard]] WindowDetail window_detail() const override { return detail_; }

    /// The first meter, which the total starts with, starts last and stops first: its window is the tightest.
    void start() override {
        for (auto meter = meters_.rbegin(); meter != meters_.rend(); ++meter) (*meter)->start();
    }
    void sample() override {
        for (const auto& meter : meters_) meter->sample();
    }

    EnergyResult stop() override {
        std::vector<EnergyResult> results;
        for (const auto& meter : meters_) results.push_back(meter->stop());
        const std::vector<std::size_t> in_total = chosen();
        detail_ = meters_.front()->window_detail();
        detail_.parts.clear();
        detail_.flags.clear();
        EnergyResult total = results.front();
        for (std::size_t i = 0; i < meters_.size(); ++i) {
            const WindowDetail inner = meters_[i]->window_detail();
            for (const std::string& flag : inner.flags) detail_.flags.push_back(meters_[i]->name() + ": " + flag);
            bool added = std::find(in_total.begin(), in_total.end(), i) != in_total.end();
            if (added && i > 0) added = add(total, results[i], meters_[i]->name());
            detail_.parts.push_back({meters_[i]->name(), meters_[i]->boundary(), added, results[i]});
        }
        compare(results);
        return total;
    }

private:
    std::vector<std::unique_ptr<EnergyMeter>> meters_;
    WindowDetail detail_;

    [[nodiscard]] std::vector<std::size_t> chosen() const {
        std::vector<std::size_t> in = {0};
        for (std::size_t i = 1; i < meters_.size(); ++i) {
            const bool apart = std::all_of(in.begin(), in.end(), [&](std::size_t other) {
                return boundary_relation(meters_[i]->boundary(), meters_[other]->boundary()) ==
                       BoundaryRelation::kDisjoint;
            });
            if (apart) in.push_back(i);
        }
        return in;
    }

    template <class Text>
    [[nodiscard]] std::string join(Text text) const {
        std::string joined;
        for (const std::size_t i : chosen()) joined += (joined.empty() ? "" : "+") + text(*meters_[i]);
        return joined;
    }

    bool add(EnergyResult& total, const EnergyResult& result, const std::string& name) {
        auto* sum = std::get_if<EnergyReading>(&total);
        const auto* reading = std::get_if<EnergyReading>(&result);
        if (sum == nullptr) return false;
        if (reading == nullptr) {
            total = EnergyUnavailable{name + ": " + std::get<EnergyUnavailable>(result).reason};
            return false;
        }
        if (reading->provenance != sum->provenance) {
            detail_.flags.push_back("not-added: " + name + ", as one is measured and the other estimated");
            return false;
        }
        sum->joules += reading->joules;
        sum->uncertainty += reading->uncertainty;
        sum->source += "+" + reading->source;
        sum->boundary += "+" + reading->boundary;
        return true;
    }

    void compare(const std::vector<EnergyResult>& results) {
        for (std::size_t second = 1; second < results.size(); ++second) {
            for (std::size_t first = 0; first < second; ++first) {
                const auto* left = std::get_if<EnergyReading>(&results[first]);
                const auto* right = std::get_if<EnergyReading>(&results[second]);
                if (left == nullptr || right == nullptr || left->boundary != right->boundary) continue;
                if (left->provenance != right->provenance) continue;
                const Joules apart(std::abs((left->joules - right->joules).value()));
                const Joules larger = std::max(left->joules, right->joules);
                if (apart <= left->uncertainty + right->uncertainty + larger * kAgreement) continue;
                detail_.flags.push_back(fmt::format("inconsistent: {} says {}, {} says {}", left->source,
                                                    energy_text(left->joules), right->source,
                                                    energy_text(right->joules)));
            }
        }
    }
};

}  // namespace

std::unique_ptr<EnergyMeter> make_composite_meter(std::vector<std::unique_ptr<EnergyMeter>> meters) {
    return std::make_unique<CompositeMeter>(std::move(meters));
}

}  // namespace carbonedge
