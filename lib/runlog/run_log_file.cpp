#include "lib/runlog/run_log_file.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/formats/json.h"
#include "lib/formats/schema.h"

#include <fmt/format.h>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kLargest = std::int64_t{1} << 53U;

std::int64_t count(const JsonCursor& cursor) { return cursor.integer(0, kLargest); }
Bytes bytes(const JsonCursor& cursor) { return Bytes(count(cursor)); }
Nanoseconds duration(const JsonCursor& cursor) { return Nanoseconds(count(cursor)); }
/// What is left of a latency after its parts may be negative by the resolution of clocks.
Nanoseconds remainder(const JsonCursor& cursor) { return Nanoseconds(cursor.integer(-kLargest, kLargest)); }

EnforcedLimit read_limit(const JsonCursor& cursor) {
    cursor.expect_only({"node", "cpus", "quota_period_ns", "memory_bytes", "enforced", "mechanism"});
    EnforcedLimit limit;
    limit.node = cursor.at("node").text();
    limit.cpus = cursor.at("cpus").number(0);
    limit.quota_period = duration(cursor.at("quota_period_ns"));
    limit.memory = bytes(cursor.at("memory_bytes"));
    limit.enforced = cursor.at("enforced").boolean();
    limit.mechanism = cursor.at("mechanism").text();
    return limit;
}

Json to_json(const EnforcedLimit& limit) {
    return {{"node", limit.node},
            {"cpus", limit.cpus},
            {"quota_period_ns", limit.quota_period.count()},
            {"memory_bytes", limit.memory.value()},
            {"enforced", limit.enforced},
            {"mechanism", limit.mechanism}};
}

EmulatedLink read_link(const JsonCursor& cursor) {
    cursor.expect_only({"from", "to", "latency_ns", "latency_by", "bandwidth_bytes_per_second", "bandwidth_by"});
    EmulatedLink link;
    link.from = cursor.at("from").text();
    link.to = cursor.at("to").text();
    if (const auto latency = cursor.find("latency_ns")) {
        link.latency = duration(*latency);
        link.latency_by = cursor.at("latency_by").text();
    }
    if (const auto bandwidth = cursor.find("bandwidth_bytes_per_second")) {
        link.bandwidth = BytesPerSecond(bandwidth->number(0));
        if (link.bandwidth.value() == 0) bandwidth->refuse("'bandwidth_bytes_per_second' is 0, which carries nothing");
        link.bandwidth_by = cursor.at("bandwidth_by").text();
    }
    return link;
}

Json to_json(const EmulatedLink& link) {
    Json json{{"from", link.from}, {"to", link.to}};
    if (link.latency > Nanoseconds(0)) {
        json["latency_ns"] = link.latency.count();
        json["latency_by"] = link.latency_by;
    }
    if (link.bandwidth.value() > 0) {
        json["bandwidth_bytes_per_second"] = link.bandwidth.value();
        json["bandwidth_by"] = link.bandwidth_by;
    }
    return json;
}

RunHeader read_header(const JsonCursor& cursor) {
    if (!cursor.is_object() || !cursor.find("schema")) {
        cursor.refuse(fmt::format("is no run log: the first line must be an object with \"schema\":\"{}\"",
                                  schema_text("run", 1)));
    }
    const JsonCursor schema = cursor.at("schema");
    expect_schema(schema.text(), "run", 1, cursor.file(), schema.line());
    cursor.expect_only({"schema",    "tool_version", "date_utc",      "machine",         "engine",
                        "plan_name", "model_sha256", "requests",      "rate_per_second", "arrivals",
                        "in_flight", "deadline_ns",  "largest_batch", "batch_wait_ns",   "warm_up",
                        "seed",      "limits",       "links",         "meter",           "plan"});
    RunHeader header;
    header.tool_version = cursor.at("tool_version").text();
    header.date_utc = cursor.at("date_utc").text();
    header.machine = cursor.at("machine").text();
    header.engine = cursor.at("engine").text();
    header.plan_name = cursor.at("plan_name").text();
    header.model_sha256 = cursor.at("model_sha256").text();
    header.requests = count(cursor.at("requests"));
    if (const auto rate = cursor.find("rate_per_second")) header.rate_per_second = rate->number(0);
    if (const auto arrivals = cursor.find("arrivals")) header.arrivals = arrivals->text();
    header.in_flight = count(cursor.at("in_flight"));
    if (const auto deadline = cursor.find("deadline_ns")) header.deadline = duration(*deadline);
    if (const auto largest = cursor.find("largest_batch")) header.batches.largest = largest->integer(1, kLargest);
    if (const auto wait = cursor.find("batch_wait_ns")) header.batches.longest_wait = duration(*wait);
    header.warm_up = count(cursor.at("warm_up"));
    header.seed = cursor.at("seed").unsigned_integer();
    for (const JsonCursor& limit : cursor.at("limits").elements()) header.limits.push_back(read_limit(limit));
    if (const auto links = cursor.find("links")) {
        for (const JsonCursor& link : links->elements()) header.links.push_back(read_link(link));
    }
    header.meter = cursor.at("meter").text();
    if (const auto plan = cursor.find("plan")) header.plan_json = write_json(plan->value());
    return header;
}

StageRecord read_stage(const JsonCursor& cursor) {
    cursor.expect_only({"node", "transfer_ns", "serialise_ns", "queue_ns", "compute_ns", "cpu_ns", "input_bytes",
                        "output_bytes", "batch"});
    StageRecord stage;
    stage.node = cursor.at("node").text();
    stage.transfer = remainder(cursor.at("transfer_ns"));
    if (const auto serialise = cursor.find("serialise_ns")) stage.serialise = duration(*serialise);
    stage.queue = remainder(cursor.at("queue_ns"));
    stage.compute = duration(cursor.at("compute_ns"));
    stage.cpu = duration(cursor.at("cpu_ns"));
    stage.input_bytes = bytes(cursor.at("input_bytes"));
    stage.output_bytes = bytes(cursor.at("output_bytes"));
    if (const auto batch = cursor.find("batch")) stage.batch = batch->integer(1, kLargest);
    return stage;
}

Json to_json(const StageRecord& stage) {
    Json json{{"node", stage.node}, {"transfer_ns", stage.transfer.count()}};
    if (stage.serialise) json["serialise_ns"] = stage.serialise->count();
    json["queue_ns"] = stage.queue.count();
    json["compute_ns"] = stage.compute.count();
    json["cpu_ns"] = stage.cpu.count();
    json["input_bytes"] = stage.input_bytes.value();
    json["output_bytes"] = stage.output_bytes.value();
    if (stage.batch != 1) json["batch"] = stage.batch;
    return json;
}

RequestRecord read_request(const JsonCursor& cursor) {
    cursor.expect_only({"record", "id", "pipeline", "arrival_ns", "latency_ns", "ok", "dropped", "error", "resubmitted",
                        "wait_ns", "return_transfer_ns", "return_serialise_ns", "stages", "client"});
    RequestRecord request;
    request.id = count(cursor.at("id"));
    request.pipeline = count(cursor.at("pipeline"));
    request.arrival = duration(cursor.at("arrival_ns"));
    request.latency = duration(cursor.at("latency_ns"));
    request.ok = cursor.at("ok").boolean();
    if (const auto dropped = cursor.find("dropped")) request.dropped = dropped->boolean();
    if (const auto error = cursor.find("error")) request.error = error->text();
    if (const auto resubmitted = cursor.find("resubmitted")) request.resubmitted = count(*resubmitted);
    if (const auto wait = cursor.find("wait_ns")) request.wait = duration(*wait);
    request.return_transfer = remainder(cursor.at("return_transfer_ns"));
    if (const auto serialise = cursor.find("return_serialise_ns")) request.return_serialise = duration(*serialise);
    for (const JsonCursor& stage : cursor.at("stages").elements()) request.stages.push_back(read_stage(stage));
    if (const auto client = cursor.find("client")) request.client = client->text();
    return request;
}

EnergyReading read_energy(const JsonCursor& cursor) {
    cursor.expect_only({"joules", "uncertainty_joules", "provenance", "source", "boundary"});
    EnergyReading energy;
    energy.joules = Joules(cursor.at("joules").number());
    energy.uncertainty = Joules(cursor.at("uncertainty_joules").number(0));
    const JsonCursor provenance = cursor.at("provenance");
    const std::string name = provenance.text();
    if (name != "measured" && name != "estimated") {
        provenance.refuse(
            unknown_name_message("provenance", name, std::array<std::string, 2>{"measured", "estimated"}));
    }
    energy.provenance = name == "measured" ? Provenance::kMeasured : Provenance::kEstimated;
    energy.source = cursor.at("source").text();
    energy.boundary = cursor.at("boundary").text();
    return energy;
}

Json to_json(const EnergyReading& energy) {
    return {{"joules", energy.joules.value()},
            {"uncertainty_joules", energy.uncertainty.value()},
            {"provenance", provenance_name(energy.provenance)},
            {"source", energy.source},
            {"boundary", energy.boundary}};
}

FailoverRecord read_failover(const JsonCursor& cursor) {
    cursor.expect_only(
        {"record", "at_ns", "node", "cause", "noticed_by", "silent_ns", "resubmitted", "recovery_ns", "returned_ns"});
    FailoverRecord failover;
    failover.at = remainder(cursor.at("at_ns"));
    if (const auto node = cursor.find("node")) failover.node = node->text();
    failover.cause = cursor.at("cause").text();
    failover.noticed_by = cursor.at("noticed_by").text();
    failover.silent = duration(cursor.at("silent_ns"));
    failover.resubmitted = count(cursor.at("resubmitted"));
    if (const auto recovery = cursor.find("recovery_ns")) failover.recovery = duration(*recovery);
    if (const auto returned = cursor.find("returned_ns")) failover.returned = duration(*returned);
    return failover;
}

NodeRecord read_node(const JsonCursor& cursor) {
    cursor.expect_only({"record", "node", "compute_cpu_ns", "total_cpu_ns", "throttled_ns", "peak_memory_bytes",
                        "compute_energy", "transport_energy", "idle_joules", "compute_gco2e", "transport_gco2e",
                        "idle_gco2e", "embodied_gco2e"});
    NodeRecord node;
    node.node = cursor.at("node").text();
    node.compute_cpu = duration(cursor.at("compute_cpu_ns"));
    node.total_cpu = duration(cursor.at("total_cpu_ns"));
    node.throttled = duration(cursor.at("throttled_ns"));
    node.peak_memory = bytes(cursor.at("peak_memory_bytes"));
    node.compute_energy = read_energy(cursor.at("compute_energy"));
    node.transport_energy = read_energy(cursor.at("transport_energy"));
    node.idle_energy = Joules(cursor.at("idle_joules").number());
    node.compute_grams = GramsCo2e(cursor.at("compute_gco2e").number());
    node.transport_grams = GramsCo2e(cursor.at("transport_gco2e").number());
    node.idle_grams = GramsCo2e(cursor.at("idle_gco2e").number());
    node.embodied_grams = GramsCo2e(cursor.at("embodied_gco2e").number());
    return node;
}

RunEnd read_end(const JsonCursor& cursor) {
    cursor.expect_only({"record", "complete", "interrupted", "wall_ns", "succeeded", "failed", "dropped", "late",
                        "outputs_checked", "worst_output_error", "link_joules", "link_gco2e", "unlogged",
                        "gateway_cpu_ns"});
    RunEnd end;
    end.complete = cursor.at("complete").boolean();
    end.interrupted = cursor.at("interrupted").boolean();
    end.wall = duration(cursor.at("wall_ns"));
    end.succeeded = count(cursor.at("succeeded"));
    end.failed = count(cursor.at("failed"));
    if (const auto dropped = cursor.find("dropped")) end.dropped = count(*dropped);
    if (const auto late = cursor.find("late")) end.late = count(*late);
    end.outputs_checked = cursor.at("outputs_checked").boolean();
    const auto worst = cursor.find("worst_output_error");
    end.worst_output_error = worst ? worst->number(0) : std::numeric_limits<double>::quiet_NaN();
    end.link_energy = Joules(cursor.at("link_joules").number());
    end.link_grams = GramsCo2e(cursor.at("link_gco2e").number());
    if (const auto unlogged = cursor.find("unlogged")) end.unlogged = count(*unlogged);
    end.gateway_cpu = duration(cursor.at("gateway_cpu_ns"));
    return end;
}

IntensityRecord read_intensity_record(const JsonCursor& cursor) {
    cursor.expect_only({"record", "at_ns", "time_utc", "zone", "intensity_gco2e_per_kwh"});
    IntensityRecord intensity;
    intensity.at = duration(cursor.at("at_ns"));
    intensity.time_utc = cursor.at("time_utc").text();
    intensity.zone = cursor.at("zone").text();
    intensity.intensity = CarbonIntensity(cursor.at("intensity_gco2e_per_kwh").number(0));
    return intensity;
}

MoveRecord read_move(const JsonCursor& cursor) {
    cursor.expect_only(
        {"record", "at_ns", "opening_ns", "closing_ns", "from", "to", "reason", "saving", "joules", "gco2e"});
    MoveRecord move;
    move.at = duration(cursor.at("at_ns"));
    move.opening = duration(cursor.at("opening_ns"));
    move.closing = duration(cursor.at("closing_ns"));
    move.from = cursor.at("from").text();
    move.to = cursor.at("to").text();
    move.reason = cursor.at("reason").text();
    move.saving = cursor.at("saving").number();
    move.joules = Joules(cursor.at("joules").number(0));
    move.grams = GramsCo2e(cursor.at("gco2e").number(0));
    return move;
}

/// Takes the lines in their order: header, requests, failovers, intensities, moves, nodes, end.
class Reader {
public:
    void take(const JsonCursor& line) {
        if (!has_header_) {
            log_.header = read_header(line);
            has_header_ = true;
            return;
        }
        if (log_.end) line.refuse("follows the line that ends the log");
        const JsonCursor kind = line.at("record");
        const std::string name = kind.text();
        if (name == "request") {
            if (!log_.nodes.empty()) line.refuse("a request follows the nodes' totals");
            if (!log_.failovers.empty()) line.refuse("a request follows the failovers");
            log_.requests.push_back(read_request(line));
        } else if (name == "failover") {
            if (!log_.nodes.empty()) line.refuse("a failover follows the nodes' totals");
            log_.failovers.push_back(read_failover(line));
        } else if (name == "intensity") {
            if (!log_.nodes.empty()) line.refuse("an intensity follows the nodes' totals");
            log_.intensities.push_back(read_intensity_record(line));
        } else if (name == "move") {
            if (!log_.nodes.empty()) line.refuse("a move follows the nodes' totals");
            log_.moves.push_back(read_move(line));
        } else if (name == "node") {
            log_.nodes.push_back(read_node(line));
        } else if (name == "end") {
            log_.end = read_end(line);
        } else {
            kind.refuse(unknown_name_message(
                "record", name, std::array<std::string, 6>{"request", "failover", "intensity", "move", "node", "end"}));
        }
    }
    [[nodiscard]] bool has_header() const { return has_header_; }
    RunLog finish() { return std::move(log_); }

private:
    RunLog log_;
    bool has_header_ = false;
};

/// A line that its writer did not finish is no JSON.
bool is_cut_off(std::string_view line, const std::string& file) {
    try {
        (void)read_json(line, file);
        return false;
    } catch (const InputError&) {
        return true;
    }
}

std::string line_text(const Json& json) { return write_json_line(json) + '\n'; }

}  // namespace

RunLog read_run_log(std::string_view text, const std::string& file) {
    Reader reader;
    long number = 1;
    for (std::size_t at = 0; at < text.size(); ++number) {
        const std::size_t end = text.find('\n', at);
        const std::string_view line = text.substr(at, end - at);
        if (end == std::string_view::npos && reader.has_header() && is_cut_off(line, file)) break;
        const JsonDocument document = read_json(line, file, number);
        reader.take(document.root());
        at = end == std::string_view::npos ? text.size() : end + 1;
    }
    if (!reader.has_header()) throw InputError(file, 0, "is empty; expected a run log");
    return reader.finish();
}

std::string header_line(const RunHeader& header) {
    Json limits = Json::array();
    for (const EnforcedLimit& limit : header.limits) limits.push_back(to_json(limit));
    Json json = Json::object();
    json["schema"] = schema_text("run", 1);
    json["tool_version"] = header.tool_version;
    json["date_utc"] = header.date_utc;
    json["machine"] = header.machine;
    json["engine"] = header.engine;
    json["plan_name"] = header.plan_name;
    json["model_sha256"] = header.model_sha256;
    json["requests"] = header.requests;
    if (header.rate_per_second) json["rate_per_second"] = *header.rate_per_second;
    if (!header.arrivals.empty()) json["arrivals"] = header.arrivals;
    json["in_flight"] = header.in_flight;
    if (header.deadline) json["deadline_ns"] = header.deadline->count();
    if (header.batches.largest != 1) json["largest_batch"] = header.batches.largest;
    if (header.batches.longest_wait.count() != 0) json["batch_wait_ns"] = header.batches.longest_wait.count();
    json["warm_up"] = header.warm_up;
    json["seed"] = header.seed;
    json["limits"] = std::move(limits);
    if (!header.links.empty()) {
        Json links = Json::array();
        for (const EmulatedLink& link : header.links) links.push_back(to_json(link));
        json["links"] = std::move(links);
    }
    json["meter"] = header.meter;
    if (!header.plan_json.empty()) json["plan"] = read_json(header.plan_json, "the plan").root().value();
    return line_text(json);
}

std::string request_line(const RequestRecord& request) {
    Json stages = Json::array();
    for (const StageRecord& stage : request.stages) stages.push_back(to_json(stage));
    Json json{{"record", "request"},
              {"id", request.id},
              {"pipeline", request.pipeline},
              {"arrival_ns", request.arrival.count()},
              {"latency_ns", request.latency.count()},
              {"ok", request.ok}};
    if (request.dropped) json["dropped"] = true;
    if (!request.error.empty()) json["error"] = request.error;
    if (request.resubmitted > 0) json["resubmitted"] = request.resubmitted;
    if (request.wait.count() != 0) json["wait_ns"] = request.wait.count();
    json["return_transfer_ns"] = request.return_transfer.count();
    if (request.return_serialise) json["return_serialise_ns"] = request.return_serialise->count();
    json["stages"] = std::move(stages);
    if (!request.client.empty()) json["client"] = request.client;
    return line_text(json);
}

std::string failover_line(const FailoverRecord& failover) {
    Json json{{"record", "failover"}, {"at_ns", failover.at.count()}};
    if (!failover.node.empty()) json["node"] = failover.node;
    json["cause"] = failover.cause;
    json["noticed_by"] = failover.noticed_by;
    json["silent_ns"] = failover.silent.count();
    json["resubmitted"] = failover.resubmitted;
    if (failover.recovery) json["recovery_ns"] = failover.recovery->count();
    if (failover.returned) json["returned_ns"] = failover.returned->count();
    return line_text(json);
}

std::string intensity_line(const IntensityRecord& intensity) {
    return line_text({{"record", "intensity"},
                      {"at_ns", intensity.at.count()},
                      {"time_utc", intensity.time_utc},
                      {"zone", intensity.zone},
                      {"intensity_gco2e_per_kwh", intensity.intensity.value()}});
}

std::string move_line(const MoveRecord& move) {
    return line_text({{"record", "move"},
                      {"at_ns", move.at.count()},
                      {"opening_ns", move.opening.count()},
                      {"closing_ns", move.closing.count()},
                      {"from", move.from},
                      {"to", move.to},
                      {"reason", move.reason},
                      {"saving", move.saving},
                      {"joules", move.joules.value()},
                      {"gco2e", move.grams.value()}});
}

std::string node_line(const NodeRecord& node) {
    return line_text({{"record", "node"},
                      {"node", node.node},
                      {"compute_cpu_ns", node.compute_cpu.count()},
                      {"total_cpu_ns", node.total_cpu.count()},
                      {"throttled_ns", node.throttled.count()},
                      {"peak_memory_bytes", node.peak_memory.value()},
                      {"compute_energy", to_json(node.compute_energy)},
                      {"transport_energy", to_json(node.transport_energy)},
                      {"idle_joules", node.idle_energy.value()},
                      {"compute_gco2e", node.compute_grams.value()},
                      {"transport_gco2e", node.transport_grams.value()},
                      {"idle_gco2e", node.idle_grams.value()},
                      {"embodied_gco2e", node.embodied_grams.value()}});
}

std::string end_line(const RunEnd& end) {
    Json json{{"record", "end"},
              {"complete", end.complete},
              {"interrupted", end.interrupted},
              {"wall_ns", end.wall.count()},
              {"succeeded", end.succeeded},
              {"failed", end.failed}};
    if (end.dropped != 0) json["dropped"] = end.dropped;
    if (end.late != 0) json["late"] = end.late;
    json["outputs_checked"] = end.outputs_checked;
    // Nothing could be compared: absent rather than a number that JSON does not have.
    if (std::isfinite(end.worst_output_error)) json["worst_output_error"] = end.worst_output_error;
    json["link_joules"] = end.link_energy.value();
    json["link_gco2e"] = end.link_grams.value();
    if (end.unlogged > 0) json["unlogged"] = end.unlogged;
    json["gateway_cpu_ns"] = end.gateway_cpu.count();
    return line_text(json);
}

std::string write_run_log(const RunLog& log) {
    std::string text = header_line(log.header);
    for (const RequestRecord& request : log.requests) text += request_line(request);
    for (const FailoverRecord& failover : log.failovers) text += failover_line(failover);
    for (const IntensityRecord& intensity : log.intensities) text += intensity_line(intensity);
    for (const MoveRecord& move : log.moves) text += move_line(move);
    for (const NodeRecord& node : log.nodes) text += node_line(node);
    if (log.end) text += end_line(*log.end);
    return text;
}

}  // namespace carbonedge
