//! Kernels, which are written once, and the instruction sets that they are compiled for.

use super::products::{Integers, Pair, Screen};
use super::Lanes;

/// The vectors of a level.
pub(crate) trait InstructionSet: 'static {
    /// Vectors of doubles, with operations that give the same bits at every level.
    type Lanes: Lanes;
    /// Vectors for tests in single precision, twice as wide.
    type Single: Screen<E = f32>;
    /// Vectors for tests in double precision.
    type Double: Screen<E = f64>;
    /// Vectors of bytes, for sketches.
    type Sketch: Integers;
    /// Vectors of pairs of 16-bit integers for tests, twice as wide as those of doubles, or [`Absent`].
    type Words: Capability<Pair>;
    /// Vectors of four bytes a lane for tests, twice as wide as those of doubles, or [`Absent`].
    type Bytes: Capability<i32>;
}

/// A computation that is written once and compiled for every level.
///
/// The function that makes a kernel checks the lengths that it relies on. All functions on the way from [`run`](Self::run) to an instruction are
/// `#[inline(always)]`: see [`simd`](super).
pub(crate) trait Kernel {
    type Out;
    /// Whether it multiplies 8-bit or 16-bit integers. Kernels that do not are the same at two levels that differ only in such products.
    const PRODUCTS: bool = false;

    /// Runs the kernel.
    ///
    /// # Safety
    /// The CPU has `I`, and the caller is compiled for it.
    unsafe fn run<I: InstructionSet>(self) -> Self::Out;
}

/// Vectors of `E` that an instruction set may have or not.
pub(crate) trait Capability<E> {
    /// Runs a kernel with them; none, if there are no such vectors.
    ///
    /// # Safety
    /// The CPU has the instruction set of these vectors and of `L`, and the caller is compiled for it.
    unsafe fn run<L: Lanes, K: ScreenKernel<E>>(kernel: K) -> Option<K::Out>;
}

/// A computation with vectors of `E`, which not every instruction set has.
pub(crate) trait ScreenKernel<E> {
    type Out;

    /// Runs the kernel.
    ///
    /// # Safety
    /// The CPU has the instruction set of `L` and `S`, and the caller is compiled for it.
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

/// An element type for whose tests an instruction set may have vectors.
pub(crate) trait Vectorized: Sized {
    /// Whether the elements are 8-bit or 16-bit integers.
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
