#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace carbonedge {

/// Sets of cuts as words of 64 bits; the functions take the first word.
using CutWord = std::uint64_t;
inline constexpr std::size_t kCutsAWord = 64;

inline std::size_t words_for(std::size_t cuts) { return (cuts + kCutsAWord - 1) / kCutsAWord; }

inline bool has_cut(const CutWord* set, std::size_t cut) {
    return (set[cut / kCutsAWord] >> (cut % kCutsAWord) & 1U) != 0;
}

inline void add_cut(CutWord* set, std::size_t cut) { set[cut / kCutsAWord] |= CutWord{1} << (cut % kCutsAWord); }

/// Both ends belong to it.
inline void add_cuts(CutWord* set, std::size_t first, std::size_t last) {
    const std::size_t low = first / kCutsAWord;
    const std::size_t high = last / kCutsAWord;
    for (std::size_t word = low; word <= high; ++word) {
        CutWord mask = ~CutWord{0};
        if (word == low) mask &= ~CutWord{0} << (first % kCutsAWord);
        if (word == high) mask &= ~CutWord{0} >> (kCutsAWord - 1 - last % kCutsAWord);
        set[word] |= mask;
    }
}

/// The first cut from `from` on, or `none`.
inline std::size_t next_cut(const CutWord* set, std::size_t words, std::size_t from, std::size_t none) {
    std::size_t word = from / kCutsAWord;
    if (word >= words) return none;
    CutWord left = set[word] & (~CutWord{0} << (from % kCutsAWord));
    while (left == 0) {
        if (++word == words) return none;
        left = set[word];
    }
    return word * kCutsAWord + static_cast<std::size_t>(std::countr_zero(left));
}

/// The last cut up to `to`, or `none`.
inline std::size_t last_cut(const CutWord* set, std::size_t to, std::size_t none) {
    std::size_t word = to / kCutsAWord;
    CutWord left = set[word] & (~CutWord{0} >> (kCutsAWord - 1 - to % kCutsAWord));
    while (left == 0) {
        if (word == 0) return none;
        left = set[--word];
    }
    return word * kCutsAWord + (kCutsAWord - 1 - static_cast<std::size_t>(std::countl_zero(left)));
}

}  // namespace carbonedge
