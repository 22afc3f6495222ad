#include "layering/Includes.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <string_view>

#include "layering/Floors.h"

namespace oxcache::layering {
namespace {

namespace fs = std::filesystem;

bool isSource(const fs::path& file) {
    const fs::path extension = file.extension();
    return extension == ".h" || extension == ".cpp";
}

std::vector<fs::path> sourcesUnder(const fs::path& root) {
    std::vector<fs::path> files;
    for (const char* top : {"core", "plugins", "apps"}) {
        if (!fs::is_directory(root / top)) continue;
        for (const auto& item : fs::recursive_directory_iterator(root / top)) {
            if (item.is_regular_file() && isSource(item.path())) {
                files.push_back(item.path().lexically_relative(root));
            }
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

// The name between the quotes or angle brackets of an include line.
std::optional<std::string> includedName(std::string_view line) {
    const auto skipBlanks = [&line] {
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    };
    skipBlanks();
    if (!line.starts_with('#')) return std::nullopt;
    line.remove_prefix(1);
    skipBlanks();
    if (!line.starts_with("include")) return std::nullopt;
    line.remove_prefix(7);
    skipBlanks();
    if (line.empty() || (line[0] != '"' && line[0] != '<')) return std::nullopt;
    const std::size_t end = line.find(line[0] == '"' ? '"' : '>', 1);
    if (end == std::string_view::npos) return std::nullopt;
    return std::string(line.substr(1, end - 1));
}

// The own file an include names, from the root; empty for somebody else's header.
std::optional<fs::path> resolve(const fs::path& root, const fs::path& from, const std::string& name,
                                const std::string& areaRoot) {
    for (const fs::path& base : {from.parent_path(), fs::path("core/include"), fs::path("core/src"),
                                 fs::path(areaRoot), fs::path(".")}) {
        const fs::path candidate = (base / name).lexically_normal();
        if (fs::is_regular_file(root / candidate)) return candidate;
    }
    return std::nullopt;
}

bool names(const std::vector<std::string_view>& list, std::string_view path) {
    return std::find(list.begin(), list.end(), path) != list.end();
}

// Why `from` may not include `to`; empty when it may.
std::string objection(const Place& from, const Place& to) {
    if (from.root == to.root || names(from.area->also, to.area->key())) return {};
    if (!from.area->only.empty() && !names(from.area->only, to.area->key())) {
        return from.root + " may not include " + to.root;
    }
    if (to.area->floor < from.area->floor) return {};
    return from.root + " (floor " + std::to_string(from.area->floor) + ") includes " + to.root +
           " (floor " + std::to_string(to.area->floor) + "), which is not lower";
}

void judgeFile(const fs::path& root, const fs::path& file, Report& report) {
    const std::optional<Place> place = placeOf(file.generic_string());
    if (!place) {
        report.violations.push_back(file.generic_string() +
                                    ":1: its folder is in no row; add one to Floors.cpp");
        return;
    }
    std::ifstream in(root / file);
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        const std::optional<std::string> name = includedName(line);
        if (!name) continue;
        const std::optional<fs::path> target = resolve(root, file, *name, place->root);
        if (!target) continue;
        ++report.judged;
        const std::optional<Place> to = placeOf(target->generic_string());
        const std::string why = to ? objection(*place, *to) : place->root + " leaves the house";
        if (why.empty()) continue;
        report.violations.push_back(file.generic_string() + ":" + std::to_string(number) + ": " +
                                    why + "; move what is needed to a lower floor");
    }
}

}  // namespace

Report judge(const fs::path& root) {
    Report report;
    for (const fs::path& file : sourcesUnder(root)) judgeFile(root, file, report);
    return report;
}

}  // namespace oxcache::layering
