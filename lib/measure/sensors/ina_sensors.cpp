#include "lib/measure/sensors/ina_sensors.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <set>

namespace carbonedge {
namespace {

constexpr const char* kHwmon = "/sys/class/hwmon";
constexpr const char* kIioDriver = "/sys/bus/i2c/drivers/ina3221x";
constexpr std::array<const char*, 2> kHwmonDrivers = {"/sys/bus/i2c/drivers/ina3221", "/sys/bus/i2c/drivers/ina238"};
constexpr Nanoseconds kDefaultPeriod{1'000'000};
/// Reads of voltage and current lie about this far apart on an AGX Orin (published, not ours).
constexpr double kPairError = 0.01;

std::vector<std::string> names_in(FileAccess& files, const std::string& folder) {
    const auto listed = files.list(folder);
    const auto* names = std::get_if<std::vector<std::string>>(&listed);
    return names == nullptr ? std::vector<std::string>() : *names;
}

std::optional<std::string> text_of(FileAccess& files, const std::string& path) {
    const auto text = read_text(files, path);
    if (const auto* found = std::get_if<std::string>(&text)) return *found;
    return std::nullopt;
}

bool is_off(FileAccess& files, const std::string& path) {
    const auto enabled = read_integer(files, path);
    const auto* value = std::get_if<long long>(&enabled);
    return value != nullptr && *value == 0;
}

bool not_connected(const std::string& label) {
    return label == "NC" || label.rfind("sum of ", 0) == 0 || label.rfind("ucsi", 0) == 0;
}

/// Three channels, each with a label, a bus voltage and a current; in4 to in7 are shunts and their sum.
void add_triple(FileAccess& files, const std::string& folder, const std::string& chip, InaSearch& search) {
    for (int channel = 1; channel <= 3; ++channel) {
        const std::string in = fmt::format("{}/in{}", folder, channel);
        const auto label = text_of(files, in + "_label");
        if (!label || not_connected(*label) || is_off(files, in + "_enable")) continue;
        const std::string current = fmt::format("{}/curr{}_input", folder, channel);
        if (files.kind(in + "_input") != EntryKind::kFile || files.kind(current) != EntryKind::kFile) {
            search.problems.push_back(fmt::format("{}: {} has no voltage or no current", chip, *label));
            continue;
        }
        search.channels.push_back({*label, "", 0, in + "_input", current, chip});
    }
}

/// One channel. An INA238 without a label is the input of the carrier board: the only one that a Jetson has.
void add_single(FileAccess& files, const std::string& folder, const std::string& name, const std::string& chip,
                InaSearch& search) {
    std::string rail = text_of(files, folder + "/in1_label").value_or("");
    if (rail.empty()) rail = text_of(files, folder + "/power1_label").value_or("");
    if (rail.empty()) rail = name == "ina238" ? "VIN" : chip;
    if (not_connected(rail)) return;
    const std::string power = folder + "/power1_input";
    if (files.kind(power) == EntryKind::kFile) {
        search.channels.push_back({rail, power, 1e-6, "", "", chip});
    } else if (files.kind(folder + "/in1_input") == EntryKind::kFile &&
               files.kind(folder + "/curr1_input") == EntryKind::kFile) {
        search.channels.push_back({rail, "", 0, folder + "/in1_input", folder + "/curr1_input", chip});
    } else {
        search.problems.push_back(chip + ": neither power nor voltage and current");
    }
}

void add_hwmon_chip(FileAccess& files, const std::string& folder, std::set<std::string>& seen, InaSearch& search) {
    const auto name = text_of(files, folder + "/name");
    if (!name || name->rfind("ina", 0) != 0) return;
    if (!seen.insert(files.real_path(folder)).second) return;
    const std::string device = files.real_path(folder + "/device");
    const std::string address = device == folder + "/device" ? "" : " " + device.substr(device.rfind('/') + 1);
    const std::string chip = *name + address;
    if (*name == "ina3221") {
        add_triple(files, folder, chip, search);
    } else {
        add_single(files, folder, *name, chip, search);
    }
    const auto interval = read_integer(files, folder + "/update_interval");
    if (const auto* milliseconds = std::get_if<long long>(&interval); milliseconds != nullptr && *milliseconds > 0) {
        search.update_period = std::max<Nanoseconds>(search.update_period, std::chrono::milliseconds(*milliseconds));
    }
}

void add_iio_chips(FileAccess& files, InaSearch& search) {
    for (const std::string& address : names_in(files, kIioDriver)) {
        const std::string chip_folder = std::string(kIioDriver) + "/" + address;
        for (const std::string& device : names_in(files, chip_folder)) {
            if (device.rfind("iio:device", 0) != 0) continue;
            const std::string folder = chip_folder + "/" + device;
            for (int channel = 0; channel < 3; ++channel) {
                const auto rail = text_of(files, fmt::format("{}/rail_name_{}", folder, channel));
                if (!rail || not_connected(*rail)) continue;
                const std::string chip = "ina3221x " + address;
                const std::string power = fmt::format("{}/in_power{}_input", folder, channel);
                const std::string voltage = fmt::format("{}/in_voltage{}_input", folder, channel);
                const std::string current = fmt::format("{}/in_current{}_input", folder, channel);
                if (files.kind(power) == EntryKind::kFile) {
                    search.channels.push_back({*rail, power, 1e-3, "", "", chip});
                } else {
                    search.channels.push_back({*rail, "", 0, voltage, current, chip});
                }
                search.through_iio = true;
            }
        }
    }
}

class InaSensors : public RailSensors {
public:
    InaSensors(std::shared_ptr<FileAccess> files, const InaSearch& search)
        : files_(std::move(files)),
          channels_(search.channels),
          through_iio_(search.through_iio),
          period_(search.update_period) {
        for (const InaChannel& channel : channels_) {
            kept_.push_back({open(channel.power_path), open(channel.voltage_path), open(channel.current_path)});
        }
    }

    [[nodiscard]] std::string name() const override { return through_iio_ ? "ina-iio" : "ina-hwmon"; }
    [[nodiscard]] Nanoseconds update_period() const override { return period_; }
    [[nodiscard]] std::vector<std::string> rails() const override {
        std::vector<std::string> names;
        for (const InaChannel& channel : channels_) names.push_back(channel.rail);
        return names;
    }
    [[nodiscard]] std::variant<BoardRule, std::string> rule() const override { return board_rule(rails()); }
    [[nodiscard]] double relative_error() const override {
        const bool pairs = std::any_of(channels_.begin(), channels_.end(),
                                       [](const InaChannel& channel) { return channel.power_path.empty(); });
        return pairs ? kPairError : 0.0;
    }

    bool read(std::vector<RailPower>& powers, std::string& problem) override {
        powers.resize(channels_.size());
        for (std::size_t i = 0; i < channels_.size(); ++i) {
            const InaChannel& channel = channels_[i];
            powers[i].name = channel.rail;
            if (!channel.power_path.empty()) {
                const auto power = value(kept_[i].power.get(), channel.power_path, problem);
                if (!power) return false;
                powers[i].power = Watts(*power * channel.watts_per_count);
                continue;
            }
            const auto millivolts = value(kept_[i].voltage.get(), channel.voltage_path, problem);
            const auto milliamperes = value(kept_[i].current.get(), channel.current_path, problem);
            if (!millivolts || !milliamperes) return false;
            powers[i].power = Watts(*millivolts * *milliamperes * 1e-6);
        }
        return true;
    }

private:
    struct Kept {
        std::unique_ptr<KeptFile> power;
        std::unique_ptr<KeptFile> voltage;
        std::unique_ptr<KeptFile> current;
    };
    std::shared_ptr<FileAccess> files_;
    std::vector<InaChannel> channels_;
    bool through_iio_;
    Nanoseconds period_;
    std::vector<Kept> kept_;
    int open_error_ = 0;

    std::unique_ptr<KeptFile> open(const std::string& path) {
        if (path.empty()) return nullptr;
        auto opened = files_->open(path);
        if (auto* file = std::get_if<std::unique_ptr<KeptFile>>(&opened)) return std::move(*file);
        open_error_ = std::get<FileFailure>(opened).code;
        return nullptr;
    }

    [[nodiscard]] std::optional<double> value(KeptFile* file, const std::string& path, std::string& problem) const {
        int error = open_error_;
        const auto number = file == nullptr ? std::nullopt : read_signed(*file, error);
        if (number) return static_cast<double>(*number);
        problem = failure_text({error, path});
        return std::nullopt;
    }
};

}  // namespace

InaSearch find_ina_channels(FileAccess& files) {
    InaSearch search;
    std::set<std::string> seen;
    for (const std::string& chip : names_in(files, kHwmon)) {
        add_hwmon_chip(files, std::string(kHwmon) + "/" + chip, seen, search);
    }
    for (const char* driver : kHwmonDrivers) {
        for (const std::string& address : names_in(files, driver)) {
            const std::string folder = std::string(driver) + "/" + address + "/hwmon";
            for (const std::string& chip : names_in(files, folder)) {
                add_hwmon_chip(files, folder + "/" + chip, seen, search);
            }
        }
    }
    if (search.channels.empty()) add_iio_chips(files, search);
    if (search.update_period.count() == 0) search.update_period = kDefaultPeriod;
    return search;
}

std::shared_ptr<RailSensors> make_ina_sensors(std::shared_ptr<FileAccess> files, const InaSearch& search) {
    return std::make_shared<InaSensors>(std::move(files), search);
}

}  // namespace carbonedge
