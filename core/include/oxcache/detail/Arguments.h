#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "oxcache/Loader.h"
#include "oxcache/base/KeyTemplate.h"

/// The arguments of cached functions: as text in a key, and kept until a load has run.
namespace oxcache::detail {

template <class A>
concept HasOwnText = requires(const A& argument) {
    toKey(argument);
};
template <class A>
concept HasKeyText = HasOwnText<A> || std::is_convertible_v<const A&, std::string_view> ||
    std::is_enum_v<A> || std::is_arithmetic_v<A>;

/// A function argument as text within a key; empty for one that has none.
template <class A>
Bytes keyText(const A& argument) {
    if constexpr (HasOwnText<A>) {
        return toKey(argument);
    } else if constexpr (std::is_convertible_v<const A&, std::string_view>) {
        return Bytes(std::string_view(argument));
    } else if constexpr (std::is_same_v<A, char>) {
        return Bytes(1, argument);
    } else if constexpr (std::is_enum_v<A>) {
        return keyText(static_cast<std::underlying_type_t<A>>(argument));
    } else if constexpr (std::is_arithmetic_v<A>) {
        CodecId codec = CodecId::Raw;
        return Conversion<A>::encode(argument, codec);
    } else {
        return {};
    }
}

/// How the argument for a parameter P is kept while its load may run, perhaps after the caller has
/// left: by value, and views of text as text of their own.
template <class P>
struct Kept {
    using type = std::decay_t<P>;
    static P&& pass(type& kept) noexcept { return static_cast<P&&>(kept); }
};
template <class P>
requires std::is_same_v<std::remove_cvref_t<P>, std::string_view>
struct Kept<P> {
    using type = std::string;
    static std::string_view pass(const type& kept) noexcept { return kept; }
};
template <class P>
requires std::is_same_v < std::remove_cvref_t<P>,
const char* > struct Kept<P> {
    using type = std::string;
    static const char* pass(const type& kept) noexcept { return kept.c_str(); }
};

/// The parameters of a loader given to cached(), a leading LoadContext left out.
template <class... P>
struct Parameters {
    static constexpr std::size_t kCount = sizeof...(P);
    using Values = std::tuple<typename Kept<P>::type...>;
    static constexpr std::array<bool, kCount> kHaveText{HasKeyText<typename Kept<P>::type>...};

    static std::array<Bytes, kCount> texts(const typename Kept<P>::type&... values) {
        return {keyText(values)...};
    }
    static std::array<Bytes, kCount> textsOf(const Values& values) {
        return std::apply([](const auto&... each) { return texts(each...); }, values);
    }
    /// Calls `function` with `leading` and then the kept arguments, which are used up.
    template <class F, class... L>
    static decltype(auto) call(F& function, Values& values, L&... leading) {
        return callWith(function, values, std::index_sequence_for<P...>{}, leading...);
    }

private:
    template <class F, std::size_t... I, class... L>
    static decltype(auto) callWith(F& function, [[maybe_unused]] Values& values,
                                   std::index_sequence<I...>, L&... leading) {
        return std::invoke(function, leading..., Kept<P>::pass(std::get<I>(values))...);
    }
};

/// What a callable takes and gives.
template <class F>
struct Signature : Signature<decltype(&F::operator())> {};
template <class R, class... P>
struct Signature<R (*)(P...)> {
    using Returned = R;
    using Taken = Parameters<P...>;
    static constexpr bool kContext = false;
};
template <class R, class T, class... P>
struct Signature<R (*)(LoadContext<T>&, P...)> {
    using Returned = R;
    using Taken = Parameters<P...>;
    static constexpr bool kContext = true;
};
template <class R, class... P>
struct Signature<R (*)(P...) noexcept> : Signature<R (*)(P...)> {};
template <class R, class... P>
struct Signature<R(P...)> : Signature<R (*)(P...)> {};
template <class C, class R, class... P>
struct Signature<R (C::*)(P...)> : Signature<R (*)(P...)> {};
template <class C, class R, class... P>
struct Signature<R (C::*)(P...) const> : Signature<R (*)(P...)> {};
template <class C, class R, class... P>
struct Signature<R (C::*)(P...) noexcept> : Signature<R (*)(P...)> {};
template <class C, class R, class... P>
struct Signature<R (C::*)(P...) const noexcept> : Signature<R (*)(P...)> {};

/// A loader of T that calls `call` with the context where it wants one.
template <class T, bool kContext, class Call>
auto loaderWith(Call call) {
    if constexpr (kContext)
        return [call = std::move(call)](LoadContext<T>& context) mutable { return call(context); };
    else
        return [call = std::move(call)]() mutable { return call(); };
}

inline constexpr std::string_view kNameCharacters =
    "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Position of a parameter by name in the text of a parameter list; KeyTemplate::kNone if absent.
/// A name is the last identifier before a comma outside brackets, or before the end.
/// constexpr, because clang 14 calls no consteval function with the arguments of another.
constexpr std::size_t parameterNamed(std::string_view list, std::string_view name) {
    std::size_t position = 0;
    int depth = 0;
    std::string_view last;
    for (std::size_t i = 1; i < list.size(); ++i) {
        const char c = list[i];
        const bool end = i + 1 == list.size();
        if (end || (c == ',' && depth == 0)) {
            if (last == name) return position;
            ++position;
            last = {};
        } else if (c == '<' || c == '(' || c == '[') {
            ++depth;
        } else if (c == '>' || c == ')' || c == ']') {
            --depth;
        } else if (kNameCharacters.find(c) != std::string_view::npos) {
            const std::size_t to = list.find_first_not_of(kNameCharacters, i);
            if (depth == 0) last = list.substr(i, to - i);
            i = to - 1;
        }
    }
    return KeyTemplate::kNone;
}

/// For every argument of the template the position of the parameter that it stands for; `skipped`
/// parameters at the front of the list are none.
template <std::size_t N>
consteval std::array<std::size_t, N> parameterPositions(const KeyTemplate& pattern,
                                                        std::string_view list,
                                                        std::size_t skipped) {
    std::array<std::size_t, N> positions{};
    for (std::size_t i = 0; i < N; ++i) {
        positions[i] = i;
        if (!pattern.named()) continue;
        const std::size_t named = parameterNamed(list, pattern.argumentName(i));
        positions[i] =
            named == KeyTemplate::kNone || named < skipped ? KeyTemplate::kNone : named - skipped;
    }
    return positions;
}

template <std::size_t N>
consteval bool allBelow(const std::array<std::size_t, N>& positions, std::size_t limit) {
    for (const std::size_t position : positions)
        if (position >= limit) return false;
    return true;
}

/// True when each parameter that is named has a text.
template <std::size_t N, std::size_t M>
consteval bool allHaveText(const std::array<std::size_t, N>& positions,
                           const std::array<bool, M>& haveText) {
    for (const std::size_t position : positions)
        if (position < M && !haveText[position]) return false;
    return true;
}

}  // namespace oxcache::detail
