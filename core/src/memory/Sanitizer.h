#pragma once

// ThreadSanitizer does not know membarrier(2), nor that a processor reads an aligned word at once:
// under it everything is told in the language's own terms.
#if defined(__SANITIZE_THREAD__)
#define OXCACHE_MEMORY_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define OXCACHE_MEMORY_TSAN 1
#endif
#endif
