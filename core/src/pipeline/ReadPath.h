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
    std::size_t flights() const { return reads_.size() + loads_.size(); }

private:
    /// One key of a call that L1 did not answer.
    struct Open {
        std::size_t index;
        /// Private flights are for calls that another call's answer would not serve.
        bool exclusive;
    };
    struct Waiting {
        Open open;
        FlightPtr flight;
        bool led;
    };

    bool answerFromMemory(const std::string& key, const ReadCall& call, detail::ReadAnswer& answer);
    std::vector<Open> round(std::span<const std::string> keys, const ReadCall& call,
                            const std::vector<Open>& open,
                            std::vector<detail::ReadAnswer>& answers);
    void lead(std::unique_ptr<LoadJob> job, const ReadCall& call,
              std::shared_ptr<resilience::LoadThreads::Ticket>& ticket, Error& refused);
    /// False when the flight's answer does not serve this call, which must then load for itself.
    bool accept(const ReadCall& call, detail::ReadAnswer& answer) const;
    Flights& flightsOf(const ReadCall& call) {
        const bool loads = call.hasLoader() || levels_.fallback != nullptr;
        return loads ? loads_ : reads_;
    }

    const Levels levels_;
    Flights reads_;
    Flights loads_;
};

}  // namespace oxcache::pipeline
