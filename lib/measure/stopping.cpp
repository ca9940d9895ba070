#include "lib/measure/stopping.h"

#include "lib/measure/statistics.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>

namespace carbonedge {
namespace {

class RelativeConfidence : public StoppingCriterion {
public:
    explicit RelativeConfidence(double limit) : limit_(limit) {}

    void initialize() override {
        samples_.clear();
        next_look_ = 6;  // fewer never reach 95 %
        finished_ = false;
        value_ = 0;
    }

    void add(Nanoseconds sample, Nanoseconds /*elapsed*/) override {
        samples_.push_back(static_cast<double>(sample.count()));
        if (samples_.size() < next_look_) return;
        next_look_ = samples_.size() + std::max<std::size_t>(1, samples_.size() / 20);
        value_ = summarise(samples_).relative_confidence();
        finished_ = value_ <= limit_;
    }

    [[nodiscard]] bool is_finished() const override { return finished_; }
    [[nodiscard]] std::string name() const override { return "relative-ci=" + number_text(limit_); }
    [[nodiscard]] std::string outcome() const override {
        if (samples_.size() < 6) return fmt::format("relative-ci unknown after {} samples", samples_.size());
        return fmt::format("relative-ci {:.2g} after {} samples", summarise(samples_).relative_confidence(),
                           samples_.size());
    }

private:
    double limit_;
    std::vector<double> samples_;
    std::size_t next_look_ = 6;
    bool finished_ = false;
    double value_ = 0;
};

class Elapsed : public StoppingCriterion {
public:
    Elapsed(std::string kind, Nanoseconds limit) : kind_(std::move(kind)), limit_(limit) {}

    void initialize() override { elapsed_ = Nanoseconds(0); }
    void add(Nanoseconds /*sample*/, Nanoseconds elapsed) override { elapsed_ = elapsed; }
    [[nodiscard]] bool is_finished() const override { return elapsed_ >= limit_; }
    [[nodiscard]] std::string name() const override { return kind_ + "=" + exact_duration(limit_); }
    [[nodiscard]] std::string outcome() const override { return "ran " + duration_text(to_seconds(elapsed_)); }

private:
    std::string kind_;
    Nanoseconds limit_;
    Nanoseconds elapsed_{0};
};

class Combined : public StoppingCriterion {
public:
    Combined(std::vector<std::unique_ptr<StoppingCriterion>> all, std::unique_ptr<StoppingCriterion> cap)
        : all_(std::move(all)), cap_(std::move(cap)) {}

    void initialize() override {
        for (const auto& rule : all_) rule->initialize();
        cap_->initialize();
    }
    void add(Nanoseconds sample, Nanoseconds elapsed) override {
        for (const auto& rule : all_) rule->add(sample, elapsed);
        cap_->add(sample, elapsed);
    }
    [[nodiscard]] bool is_finished() const override { return reached() || cap_->is_finished(); }
    [[nodiscard]] std::string name() const override {
        std::string names;
        for (const auto& rule : all_) names += rule->name() + ",";
        return names + cap_->name();
    }
    [[nodiscard]] std::string outcome() const override {
        std::string text = reached() ? "reached" : cap_->is_finished() ? "stopped by " + cap_->name() : "unfinished";
        for (const auto& rule : all_) text += ", " + rule->outcome();
        return text;
    }

private:
    [[nodiscard]] bool reached() const {
        return std::all_of(all_.begin(), all_.end(), [](const auto& rule) { return rule->is_finished(); });
    }

    std::vector<std::unique_ptr<StoppingCriterion>> all_;
    std::unique_ptr<StoppingCriterion> cap_;
};

}  // namespace

std::unique_ptr<StoppingCriterion> relative_confidence_criterion(double limit) {
    return std::make_unique<RelativeConfidence>(limit);
}
std::unique_ptr<StoppingCriterion> minimum_time_criterion(Nanoseconds least) {
    return std::make_unique<Elapsed>("min-time", least);
}
std::unique_ptr<StoppingCriterion> cap_criterion(Nanoseconds most) { return std::make_unique<Elapsed>("cap", most); }

std::unique_ptr<StoppingCriterion> combined_criterion(std::vector<std::unique_ptr<StoppingCriterion>> all,
                                                      std::unique_ptr<StoppingCriterion> cap) {
    return std::make_unique<Combined>(std::move(all), std::move(cap));
}

std::unique_ptr<StoppingCriterion> standard_criterion(double relative_confidence, Nanoseconds least, Nanoseconds most) {
    std::vector<std::unique_ptr<StoppingCriterion>> all;
    all.push_back(relative_confidence_criterion(relative_confidence));
    all.push_back(minimum_time_criterion(least));
    return combined_criterion(std::move(all), cap_criterion(most));
}

}  // namespace carbonedge
