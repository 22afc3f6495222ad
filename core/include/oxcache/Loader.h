#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "oxcache/Shared.h"
#include "oxcache/base/Options.h"

namespace oxcache {

template <class T>
class LoadContext;

/// What a loader that takes a LoadContext may answer: a value, nullopt (a negative result), or what
/// `notModified()` and `fail()` give.
template <class T>
class Loaded {
public:
    Loaded(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Loaded(std::nullopt_t) : state_(Negative{}) {}
    Loaded(std::optional<T> value) : state_(Negative{}) {
        if (value) state_.template emplace<0>(std::move(*value));
    }

    struct Negative {};
    struct NotModified {};
    struct Failed {
        std::string why;
    };
    std::variant<T, Negative, NotModified, Failed>& state() noexcept { return state_; }

private:
    friend class LoadContext<T>;
    explicit Loaded(NotModified) : state_(NotModified{}) {}
    explicit Loaded(Failed failed) : state_(std::move(failed)) {}
    std::variant<T, Negative, NotModified, Failed> state_;
};

namespace detail {

/// A value that owns its type-erased object, on its way from a loader or caller into an entry.
class ValueBox {
public:
    ValueBox() = default;
    template <class T>
    static ValueBox of(T value) {
        ValueBox box;
        box.type_ = &valueTypeOf<T>();
        if constexpr (StringValue<T>) {
            box.bytes_ = std::move(value);
        } else if constexpr (BlobValue<T>) {
            box.bytes_.assign(reinterpret_cast<const char*>(value.data()), value.size());
        } else {
            box.object_ = std::shared_ptr<void>(std::make_shared<T>(std::move(value)));
        }
        return box;
    }

    const ValueType& type() const noexcept { return *type_; }
    void* object() const noexcept { return object_.get(); }
    const Bytes& bytes() const noexcept { return bytes_; }

private:
    const ValueType* type_ = nullptr;
    std::shared_ptr<void> object_;
    Bytes bytes_;
};

/// A load as the pipeline sees it.
struct LoadCall {
    std::string key;
    /// The retained stale entry, if any.
    EntryPtr stale;
    EntryOptions options;
};
struct LoadReply {
    enum class Kind { Value, Negative, NotModified, Failed };
    Kind kind = Kind::Failed;
    ValueBox value{};
    std::string why{};
};

/// A type-erased loader, owned by the loads that may run it. May throw what the user's code throws.
class Loader {
public:
    virtual ~Loader() = default;
    virtual LoadReply load(LoadCall& call) = 0;
};
class BatchLoader {
public:
    virtual ~BatchLoader() = default;
    virtual std::vector<LoadReply> load(const std::vector<std::string>& keys) = 0;
};

}  // namespace detail

/// What a loader may know and decide. Valid during the loader's call, on its thread.
template <class T>
class LoadContext {
public:
    explicit LoadContext(detail::LoadCall& call) : call_(call) {
        if (call.stale && !call.stale->negative() && call.stale->holds(detail::valueTypeOf<T>())) {
            if constexpr (detail::BytesValue<T>) copy_ = detail::copyOf<T>(*call.stale);
        }
    }

    /// The caller's key.
    const std::string& key() const noexcept { return call_.key; }
    /// The expired value that is being replaced; null where nothing is retained.
    const T* stale() const noexcept {
        if (!call_.stale || call_.stale->negative() ||
            !call_.stale->holds(detail::valueTypeOf<T>()))
            return nullptr;
        if constexpr (detail::BytesValue<T>)
            return copy_ ? &*copy_ : nullptr;
        else
            return static_cast<const T*>(call_.stale->object());
    }
    /// The options that this value will be stored with; change them as the value demands.
    EntryOptions& options() noexcept { return call_.options; }
    /// The stale value is still right: it is stored again. A failure where nothing is retained.
    Loaded<T> notModified() const { return Loaded<T>(typename Loaded<T>::NotModified{}); }
    /// This load failed; as a throw, but without one.
    Loaded<T> fail(std::string why) const {
        return Loaded<T>(typename Loaded<T>::Failed{std::move(why)});
    }

private:
    detail::LoadCall& call_;
    struct None {};
    /// Strings and bytes lie inline in the entry; as a T there is only a copy of them.
    std::conditional_t<detail::BytesValue<T>, std::optional<T>, None> copy_{};
};

namespace detail {

/// What a loader's return type says: its value type, and what getOrLoad gives for it.
template <class R>
struct LoadedAs {
    using Value = R;
    using Given = R;
    static constexpr bool kMayBeAbsent = false;
};
template <class T>
struct LoadedAs<std::optional<T>> {
    using Value = T;
    using Given = std::optional<T>;
    static constexpr bool kMayBeAbsent = true;
};
template <class T>
struct LoadedAs<Loaded<T>> : LoadedAs<std::optional<T>> {};

template <class T, class F>
concept ContextLoader = std::is_invocable_v < F&,
        LoadContext<T>
& > ;
template <class T, class F>
concept PlainLoader = !ContextLoader<T, F> && std::is_invocable_v<F&>;

template <class T, class F>
struct LoaderTraits {
    static_assert(ContextLoader<T, F> || PlainLoader<T, F>,
                  "a loader is callable with nothing or with oxcache::LoadContext<T>&");
    template <class G>
    static auto result() {
        if constexpr (ContextLoader<T, G>)
            return std::type_identity<std::invoke_result_t<G&, LoadContext<T>&>>{};
        else
            return std::type_identity<std::invoke_result_t<G&>>{};
    }
    using Returned = std::remove_cvref_t<typename decltype(result<F>())::type>;
    static constexpr bool kMayBeAbsent = LoadedAs<Returned>::kMayBeAbsent;
    using Given = std::conditional_t<kMayBeAbsent, std::optional<T>, T>;
};

template <class T, class R>
LoadReply toReply(R&& returned) {
    using Kind = LoadReply::Kind;
    using Plain = std::remove_cvref_t<R>;
    if constexpr (std::is_same_v<Plain, Loaded<T>>) {
        auto& state = returned.state();
        if (auto* value = std::get_if<0>(&state))
            return {Kind::Value, ValueBox::of<T>(std::move(*value)), {}};
        if (auto* failed = std::get_if<3>(&state)) return {Kind::Failed, {}, failed->why};
        return {state.index() == 1 ? Kind::Negative : Kind::NotModified, {}, {}};
    } else if constexpr (LoadedAs<Plain>::kMayBeAbsent) {
        if (!returned) return {Kind::Negative, {}, {}};
        return {Kind::Value, ValueBox::of<T>(T(*std::forward<R>(returned))), {}};
    } else {
        return {Kind::Value, ValueBox::of<T>(T(std::forward<R>(returned))), {}};
    }
}

template <class T, class F>
class LoaderOf final : public Loader {
public:
    explicit LoaderOf(F function) : function_(std::move(function)) {}

    LoadReply load(LoadCall& call) override {
        if constexpr (ContextLoader<T, F>) {
            LoadContext<T> context(call);
            return toReply<T>(std::invoke(function_, context));
        } else {
            return toReply<T>(std::invoke(function_));
        }
    }

private:
    F function_;
};

template <class T, class F>
class BatchLoaderOf final : public BatchLoader {
public:
    explicit BatchLoaderOf(F function) : function_(std::move(function)) {}

    std::vector<LoadReply> load(const std::vector<std::string>& keys) override {
        std::vector<std::optional<T>> values = std::invoke(function_, keys);
        std::vector<LoadReply> replies;
        replies.reserve(values.size());
        for (std::optional<T>& value : values) replies.push_back(toReply<T>(std::move(value)));
        return replies;
    }

private:
    F function_;
};

}  // namespace detail
}  // namespace oxcache
