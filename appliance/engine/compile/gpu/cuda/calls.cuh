// The kernels as TVM's generated code calls them: numbers and pointers only.
#pragma once

namespace cloister {

template <int kRows, typename Matrix, typename Out>
__device__ __forceinline__ void matmul(const __half* x, Matrix w, const Out* r, Out* y, int m, int n,
                                       int k) {
  if constexpr (kRows == 8)
    narrow_matmul(x, w, r, y, m, n, k);
  else
    tiled_matmul<kRows>(x, w, r, y, m, n, k);
}

template <int kRows, typename Out>
__device__ __forceinline__ void packed_matmul(const __half* x, const uint32_t* words,
                                              const __half* scales, const Out* r, Out* y, int m,
                                              int n, int k) {
  matmul<kRows>(x, Packed{words, scales}, r, y, m, n, k);
}

template <int kRows, typename Out>
__device__ __forceinline__ void packed_matmul(const __half* x, const uint32_t* words,
                                              const __half* scales, Out* y, int m, int n, int k) {
  matmul<kRows, Packed, Out>(x, Packed{words, scales}, nullptr, y, m, n, k);
}

template <int kRows, typename Out>
__device__ __forceinline__ void plain_matmul(const __half* x, const __half* matrix, const Out* r,
                                             Out* y, int m, int n, int k) {
  matmul<kRows>(x, Plain{matrix}, r, y, m, n, k);
}

template <int kRows, typename Out>
__device__ __forceinline__ void plain_matmul(const __half* x, const __half* matrix, Out* y, int m,
                                             int n, int k) {
  matmul<kRows, Plain, Out>(x, Plain{matrix}, nullptr, y, m, n, k);
}

template <int D>
__device__ __forceinline__ void attend_whole(const __half* qkv, const __half* pages,
                                             const int* starts, const int* lengths,
                                             const int* table, __half* out, int sequences,
                                             int columns, int heads, int kv_heads, float scale,
                                             float cap, int window) {
  attend<D>({qkv, pages, starts, lengths, table, sequences, columns, heads, kv_heads, scale, cap,
             window},
            out, nullptr, nullptr, 1);
}

template <int D, int kSplits>
__device__ __forceinline__ void attend_parts(const __half* qkv, const __half* pages,
                                             const int* starts, const int* lengths,
                                             const int* table, float* parts, float* sums,
                                             int sequences, int columns, int heads, int kv_heads,
                                             float scale, float cap, int window) {
  attend<D>({qkv, pages, starts, lengths, table, sequences, columns, heads, kv_heads, scale, cap,
             window},
            nullptr, parts, sums, kSplits);
}

}  // namespace cloister
