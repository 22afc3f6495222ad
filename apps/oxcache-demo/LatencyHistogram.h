#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace oxcache::demo {

/// Counts durations in buckets that grow with the duration: 64 to each doubling, so that a value
/// read back is at most 1/64 off. Not thread-safe: each thread has its own, merged at the end.
class LatencyHistogram {
public:
    /// Nanoseconds; negative counts as 0.
    void record(std::int64_t nanoseconds) noexcept {
        const auto value = static_cast<std::uint64_t>(nanoseconds < 0 ? 0 : nanoseconds);
        ++counts_[bucketOf(value)];
        ++total_;
    }
    void merge(const LatencyHistogram& other) noexcept;

    std::uint64_t count() const noexcept { return total_; }
    /// The duration, in nanoseconds, that a share (0 to 1) of all did not exceed; empty where
    /// nothing was recorded.
    std::optional<double> percentile(double share) const noexcept;

private:
    static constexpr unsigned kFineBits = 6;
    static constexpr std::size_t kFine = std::size_t{1} << kFineBits;
    /// The last doubling ends at 2^42 ns, more than an hour; longer ones count as that.
    static constexpr unsigned kMaxBits = 42;
    static constexpr std::size_t kBuckets = (kMaxBits - kFineBits + 1) * kFine;

    static std::size_t bucketOf(std::uint64_t value) noexcept {
        constexpr std::uint64_t kLimit = (std::uint64_t{1} << kMaxBits) - 1;
        if (value > kLimit) value = kLimit;
        if (value < kFine) return static_cast<std::size_t>(value);
        const auto shift = static_cast<unsigned>(std::bit_width(value)) - kFineBits - 1;
        return static_cast<std::size_t>((shift + 1) * kFine + ((value >> shift) - kFine));
    }
    /// The middle of a bucket.
    static double valueOf(std::size_t bucket) noexcept;

    std::array<std::uint64_t, kBuckets> counts_{};
    std::uint64_t total_ = 0;
};

}  // namespace oxcache::demo
