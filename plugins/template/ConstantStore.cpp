#include "ConstantStore.h"

using oxcache::Deadline;
using oxcache::Error;
using oxcache::ErrorCode;
using oxcache::Key;
using oxcache::Result;
using oxcache::spi::FallbackOutcome;
using oxcache::spi::FallbackReply;

namespace {

const Error kLate{ErrorCode::Timeout, "the deadline passed before the constants were asked"};

}  // namespace

ConstantStore::ConstantStore(const oxcache::spi::ExtensionContext& context)
    : clock_(context.clock), prefix_(context.options.text("prefix")) {
    for (const std::string& name : context.options.names("values"))
        values_[prefix_ + name] = context.options.text("values." + name);
}

std::vector<Result<FallbackReply>> ConstantStore::load(std::span<const Key> keys,
                                                       Deadline deadline) {
    const bool late = deadline.passed(clock_);
    std::vector<Result<FallbackReply>> replies;
    for (const Key key : keys) replies.push_back(late ? kLate : reply(key));
    return replies;
}

Result<FallbackReply> ConstantStore::reply(Key key) const {
    if (!key.starts_with(prefix_)) return FallbackReply{FallbackOutcome::NoRoute};
    const auto found = values_.find(key);
    if (found == values_.end()) return FallbackReply{FallbackOutcome::Absent};
    return FallbackReply{FallbackOutcome::Found, found->second};
}

Result<void> ConstantStore::ping(Deadline deadline) {
    return deadline.passed(clock_) ? Result<void>(kLate) : Result<void>();
}
