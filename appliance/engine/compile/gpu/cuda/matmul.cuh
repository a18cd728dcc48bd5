// y[m, n] = x[m, k] W[n, k]^T + r[m, n] on tensor cores: x in halves, W in halves or packed in groups
// of four bits (q4f16_1), sums in float32. k is a multiple of 32. r may be null: nothing is added.
#pragma once

namespace cloister {

constexpr int kGroup = 32;

// Eight codes of four bits, the first in the lowest bits, to eight halves (code - 7) * scale, in
// order. 0x6400 is the half 1024, whose last bits count ones: or-ing a code in adds it exactly.
__device__ __forceinline__ void expand(uint32_t word, uint32_t scales, uint32_t (&out)[4]) {
  uint32_t pairs[4];  // codes i and i + 4
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    uint32_t biased = ((word >> (4 * i)) & 0x000f000fu) | 0x64006400u;
    pairs[i] = subtract_scale(biased, 0x64076407u, scales);
  }
  out[0] = pick(pairs[0], pairs[1], 0x5410);
  out[1] = pick(pairs[2], pairs[3], 0x5410);
  out[2] = pick(pairs[0], pairs[1], 0x7632);
  out[3] = pick(pairs[2], pairs[3], 0x7632);
}

// A matrix in halves; a span is 8 of its numbers, as packed pairs.
struct Plain {
  const __half* data;
  struct Raw {
    uint4 pairs[4];
  };
  // 16 numbers of a row from column c on.
  __device__ __forceinline__ void half_group(int row, int c, int k, uint32_t (&out)[8]) const {
    const uint4* at = reinterpret_cast<const uint4*>(data + static_cast<int64_t>(row) * k + c);
    *reinterpret_cast<uint4*>(&out[0]) = at[0];
    *reinterpret_cast<uint4*>(&out[4]) = at[1];
  }
  // The 32 numbers of a row's group, as they lie in memory.
  __device__ __forceinline__ Raw group(int row, int group, int k) const {
    const uint4* at =
        reinterpret_cast<const uint4*>(data + static_cast<int64_t>(row) * k + group * kGroup);
    return {{at[0], at[1], at[2], at[3]}};
  }
  static __device__ __forceinline__ void span(const Raw& raw, int i, uint32_t (&out)[4]) {
    *reinterpret_cast<uint4*>(&out[0]) = raw.pairs[i];
  }
};

// A matrix packed as MLC packs it.
struct Packed {
  const uint32_t* words;
  const __half* scales;
  struct Raw {
    uint4 words;
    uint32_t scale;
  };
  __device__ __forceinline__ uint32_t scale(int row, int group, int k) const {
    int64_t at = static_cast<int64_t>(row) * (k / kGroup) + group;
    uint32_t bits = reinterpret_cast<const uint16_t*>(scales)[at];
    return bits | bits << 16;
  }
  __device__ __forceinline__ void half_group(int row, int c, int k, uint32_t (&out)[8]) const {
    uint2 both = *reinterpret_cast<const uint2*>(words + (static_cast<int64_t>(row) * k + c) / 8);
    uint32_t s = scale(row, c / kGroup, k);
    expand(both.x, s, reinterpret_cast<uint32_t(&)[4]>(out[0]));
    expand(both.y, s, reinterpret_cast<uint32_t(&)[4]>(out[4]));
  }
  __device__ __forceinline__ Raw group(int row, int group, int k) const {
    const uint32_t* at = words + (static_cast<int64_t>(row) * k + group * kGroup) / 8;
    return {*reinterpret_cast<const uint4*>(at), scale(row, group, k)};
  }
  static __device__ __forceinline__ void span(const Raw& raw, int i, uint32_t (&out)[4]) {
    uint32_t word = i == 0 ? raw.words.x : i == 1 ? raw.words.y : i == 2 ? raw.words.z : raw.words.w;
    expand(word, raw.scale, out);
  }
};

// Many rows. A block of 256 threads makes kRows x 128 of y, 32 columns of x and W at a time: while
// one pair of tiles is multiplied, the next is on its way from memory to registers. A row of a tile
// is 40 halves, so that eight rows of a matrix load lie in different banks.
// Grid: (ceil(m / kRows), ceil(n / 128)): blocks that run at once share W, which is the larger.
template <int kRows, typename Matrix, typename Out>
__device__ __forceinline__ void tiled_matmul(const __half* x, Matrix w, const Out* r, Out* y,
                                             int m, int n, int k) {
  constexpr int kColumns = 128, kStride = kGroup + 8;
  constexpr int kWarpRows = kRows == 128 ? 2 : 1, kWarpColumns = 8 / kWarpRows;
  constexpr int kTileRows = kRows / kWarpRows / 16, kTileColumns = kColumns / kWarpColumns / 8;
  constexpr int kLoads = (kRows * 4 + 255) / 256;
  static_assert(kTileColumns % 2 == 0, "columns are loaded two tiles at a time");
  __shared__ __align__(16) __half xs[2][kRows * kStride];
  __shared__ __align__(16) __half ws[2][kColumns * kStride];

  const int thread = threadIdx.x, warp = thread / 32, lane = thread % 32;
  const int row0 = blockIdx.x * kRows, column0 = blockIdx.y * kColumns;
  const int warp_row = warp / kWarpColumns * (kRows / kWarpRows);
  const int warp_column = warp % kWarpColumns * (kColumns / kWarpColumns);
  const int w_row = min(column0 + thread / 2, n - 1), w_half = thread % 2 * 16;

  float sums[kTileRows][kTileColumns][4] = {};
  uint4 x_next[kLoads];
  __align__(16) uint32_t w_next[8];

  auto fetch = [&](int c) {
#pragma unroll
    for (int i = 0; i < kLoads; ++i) {
      int at = thread + i * 256, row = min(row0 + at / 4, m - 1);
      if (at < kRows * 4)
        x_next[i] = *reinterpret_cast<const uint4*>(x + static_cast<int64_t>(row) * k + c +
                                                    at % 4 * 8);
    }
    w.half_group(w_row, c + w_half, k, w_next);
  };
  auto put = [&](int stage) {
#pragma unroll
    for (int i = 0; i < kLoads; ++i) {
      int at = thread + i * 256;
      if (at < kRows * 4)
        *reinterpret_cast<uint4*>(&xs[stage][at / 4 * kStride + at % 4 * 8]) = x_next[i];
    }
    uint4* to = reinterpret_cast<uint4*>(&ws[stage][thread / 2 * kStride + w_half]);
    to[0] = *reinterpret_cast<uint4*>(&w_next[0]);
    to[1] = *reinterpret_cast<uint4*>(&w_next[4]);
  };

  fetch(0);
  put(0);
  __syncthreads();
  for (int c = 0, stage = 0; c < k; c += kGroup, stage ^= 1) {
    const bool more = c + kGroup < k;
    if (more) fetch(c + kGroup);
#pragma unroll
    for (int step = 0; step < kGroup; step += 16) {
      uint32_t a[kTileRows][4], b[kTileColumns / 2][4];
#pragma unroll
      for (int i = 0; i < kTileRows; ++i)  // matrices: rows 0-7, rows 8-15, then the next columns
        load_matrices(a[i], &xs[stage][(warp_row + i * 16 + lane % 16) * kStride + step +
                                       lane / 16 * 8]);
#pragma unroll
      for (int j = 0; j < kTileColumns / 2; ++j)  // a tile's k 0-7, its k 8-15, then the next tile
        load_matrices(b[j], &ws[stage][(warp_column + j * 16 + lane / 16 * 8 + lane % 8) * kStride +
                                       step + lane / 8 % 2 * 8]);
#pragma unroll
      for (int i = 0; i < kTileRows; ++i)
#pragma unroll
        for (int j = 0; j < kTileColumns; ++j)
          mma(sums[i][j], a[i], b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]);
    }
    if (more) put(stage ^ 1);
    __syncthreads();
  }

#pragma unroll
  for (int i = 0; i < kTileRows; ++i)
#pragma unroll
    for (int j = 0; j < kTileColumns; ++j)
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        int row = row0 + warp_row + i * 16 + lane / 4 + e / 2 * 8;
        int column = column0 + warp_column + j * 8 + lane % 4 * 2 + e % 2;
        if (row >= m || column >= n) continue;
        int64_t at = static_cast<int64_t>(row) * n + column;
        store(&y[at], sums[i][j][e] + (r ? number(r[at]) : 0.0f));
      }
}

// Eight rows or fewer: W is read once, straight into registers. The product is made as W x^T, so
// that 16 rows of W and up to 8 of x fill a tile. A lane holds a whole group of its two rows of W;
// which of the sum's columns meet in one tile is free, as long as both sides agree: tile i of a
// lane takes the numbers 4i .. 4i+3 of its group. The warps share k among them.
// A block of 256 threads makes 16 columns of y. Grid: (ceil(n / 16)).
template <typename Matrix, typename Out>
__device__ __forceinline__ void narrow_matmul(const __half* x, Matrix w, const Out* r, Out* y,
                                              int m, int n, int k) {
  __shared__ float partial[8][16][8];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  const int column0 = blockIdx.x * 16, groups = k / kGroup;
  const int upper = min(column0 + g, n - 1), lower = min(column0 + g + 8, n - 1);
  float sums[4] = {};

#pragma unroll 2
  for (int first = warp * 4; first < groups; first += 32) {
    const int group = min(first + t, groups - 1);
    const bool inside = first + t < groups;
    typename Matrix::Raw top = w.group(upper, group, k), bottom = w.group(lower, group, k);
    const uint4* at = reinterpret_cast<const uint4*>(x + static_cast<int64_t>(g) * k +
                                                     group * kGroup);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      __align__(16) uint32_t up[4], low[4];
      Matrix::span(top, i, up);
      Matrix::span(bottom, i, low);
      uint4 b = make_uint4(0, 0, 0, 0);
      if (g < m && inside) b = at[i];
      const uint32_t a0[4] = {up[0], low[0], up[1], low[1]};
      const uint32_t a1[4] = {up[2], low[2], up[3], low[3]};
      mma(sums, a0, b.x, b.y);
      mma(sums, a1, b.z, b.w);
    }
  }

#pragma unroll
  for (int e = 0; e < 4; ++e) partial[warp][g + e / 2 * 8][t * 2 + e % 2] = sums[e];
  __syncthreads();
  const int row = threadIdx.x / 16, column = threadIdx.x % 16;
  if (threadIdx.x < 128 && row < m && column0 + column < n) {
    float total = 0;
#pragma unroll
    for (int i = 0; i < 8; ++i) total += partial[i][column][row];
    int64_t at = static_cast<int64_t>(row) * n + column0 + column;
    store(&y[at], total + (r ? number(r[at]) : 0.0f));
  }
}

}  // namespace cloister
