#include "lib/profile/samples_file.h"

#include "tests/support/error_text.h"
#include "tests/support/random_profile.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

std::vector<Nanoseconds> random_times(SeededRandom& random, std::size_t count) {
    std::vector<Nanoseconds> times;
    for (std::size_t i = 0; i < count; ++i) times.emplace_back(static_cast<std::int64_t>(random.below(1'000'000)));
    return times;
}

Samples random_samples(SeededRandom& random) {
    Samples samples;
    samples.tool_version = awkward_text(random);
    const std::size_t subjects = 1 + random.below(2);
    for (std::size_t i = 0; i < subjects; ++i) {
        samples.subjects.push_back(random_profile(random, 1 + random.below(5)));
    }
    const std::size_t rounds = random.below(4);
    for (std::size_t r = 0; r < rounds; ++r) {
        SampleRound& round = samples.rounds.emplace_back();
        round.date_utc = awkward_text(random);
        round.baseline_first = random.below(2) == 0;
        round.control = Nanoseconds(static_cast<std::int64_t>(random.below(1000)));
        for (const Profile& profile : samples.subjects) {
            const std::size_t passes = 1 + random.below(4);
            SampledPasses& taken = round.subjects.emplace_back();
            taken.whole = random_times(random, passes);
            taken.whole_cpu = random_times(random, passes);
            taken.marked = random_times(random, passes);
            taken.marked_cpu = random_times(random, passes);
            for (std::size_t row = 0; row < profile.layers.size(); ++row) {
                taken.rows.push_back(random_times(random, passes));
            }
            taken.row_cpu = random_times(random, profile.layers.size());
        }
    }
    return samples;
}

}  // namespace

TEST_CASE("samples: what is written reads back alike and as the same bytes") {
    SeededRandom random(11);
    for (int i = 0; i < 50; ++i) {
        CAPTURE(i);
        const Samples samples = random_samples(random);
        const std::string text = write_samples(samples);
        const Samples again = read_samples(text, "s");
        CHECK(again == samples);
        CHECK(write_samples(again) == text);
    }
}

TEST_CASE("samples: a last line that is cut off is left out") {
    SeededRandom random(12);
    Samples samples = random_samples(random);
    while (samples.rounds.size() < 2) samples = random_samples(random);
    const std::string text = write_samples(samples);
    const Samples cut = read_samples(text.substr(0, text.size() - 5), "s");
    CHECK(cut.rounds.size() == samples.rounds.size() - 1);
}

TEST_CASE("samples: what does not fit together is refused with its line") {
    SeededRandom random(13);
    Samples samples = random_samples(random);
    while (samples.rounds.empty()) samples = random_samples(random);
    const auto message = [](const Samples& wrong) {
        return error_text([&] { (void)read_samples(write_samples(wrong), "s"); });
    };
    Samples fewer = samples;
    fewer.rounds[0].subjects[0].whole_cpu.pop_back();
    CHECK(message(fewer).starts_with("s:2: has "));
    Samples rows = samples;
    rows.rounds[0].subjects[0].rows.pop_back();
    CHECK(message(rows).find("one array a layer") != std::string::npos);
    Samples nothing = samples;
    nothing.subjects.clear();
    CHECK(message(nothing) == "s:1: 'subjects' has 0 profiles, expected one, or a baseline and a current one");
    CHECK(error_text([] { (void)read_samples("", "s"); }) == "s: is empty; expected samples");
    CHECK(error_text([] { (void)read_samples("{\"schema\":\"carbonedge.samples/2\"}\n", "s"); }) ==
          "s:1: has schema version 2, this carbonedge reads up to 1; use a newer carbonedge");
}

}  // namespace carbonedge
