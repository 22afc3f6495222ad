#include <algorithm>

#include "oxcache/conformance/Conformance.h"

namespace oxcache::conformance {

bool allPassed(std::span<const CheckResult> results) {
    return std::all_of(results.begin(), results.end(),
                       [](const CheckResult& result) { return result.passed; });
}

std::string report(std::span<const CheckResult> results) {
    std::string text;
    for (const CheckResult& result : results) {
        text += (result.passed ? "passed  " : "FAILED  ") + result.name;
        if (!result.passed) text += ": " + result.message;
        text += '\n';
    }
    return text;
}

}  // namespace oxcache::conformance
