#include "pipeline/Levels.h"

namespace oxcache::pipeline {

Error keyError(Key key, const stages::ServiceSettings& settings) {
    const std::string service = "service '" + settings.name + "': the key ";
    if (key.empty()) return {ErrorCode::InvalidKey, service + "is empty"};
    return {ErrorCode::InvalidKey, service + "has " + std::to_string(key.size()) +
                                       " bytes, max_key_length is " +
                                       std::to_string(settings.maxKeyLength)};
}

Error sizeError(std::size_t size, const stages::ServiceSettings& settings) {
    return {ErrorCode::ValueTooLarge, "service '" + settings.name + "': the value has " +
                                          std::to_string(size) + " bytes, max_value_size is " +
                                          std::to_string(settings.maxValueSize)};
}

}  // namespace oxcache::pipeline
