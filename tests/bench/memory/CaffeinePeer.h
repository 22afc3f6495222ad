#pragma once

#include "RatioReport.h"

namespace oxcache::bench {

/// Has Java measure Caffeine (CaffeineLoads.java) and takes its figures over; says so where Java or
/// Caffeine is missing.
void measureCaffeine(RatioReport& report);

}  // namespace oxcache::bench
