#include "SentinelBook.h"

#include <algorithm>

namespace oxcache::redis {

std::vector<Endpoint> SentinelBook::order() const {
    std::vector<Endpoint> order;
    const auto add = [&](const Endpoint& sentinel) {
        if (std::find(order.begin(), order.end(), sentinel) == order.end())
            order.push_back(sentinel);
    };
    if (first_) add(*first_);
    std::for_each(bootstrap_.begin(), bootstrap_.end(), add);
    std::for_each(learned_.begin(), learned_.end(), add);
    return order;
}

// A sentinel tells of the others, not of itself. It may stand in the configuration under another
// name than it has among them, so that the two lists cannot be compared.
std::size_t SentinelBook::voters() const {
    return learned_.empty() ? bootstrap_.size() : learned_.size() + 1;
}

Error Inquiry::error(const std::string& master) const {
    if (unknown_ > 0)
        return {ErrorCode::Unavailable, "redis: no sentinel knows a master named '" + master +
                                            "' (" + std::to_string(unknown_) + " answered, " +
                                            std::to_string(silent_) +
                                            " did not); check the name against `sentinel monitor`"};
    return {ErrorCode::Unavailable, "redis: none of " + std::to_string(silent_) +
                                        " sentinels could be asked; the last one: " + last_};
}

}  // namespace oxcache::redis
