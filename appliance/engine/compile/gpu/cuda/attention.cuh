// Attention of new tokens over a paged cache, on tensor cores, a tile of keys at a time with a
// running softmax (Dao et al. 2022). Any window, any cap on scores, several query heads a key head.
#pragma once

namespace cloister {

constexpr int kPage = 16;
constexpr float kLog2E = 1.4426950408889634f;

struct Attention {
  const __half* qkv;    // (n, heads + 2 kv_heads, D), turned
  const __half* pages;  // (pages, 2, kv_heads, kPage, D)
  const int* starts;    // (sequences + 1) first row of each sequence
  const int* lengths;   // (sequences) tokens of each, these included
  const int* table;     // (sequences, columns) pages of each
  int sequences, columns, heads, kv_heads;
  float scale, cap;  // cap 0: none
  int window;        // 0: all that came before
};

// A block of 128 threads takes 64 rows: the query heads of one key head, token after token, of one
// sequence; each warp 16. Grid: (ceil(n * share / 64) + sequences, kv_heads, splits); blocks past
// the last tile do nothing. With one split the result goes to out (n, heads * D); with more, each
// split takes its part of the keys and leaves its result, in float32, and the base-2 logarithm of
// its sum of weights in parts (n, heads, splits, D) and sums (n, heads, splits), for `merge`.
template <int D>
__device__ __forceinline__ void attend(const Attention& a, __half* out, float* parts, float* sums,
                                       int splits) {
  constexpr int kKeys = 32, kStride = D + 8, kVectors = D / 8;
  __shared__ __align__(16) __half ks[kKeys * kStride];
  __shared__ __align__(16) __half vs[kKeys * kStride];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  const int share = a.heads / a.kv_heads, kv = blockIdx.y, split = blockIdx.z;

  int tile = blockIdx.x, sequence = 0, rows = 0;
  for (; sequence < a.sequences; ++sequence) {
    rows = (a.starts[sequence + 1] - a.starts[sequence]) * share;
    if (tile < (rows + 63) / 64) break;
    tile -= (rows + 63) / 64;
  }
  if (sequence == a.sequences) return;
  const int start = a.starts[sequence], past = a.lengths[sequence] - rows / share;

  int row[2], position[2], query[2];  // this lane's two rows of its warp's 16
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    row[i] = tile * 64 + warp * 16 + g + i * 8;
    int held = min(row[i], rows - 1);
    position[i] = past + held / share;
    query[i] = (start + held / share) * a.heads + kv * share + held % share;
  }

  uint32_t q[D / 16][4];
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    int token = query[i] / a.heads, head = query[i] % a.heads;
    const __half* at =
        a.qkv + (static_cast<int64_t>(token) * (a.heads + 2 * a.kv_heads) + head) * D + t * 2;
#pragma unroll
    for (int c = 0; c < D / 16; ++c) {
      q[c][i] = *reinterpret_cast<const uint32_t*>(at + c * 16);
      q[c][i + 2] = *reinterpret_cast<const uint32_t*>(at + c * 16 + 8);
    }
  }

  const int last = past + min(tile * 64 + 63, rows - 1) / share;
  const int begin = a.window ? max(0, past + tile * 64 / share - a.window + 1) : 0;
  const int part = ((last + 1 - begin + splits - 1) / splits + kKeys - 1) / kKeys * kKeys;
  const int from = begin + split * part, to = min(last + 1, from + part);

  float mixed[D / 8][4] = {}, top[2] = {-INFINITY, -INFINITY}, total[2] = {};
  for (int base = from; base < to; base += kKeys) {
    for (int at = threadIdx.x; at < kKeys * kVectors; at += 128) {
      int key = at / kVectors, c = at % kVectors * 8;
      uint4 k = make_uint4(0, 0, 0, 0), v = k;
      if (base + key < to) {
        int64_t page = a.table[sequence * a.columns + (base + key) / kPage];
        int64_t place = ((page * 2 * a.kv_heads + kv) * kPage + (base + key) % kPage) * D + c;
        k = *reinterpret_cast<const uint4*>(a.pages + place);
        v = *reinterpret_cast<const uint4*>(a.pages + place +
                                            static_cast<int64_t>(a.kv_heads) * kPage * D);
      }
      *reinterpret_cast<uint4*>(&ks[key * kStride + c]) = k;
      *reinterpret_cast<uint4*>(&vs[key * kStride + c]) = v;
    }
    __syncthreads();

    float scores[kKeys / 8][4] = {};
#pragma unroll
    for (int c = 0; c < D / 16; ++c)
#pragma unroll
      for (int j = 0; j < kKeys / 16; ++j) {
        uint32_t b[4];
        load_matrices(b, &ks[(j * 16 + lane / 16 * 8 + lane % 8) * kStride + c * 16 +
                             lane / 8 % 2 * 8]);
        mma(scores[j * 2], q[c], b[0], b[1]);
        mma(scores[j * 2 + 1], q[c], b[2], b[3]);
      }

    float highest[2] = {top[0], top[1]};
#pragma unroll
    for (int j = 0; j < kKeys / 8; ++j)
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        int key = base + j * 8 + t * 2 + e % 2, at = position[e / 2];
        float score = scores[j][e] * a.scale;
        if (a.cap > 0) score = a.cap * tanhf(score / a.cap);
        bool seen = key < to && key <= at && (a.window == 0 || key > at - a.window);
        scores[j][e] = seen ? score * kLog2E : -INFINITY;
        highest[e / 2] = fmaxf(highest[e / 2], scores[j][e]);
      }

    float shift[2];
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      highest[i] = fmaxf(highest[i], exchange(highest[i], 1));
      highest[i] = fmaxf(highest[i], exchange(highest[i], 2));
      shift[i] = highest[i] == -INFINITY ? 0.0f : highest[i];  // nothing seen so far
      float fade = exp2f(top[i] - shift[i]);
      top[i] = highest[i];
      total[i] *= fade;
#pragma unroll
      for (int d = 0; d < D / 8; ++d) {
        mixed[d][i * 2] *= fade;
        mixed[d][i * 2 + 1] *= fade;
      }
    }
#pragma unroll
    for (int j = 0; j < kKeys / 8; ++j)
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        scores[j][e] = exp2f(scores[j][e] - shift[e / 2]);
        total[e / 2] += scores[j][e];
      }

#pragma unroll
    for (int j = 0; j < kKeys / 16; ++j) {
      // What a product leaves in a lane is what the next product wants of it.
      const uint32_t p[4] = {pack(scores[j * 2][0], scores[j * 2][1]),
                             pack(scores[j * 2][2], scores[j * 2][3]),
                             pack(scores[j * 2 + 1][0], scores[j * 2 + 1][1]),
                             pack(scores[j * 2 + 1][2], scores[j * 2 + 1][3])};
#pragma unroll
      for (int d = 0; d < D / 16; ++d) {
        uint32_t b[4];
        load_transposed(b, &vs[(j * 16 + lane % 16) * kStride + d * 16 + lane / 16 * 8]);
        mma(mixed[d * 2], p, b[0], b[1]);
        mma(mixed[d * 2 + 1], p, b[2], b[3]);
      }
    }
    __syncthreads();
  }

#pragma unroll
  for (int i = 0; i < 2; ++i) {
    total[i] += exchange(total[i], 1);
    total[i] += exchange(total[i], 2);
    if (row[i] >= rows) continue;
    float weight = total[i] > 0 ? 1.0f / total[i] : 0.0f;
    int64_t place = static_cast<int64_t>(query[i]) * splits + split;
    if (splits > 1 && t == 0) sums[place] = total[i] > 0 ? top[i] + log2f(total[i]) : -INFINITY;
#pragma unroll
    for (int d = 0; d < D / 8; ++d)
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        int64_t at = place * D + d * 8 + t * 2 + e;
        if (splits > 1)
          parts[at] = mixed[d][i * 2 + e] * weight;
        else
          store(&out[at], mixed[d][i * 2 + e] * weight);
      }
  }
}

// The splits' results to one: out (n, heads * D). Grid: (n * heads), block: 128 threads.
template <int D>
__device__ __forceinline__ void merge(const float* parts, const float* sums, __half* out,
                                      int splits) {
  const int64_t query = blockIdx.x;
  float top = -INFINITY, total = 0;
  for (int s = 0; s < splits; ++s) top = fmaxf(top, sums[query * splits + s]);
  for (int s = 0; s < splits; ++s) total += exp2f(sums[query * splits + s] - top);
  for (int d = threadIdx.x; d < D; d += 128) {
    float value = 0;
    for (int s = 0; s < splits; ++s)
      value += exp2f(sums[query * splits + s] - top) * parts[(query * splits + s) * D + d];
    store(&out[query * D + d], value / total);
  }
}

}  // namespace cloister
