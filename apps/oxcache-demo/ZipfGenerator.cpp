#include "ZipfGenerator.h"

#include <cmath>
#include <limits>

#include <Poco/Exception.h>

namespace oxcache::demo {
namespace {

constexpr double kWhole = 4294967296.0;

std::vector<double> scaledWeights(std::size_t ranks, double exponent) {
    std::vector<double> weights(ranks);
    double sum = 0;
    // From the smallest weight up, so that the sum loses least.
    for (std::size_t i = ranks; i-- > 0;) {
        weights[i] = std::pow(static_cast<double>(i + 1), -exponent);
        sum += weights[i];
    }
    const double scale = static_cast<double>(ranks) / sum;
    for (double& weight : weights) weight *= scale;
    return weights;
}

}  // namespace

ZipfGenerator::ZipfGenerator(std::size_t ranks, double exponent) {
    if (ranks == 0 || ranks > std::numeric_limits<std::uint32_t>::max())
        throw Poco::InvalidArgumentException("Zipf: the number of ranks must be 1 to 2^32 - 1");
    if (!(exponent >= 0 && exponent <= kMaxExponent))
        throw Poco::InvalidArgumentException("Zipf: the exponent must be 0 to 20");
    std::vector<double> weights = scaledWeights(ranks, exponent);
    columns_.resize(ranks);
    std::vector<std::uint32_t> light, heavy;
    for (std::uint32_t i = 0; i < ranks; ++i) (weights[i] < 1 ? light : heavy).push_back(i);
    while (!light.empty() && !heavy.empty()) {
        const std::uint32_t small = light.back(), large = heavy.back();
        light.pop_back();
        columns_[small] = {static_cast<std::uint64_t>(weights[small] * kWhole), large};
        weights[large] -= 1 - weights[small];
        if (weights[large] < 1) {
            heavy.pop_back();
            light.push_back(large);
        }
    }
    for (const auto& rest : {light, heavy})
        for (const std::uint32_t i : rest) columns_[i] = {static_cast<std::uint64_t>(kWhole), i};
}

}  // namespace oxcache::demo
