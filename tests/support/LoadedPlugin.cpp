#include "support/LoadedPlugin.h"

#include <stdexcept>

#include <Poco/Util/MapConfiguration.h>

#include "config/Configuration.h"

namespace oxcache::testing {
namespace {

const std::string kPrefix = "oxcache.services.tested.fallback.";

}  // namespace

LoadedPlugin::LoadedPlugin(const std::string& file) {
    const auto offer = host_.loadFile(file);
    if (!offer.ok()) throw std::runtime_error(offer.error().message);
    offer_ = *offer;
}

Result<std::unique_ptr<spi::FallbackStore>> LoadedPlugin::fallback(
    const std::vector<std::pair<std::string, std::string>>& options, Clock& clock) const {
    config::Problems problems;
    config::Source source;
    source.application = new Poco::Util::MapConfiguration;
    source.variables = config::Variables{};
    for (const auto& [name, value] : options) source.application->setString(kPrefix + name, value);
    auto configuration = config::Configuration::load(source, problems);
    configuration->declare(kPrefix, offer_->options);
    const spi::OptionValues values = configuration->read(kPrefix, problems).values;
    configuration->reportUnknown(problems);
    if (!problems.empty()) {
        std::string text;
        for (const std::string& line : problems.lines()) text += line + "\n";
        return Error{ErrorCode::Unavailable, text};
    }
    const auto log = [this](spi::LogLevel, const std::string& text) { logged_.push_back(text); };
    spi::ExtensionContext context{values, clock, "tested", "tested:", 1, 1U << 20U, log};
    return offer_->fallbackStore(context);
}

}  // namespace oxcache::testing
