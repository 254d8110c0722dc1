#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Writes the base64 characters of as much of `input` as goes at full width: a multiple of 24 bytes, from its beginning;
/// nothing where the processor has no instructions for it. Four characters are written for every three bytes taken, and
/// nothing behind them.
/// @return how many bytes of `input` were taken; fewer than 28 are left where there are the instructions.
size_t cbase64_encode_blocks(const uint8_t *input, size_t count, uint8_t *output);

#ifdef __cplusplus
}
#endif
