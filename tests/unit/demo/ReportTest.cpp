#include "Report.h"

#include <sstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "Numbers.h"
#include "TextTable.h"

using namespace oxcache;
using namespace oxcache::demo;

namespace {

Lookup<std::string> answerOf(Level level, std::optional<std::string> value,
                             Outcome outcome = Outcome::Hit) {
    Lookup<std::string> answer;
    answer.level = level;
    answer.outcome = outcome;
    answer.value = std::move(value);
    return answer;
}

Tally tallyOfFive() {
    using std::chrono::nanoseconds;
    Tally tally;
    tally.add(answerOf(Level::L1, "v"), nanoseconds(100));
    tally.add(answerOf(Level::L1, "v"), nanoseconds(100));
    tally.add(answerOf(Level::L2, "v"), nanoseconds(20'000));
    tally.add(answerOf(Level::Fallback, std::nullopt), nanoseconds(50'000));
    tally.add(answerOf(Level::None, std::nullopt, Outcome::Unavailable), nanoseconds(5));
    tally.elapsed = std::chrono::milliseconds(10);
    return tally;
}

}  // namespace

TEST_CASE("LargeNumbersAreGrouped") {
    CHECK(grouped(0) == "0");
    CHECK(grouped(999) == "999");
    CHECK(grouped(1000) == "1,000");
    CHECK(grouped(1234567) == "1,234,567");
    CHECK(grouped(18446744073709551615U) == "18,446,744,073,709,551,615");
}

TEST_CASE("SharesNeverClaimAllWhereOneIsMissing") {
    CHECK(percent(0, 0) == "0.0 %");
    CHECK(percent(1, 3) == "33.3 %");
    CHECK(percent(999'999, 1'000'000) == "99.9 %");
    CHECK(percent(7, 7) == "100.0 %");
}

TEST_CASE("DurationsHaveThreeDigitsAndAUnit") {
    CHECK(duration(0) == "0 ns");
    CHECK(duration(412) == "412 ns");
    CHECK(duration(999.6) == "1.00 µs");
    CHECK(duration(4'120) == "4.12 µs");
    CHECK(duration(41'240) == "41.2 µs");
    CHECK(duration(412'400) == "412 µs");
    CHECK(duration(999'999) == "1.00 ms");
    CHECK(duration(4'120'000'000.0) == "4.12 s");
    CHECK(duration(4'120'000'000'000.0) == "4120 s");
}

TEST_CASE("TableColumnsLineUpWhateverTheAlphabet") {
    TextTable table;
    table.row({"what", "time"});
    table.rule();
    table.row({"a", "1 µs"});
    table.row({"longer", "10 ms", "x"});
    std::ostringstream out;
    table.print(out);
    CHECK(out.str() ==
          "what      time\n"
          "------------------\n"
          "a         1 µs\n"
          "longer   10 ms   x\n");
}

TEST_CASE("TheCountsOfATallyAddUp") {
    const Tally tally = tallyOfFive();
    CHECK(tally.requests() == 5);
    CHECK(tally.l1.count() == 2);
    CHECK(tally.l2.count() == 1);
    CHECK(tally.loads.count() == 1);
    CHECK(tally.errors == 1);
    CHECK(tally.negative == 1);
}

TEST_CASE("AStaleValueGivenInAnOutageIsAnAnswer") {
    Tally tally;
    Lookup<std::string> answer = answerOf(Level::L1, "old", Outcome::Unavailable);
    answer.degraded = true;
    tally.add(answer, std::chrono::nanoseconds(1));
    CHECK(tally.errors == 0);
    CHECK(tally.l1.count() == 1);
    CHECK(tally.degraded == 1);
}

TEST_CASE("TheLineOfARunHasTheAgreedFields") {
    const auto json = nlohmann::json::parse(jsonLine(tallyOfFive(), 1));
    CHECK(json.size() == 9);
    CHECK(json["requests"] == 5);
    CHECK(json["l1_hits"] == 2);
    CHECK(json["l2_hits"] == 1);
    CHECK(json["loads"] == 1);
    CHECK(json["errors"] == 1);
    CHECK(json["negative"] == 1);
    CHECK(json["database_queries"] == 1);
    CHECK(json["throughput_ops"] == 500);
    CHECK(json["latency_us"].size() == 3);
    for (const char* level : {"l1", "l2", "fallback"}) {
        CHECK(json["latency_us"][level].size() == 3);
        for (const char* name : {"p50", "p99", "p999"})
            CHECK(json["latency_us"][level][name].is_number());
    }
    CHECK(json["latency_us"]["l1"]["p50"].get<double>() == doctest::Approx(0.1).epsilon(0.02));
}

TEST_CASE("ALevelWithoutSamplesHasNullPercentiles") {
    const auto json = nlohmann::json::parse(jsonLine(Tally{}, 0));
    CHECK(json["throughput_ops"] == 0);
    for (const char* level : {"l1", "l2", "fallback"})
        for (const char* name : {"p50", "p99", "p999"})
            CHECK(json["latency_us"][level][name].is_null());
}

TEST_CASE("TheLineOfAGetHasTheAgreedFields") {
    const auto line = [](const std::string& key, const Lookup<std::string>& answer) {
        const std::string text = jsonLine(key, answer, std::chrono::nanoseconds(1500));
        CHECK(text.find('\n') == std::string::npos);
        return nlohmann::json::parse(text);
    };
    const auto found = line("bash", answerOf(Level::L2, R"({"name":"bash","size":5})"));
    CHECK(found.size() == 5);
    CHECK(found["key"] == "bash");
    CHECK(found["value"]["size"] == 5);
    CHECK(found["outcome"] == "hit");
    CHECK(found["level"] == "l2");
    CHECK(found["latency_us"] == 1.5);
    CHECK(line("k", answerOf(Level::L1, "plain\ntext"))["value"] == "plain\ntext");
    CHECK(line("k", answerOf(Level::L1, "17"))["value"] == "17");
    CHECK(line("k", answerOf(Level::L1, ""))["value"] == "");
    CHECK(line("k", answerOf(Level::L1, "\xff\xfe"))["value"].is_string());
    CHECK(line("\xff", answerOf(Level::Fallback, std::nullopt))["value"].is_null());
    CHECK(line("k",
               answerOf(Level::L1, std::string(200'000, '[') + std::string(200'000, ']')))["value"]
              .is_string());
}

TEST_CASE("AnObjectIsShownFieldByField") {
    const auto shown = [](const std::string& value) {
        std::ostringstream out;
        printValue(out, value);
        return out.str();
    };
    CHECK(shown(R"({"id":7,"name":"Ada\nL.","none":null})") ==
          "id    7\n"
          "name  Ada\n"
          "      L.\n"
          "none  null\n");
    CHECK(shown("{}").empty());
    CHECK(shown("plain") == "plain\n");
    CHECK(shown("[1,2]") == "[1,2]\n");
    CHECK(shown("{broken") == "{broken\n");
}

TEST_CASE("TheTableTellsEveryLevelAndWhatWasSaved") {
    std::ostringstream out;
    printTable(out, tallyOfFive(), 2, 1);
    const std::string text = out.str();
    CAPTURE(text);
    for (const char* part :
         {"L1 (memory)", "40.0 %", "100 ns", "L2", "20.0 %", "load (database)", "error",
          "database queries saved", "not there", "on 2 threads", "80.0 % of the requests"})
        CHECK(text.find(part) != std::string::npos);
}

TEST_CASE("ProgressIsShownOnATerminalOnlyAndWipedAtTheEnd") {
    std::ostringstream terminal, file;
    {
        ProgressLine shown(terminal, true, 2000), hidden(file, false, 2000);
        shown.show(1000);
        hidden.show(1000);
    }
    CHECK(terminal.str().find("50.0 %   1,000 of 2,000 requests") != std::string::npos);
    CHECK(terminal.str().ends_with("\r\x1b[K"));
    CHECK(file.str().empty());
}
