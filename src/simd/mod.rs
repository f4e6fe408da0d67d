//! Explicit SIMD: vectors by one trait, kernels that are written once, and the levels that run them.
//!
//! A kernel is generic over the vectors of an [`InstructionSet`] and stands beside its subject. [`Level::run`] computes it in a
//! function compiled for the level's instructions, of which there is one for each level. The operations of [`Lanes`] are exactly
//! those that kernels need; every one is a single IEEE operation per lane, or exact, and none is fused unless that is exact, so
//! the levels agree to the last bit and differ only in how many lanes they work on at a time.
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

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_vnni;

pub(crate) use kernel::{Capability, InstructionSet, Kernel, ScreenKernel, Vectorized};
pub(crate) use lanes::Lanes;
use lanes::{transposed, DECAY};
pub(crate) use level::Level;

/// Asks for the cache line at an address, which need not be valid: to the second level, where it is out of nobody's way.
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
