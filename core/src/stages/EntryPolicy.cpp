#include "stages/EntryPolicy.h"

#include <algorithm>
#include <random>

namespace oxcache::stages {
namespace {

/// Longer lives are cut, so that sums of times cannot overflow.
constexpr Duration kLongest = std::chrono::hours(24 * 365 * 10);

Duration randomUpTo(Duration limit) {
    if (limit <= Duration::zero()) return Duration::zero();
    static thread_local std::minstd_rand engine{std::random_device{}()};
    return Duration(std::uniform_int_distribution<std::int64_t>(0, limit.count())(engine));
}

}  // namespace

EntryPolicy policyOf(const EntryOptions& options, const ServiceSettings& settings, bool negative) {
    EntryPolicy policy;
    policy.ttl = negative ? options.negativeTtl.value_or(settings.negativeTtl)
                          : options.ttl.value_or(settings.ttl);
    policy.ttl = std::min(policy.ttl, kLongest);
    if (policy.ttl > Duration::zero())
        policy.ttl += randomUpTo(std::min(options.jitter.value_or(settings.jitter), kLongest));
    policy.l1Ttl = options.l1Ttl ? options.l1Ttl : settings.l1Ttl;
    if (options.l1Ttl && settings.l1Ttl) policy.l1Ttl = std::min(*options.l1Ttl, *settings.l1Ttl);
    policy.idle = options.idle ? options.idle : settings.idle;
    if (policy.idle && *policy.idle <= Duration::zero()) policy.idle.reset();
    if (policy.idle) policy.idle = std::min(*policy.idle, kLongest);
    policy.cost = options.cost;
    const bool l1 = settings.usesL1 && has(options.levels, Levels::L1);
    const bool l2 = settings.usesL2 && has(options.levels, Levels::L2);
    policy.readL1 = l1 && !options.skipL1Read;
    policy.writeL1 = l1 && !options.skipL1Write;
    policy.readL2 = l2 && !options.skipL2Read;
    policy.writeL2 = l2 && !options.skipL2Write;
    policy.useFallback = has(options.levels, Levels::Fallback);
    return policy;
}

Duration EntryPolicy::l1Life(std::int64_t expiresMs, std::int64_t nowMs) const noexcept {
    Duration life(expiresMs - nowMs);
    if (l1Ttl) life = std::min(life, *l1Ttl);
    return life;
}

std::int64_t EntryPolicy::l2ForgetsAt(std::int64_t expiresMs, std::int64_t nowMs) const noexcept {
    return idle ? std::min(expiresMs, nowMs + l2SpanOfIdle(*idle)) : expiresMs;
}

}  // namespace oxcache::stages
