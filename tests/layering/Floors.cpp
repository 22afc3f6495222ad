#include "layering/Floors.h"

#include <algorithm>

namespace oxcache::layering {
namespace {

constexpr std::string_view kBase = "core/include/oxcache/base";
constexpr std::string_view kObservability = "core/include/oxcache/observability";
constexpr std::string_view kSpi = "core/include/oxcache/spi";
constexpr std::string_view kConformance = "core/include/oxcache/conformance";
constexpr std::string_view kLoads = "the face's loads and answers";
constexpr std::string_view kFace = "core/include/oxcache";
constexpr std::string_view kRedisCommon = "plugins/l2/redis-common";

std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/'), path.size());
        parts.push_back(path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return parts;
}

// The leading segments of `file` that `pattern` stands for; empty when it does not.
std::string matched(std::string_view pattern, const std::vector<std::string_view>& file) {
    const std::vector<std::string_view> wanted = split(pattern);
    if (wanted.size() > file.size()) return {};
    std::string root;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] != "*" && wanted[i] != file[i]) return {};
        if (i != 0) root += '/';
        root += file[i];
    }
    return root;
}

}  // namespace

const std::vector<Area>& floors() {
    static const std::vector<Area> kFloors{
        {"apps/*", 7, {kFace, kLoads, kBase, kObservability, kSpi, kConformance}},
        // The one place that knows all; it implements the public face.
        {"core/src/runtime", 6, {}, {kFace}},
        {kFace, 6, {kBase, kObservability, kLoads}},
        {"core/src/pipeline", 5},
        {"core/src/stages", 4},
        {"core/src/memory", 3},
        {"core/src/resilience", 3},
        {"core/src/coherence", 3},
        {"core/src/config", 3},
        {"core/src/host", 3},
        {"core/src/reporting", 3},
        {"plugins/*/*", 3, {kBase, kObservability, kSpi, kRedisCommon}},
        // A static library, linked into each of the Redis plugins.
        {kRedisCommon, 2, {kBase, kObservability, kSpi}, {kSpi}},
        {"plugins/template", 3, {kBase, kObservability, kSpi}},
        {"core/conformance", 3, {kBase, kObservability, kSpi}, {kConformance}},
        {kConformance, 3, {kBase, kObservability, kSpi}},
        // The part of the face that the pipeline speaks: how a load is called and answered.
        {"core/include/oxcache/detail", 2, {kBase, kObservability}, {}, kLoads},
        {"core/include/oxcache/Loader.h", 2, {kBase, kObservability}, {}, kLoads},
        {"core/include/oxcache/Shared.h", 2, {kBase, kObservability}, {}, kLoads},
        {"core/include/oxcache/Codec.h", 2, {kBase, kObservability}, {}, kLoads},
        {kSpi, 2},
        {"core/src/spi", 2, {}, {kSpi}},
        {kObservability, 1},
        {kBase, 0},
        {"core/src/base", 0, {}, {kBase}},
    };
    return kFloors;
}

std::optional<Place> placeOf(std::string_view file) {
    const std::vector<std::string_view> parts = split(file);
    const auto named = [](const Area& area) { return area.path.find('*') == std::string::npos; };
    std::optional<Place> best;
    std::size_t longest = 0;
    for (const Area& area : floors()) {
        std::string root = matched(area.path, parts);
        if (root.empty()) continue;
        // A row that names its folder outright beats one that says "any".
        const bool better =
            !best || (named(area) == named(*best->area) ? root.size() > longest : named(area));
        if (!better) continue;
        longest = root.size();
        best = Place{&area, area.name.empty() ? std::move(root) : std::string(area.name)};
    }
    return best;
}

}  // namespace oxcache::layering
