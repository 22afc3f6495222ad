#pragma once

#include <functional>
#include <map>
#include <string>

#include "config/Origin.h"

namespace oxcache::config {

/// Environment variables by name.
using Variables = std::map<std::string, std::string>;

/// What one source sets, by key.
struct Layer {
    LayerKind kind = LayerKind::Defaults;
    std::map<std::string, Setting, std::less<>> settings{};

    /// The setting of a key; null when this layer does not have it.
    const Setting* find(std::string_view key) const {
        const auto found = settings.find(key);
        return found == settings.end() ? nullptr : &found->second;
    }
    void set(Setting setting) {
        std::string key = setting.key;
        settings.insert_or_assign(std::move(key), std::move(setting));
    }
};

/// Every key of ours begins with it.
inline constexpr std::string_view kRoot = "oxcache.";

}  // namespace oxcache::config
