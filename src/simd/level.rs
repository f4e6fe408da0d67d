//! Levels: the instruction sets that this process may use, and how a kernel is run with one of them.

use core::ffi::CStr;
use core::marker::PhantomData;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
use std::arch::is_aarch64_feature_detected as detected;
#[cfg(target_arch = "x86_64")]
use std::arch::is_x86_feature_detected as detected;
use std::sync::atomic::{AtomicU8, Ordering};

use super::kernel::{Capability, InstructionSet, Kernel, ScreenKernel, Vectorized};
use super::products::Screen;
use super::Lanes;

/// An instruction set, in ascending order.
///
/// ```
/// use centra::Isa;
///
/// assert!(Isa::Portable < Isa::Neon && Isa::Avx2 < Isa::Avx512);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Isa {
    /// What the compilation target always has, from portable code.
    Portable,
    /// AArch64's NEON, with its products of bytes where the CPU has them.
    Neon,
    /// AVX2 and FMA, with AVX-VNNI's products of bytes where the CPU has them.
    Avx2,
    /// AVX-512 F and DQ, with VNNI's products of bytes where the CPU has them.
    Avx512,
    /// AVX-512 with VNNI, and Intel's tiles of bytes (AMX). The system is asked for tiles by the first call that is long enough for
    /// them and finds labels.
    Amx,
}

/// All of them, in order.
const ALL: [Isa; 5] = [Isa::Portable, Isa::Neon, Isa::Avx2, Isa::Avx512, Isa::Amx];

impl Isa {
    pub(crate) fn name(self) -> &'static CStr {
        match self {
            Isa::Portable => c"portable",
            Isa::Neon => c"neon",
            Isa::Avx2 => c"avx2",
            Isa::Avx512 => c"avx512",
            Isa::Amx => c"amx",
        }
    }
}

/// The instruction set this process uses: the CPU's best, or less if `CENTRA_ISA` in the environment
/// says `portable`, `neon`, `avx2`, `avx512` or `amx` (any other text is ignored). The environment is read once, at
/// the first call, because reading it while another thread writes it is a race in C.
///
/// ```
/// println!("{:?}", centra::isa());
/// ```
#[must_use]
pub fn isa() -> Isa {
    // Not a `OnceLock`: a child of `fork()` would wait forever for a thread of the parent that was initialising it. Threads that
    // initialise it at the same time compute the same value.
    static USED: AtomicU8 = AtomicU8::new(0);
    match USED.load(Ordering::Relaxed) {
        0 => {
            // Of a name that belongs to another architecture, the best below it.
            let used = Level::best(requested().unwrap_or(Isa::Amx)).0.isa();
            USED.store(used as u8 + 1, Ordering::Relaxed);
            used
        }
        rank => ALL[usize::from(rank) - 1],
    }
}

fn named(name: &[u8]) -> Option<Isa> {
    ALL.into_iter().find(|isa| isa.name().to_bytes() == name)
}

/// C's `getenv`, because `std::env` allocates, which calls must not.
#[cfg(unix)]
fn requested() -> Option<Isa> {
    extern "C" {
        fn getenv(name: *const core::ffi::c_char) -> *const core::ffi::c_char;
    }
    // SAFETY: the name ends in a nul; the value, if any, is a nul-terminated string that stays valid
    // as long as nobody changes the environment, and it is read only here.
    unsafe {
        let value = getenv(c"CENTRA_ISA".as_ptr());
        if value.is_null() {
            None
        } else {
            named(CStr::from_ptr(value).to_bytes())
        }
    }
}

#[cfg(not(unix))]
fn requested() -> Option<Isa> {
    named(std::env::var_os("CENTRA_ISA")?.as_encoded_bytes())
}

/// The instructions that a call uses.
///
/// The CPU has them, and if they are tiles, the process may use them. A level is made by [`best`](Self::best), which tests the CPU for every feature of
/// the level; by [`with_tiles`](Self::with_tiles), if that found tiles and the system permits them; and in [`run`](Self::run), which goes from one level
/// to another whose features are among its own. The field is private to this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level(Set);

/// The levels in ascending order: each has an [`InstructionSet`], the [`Isa`] that it counts as, and the features that it needs besides
/// those that the target always has; then what tells about others. A level that adds only products to another one runs kernels without products at that
/// other level. The function of a level has the name of its file.
macro_rules! levels {
    ($(
        $(#[$target:meta])*
        $file:ident::$set:ident is $isa:ident $(with [$($feature:tt),+])? $(and $more:ident)? $(else $plain:ident)?,
    )+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Set {
            $($(#[$target])* $set,)+
        }

        const SETS: &[Set] = &[$($(#[$target])* Set::$set),+];

        impl Set {
            fn isa(self) -> Isa {
                match self {
                    $($(#[$target])* Set::$set => Isa::$isa,)+
                }
            }

            /// Whether the CPU has all features of the set.
            fn is_there(self) -> bool {
                match self {
                    $($(#[$target])* Set::$set => true $($(&& detected!($feature))+)? $(&& super::$more::are_there())?,)+
                }
            }
        }

        impl Level {
            /// Runs a kernel with the instructions of the level.
            pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Out {
                match self.0 {
                    $($(#[$target])* Set::$set => {
                        $(if !K::PRODUCTS {
                            return Level(Set::$plain).run(kernel);
                        })?
                        // SAFETY: the CPU has the features, as a level of this instruction set exists.
                        unsafe { $file::run(kernel) }
                    })+
                }
            }
        }

        // Each in a module of its own, because the compiler makes one unit of all instances that a module has of its generic functions:
        // so kernels are compiled for several levels at once.
        $(
            $(#[$target])*
            mod $file {
                #[inline(never)]
                $(#[target_feature($(enable = $feature),+)])?
                pub(super) unsafe fn run<K: super::Kernel>(kernel: K) -> K::Out {
                    // SAFETY: this function is compiled for the features of the instruction set, and its caller vouches for the CPU.
                    unsafe { kernel.run::<super::super::$file::$set>() }
                }
            }
        )+
    };
}

levels! {
    #[cfg(test)]
    emulated_tiles::EmulatedTiles is Portable else Portable,
    #[cfg(test)]
    emulated_matrices::EmulatedMatrixProduct is Portable else Portable,
    portable::Portable is Portable,
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    neon::Neon is Neon with ["neon"],
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    neon_dot::NeonDotProduct is Neon with ["neon", "dotprod"] else Neon,
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    neon_matrices::NeonMatrixProduct is Neon with ["neon", "dotprod", "i8mm"] else Neon,
    #[cfg(target_arch = "x86_64")]
    avx2::Avx2 is Avx2 with ["avx2", "fma", "popcnt"],
    #[cfg(target_arch = "x86_64")]
    avx_vnni::AvxVnni is Avx2 with ["avx2", "fma", "popcnt", "avxvnni"] else Avx2,
    #[cfg(target_arch = "x86_64")]
    avx512::Avx512 is Avx512 with ["avx512f", "avx512dq", "avx2", "fma", "popcnt"],
    #[cfg(target_arch = "x86_64")]
    avx512_vnni::Avx512Vnni is Avx512
        with ["avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512vnni", "avx2", "fma", "popcnt"] else Avx512,
    #[cfg(target_arch = "x86_64")]
    amx::Amx is Amx
        with ["avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512vnni", "avx2", "fma", "popcnt"]
        and tiles else Avx512,
}

/// How points are grouped and panels of centers packed for a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Vectors {
    /// Points in a group.
    pub(crate) width: usize,
    /// Registers that panels are packed for.
    pub(crate) registers: usize,
    /// See [`Screen::OFFSET`].
    pub(crate) offset: i32,
    /// See [`Screen::MATRICES`].
    pub(crate) matrices: bool,
}

impl Vectors {
    pub(crate) const fn of<S: Screen>() -> Self {
        Vectors {
            width: S::WIDTH,
            registers: S::REGISTERS,
            offset: S::OFFSET,
            matrices: S::MATRICES,
        }
    }
}

impl Level {
    /// The smaller of `limit` and what this process uses, without tiles.
    pub(crate) fn new(limit: Isa) -> Self {
        Self::best(isa().min(limit).min(Isa::Avx512))
    }

    /// The smaller of `limit` and what this process uses. If that has tiles, the system is asked for them.
    pub(crate) fn with_tiles(limit: Isa) -> Self {
        #[cfg(target_arch = "x86_64")]
        if isa().min(limit) == Isa::Amx && super::tiles::permitted() {
            return Level(Set::Amx);
        }
        Self::new(limit)
    }

    /// The best that the CPU has up to `limit`.
    fn best(limit: Isa) -> Self {
        let may_be = |set: &&Set| set.isa() <= limit && set.is_there();
        // The first level needs no features beyond those of the target.
        Level(*SETS.iter().rfind(may_be).unwrap_or(&SETS[0]))
    }

    /// All that the CPU has.
    #[cfg(test)]
    pub(crate) fn here() -> Vec<Self> {
        SETS.iter()
            .filter(|set| set.is_there() && set.isa() <= isa())
            .map(|&set| Level(set))
            .filter(|level| level.0.isa() < Isa::Amx || Level::with_tiles(Isa::Amx) == *level)
            .collect()
    }

    /// Doubles in a vector, and points in a packed group.
    pub(crate) fn width(self) -> usize {
        struct Width;
        impl Kernel for Width {
            type Out = usize;
            #[inline(always)]
            unsafe fn run<I: InstructionSet>(self) -> usize {
                I::Lanes::WIDTH
            }
        }
        self.run(Width)
    }

    /// The layout of the vectors of `E` for tests, if the level has such vectors.
    pub(crate) fn vectors<E: Vectorized>(self) -> Option<Vectors> {
        struct Query<E>(PhantomData<E>);
        impl<E: Vectorized> Kernel for Query<E> {
            type Out = Option<Vectors>;
            const PRODUCTS: bool = E::PRODUCTS;
            #[inline(always)]
            unsafe fn run<I: InstructionSet>(self) -> Option<Vectors> {
                // SAFETY: the contract.
                unsafe { E::Vectors::<I>::run::<I::Lanes, _>(self) }
            }
        }
        impl<E> ScreenKernel<E> for Query<E> {
            type Out = Vectors;
            #[inline(always)]
            unsafe fn run<L: Lanes, S: Screen<E = E>>(self) -> Vectors {
                Vectors::of::<S>()
            }
        }
        self.run(Query(PhantomData::<E>))
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    /// Tiles are used only where there are some, and only by those who ask; the system may refuse them, but not where they are expected, as in
    /// `tests/emulator`.
    #[test]
    fn tiles_are_permitted() {
        let there = super::super::tiles::are_there() && isa() == Isa::Amx;
        assert!(Level::new(Isa::Amx).0.isa() < Isa::Amx);
        let given = Level::with_tiles(Isa::Amx).0.isa() == Isa::Amx;
        let expected = std::env::var_os("CENTRA_TEST_TILES").is_some();
        assert!((!given || there) && (given || !expected));
    }
}
