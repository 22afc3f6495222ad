#include "LatencyHistogram.h"

#include <algorithm>
#include <cmath>

namespace oxcache::demo {

void LatencyHistogram::merge(const LatencyHistogram& other) noexcept {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    total_ += other.total_;
}

double LatencyHistogram::valueOf(std::size_t bucket) noexcept {
    if (bucket < kFine) return static_cast<double>(bucket);
    const std::size_t shift = bucket / kFine - 1;
    const auto width = static_cast<double>(std::uint64_t{1} << shift);
    return static_cast<double>((bucket % kFine + kFine) << shift) + (width - 1) / 2;
}

std::optional<double> LatencyHistogram::percentile(double share) const noexcept {
    if (total_ == 0) return std::nullopt;
    const double wanted = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(total_));
    const std::uint64_t rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
    std::uint64_t seen = 0;
    std::size_t bucket = 0;
    for (; bucket + 1 < counts_.size(); ++bucket) {
        seen += counts_[bucket];
        if (seen >= rank) break;
    }
    return valueOf(bucket);
}

}  // namespace oxcache::demo
