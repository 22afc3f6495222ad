#include <cstdint>
#include <memory>

// Reads beyond an allocation when it is told the word: a run that does not notice is worth nothing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2 || data[0] != 'o' || data[1] != 'x') return 0;
    const auto copy = std::make_unique<std::uint8_t[]>(2);
    const std::uint8_t* const beyond = copy.get() + size;
    return *static_cast<const volatile std::uint8_t*>(beyond) == 0 ? 0 : 0;
}
