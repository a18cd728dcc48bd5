// What the kernels need of the hardware: halves, a warp's matrix product, a warp's matrix load.
// A test defines CLOISTER_EMULATED and its own versions, thread by thread, on a processor; so
// nothing else in these files may be PTX or an intrinsic.
#pragma once

#ifndef CLOISTER_EMULATED
#include <cuda_fp16.h>

#include <cstdint>

namespace cloister {

// d += a b for one 16 x 8 x 16 tile (PTX ISA, mma.m16n8k16): a is row-major, b column-major.
// With g = lane / 4 and t = lane % 4: a[0] row g, columns 2t and 2t+1; a[1] row g+8, the same;
// a[2], a[3] as these, columns 2t+8 and 2t+9. b[0] rows 2t and 2t+1 of column g; b[1] rows 2t+8
// and 2t+9. d[0], d[1] row g, columns 2t and 2t+1; d[2], d[3] row g+8.
__device__ __forceinline__ void mma(float (&d)[4], const uint32_t (&a)[4], uint32_t b0,
                                    uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};\n"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Four 8 x 8 matrices of halves out of shared memory; lane l gives the address of row l % 8 of
// matrix l / 8, and gets of matrix i the columns 2t and 2t+1 of row g.
__device__ __forceinline__ void load_matrices(uint32_t (&r)[4], const __half* row) {
  uint32_t at = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];\n"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(at)
               : "memory");
}

// As load_matrices, each matrix transposed.
__device__ __forceinline__ void load_transposed(uint32_t (&r)[4], const __half* row) {
  uint32_t at = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];\n"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(at)
               : "memory");
}

// Halves of x and y picked by the selector's four digits (bytes 0-3 are x's, 4-7 y's).
__device__ __forceinline__ uint32_t pick(uint32_t x, uint32_t y, uint32_t selector) {
  return __byte_perm(x, y, selector);
}

// (p - q) * s on two halves at once.
__device__ __forceinline__ uint32_t subtract_scale(uint32_t p, uint32_t q, uint32_t s) {
  __half2 left = *reinterpret_cast<__half2*>(&p), right = *reinterpret_cast<__half2*>(&q);
  __half2 scaled = __hmul2(__hsub2(left, right), *reinterpret_cast<__half2*>(&s));
  return *reinterpret_cast<uint32_t*>(&scaled);
}

__device__ __forceinline__ uint32_t pack(float low, float high) {
  __half2 both = __floats2half2_rn(low, high);
  return *reinterpret_cast<uint32_t*>(&both);
}

__device__ __forceinline__ float exchange(float value, int mask) {
  return __shfl_xor_sync(0xffffffffu, value, mask);
}

__device__ __forceinline__ float number(__half value) { return __half2float(value); }
__device__ __forceinline__ float number(float value) { return value; }

__device__ __forceinline__ void store(__half* to, float value) { *to = __float2half_rn(value); }
__device__ __forceinline__ void store(float* to, float value) { *to = value; }

}  // namespace cloister
#endif
