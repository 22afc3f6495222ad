#include "Registration.h"

#include <string>
#include <utility>

namespace oxcache::redis {
namespace {

template <class Factory>
Factory guarded(const char* what, Factory make) {
    return [what, make = std::move(make)](const spi::ExtensionContext& context) ->
           typename Factory::result_type {
               try {
                   return make(context);
               } catch (const std::exception& problem) {
                   return Error{ErrorCode::Unavailable, std::string("redis: the ") + what +
                                                            " cannot be built: " + problem.what()};
               }
           };
}

}  // namespace

void registerStoreAndBus(spi::ExtensionRegistry& registry, std::vector<spi::OptionSpec> table,
                         spi::RemoteStoreFactory store, spi::InvalidationBusFactory bus) {
    registry.options(std::move(table));
    registry.remoteStore(guarded("store", std::move(store)));
    registry.invalidationBus(guarded("bus", std::move(bus)));
    registry.traits({true, {"pubsub", "tracking"}});
}

}  // namespace oxcache::redis
