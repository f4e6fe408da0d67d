//! Kernels, which are written once, and the sets of instructions that they are compiled for.

use super::products::{Integers, Pair, Screen};
use super::Lanes;

/// What a level computes with.
pub(crate) trait InstructionSet: 'static {
    /// Vectors of doubles, for what is exact.
    type Lanes: Lanes;
    /// Vectors that points are screened with in single precision, twice as wide.
    type Single: Screen<E = f32>;
    /// Vectors that points are screened with in double precision.
    type Double: Screen<E = f64>;
    /// Vectors of bytes, for sketches.
    type Sketch: Integers;
    /// Vectors of pairs of 16-bit integers that points are screened with, twice as wide as those of doubles, or [`Absent`].
    type Words: Capability<Pair>;
    /// Vectors of four bytes that points are screened with, twice as wide as those of doubles, or [`Absent`]. A set that has them
    /// has AVX-512 F, DQ, BW and VL, by which points become bytes.
    type Bytes: Capability<i32>;
}

/// A computation that is written once and compiled for every level.
///
/// Whoever makes one checks the lengths that it relies on. All functions on the way from [`run`](Self::run) to an instruction are
/// `#[inline(always)]`: see [`simd`](super).
pub(crate) trait Kernel {
    type Out;
    /// Whether it multiplies bytes or words. All other kernels are the same at two levels that differ in such products only.
    const PRODUCTS: bool = false;

    /// Computes it.
    ///
    /// # Safety
    /// The CPU has `I`, and the caller is compiled for it.
    unsafe fn run<I: InstructionSet>(self) -> Self::Out;
}

/// Vectors of `E` that a set of instructions may have, or not.
pub(crate) trait Capability<E> {
    /// Computes a kernel with them; nothing, where there are none.
    ///
    /// # Safety
    /// The CPU has the set that these and `L` are of, and the caller is compiled for it.
    unsafe fn run<L: Lanes, K: ScreenKernel<E>>(kernel: K) -> Option<K::Out>;
}

/// A computation with vectors of `E` that not every set has.
pub(crate) trait ScreenKernel<E> {
    type Out;

    /// Computes it.
    ///
    /// # Safety
    /// The CPU has the set that `L` and `S` are of, and the caller is compiled for it.
    unsafe fn run<L: Lanes, S: Screen<E = E>>(self) -> Self::Out;
}

/// No vectors.
pub(crate) struct Absent;

impl<E> Capability<E> for Absent {
    #[inline(always)]
    unsafe fn run<L: Lanes, K: ScreenKernel<E>>(_: K) -> Option<K::Out> {
        None
    }
}

impl<E, S: Screen<E = E>> Capability<E> for S {
    #[inline(always)]
    unsafe fn run<L: Lanes, K: ScreenKernel<E>>(kernel: K) -> Option<K::Out> {
        // SAFETY: the contract.
        Some(unsafe { kernel.run::<L, S>() })
    }
}

/// An element of which sets of instructions have vectors to screen points with, or not.
pub(crate) trait Vectorized: Sized {
    /// Whether these are of bytes or words.
    const PRODUCTS: bool;
    type Vectors<I: InstructionSet>: Capability<Self>;
}

impl Vectorized for f32 {
    const PRODUCTS: bool = false;
    type Vectors<I: InstructionSet> = I::Single;
}

impl Vectorized for f64 {
    const PRODUCTS: bool = false;
    type Vectors<I: InstructionSet> = I::Double;
}

impl Vectorized for Pair {
    const PRODUCTS: bool = true;
    type Vectors<I: InstructionSet> = I::Words;
}

impl Vectorized for i32 {
    const PRODUCTS: bool = true;
    type Vectors<I: InstructionSet> = I::Bytes;
}
