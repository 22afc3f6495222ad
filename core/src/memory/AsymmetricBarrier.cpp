#include "AsymmetricBarrier.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace oxcache::memory {
namespace {

long membarrier(int command) noexcept { return syscall(__NR_membarrier, command, 0, 0); }

bool registerForMembarrier() noexcept {
#if defined(OXCACHE_MEMORY_TSAN)
    return false;
#else
    return membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0 &&
           membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0;
#endif
}

}  // namespace

const bool kPlainAnnouncements = registerForMembarrier();

void heavyBarrier() noexcept {
    if (kPlainAnnouncements) membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}

}  // namespace oxcache::memory
