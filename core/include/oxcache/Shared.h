#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "oxcache/Codec.h"
#include "oxcache/base/Entry.h"

namespace oxcache {
namespace detail {

/// What a reader sees of a T held in an entry: `const T&`, or a view of inline bytes.
template <class T>
struct ViewOf {
    using type = const T&;
    static const T& of(const Entry& entry) noexcept {
        return *static_cast<const T*>(entry.object());
    }
};
template <>
struct ViewOf<std::string> {
    using type = std::string_view;
    static std::string_view of(const Entry& entry) noexcept { return entry.bytes(); }
};
template <>
struct ViewOf<std::vector<std::byte>> {
    using type = std::span<const std::byte>;
    static type of(const Entry& entry) noexcept {
        const BytesView bytes = entry.bytes();
        return {reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()};
    }
};

template <class T>
T copyOf(const Entry& entry) {
    const auto& view = ViewOf<T>::of(entry);
    if constexpr (BytesValue<T>)
        return T(view.begin(), view.end());
    else
        return view;
}

}  // namespace detail

/// A counted handle to a cached object: zero copy, and it keeps the object alive after eviction.
/// For strings and bytes it gives a view. Empty when nothing was found. The handle itself is not
/// to be shared between threads without care (copy it); the object is immutable.
template <class T>
class Shared {
    static constexpr bool kIsView = detail::BytesValue<T>;

public:
    using View = typename detail::ViewOf<T>::type;

    Shared() = default;
    explicit Shared(EntryPtr entry) noexcept : entry_(std::move(entry)) {}

    explicit operator bool() const noexcept { return static_cast<bool>(entry_); }
    bool operator==(std::nullptr_t) const noexcept { return !entry_; }
    /// Not to be used on an empty one.
    View operator*() const noexcept {
        if (!entry_) __builtin_unreachable();  // else g++ warns of it wherever this is inlined
        return detail::ViewOf<T>::of(*entry_);
    }
    auto operator->() const noexcept {
        if constexpr (kIsView)
            return Arrow{**this};
        else
            return &**this;
    }
    /// The object; null when empty.
    const T* get() const noexcept requires(!kIsView) { return entry_ ? &**this : nullptr; }
    /// One allocation; for bytes a copy, else it shares this handle's object.
    operator std::shared_ptr<const T>() const {
        if (!entry_) return nullptr;
        if constexpr (kIsView) {
            return std::make_shared<const T>(detail::copyOf<T>(*entry_));
        } else {
            auto keeper = std::make_shared<EntryPtr>(entry_);
            const T* object = get();
            return std::shared_ptr<const T>(std::move(keeper), object);
        }
    }

private:
    struct Arrow {
        View view;
        const View* operator->() const noexcept { return &view; }
    };
    EntryPtr entry_;
};

}  // namespace oxcache
