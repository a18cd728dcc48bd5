// The CUDA kernels' own source, run on a processor, thread by thread. Threads of a block are fibers
// that take turns; a barrier and a warp's instruction let the others go first until all are there.
// A warp runs as far as it can before the next does, and the order of warps is turned round each
// time, so that a barrier that is missing shows.
// The warp's instructions are written from the PTX ISA's tables of which lane holds what.
#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

#define CLOISTER_EMULATED
#define __device__
#define __forceinline__ inline
#define __align__(n) __attribute__((aligned(n)))
#define __shared__ static

using __half = _Float16;
using std::max;
using std::min;
struct uint2 { uint32_t x, y; };
struct alignas(16) uint4 { uint32_t x, y, z, w; };
static uint4 make_uint4(uint32_t x, uint32_t y, uint32_t z, uint32_t w) { return {x, y, z, w}; }
struct Index { int x, y, z; };
static Index threadIdx, blockIdx;

namespace emulation {

struct Meeting {  // of a block's threads, or of a warp's
  int here = 0, times = 0;
  void* brought[1024];
};
struct Fiber {
  ucontext_t context;
  std::vector<char> stack;
  bool done = false;
  int waits = -1;  // for the end of this meeting of the block
};
static std::vector<Fiber> fibers;
static ucontext_t scheduler;
static int current;
static Meeting block, warps[32];
static std::function<void()> kernel;

// Waits for all `size`; the last to come calls `together` with what each brought.
template <typename F>
void meet(Meeting& at, int size, int me, void* mine, F together) {
  int times = at.times;
  at.brought[me] = mine;
  if (++at.here == size) {
    at.here = 0;
    together(at.brought);
    ++at.times;
    return;
  }
  if (&at == &block) fibers[current].waits = times;
  while (at.times == times) swapcontext(&fibers[current].context, &scheduler);
}

// Whether any thread of the warp could go on.
static bool advance(int warp) {
  bool any = false;
  for (int i = warp * 32; i < warp * 32 + 32; ++i) {
    if (fibers[i].done || fibers[i].waits == block.times) continue;
    any = true;
    current = i;
    threadIdx = {i, 0, 0};
    swapcontext(&scheduler, &fibers[i].context);
  }
  return any;
}

static void enter() {
  kernel();
  fibers[current].done = true;
}

static void launch(int gx, int gy, int gz, int threads, std::function<void()> body) {
  kernel = std::move(body);
  fibers.resize(threads);
  for (int b = 0; b < gx * gy * gz; ++b) {
    blockIdx = {b % gx, b / gx % gy, b / gx / gy};
    for (Fiber& fiber : fibers) {
      fiber.done = false;
      fiber.waits = -1;
      fiber.stack.resize(256 * 1024);
      getcontext(&fiber.context);
      fiber.context.uc_stack.ss_sp = fiber.stack.data();
      fiber.context.uc_stack.ss_size = fiber.stack.size();
      fiber.context.uc_link = &scheduler;
      makecontext(&fiber.context, enter, 0);
    }
    bool backwards = b % 2;
    for (bool any = true; any; backwards = !backwards) {
      any = false;
      for (int turn = 0; turn < threads / 32; ++turn) {
        int warp = backwards ? threads / 32 - 1 - turn : turn;
        while (advance(warp)) any = true;
      }
    }
  }
}

template <typename F>
void warp_meet(void* mine, F together) {
  meet(warps[current / 32], 32, current % 32, mine, together);
  threadIdx = {current, 0, 0};
}

static float low(uint32_t pair, int i) {
  uint16_t bits = static_cast<uint16_t>(pair >> (16 * i));
  __half value;
  std::memcpy(&value, &bits, 2);
  return static_cast<float>(value);
}
static uint16_t bits_of(__half value) {
  uint16_t bits;
  std::memcpy(&bits, &value, 2);
  return bits;
}

}  // namespace emulation

static void __syncthreads() {
  emulation::meet(emulation::block, static_cast<int>(emulation::fibers.size()), emulation::current,
                  nullptr, [](void**) {});
  threadIdx = {emulation::current, 0, 0};
}

namespace cloister {

struct Product {
  float* d;
  const uint32_t* a;
  uint32_t b[2];
};

inline void mma(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  Product mine{d, a, {b0, b1}};
  emulation::warp_meet(&mine, [](void** brought) {
    float left[16][16], right[16][8];
    for (int lane = 0; lane < 32; ++lane) {
      const Product& p = *static_cast<Product*>(brought[lane]);
      int g = lane / 4, t = lane % 4;
      for (int i = 0; i < 8; ++i)  // a's eight halves: PTX ISA, figure of A for .m16n8k16
        left[g + (i / 2 % 2) * 8][t * 2 + i % 2 + (i / 4) * 8] =
            emulation::low(p.a[i / 2], i % 2);
      for (int i = 0; i < 4; ++i)
        right[t * 2 + i % 2 + (i / 2) * 8][g] = emulation::low(p.b[i / 2], i % 2);
    }
    for (int lane = 0; lane < 32; ++lane) {
      const Product& p = *static_cast<Product*>(brought[lane]);
      for (int i = 0; i < 4; ++i)
        for (int k = 0; k < 16; ++k)
          p.d[i] += left[lane / 4 + i / 2 * 8][k] * right[k][lane % 4 * 2 + i % 2];
    }
  });
}

struct Load {
  uint32_t* r;
  const __half* row;
};

template <bool kTransposed>
void load(uint32_t (&r)[4], const __half* row) {
  if (reinterpret_cast<uintptr_t>(row) % 16) __builtin_trap();  // the hardware faults as well
  Load mine{r, row};
  emulation::warp_meet(&mine, [](void** brought) {
    for (int lane = 0; lane < 32; ++lane)
      for (int i = 0; i < 4; ++i) {
        uint16_t halves[2];
        for (int e = 0; e < 2; ++e) {
          int row = lane / 4, column = lane % 4 * 2 + e;
          if (kTransposed) std::swap(row, column);
          halves[e] = emulation::bits_of(static_cast<Load*>(brought[i * 8 + row])->row[column]);
        }
        static_cast<Load*>(brought[lane])->r[i] = halves[0] | uint32_t{halves[1]} << 16;
      }
  });
}
inline void load_matrices(uint32_t (&r)[4], const __half* row) { load<false>(r, row); }
inline void load_transposed(uint32_t (&r)[4], const __half* row) { load<true>(r, row); }

inline uint32_t pick(uint32_t x, uint32_t y, uint32_t selector) {
  uint64_t both = x | uint64_t{y} << 32;
  uint32_t out = 0;
  for (int i = 0; i < 4; ++i)
    out |= static_cast<uint32_t>(both >> (8 * (selector >> (4 * i) & 7)) & 255) << (8 * i);
  return out;
}
inline uint32_t pair_of(__half low, __half high) {
  return emulation::bits_of(low) | uint32_t{emulation::bits_of(high)} << 16;
}
inline uint32_t subtract_scale(uint32_t p, uint32_t q, uint32_t s) {
  __half out[2];
  for (int i = 0; i < 2; ++i) {
    __half difference = static_cast<__half>(emulation::low(p, i) - emulation::low(q, i));
    out[i] = static_cast<__half>(static_cast<float>(difference) * emulation::low(s, i));
  }
  return pair_of(out[0], out[1]);
}
inline uint32_t pack(float low, float high) {
  return pair_of(static_cast<__half>(low), static_cast<__half>(high));
}
inline float exchange(float value, int mask) {
  float mine[2] = {value, 0};
  static int way;
  way = mask;
  emulation::warp_meet(mine, [](void** brought) {
    for (int lane = 0; lane < 32; ++lane)
      static_cast<float*>(brought[lane])[1] = static_cast<float*>(brought[lane ^ way])[0];
  });
  return mine[1];
}
inline float number(__half value) { return static_cast<float>(value); }
inline float number(float value) { return value; }
inline void store(__half* to, float value) { *to = static_cast<__half>(value); }
inline void store(float* to, float value) { *to = value; }

}  // namespace cloister

#include "matmul.cuh"
#include "attention.cuh"
#include "calls.cuh"

using namespace cloister;

extern "C" {

// rows: 128 or 32 for the tiled kernel, 8 for the narrow one. words null: the matrix is plain; r
// null: nothing is added.
void emulate_matmul(int rows, const __half* x, const __half* plain, const uint32_t* words,
                    const __half* scales, const float* r, float* y, int m, int n, int k) {
  auto run = [&]<int kRows>() {
    auto body = [=] {
      if (words && r)
        packed_matmul<kRows, float>(x, words, scales, r, y, m, n, k);
      else if (words)
        packed_matmul<kRows, float>(x, words, scales, y, m, n, k);
      else if (r)
        plain_matmul<kRows, float>(x, plain, r, y, m, n, k);
      else
        plain_matmul<kRows, float>(x, plain, y, m, n, k);
    };
    if (kRows == 8)
      emulation::launch((n + 15) / 16, 1, 1, 256, body);
    else
      emulation::launch((m + kRows - 1) / kRows, (n + 127) / 128, 1, 256, body);
  };
  if (rows == 8) run.template operator()<8>();
  if (rows == 32) run.template operator()<32>();
  if (rows == 128) run.template operator()<128>();
}

// splits: 1 or 4.
void emulate_attention(int d, Attention a, int n, __half* out, int splits) {
  int tiles = (n * (a.heads / a.kv_heads) + 63) / 64 + a.sequences;
  std::vector<float> parts(static_cast<size_t>(n) * a.heads * splits * d, NAN);
  std::vector<float> sums(static_cast<size_t>(n) * a.heads * splits, NAN);
  auto run = [&]<int D>() {
    emulation::launch(tiles, a.kv_heads, splits, 128, [&] {
      if (splits == 1)
        attend_whole<D>(a.qkv, a.pages, a.starts, a.lengths, a.table, out, a.sequences, a.columns,
                        a.heads, a.kv_heads, a.scale, a.cap, a.window);
      else
        attend_parts<D, 4>(a.qkv, a.pages, a.starts, a.lengths, a.table, parts.data(), sums.data(),
                           a.sequences, a.columns, a.heads, a.kv_heads, a.scale, a.cap, a.window);
    });
    if (splits > 1)
      emulation::launch(n * a.heads, 1, 1, 128,
                        [&] { merge<D>(parts.data(), sums.data(), out, splits); });
  };
  if (d == 16) run.template operator()<16>();
  if (d == 64) run.template operator()<64>();
  if (d == 96) run.template operator()<96>();
  if (d == 128) run.template operator()<128>();
  if (d == 256) run.template operator()<256>();
}
}
