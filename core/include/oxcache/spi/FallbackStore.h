#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "oxcache/base/Bytes.h"
#include "oxcache/base/Deadline.h"
#include "oxcache/base/Result.h"
#include "oxcache/base/ValueType.h"

namespace oxcache::spi {
inline namespace v1 {

/// Found: `value` holds it. Absent: the database was asked and has none. NoRoute: no route is
/// configured for such a key; the database was not asked.
enum class FallbackOutcome { Found, Absent, NoRoute };

struct FallbackReply {
    FallbackOutcome outcome = FallbackOutcome::NoRoute;
    Bytes value{};
    CodecId codec = CodecId::Raw;
};

/// The database behind both levels, read-only. Thread-safe; every call ends by its deadline; no
/// exception leaves. Errors: Unavailable, Timeout, Closed.
class FallbackStore {
public:
    virtual ~FallbackStore() = default;

    /// The value of each key, in order.
    virtual std::vector<Result<FallbackReply>> load(std::span<const Key> keys,
                                                    Deadline deadline) = 0;
    /// Asks the database whether it is there.
    virtual Result<void> ping(Deadline deadline) = 0;
    /// Statements sent to the database so far.
    virtual std::uint64_t queries() const noexcept = 0;
};

}  // namespace v1
}  // namespace oxcache::spi
