//! Explicit SIMD: a trait for vectors, kernels that are written once, and the levels that run them.
//!
//! A kernel is generic over the vectors of an [`InstructionSet`], and is defined where it is used. [`Level::run`] runs it in a
//! function that is compiled for the instructions of the level; there is one such function for each level. The operations of [`Lanes`]
//! are exactly those that kernels need. Each is one IEEE operation per lane, or exact, and none is fused unless that is exact. So
//! all levels give the same bits, and differ only in how many lanes they work on at a time.
//!
//! All functions on the way from [`Kernel::run`] to an intrinsic must be `#[inline(always)]`: one that is not inlined into the
//! level's function is compiled without its instructions, and each intrinsic in it becomes a call.

// Its macros are for the files of levels, too.
#[macro_use]
pub(crate) mod products;

mod kernel;
mod lanes;
pub(crate) mod level;
pub(crate) mod portable;

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
pub(crate) mod neon;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod neon_dot;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod neon_matrices;

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_vnni;
#[cfg(target_arch = "x86_64")]
mod avx_vnni;
#[cfg(test)]
mod emulated_matrices;
#[cfg(test)]
mod emulated_tiles;
#[cfg(target_arch = "x86_64")]
mod tiles;

pub(crate) use kernel::{Capability, InstructionSet, Kernel, ScreenKernel, Vectorized};
pub(crate) use lanes::Lanes;
use lanes::DECAY;
pub(crate) use lanes::FEW_LOSSES;
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_endian = "little")
))]
use lanes::{losses_of, transposed};
pub(crate) use level::Level;

/// Prefetches the cache line at an address, which need not be valid, into the second-level cache: there it does not displace what
/// the kernels use.
#[inline(always)]
pub(crate) fn prefetch(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction is part of every x86-64, and does nothing where it may not read.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T1 }>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}
