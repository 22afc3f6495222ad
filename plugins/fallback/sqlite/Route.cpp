#include "Route.h"

#include <algorithm>
#include <charconv>

#include "Sql.h"

namespace oxcache::sqlite {
namespace {

/// The number that a canonical decimal spells: no sign but a minus, no leading zero, no minus zero,
/// fits 64 bits.
std::optional<std::int64_t> canonicalInteger(BytesView text) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
    if (std::to_string(number) != text) return std::nullopt;
    return number;
}

std::string quotedName(std::string_view name) { return std::string("'").append(name).append("'"); }

/// The placeholders of a route, for messages: `{id}, {name}`.
std::string listOf(const KeyTemplate& pattern) {
    std::string list;
    for (std::size_t i = 0; i < pattern.arguments(); ++i)
        list.append(i == 0 ? "{" : ", {").append(pattern.argumentName(i)).append("}");
    return list.empty() ? "none" : list;
}

void judgeParameter(std::string_view parameter, const Route& route, const std::string& key,
                    std::vector<bool>& used, std::vector<std::string>& problems) {
    const std::string text(parameter);
    if (parameter.front() != ':') {
        problems.push_back(key + ": the parameter " + text +
                           " has no name of a placeholder; write :name");
        return;
    }
    const std::size_t argument = route.pattern().argument(parameter.substr(1));
    if (argument == KeyTemplate::kNone) {
        problems.push_back(key + ": the parameter " + text + " is no placeholder of match " +
                           quotedName(route.pattern().text()) + " (it has " +
                           listOf(route.pattern()) + "); use one of them, or add {" +
                           text.substr(1) + "} to match");
        return;
    }
    used[argument] = true;
}

void judgeQuery(const Route& route, std::vector<std::string>& problems) {
    const std::string key = "routes." + route.name() + ".query";
    const std::vector<Token> tokens = tokensOf(route.query());
    if (tokens.empty()) {
        problems.push_back(key + ": the query is empty; write a SELECT");
        return;
    }
    const auto begins = [&](std::string_view word) { return isWord(tokens.front(), word); };
    if (!begins("SELECT") && !begins("WITH") && !begins("VALUES")) {
        problems.push_back(key + ": it begins with " + quotedName(tokens.front().text) +
                           ", but a route only reads; write a SELECT");
        return;
    }
    std::vector<bool> used(route.pattern().arguments());
    for (const Token& token : tokens)
        if (token.kind == TokenKind::Parameter)
            judgeParameter(token.text, route, key, used, problems);
    for (std::size_t i = 0; i < used.size(); ++i) {
        if (used[i]) continue;
        const std::string name(route.pattern().argumentName(i));
        problems.push_back(key + ": the placeholder {" + name +
                           "} of match is not used, so that different keys would get the same "
                           "row; use :" +
                           name + " in the query, or take it out of match");
    }
}

void readBindings(Route& route, const spi::OptionValues& options,
                  std::vector<std::string>& problems) {
    const std::string group = "routes." + route.name() + ".bind";
    for (const std::string& name : options.names(group)) {
        const std::string key = group + "." + name;
        const std::string& kind = options.text(key);
        const std::size_t argument = route.pattern().argument(name);
        if (argument == KeyTemplate::kNone)
            problems.push_back(key + ": match has no placeholder {" + name + "} (it has " +
                               listOf(route.pattern()) + "); name one of them, or remove the line");
        else if (kind == "text")
            route.bind(argument, Binding::Text);
        else if (kind == "integer")
            route.bind(argument, Binding::Integer);
        else if (kind != "auto")
            problems.push_back(key + ": '" + kind + "' is no kind of value; write text, integer " +
                               "or auto");
    }
}

std::unique_ptr<const Route> readRoute(const std::string& name, const spi::OptionValues& options,
                                       std::vector<std::string>& problems) {
    const std::string key = "routes." + name;
    const std::size_t before = problems.size();
    for (const char* part : {".match", ".query"})
        if (options.text(key + part).empty())
            problems.push_back(key + part + ": it is missing; a route needs match and query");
    if (problems.size() != before) return nullptr;
    auto route =
        std::make_unique<Route>(name, options.text(key + ".match"), options.text(key + ".query"));
    if (!route->pattern().valid()) {
        problems.push_back(key + ".match: " + route->pattern().describe());
        return nullptr;
    }
    if (route->pattern().arguments() > 0 && !route->pattern().named()) {
        problems.push_back(key +
                           ".match: its placeholders have no names, so that the query cannot " +
                           "use them; write {name} and :name");
        return nullptr;
    }
    judgeQuery(*route, problems);
    readBindings(*route, options, problems);
    return problems.size() == before ? std::move(route) : nullptr;
}

}  // namespace

Route::Route(std::string name, std::string match, std::string query)
    : name_(std::move(name)),
      match_(std::move(match)),
      query_(std::move(query)),
      pattern_(match_),
      bindings_(pattern_.arguments(), Binding::Auto) {}

std::optional<std::vector<BoundValue>> Route::values(Key key) const {
    std::optional<std::vector<Bytes>> texts = pattern_.match(key);
    if (!texts) return std::nullopt;
    std::vector<BoundValue> values;
    values.reserve(texts->size());
    for (std::size_t i = 0; i < texts->size(); ++i) {
        Bytes& text = (*texts)[i];
        const auto number = bindings_[i] == Binding::Text ? std::nullopt : canonicalInteger(text);
        if (!number && bindings_[i] == Binding::Integer) return std::nullopt;
        if (number)
            values.emplace_back(*number);
        else
            values.emplace_back(std::move(text));
    }
    return values;
}

Routes readRoutes(const spi::OptionValues& options, std::vector<std::string>& problems) {
    std::vector<std::string> names = options.names("routes");
    std::sort(names.begin(), names.end());
    if (names.empty())
        problems.emplace_back(
            "routes: there is none, so that no key would ever be found; set routes.NAME.match and "
            "routes.NAME.query");
    Routes routes;
    for (const std::string& name : names)
        if (auto route = readRoute(name, options, problems)) routes.push_back(std::move(route));
    return routes;
}

}  // namespace oxcache::sqlite
