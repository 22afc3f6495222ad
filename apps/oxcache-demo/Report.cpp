#include "Report.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <nlohmann/json.hpp>

#include "Numbers.h"
#include "TextTable.h"

namespace oxcache::demo {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::pair<const char*, double>, 3> kPercentiles{
    {{"p50", 0.5}, {"p99", 0.99}, {"p999", 0.999}}};

// A line must stay a line whatever bytes keys and values hold.
std::string oneLine(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Structured values as themselves; what is nested too deeply to be printed safely stays text.
Json shownAs(const std::string& value) {
    constexpr int kDeepest = 64;
    int depth = 0;
    const auto measure = [&depth](int at, Json::parse_event_t, Json&) {
        depth = std::max(depth, at);
        return true;
    };
    Json parsed = Json::parse(value, measure, false);
    return parsed.is_structured() && depth <= kDeepest ? parsed : Json(value);
}

// Text of several lines, all but the first set in by `indent`.
std::string hanging(const std::string& text, std::size_t indent) {
    std::string lines;
    for (const char c : text) {
        lines += c;
        if (c == '\n') lines.append(indent, ' ');
    }
    return lines;
}

double microseconds(double nanoseconds) { return std::round(nanoseconds) / 1000; }

Json percentilesOf(const LatencyHistogram& latency) {
    Json json;
    for (const auto& [name, share] : kPercentiles) {
        const std::optional<double> value = latency.percentile(share);
        json[name] = value ? Json(microseconds(*value)) : Json(nullptr);
    }
    return json;
}

void levelRow(TextTable& table, const char* name, const LatencyHistogram& latency,
              std::uint64_t requests) {
    std::vector<std::string> row{name, grouped(latency.count()),
                                 percent(latency.count(), requests)};
    for (const auto& percentile : kPercentiles) {
        const std::optional<double> value = latency.percentile(percentile.second);
        row.push_back(value ? duration(*value) : "-");
    }
    table.row(std::move(row));
}

double perSecond(const Tally& tally) {
    const double seconds = std::chrono::duration<double>(tally.elapsed).count();
    return seconds > 0 ? static_cast<double>(tally.requests()) / seconds : 0;
}

}  // namespace

void printTable(std::ostream& out, const Tally& tally, unsigned threads,
                std::uint64_t databaseQueries) {
    const std::uint64_t requests = tally.requests();
    TextTable levels;
    levels.row({"answered by", "requests", "ratio", "p50", "p99", "p999"});
    levels.rule();
    levelRow(levels, "L1 (memory)", tally.l1, requests);
    levelRow(levels, "L2", tally.l2, requests);
    levelRow(levels, "load (database)", tally.loads, requests);
    levels.row({"error", grouped(tally.errors), percent(tally.errors, requests)});
    levels.rule();
    levels.row({"all", grouped(requests), percent(requests, requests)});
    levels.print(out);

    const std::uint64_t saved = requests > databaseQueries ? requests - databaseQueries : 0;
    const auto elapsed = static_cast<double>(tally.elapsed.count());
    TextTable sums;
    sums.row({"throughput", grouped(static_cast<std::uint64_t>(perSecond(tally)))});
    sums.row({"database queries", grouped(databaseQueries)});
    sums.row({"database queries saved", grouped(saved)});
    sums.row({"answers \"not there\"", grouped(tally.negative)});
    out << '\n';
    sums.print(out);
    out << "\nThroughput is requests per second, over " << duration(elapsed) << " on "
        << grouped(threads) << (threads == 1 ? " thread" : " threads") << "; "
        << percent(saved, requests) << " of the requests did not reach the database.\n";
    if (tally.degraded != 0)
        out << grouped(tally.degraded) << " answers were given while a level was out of reach.\n";
}

std::string jsonLine(const Tally& tally, std::uint64_t databaseQueries) {
    Json json;
    json["requests"] = tally.requests();
    json["l1_hits"] = tally.l1.count();
    json["l2_hits"] = tally.l2.count();
    json["loads"] = tally.loads.count();
    json["errors"] = tally.errors;
    json["negative"] = tally.negative;
    json["database_queries"] = databaseQueries;
    json["throughput_ops"] = std::round(perSecond(tally) * 10) / 10;
    json["latency_us"]["l1"] = percentilesOf(tally.l1);
    json["latency_us"]["l2"] = percentilesOf(tally.l2);
    json["latency_us"]["fallback"] = percentilesOf(tally.loads);
    return oneLine(json);
}

std::string jsonLine(const std::string& key, const Lookup<std::string>& answer,
                     std::chrono::nanoseconds took) {
    Json json;
    json["key"] = key;
    json["value"] = nullptr;
    if (answer.value) json["value"] = shownAs(*answer.value);
    json["outcome"] = toString(answer.outcome);
    json["level"] = toString(answer.level);
    json["latency_us"] = microseconds(static_cast<double>(took.count()));
    return oneLine(json);
}

void printValue(std::ostream& out, const std::string& value) {
    const Json shown = shownAs(value);
    if (!shown.is_object()) {
        out << value << '\n';
        return;
    }
    std::size_t widest = 0;
    for (const auto& field : shown.items()) widest = std::max(widest, field.key().size());
    for (const auto& field : shown.items()) {
        const std::string text = field.value().is_string()
                                     ? field.value().get_ref<const std::string&>()
                                     : oneLine(field.value());
        out << field.key() << std::string(widest - field.key().size() + 2, ' ')
            << hanging(text, widest + 2) << '\n';
    }
}

ProgressLine::ProgressLine(std::ostream& out, bool terminal, std::uint64_t total)
    : out_(out), terminal_(terminal), total_(total) {}

void ProgressLine::show(std::uint64_t done) {
    if (!terminal_) return;
    shown_ = true;
    out_ << "\r\x1b[K" << percent(done, total_) << "   " << grouped(done) << " of "
         << grouped(total_) << " requests" << std::flush;
}

ProgressLine::~ProgressLine() {
    if (shown_) out_ << "\r\x1b[K" << std::flush;
}

}  // namespace oxcache::demo
