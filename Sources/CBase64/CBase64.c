#include "CBase64.h"

#if defined(__x86_64__)
#include <immintrin.h>

// A register takes 48 bytes to 64 characters: every group of three bytes is spread over four, each byte becomes the one of
// its group's sextets that belongs there, and each sextet picks its character (W. Muła, D. Lemire: Base64 encoding and
// decoding at almost the speed of a memory copy, 2020).
__attribute__((target("avx512f,avx512bw,avx512vbmi")))
static size_t encode_vbmi(const uint8_t *input, size_t count, uint8_t *output) {
    static const uint8_t characters[64] = {
        'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V',
        'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r',
        's', 't', 'u', 'v', 'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '/'};
    // Of a group's bytes a, b, c: b a c b, from the lowest byte.
    static const uint8_t order[64] = {
        1,  0,  2,  1,  4,  3,  5,  4,  7,  6,  8,  7,  10, 9,  11, 10, 13, 12, 14, 13, 16, 15, 17, 16, 19, 18, 20, 19,
        22, 21, 23, 22, 25, 24, 26, 25, 28, 27, 29, 28, 31, 30, 32, 31, 34, 33, 35, 34, 37, 36, 38, 37, 40, 39, 41, 40,
        43, 42, 44, 43, 46, 45, 47, 46};
    const __m512i alphabet = _mm512_loadu_si512(characters);
    const __m512i spread = _mm512_loadu_si512(order);
    // Where the sextets of two groups begin; what stands above the sixth bit is not looked at.
    const __m512i shifts = _mm512_set1_epi64(0x3036242a1016040a);
    size_t taken = 0;
    for (; count - taken >= 64; taken += 48, output += 64) {
        const __m512i groups = _mm512_permutexvar_epi8(spread, _mm512_loadu_si512(input + taken));
        const __m512i sextets = _mm512_multishift_epi64_epi8(shifts, groups);
        _mm512_storeu_si512(output, _mm512_permutexvar_epi8(sextets, alphabet));
    }
    return taken;
}

// Each half of a register takes 12 bytes to 16 characters: every group of three bytes is spread over four, the four
// sextets are shifted to their places by multiplication, and each becomes a character by an offset that depends on its
// range (W. Muła, D. Lemire: Faster Base64 Encoding and Decoding Using AVX2 Instructions, 2018).
__attribute__((target("avx2")))
static size_t encode_avx2(const uint8_t *input, size_t count, uint8_t *output) {
    // Of a group's bytes a, b, c: b a c b, from the lowest byte.
    const __m256i spread = _mm256_setr_epi8(
        1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10, 1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    // By range: a to z; 0 to 9, ten times; +; /; A to Z.
    const __m256i offsets = _mm256_setr_epi8(
        'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
        '+' - 62, '/' - 63, 'A', 0, 0,
        'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
        '+' - 62, '/' - 63, 'A', 0, 0);
    size_t taken = 0;
    // Twice 16 bytes are read, the second time from the 13th on.
    for (; count - taken >= 28; taken += 24, output += 32) {
        const __m128i low = _mm_loadu_si128((const __m128i *)(input + taken));
        const __m128i high = _mm_loadu_si128((const __m128i *)(input + taken + 12));
        const __m256i groups = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), spread);
        const __m256i outer = _mm256_mulhi_epu16(
            _mm256_and_si256(groups, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
        const __m256i inner = _mm256_mullo_epi16(
            _mm256_and_si256(groups, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
        const __m256i sextets = _mm256_or_si256(outer, inner);
        // 0 for a to z, 1 to 12 for what follows; 13 for A to Z.
        const __m256i isUpper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), sextets);
        const __m256i range = _mm256_or_si256(
            _mm256_subs_epu8(sextets, _mm256_set1_epi8(51)), _mm256_and_si256(isUpper, _mm256_set1_epi8(13)));
        _mm256_storeu_si256(
            (__m256i *)output, _mm256_add_epi8(sextets, _mm256_shuffle_epi8(offsets, range)));
    }
    return taken;
}
#endif

size_t cbase64_encode_blocks(const uint8_t *input, size_t count, uint8_t *output) {
#if defined(__x86_64__)
    size_t taken = 0;
    if (count >= 64 && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bw")) {
        taken = encode_vbmi(input, count, output);
    }
    if (count - taken >= 28 && __builtin_cpu_supports("avx2")) {
        taken += encode_avx2(input + taken, count - taken, output + taken / 3 * 4);
    }
    return taken;
#else
    (void)input, (void)count, (void)output;
    return 0;
#endif
}
