#pragma once

#include <span>
#include <string>
#include <vector>

#include "pipeline/Levels.h"
#include "pipeline/LoadJob.h"

namespace oxcache::pipeline {

/// Answers reads and loads: L1, then per key one flight for any number of callers. Thread-safe;
/// never throws.
class OXCACHE_INTERNAL ReadPath {
public:
    explicit ReadPath(const Levels& levels);

    /// Answers in the order of the keys.
    std::vector<detail::ReadAnswer> read(std::span<const std::string> keys, const ReadCall& call);

    /// Flights under way, for tests.
    std::size_t flights() const { return flights_.size(); }

private:
    /// One key of a call that L1 did not answer.
    struct Open {
        std::size_t index;
        /// What a flight must offer after one did not serve; a set of Demand.
        unsigned demands = 0;
    };
    struct Waiting {
        Open open;
        FlightPtr flight;
        bool led;
    };
    /// What became of the job that this call leads.
    struct Led {
        std::shared_ptr<resilience::LoadThreads::Ticket> ticket{};
        Error refused{};
    };

    bool answerFromMemory(const stages::MemoryStage::Look& look, const ReadCall& call,
                          detail::ReadAnswer& answer) const;
    std::vector<Open> round(std::span<const std::string> keys, const ReadCall& call,
                            const std::vector<Open>& open,
                            std::vector<detail::ReadAnswer>& answers);
    Waiting join(const std::string& key, const ReadCall& call, const Open& open, LoadJob& job);
    Led lead(std::unique_ptr<LoadJob> job, const ReadCall& call);
    bool await(Waiting& waiting, const ReadCall& call, const Led& led, detail::ReadAnswer& answer);
    bool accept(const ReadCall& call, Waiting& waiting, detail::ReadAnswer& answer) const;
    std::uint64_t kindOf(const ReadCall& call, unsigned demands, std::uint32_t epoch) const;
    bool mayLoad(const ReadCall& call) const;
    Error timeout() const;

    const Levels levels_;
    Flights flights_;
};

}  // namespace oxcache::pipeline
