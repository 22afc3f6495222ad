#include "host/PluginFile.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <vector>

#include <elf.h>
#include <link.h>

namespace oxcache::host {
namespace {

Error unusable(const std::string& why) { return {ErrorCode::Unavailable, why}; }

template <class T>
bool readAt(std::ifstream& stream, std::uint64_t offset, T* to, std::size_t count = 1) {
    stream.seekg(static_cast<std::streamoff>(offset));
    stream.read(reinterpret_cast<char*>(to), static_cast<std::streamsize>(sizeof(T) * count));
    return static_cast<bool>(stream);
}

/// Where the last segment ends; 0 when the table of segments cannot be read.
std::uint64_t endOfSegments(std::ifstream& stream, const ElfW(Ehdr) & header) {
    if (header.e_phentsize != sizeof(ElfW(Phdr)) || header.e_phnum == 0) return 0;
    std::vector<ElfW(Phdr)> segments(header.e_phnum);
    if (!readAt(stream, header.e_phoff, segments.data(), segments.size())) return 0;
    std::uint64_t end = 0;
    for (const ElfW(Phdr) & segment : segments) {
        if (segment.p_type != PT_LOAD) continue;
        if (segment.p_offset > UINT64_MAX - segment.p_filesz) return UINT64_MAX;
        end = std::max<std::uint64_t>(end, segment.p_offset + segment.p_filesz);
    }
    return end;
}

/// Where the table of sections ends, which linkers put last; 0 where there is none.
std::uint64_t endOfSections(const ElfW(Ehdr) & header) {
    const std::uint64_t bytes = std::uint64_t{header.e_shentsize} * header.e_shnum;
    if (header.e_shoff > UINT64_MAX - bytes) return UINT64_MAX;
    return header.e_shoff == 0 ? 0 : header.e_shoff + bytes;
}

}  // namespace

Result<void> checkPluginFile(const std::string& file) {
    std::ifstream stream(file, std::ios::binary | std::ios::ate);
    const std::streamoff size = stream ? static_cast<std::streamoff>(stream.tellg()) : -1;
    ElfW(Ehdr) header{};
    if (size < 0) return unusable("it cannot be read; check its permissions");
    if (!readAt(stream, 0, &header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_type != ET_DYN)
        return unusable("it is not a shared library; put the plugin's own file there");
    const std::uint64_t end = endOfSegments(stream, header);
    if (end == 0 || std::max(end, endOfSections(header)) > static_cast<std::uint64_t>(size))
        return unusable("it is cut short (" + std::to_string(size) + " bytes); copy it again");
    return {};
}

}  // namespace oxcache::host
