#include "Traces.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include <zstd.h>

namespace oxcache::memory {
namespace {

std::filesystem::path folder() {
    const char* chosen = std::getenv("OXCACHE_TRACES");
    return chosen != nullptr && *chosen != '\0' ? chosen : OXCACHE_TRACES;
}

std::string readFile(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::uint32_t> decompress(const std::filesystem::path& path) {
    const std::string packed = readFile(path);
    const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                            &ZSTD_freeDStream);
    std::string bytes;
    std::string chunk(ZSTD_DStreamOutSize(), '\0');
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    std::size_t state = 1;
    while (in.pos < in.size) {
        ZSTD_outBuffer out{chunk.data(), chunk.size(), 0};
        state = ZSTD_decompressStream(stream.get(), &out, &in);
        if (ZSTD_isError(state))
            throw std::runtime_error(path.string() +
                                     ": not a zstd file: " + ZSTD_getErrorName(state));
        bytes.append(chunk, 0, out.pos);
    }
    if (state != 0 || bytes.size() % 4 != 0)
        throw std::runtime_error(path.string() + ": ends too early");
    std::vector<std::uint32_t> words(bytes.size() / 4);
    if (!words.empty()) std::memcpy(words.data(), bytes.data(), bytes.size());
    return words;
}

}  // namespace

Trace readTrace(const std::string& name) {
    const std::filesystem::path plain = folder() / (name + ".u32.zst");
    const std::filesystem::path sized = folder() / (name + ".u32x2.zst");
    Trace trace;
    if (std::filesystem::exists(plain)) {
        trace.keys = decompress(plain);
        return trace;
    }
    if (!std::filesystem::exists(sized))
        throw std::runtime_error(
            "the trace '" + name + "' is neither at " + plain.string() + " nor at " +
            sized.string() +
            "; traces are looked for in tests/traces, in the CMake cache "
            "variable OXCACHE_TRACES or in the environment variable of that name");
    const std::vector<std::uint32_t> words = decompress(sized);
    for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
        trace.keys.push_back(words[i]);
        trace.sizes.push_back(words[i + 1]);
    }
    return trace;
}

}  // namespace oxcache::memory
