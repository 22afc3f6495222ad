#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "oxcache/conformance/Conformance.h"

namespace oxcache::conformance {

/// Ends a check: a promise was not kept.
class BrokenPromise : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

inline void require(bool kept, const std::string& otherwise) {
    if (!kept) throw BrokenPromise(otherwise);
}

template <class Fixture>
struct Check {
    const char* name;
    void (*run)(Fixture&);
};

/// Runs each check on a fixture of its own.
template <class Subject, class Fixture, std::size_t N>
void runChecks(const Subject& subject, const Check<Fixture> (&checks)[N],
               std::vector<CheckResult>& results) {
    for (const Check<Fixture>& check : checks) {
        CheckResult result{check.name, true, {}};
        try {
            Fixture fixture(subject, check.name);
            check.run(fixture);
        } catch (const std::exception& problem) {
            result = {check.name, false, problem.what()};
        } catch (...) {
            result = {check.name, false, "an exception of an unknown type left the extension"};
        }
        results.push_back(std::move(result));
    }
}

}  // namespace oxcache::conformance
