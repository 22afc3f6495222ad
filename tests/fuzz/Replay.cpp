#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;
constexpr int kChangedCopies = 200;

Input contentOf(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// The input, all its beginnings, and copies with one byte changed; the same in every run.
std::size_t replay(const Input& input) {
    std::size_t runs = 0;
    for (std::size_t size = 0; size <= input.size(); ++size, ++runs)
        LLVMFuzzerTestOneInput(input.data(), size);
    std::mt19937 random(1);
    for (int copy = 0; copy < kChangedCopies && !input.empty(); ++copy, ++runs) {
        Input changed = input;
        changed[random() % changed.size()] = static_cast<std::uint8_t>(random());
        LLVMFuzzerTestOneInput(changed.data(), changed.size());
    }
    return runs;
}

}  // namespace

/// Runs a fuzz target over the folder of its corpus.
int main(int count, char** arguments) {
    if (count != 2) {
        std::fprintf(stderr, "usage: %s CORPUS-FOLDER\n", arguments[0]);
        return 2;
    }
    std::size_t files = 0, runs = 0;
    for (const auto& item : std::filesystem::directory_iterator(arguments[1])) {
        runs += replay(contentOf(item.path()));
        ++files;
    }
    std::printf("%zu files, %zu runs\n", files, runs);
    return files == 0 ? 1 : 0;
}
