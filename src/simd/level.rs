//! Which instruction set, and the table of kernels compiled for it.

// The table spells out each kernel's signature once; a name for each would be one more place to look.
#![allow(clippy::type_complexity)]

use core::ffi::CStr;
use core::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering};

use super::portable::Portable;
use super::products::{
    elements, Pair, PortableBytes, PortableF32, PortableF64, PortablePairs, Screen,
};
#[cfg(target_arch = "x86_64")]
use super::{
    avx2::Avx2,
    avx512::Avx512,
    products::{Avx2Bytes, Avx2F32, Avx2F64, Avx2Pairs, Avx512F32, Avx512F64, Vnni, VnniPairs},
};
use crate::assign::precision::{FloatTest, Int16Test, Int8Test};
use crate::assign::screen;
use crate::call::padded;
use crate::exact::limbs::{Limbs, Moves};
use crate::exact::{declared_range, distance, limbs, range_check};
use crate::points::{Ahead, Points, Rows, Which};
use crate::quantize::{int16, int8};
use crate::seed::sketch;
use crate::{assign, points, seed};

/// An instruction set, in ascending order.
///
/// ```
/// use centra::Isa;
///
/// assert!(Isa::Portable < Isa::Avx2 && Isa::Avx2 < Isa::Avx512);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Isa {
    /// What the compilation target always has: SSE2 on x86-64, NEON on AArch64.
    Portable,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512 F and DQ.
    Avx512,
}

/// All of them, in order.
const ALL: [Isa; 3] = [Isa::Portable, Isa::Avx2, Isa::Avx512];

impl Isa {
    pub(crate) fn name(self) -> &'static CStr {
        match self {
            Isa::Portable => c"portable",
            Isa::Avx2 => c"avx2",
            Isa::Avx512 => c"avx512",
        }
    }
}

/// The instruction set this process uses: the CPU's best, or less if `CENTRA_ISA` in the environment
/// says `portable`, `avx2` or `avx512` (any other text is ignored). The environment is read once, at
/// the first call, because reading it while another thread writes it is a race in C.
///
/// ```
/// println!("{:?}", centra::isa());
/// ```
#[must_use]
pub fn isa() -> Isa {
    // Not a `OnceLock`: a child of `fork()` would wait for ever for the thread that was filling it in. Threads that are first
    // at the same time find the same answer.
    static USED: AtomicU8 = AtomicU8::new(0);
    match USED.load(Ordering::Relaxed) {
        0 => {
            let used = detected().min(requested().unwrap_or(Isa::Avx512));
            USED.store(used as u8 + 1, Ordering::Relaxed);
            used
        }
        rank => ALL[usize::from(rank) - 1],
    }
}

#[cfg(target_arch = "x86_64")]
fn detected() -> Isa {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq");
    match (avx2, avx512) {
        (true, true) => Isa::Avx512,
        (true, false) => Isa::Avx2,
        _ => Isa::Portable,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn detected() -> Isa {
    Isa::Portable
}

fn named(name: &[u8]) -> Option<Isa> {
    ALL.into_iter().find(|isa| isa.name().to_bytes() == name)
}

/// C's `getenv`, not `std::env`, which would allocate in calls that promise not to.
#[cfg(unix)]
fn requested() -> Option<Isa> {
    extern "C" {
        fn getenv(name: *const core::ffi::c_char) -> *const core::ffi::c_char;
    }
    // SAFETY: the name ends in a nul; the value, if any, is a nul-terminated string that stays valid
    // as long as nobody changes the environment, and it is looked at only here.
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

/// The kernels, compiled for one instruction set.
///
/// Each method checks the lengths its kernel relies on, so that it is safe to call; per block of
/// points that costs nothing.
pub(crate) struct Kernels {
    /// Points a packed group holds.
    pub(crate) width: usize,
    scan: unsafe fn(Rows<'_>, Option<&[f64]>, &mut range_check::Seen<'_>),
    within: unsafe fn(Rows<'_>, declared_range::Bounds<'_>) -> bool,
    /// Points a group packed for screening in single precision holds.
    width_f32: usize,
    /// Vector registers, which panels are packed for.
    pub(crate) registers: usize,
    pack: unsafe fn(&Points<'_>, &Which<'_>, &mut [f64]),
    /// In bytes, where the CPU can.
    screen_bytes: Option<BytesFn>,
    screen_f32: FrameFn<f32>,
    screen_f64: FrameFn<f64>,
    nearest: unsafe fn(&[f64], usize, &[f64], &mut [i32], &mut [f64], &mut Ahead),
    moved: unsafe fn(&[i32], &[i32], &mut [u32]) -> usize,
    spend: unsafe fn(&mut [f32], &[i32], &[f32], &mut [u32]) -> usize,
    own: unsafe fn(Rows<'_>, &[i32], &[f64], &mut [f64]),
    accumulate: unsafe fn(
        Rows<'_>,
        Option<&[f64]>,
        &[i32],
        &Limbs<'_>,
        &mut [i64],
        Option<&mut [i64]>,
    ) -> bool,
    transfer: unsafe fn(Rows<'_>, Option<&[f64]>, &Moves<'_>, &Limbs<'_>, &mut [i64]),
    approach: unsafe fn(&[f64], &[f64], &[f64], &mut [f64]) -> f64,
    potentials: unsafe fn(&[f64], &[f64], &[f64], &[f64], f64, &mut [i64]),
    tally: unsafe fn(&[f64], [f64; 2]) -> [i64; 2],
    listed: unsafe fn((&Points<'_>, usize), &[u32], &[f64], &mut [f64]),
    sketched: SketchKernel,
    /// In words, where the CPU has products for them.
    words: Option<WordsKernel>,
}

/// The kernel of sketches (see `seed::sketch`).
#[derive(Clone, Copy)]
pub(crate) struct SketchKernel {
    /// Points in a group.
    pub(crate) width: usize,
    /// Registers that panels are packed for.
    pub(crate) registers: usize,
    /// Whether products take so little that candidates may have two bytes for each coordinate.
    pub(crate) fine: bool,
    code: unsafe fn(
        &Points<'_>,
        (Range<usize>, Range<usize>),
        &int8::Int8Groups<'_>,
        &mut int8::Coded<'_>,
    ),
    screen: ScreenFn,
    list: unsafe fn(&[u16], usize, &mut [u32]) -> usize,
}

type ScreenFn =
    unsafe fn(&sketch::Part<'_>, usize, &sketch::Candidates<'_>, &mut sketch::Screening<'_>);

type FrameFn<E> = unsafe fn(
    &screen::Pass<'_, E, FloatTest<'_, E>>,
    &Which<'_>,
    &mut screen::Scratch<'_, E>,
) -> screen::Found;

type BytesFn = unsafe fn(
    &screen::Pass<'_, i32, Int8Test<'_>>,
    &Which<'_>,
    &mut screen::Scratch<'_, i32>,
) -> screen::Found;

/// The table for the smaller of `limit` and what this process uses.
pub(crate) fn kernels(limit: Isa) -> &'static Kernels {
    match isa().min(limit) {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 if has_vnni() => &AVX512_VNNI,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => &AVX512,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => &AVX2,
        _ => &PORTABLE,
    }
}

/// The shims: each generic kernel inlined into a function compiled for the instruction set.
///
/// The safety of every shim is that of its kernel, and that the CPU has the instruction set, which
/// [`kernels`] sees to before it hands out a table.
macro_rules! table {
    ($name:ident, $lanes:ident, $f32:ident, $f64:ident, $bytes:ident, $module:ident, $words:expr $(, $feature:literal)?) => {
        mod $module {
            use super::*;

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn scan(
                rows: Rows<'_>,
                weights: Option<&[f64]>,
                seen: &mut range_check::Seen<'_>,
            ) {
                // SAFETY: compiled for the instruction set; the rest is the caller's contract.
                unsafe { range_check::rows::<$lanes>(rows, weights, seen) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn within(rows: Rows<'_>, bounds: declared_range::Bounds<'_>) -> bool {
                // SAFETY: compiled for the instruction set; the rest is the caller's contract.
                unsafe { declared_range::within::<$lanes>(rows, bounds) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn pack(points: &Points<'_>, which: &Which<'_>, tile: &mut [f64]) {
                // SAFETY: compiled for the instruction set; the rest is the caller's contract.
                unsafe { points::pack::<$lanes>(points, which, tile) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn screen_f32(
                pass: &screen::Pass<'_, f32, FloatTest<'_, f32>>,
                which: &Which<'_>,
                scratch: &mut screen::Scratch<'_, f32>,
            ) -> screen::Found {
                // SAFETY: compiled for the instruction set; the rest is the caller's contract.
                unsafe { screen::screen::<$lanes, $f32, _>(pass, which, scratch) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn screen_f64(
                pass: &screen::Pass<'_, f64, FloatTest<'_, f64>>,
                which: &Which<'_>,
                scratch: &mut screen::Scratch<'_, f64>,
            ) -> screen::Found {
                // SAFETY: compiled for the instruction set; the rest is the caller's contract.
                unsafe { screen::screen::<$lanes, $f64, _>(pass, which, scratch) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn nearest(
                tile: &[f64],
                d: usize,
                centers: &[f64],
                labels: &mut [i32],
                distances: &mut [f64],
                ahead: &mut Ahead,
            ) {
                // SAFETY: compiled for the instruction set; the rest is the caller's contract.
                unsafe { assign::nearest::<$lanes>(tile, d, centers, labels, distances, ahead) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn moved(old: &[i32], new: &[i32], moved: &mut [u32]) -> usize {
                // SAFETY: compiled for the instruction set; the rest is the caller's contract.
                unsafe { assign::moved::<$lanes>(old, new, moved) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn spend(
                margins: &mut [f32],
                labels: &[i32],
                losses: &[f32],
                spent: &mut [u32],
            ) -> usize {
                // SAFETY: compiled for the instruction set; the rest is the caller's contract.
                unsafe { assign::spend::<$lanes>(margins, labels, losses, spent) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn own(
                rows: Rows<'_>,
                labels: &[i32],
                centers: &[f64],
                distances: &mut [f64],
            ) {
                // SAFETY: compiled for the instruction set; the rest is the caller's contract.
                unsafe { distance::own::<$lanes>(rows, labels, centers, distances) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn accumulate(
                rows: Rows<'_>,
                weights: Option<&[f64]>,
                labels: &[i32],
                limbs: &Limbs<'_>,
                sums: &mut [i64],
                counts: Option<&mut [i64]>,
            ) -> bool {
                // SAFETY: compiled for the instruction set; the rest is the caller's contract.
                unsafe { limbs::accumulate::<$lanes>(rows, weights, labels, limbs, sums, counts) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn transfer(
                rows: Rows<'_>,
                weights: Option<&[f64]>,
                moves: &Moves<'_>,
                limbs: &Limbs<'_>,
                sums: &mut [i64],
            ) {
                // SAFETY: compiled for the instruction set; the rest is the caller's contract.
                unsafe { limbs::transfer::<$lanes>(rows, weights, moves, limbs, sums) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn approach(
                tile: &[f64],
                weights: &[f64],
                center: &[f64],
                masses: &mut [f64],
            ) -> f64 {
                // SAFETY: compiled for the instruction set; the rest is the caller's contract.
                unsafe { seed::approach::<$lanes>(tile, weights, center, masses) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn potentials(
                tile: &[f64],
                weights: &[f64],
                candidates: &[f64],
                masses: &[f64],
                magic: f64,
                sums: &mut [i64],
            ) {
                // SAFETY: compiled for the instruction set; the rest is the caller's contract.
                unsafe {
                    seed::potentials::<$lanes>(tile, weights, candidates, masses, magic, sums)
                }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn tally(masses: &[f64], magic: [f64; 2]) -> [i64; 2] {
                // SAFETY: compiled for the instruction set; the rest is the caller's contract.
                unsafe { seed::tally::<$lanes>(masses, magic) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn listed(
                points: (&Points<'_>, usize),
                listed: &[u32],
                center: &[f64],
                distances: &mut [f64],
            ) {
                // SAFETY: compiled for the instruction set; the rest is the caller's contract.
                unsafe { seed::listed::<$lanes>(points, listed, center, distances) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn list(sets: &[u16], width: usize, listed: &mut [u32]) -> usize {
                // SAFETY: compiled for the instruction set; the rest is the caller's contract.
                unsafe { seed::list::<$lanes>(sets, width, listed) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn code(
                points: &Points<'_>,
                blocks: (Range<usize>, Range<usize>),
                frame: &int8::Int8Groups<'_>,
                coded: &mut int8::Coded<'_>,
            ) {
                // SAFETY: compiled for the instruction set; the rest is the caller's contract.
                unsafe { int8::code::<$lanes>(points, blocks, frame, coded) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn screen_sketch(
                part: &sketch::Part<'_>,
                elements: usize,
                candidates: &sketch::Candidates<'_>,
                screening: &mut sketch::Screening<'_>,
            ) {
                // SAFETY: compiled for the instruction set; the rest is the caller's contract.
                unsafe { sketch::screen::<$bytes>(part, elements, candidates, screening) }
            }
        }

        const $name: Kernels = Kernels {
            width: <$lanes as super::Lanes>::WIDTH,
            width_f32: <$f32 as Screen>::WIDTH,
            registers: <$f64 as Screen>::REGISTERS,
            pack: $module::pack,
            screen_bytes: None,
            screen_f32: $module::screen_f32,
            screen_f64: $module::screen_f64,
            scan: $module::scan,
            within: $module::within,
            nearest: $module::nearest,
            moved: $module::moved,
            spend: $module::spend,
            own: $module::own,
            accumulate: $module::accumulate,
            transfer: $module::transfer,
            approach: $module::approach,
            potentials: $module::potentials,
            tally: $module::tally,
            listed: $module::listed,
            sketched: SketchKernel {
                width: <$bytes as Screen>::WIDTH,
                registers: <$bytes as Screen>::REGISTERS,
                fine: false,
                code: $module::code,
                screen: $module::screen_sketch,
                list: $module::list,
            },
            words: $words,
        };
    };
}

/// Screening in words, compiled for one instruction set.
#[derive(Clone, Copy)]
pub(crate) struct WordsKernel {
    /// Points in a group.
    width: usize,
    /// Vector registers, which panels are packed for.
    pub(crate) registers: usize,
    code: unsafe fn(Rows<'_>, &int16::Int16Coding<'_>, &mut [i64]),
    screen: unsafe fn(
        &screen::Pass<'_, Pair, Int16Test<'_>>,
        &Which<'_>,
        &mut screen::Scratch<'_, Pair>,
    ) -> screen::Found,
}

/// The shims of screening in words.
macro_rules! words {
    ($pairs:ident, $lanes:ident, $module:ident $(, $feature:literal)?) => {
        mod $module {
            use super::*;

            $(#[target_feature(enable = $feature)])?
            unsafe fn code(rows: Rows<'_>, coding: &int16::Int16Coding<'_>, units: &mut [i64]) {
                int16::code(rows, coding, units)
            }

            $(#[target_feature(enable = $feature)])?
            unsafe fn screen(
                pass: &screen::Pass<'_, Pair, Int16Test<'_>>,
                which: &Which<'_>,
                scratch: &mut screen::Scratch<'_, Pair>,
            ) -> screen::Found {
                // SAFETY: compiled for the instruction set; the rest is the caller's contract.
                unsafe { screen::screen::<$lanes, $pairs, _>(pass, which, scratch) }
            }

            pub(super) const KERNEL: WordsKernel = WordsKernel {
                width: <$pairs as Screen>::WIDTH,
                registers: <$pairs as Screen>::REGISTERS,
                code,
                screen,
            };
        }
    };
}

impl WordsKernel {
    /// Turns rows into words, as many units of them.
    pub(crate) fn code(&self, rows: Rows<'_>, coding: &int16::Int16Coding<'_>, units: &mut [i64]) {
        // SAFETY: the CPU has the instruction set.
        unsafe { (self.code)(rows, coding, units) }
    }

    /// Labels some points.
    pub(crate) fn screen(
        &self,
        pass: &screen::Pass<'_, Pair, Int16Test<'_>>,
        which: &Which<'_>,
        scratch: &mut screen::Scratch<'_, Pair>,
    ) -> screen::Found {
        pass.check(which, scratch, self.width);
        pass.frame.check(&pass.points, which);
        // SAFETY: the CPU has the instruction set, and the pass, the scratch and the rows of words were checked.
        unsafe { (self.screen)(pass, which, scratch) }
    }
}

table!(
    PORTABLE,
    Portable,
    PortableF32,
    PortableF64,
    PortableBytes,
    portable,
    Some(portable_words::KERNEL)
);
words!(PortablePairs, Portable, portable_words);
#[cfg(target_arch = "x86_64")]
table!(
    AVX2,
    Avx2,
    Avx2F32,
    Avx2F64,
    Avx2Bytes,
    avx2,
    Some(avx2_words::KERNEL),
    "avx2,fma"
);
#[cfg(target_arch = "x86_64")]
words!(Avx2Pairs, Avx2, avx2_words, "avx2,fma");
#[cfg(target_arch = "x86_64")]
table!(
    AVX512,
    Avx512,
    Avx512F32,
    Avx512F64,
    Avx2Bytes,
    avx512,
    None,
    "avx512f,avx512dq,avx2,fma"
);

/// AVX-512 with products of bytes.
#[cfg(target_arch = "x86_64")]
const AVX512_VNNI: Kernels = Kernels {
    screen_bytes: Some(vnni::screen_bytes),
    sketched: SketchKernel {
        width: <Vnni as Screen>::WIDTH,
        registers: <Vnni as Screen>::REGISTERS,
        fine: true,
        screen: vnni::screen_sketch,
        ..AVX512.sketched
    },
    words: Some(vnni_words::KERNEL),
    ..AVX512
};

#[cfg(target_arch = "x86_64")]
words!(
    VnniPairs,
    Avx512,
    vnni_words,
    "avx512f,avx512dq,avx512bw,avx512vl,avx512vnni,avx2,fma"
);

#[cfg(target_arch = "x86_64")]
fn has_vnni() -> bool {
    is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni")
}

#[cfg(target_arch = "x86_64")]
mod vnni {
    use super::*;

    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx512vnni,avx2,fma")]
    pub(super) unsafe fn screen_bytes(
        pass: &screen::Pass<'_, i32, Int8Test<'_>>,
        which: &Which<'_>,
        scratch: &mut screen::Scratch<'_, i32>,
    ) -> screen::Found {
        // SAFETY: compiled for the instruction set; the rest is the caller's contract.
        unsafe { screen::screen::<Avx512, Vnni, _>(pass, which, scratch) }
    }

    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx512vnni,avx2,fma")]
    pub(super) unsafe fn screen_sketch(
        part: &sketch::Part<'_>,
        elements: usize,
        candidates: &sketch::Candidates<'_>,
        screening: &mut sketch::Screening<'_>,
    ) {
        // SAFETY: compiled for the instruction set; the rest is the caller's contract.
        unsafe { sketch::screen::<Vnni>(part, elements, candidates, screening) }
    }
}

impl Kernels {
    /// Screening in words, if the CPU has products for them.
    pub(crate) fn words(&self) -> Option<WordsKernel> {
        self.words
    }

    /// Whether [`screen_bytes`](Self::screen_bytes) can be called.
    pub(crate) fn has_bytes(&self) -> bool {
        self.screen_bytes.is_some()
    }

    /// Labels points by screening in bytes.
    pub(crate) fn screen_bytes(
        &self,
        pass: &screen::Pass<'_, i32, Int8Test<'_>>,
        which: &Which<'_>,
        scratch: &mut screen::Scratch<'_, i32>,
    ) -> screen::Found {
        // Its groups are as wide as those of single precision.
        pass.check(which, scratch, self.width_f32);
        match self.screen_bytes {
            // SAFETY: the CPU has the instruction set, and the lengths were checked.
            Some(screen) => unsafe { screen(pass, which, scratch) },
            None => unreachable!("bytes are for kernels that have them"),
        }
    }

    /// Packs points in groups of `width`; returns how many lanes that makes.
    pub(crate) fn pack(&self, points: &Points<'_>, which: &Which<'_>, tile: &mut [f64]) -> usize {
        let lanes = which.len().next_multiple_of(self.width);
        assert!(!which.is_empty() && tile.len() >= lanes * points.d());
        // SAFETY: the CPU has the instruction set, and the tile is long enough.
        unsafe { (self.pack)(points, which, tile) };
        lanes
    }

    /// Labels points by screening in single precision.
    pub(crate) fn screen_f32(
        &self,
        pass: &screen::Pass<'_, f32, FloatTest<'_, f32>>,
        which: &Which<'_>,
        scratch: &mut screen::Scratch<'_, f32>,
    ) -> screen::Found {
        pass.check(which, scratch, self.width_f32);
        // SAFETY: the CPU has the instruction set, and the lengths were checked.
        unsafe { (self.screen_f32)(pass, which, scratch) }
    }

    /// Labels points by screening in double precision.
    pub(crate) fn screen_f64(
        &self,
        pass: &screen::Pass<'_, f64, FloatTest<'_, f64>>,
        which: &Which<'_>,
        scratch: &mut screen::Scratch<'_, f64>,
    ) -> screen::Found {
        pass.check(which, scratch, self.width);
        // SAFETY: the CPU has the instruction set, and the lengths were checked.
        unsafe { (self.screen_f64)(pass, which, scratch) }
    }

    /// Widens what was `seen` of a slab by `rows`, each times its weight.
    pub(crate) fn scan(
        &self,
        rows: Rows<'_>,
        weights: Option<&[f64]>,
        seen: &mut range_check::Seen<'_>,
    ) {
        assert!(
            padded(rows.dims()) <= seen.room() && weights.is_none_or(|w| w.len() >= rows.count())
        );
        // SAFETY: the CPU has the instruction set, and the lengths are as the kernel requires.
        unsafe { (self.scan)(rows, weights, seen) }
    }

    /// Whether all coordinates of `rows` are within the bounds of their dimensions, for sure.
    pub(crate) fn within(&self, rows: Rows<'_>, bounds: declared_range::Bounds<'_>) -> bool {
        bounds.check(rows.dims());
        // SAFETY: the CPU has the instruction set, and the lengths are as the kernel requires.
        unsafe { (self.within)(rows, bounds) }
    }

    /// Labels and squared distances of packed points against centers of `d` dimensions;
    /// `labels.len()` is a multiple of the width and says how many.
    pub(crate) fn nearest(
        &self,
        tile: &[f64],
        d: usize,
        centers: &[f64],
        labels: &mut [i32],
        distances: &mut [f64],
        ahead: &mut Ahead,
    ) {
        assert!(labels.len().is_multiple_of(self.width) && distances.len() >= labels.len());
        assert!(tile.len() >= labels.len() * d && centers.len().is_multiple_of(d));
        // SAFETY: the CPU has the instruction set, and the lengths are as the kernel requires.
        unsafe { (self.nearest)(tile, d, centers, labels, distances, ahead) }
    }

    /// Writes the indices at which labels differ to `moved`; returns how many.
    pub(crate) fn moved(&self, old: &[i32], new: &[i32], moved: &mut [u32]) -> usize {
        assert!(new.len() == old.len() && moved.len() >= old.len());
        // SAFETY: the CPU has the instruction set, and the lengths are as the kernel requires.
        unsafe { (self.moved)(old, new, moved) }
    }

    /// Lowers margins by the losses of the points' labels; writes the indices of those that are not positive any more to
    /// `spent`, and returns how many.
    pub(crate) fn spend(
        &self,
        margins: &mut [f32],
        labels: &[i32],
        losses: &[f32],
        spent: &mut [u32],
    ) -> usize {
        let room = margins.len().next_multiple_of(assign::SPENT_TOGETHER);
        assert!(labels.len() == margins.len() && spent.len() >= room);
        let most = labels.iter().fold(0, |most, &j| most.max(j as u32));
        assert!((most as usize) < losses.len() || labels.is_empty());
        // SAFETY: the CPU has the instruction set, and lengths and labels are as the kernel requires.
        unsafe { (self.spend)(margins, labels, losses, spent) }
    }

    /// Squared distance of each row to the center its label names.
    pub(crate) fn own(
        &self,
        rows: Rows<'_>,
        labels: &[i32],
        centers: &[f64],
        distances: &mut [f64],
    ) {
        let k = centers.len() / rows.dims();
        assert!(labels.len() >= rows.count() && distances.len() >= rows.count());
        assert!(labels[..rows.count()].iter().all(|&j| (j as usize) < k));
        // SAFETY: the CPU has the instruction set, and lengths and labels are as the kernel requires.
        unsafe { (self.own)(rows, labels, centers, distances) }
    }

    /// Adds the limbs of each row (times its weight) to the sums of the cluster its label names, and one to its count,
    /// where counts are wanted; tells whether all terms were looked at, and are as they should be.
    pub(crate) fn accumulate(
        &self,
        rows: Rows<'_>,
        weights: Option<&[f64]>,
        labels: &[i32],
        limbs: &Limbs<'_>,
        sums: &mut [i64],
        counts: Option<&mut [i64]>,
    ) -> bool {
        let k = sums.len() / limbs.words();
        assert!(rows.dims() == limbs.dims() && labels.len() >= rows.count());
        assert!(weights.is_none_or(|w| w.len() >= rows.count()));
        match &counts {
            // Labels are compared with this when they are counted.
            Some(counts) => assert!(counts.len() <= k),
            None => assert!(labels[..rows.count()].iter().all(|&j| (j as usize) < k)),
        }
        // SAFETY: the CPU has the instruction set, and lengths and labels are as the kernel requires.
        unsafe { (self.accumulate)(rows, weights, labels, limbs, sums, counts) }
    }

    /// Moves the limbs of rows from the sums of one cluster to those of another.
    pub(crate) fn transfer(
        &self,
        rows: Rows<'_>,
        weights: Option<&[f64]>,
        moves: &Moves<'_>,
        limbs: &Limbs<'_>,
        sums: &mut [i64],
    ) {
        let k = sums.len() / limbs.words();
        let fine = |labels: &[i32]| labels.iter().all(|&j| (j as usize) < k);
        assert!(rows.dims() == limbs.dims() && fine(moves.from) && fine(moves.to));
        // SAFETY: the CPU has the instruction set, and labels are as the kernel requires; rows and weights are checked as
        // they are taken.
        unsafe { (self.transfer)(rows, weights, moves, limbs, sums) }
    }

    /// Lowers each mass to the weight times D to `center`; returns the largest mass.
    pub(crate) fn approach(
        &self,
        tile: &[f64],
        weights: &[f64],
        center: &[f64],
        masses: &mut [f64],
    ) -> f64 {
        assert!(masses.len().is_multiple_of(self.width) && weights.len() >= masses.len());
        assert!(tile.len() >= masses.len() * center.len());
        // SAFETY: the CPU has the instruction set, and the lengths are as the kernel requires.
        unsafe { (self.approach)(tile, weights, center, masses) }
    }

    /// For each candidate center adds to its sum the masses as they would be with it, each rounded
    /// to the unit that `magic` stands for (see `seed`).
    pub(crate) fn potentials(
        &self,
        tile: &[f64],
        weights: &[f64],
        candidates: &[f64],
        masses: &[f64],
        magic: f64,
        sums: &mut [i64],
    ) {
        let d = candidates.len() / sums.len();
        assert!(masses.len().is_multiple_of(self.width) && weights.len() >= masses.len());
        assert!(tile.len() >= masses.len() * d && candidates.len() == sums.len() * d);
        // SAFETY: the CPU has the instruction set, and the lengths are as the kernel requires.
        unsafe { (self.potentials)(tile, weights, candidates, masses, magic, sums) }
    }

    /// The sum of the masses in coarse units, and of what is left in fine ones.
    pub(crate) fn tally(&self, masses: &[f64], magic: [f64; 2]) -> [i64; 2] {
        assert!(masses.len().is_multiple_of(self.width));
        // SAFETY: the CPU has the instruction set, and the length is as the kernel requires.
        unsafe { (self.tally)(masses, magic) }
    }

    /// Finds D between a center and each of the points `listed`, counted from the given one.
    pub(crate) fn listed(
        &self,
        points: (&Points<'_>, usize),
        listed: &[u32],
        center: &[f64],
        distances: &mut [f64],
    ) {
        assert!(center.len() == points.0.d());
        // SAFETY: the CPU has the instruction set; indices are checked as they are used.
        unsafe { (self.listed)(points, listed, center, distances) }
    }

    /// The kernel of sketches.
    pub(crate) fn sketched(&self) -> SketchKernel {
        self.sketched
    }
}

impl SketchKernel {
    /// Turns a block into bytes, with room for whole groups of it, at least, and asks for the points that are likely to come next.
    pub(crate) fn code(
        &self,
        points: &Points<'_>,
        (block, next): (Range<usize>, Range<usize>),
        frame: &int8::Int8Groups<'_>,
        coded: &mut int8::Coded<'_>,
    ) {
        let lanes = block.len().next_multiple_of(self.width);
        let elements = elements::<i32>(points.d());
        assert!(!block.is_empty() && block.end <= points.n() && frame.width == self.width);
        assert!(coded.data.len() >= lanes * elements && frame.coding.mean.len() == points.d());
        assert!(coded.norms.len() >= lanes && coded.errors.len() >= lanes);
        assert!(coded.squares.len() >= lanes);
        // SAFETY: the CPU has the instruction set, and the lengths are as the kernel requires.
        unsafe { (self.code)(points, (block, next), frame, coded) }
    }

    /// Finds for each candidate the points it may lower.
    pub(crate) fn screen(
        &self,
        part: &sketch::Part<'_>,
        candidates: &sketch::Candidates<'_>,
        screening: &mut sketch::Screening<'_>,
    ) {
        let (lanes, rows) = (part.limits.len(), candidates.panels.norms.len());
        let count = rows / candidates.parts;
        let elements = part.data.len() / lanes;
        assert!(lanes.is_multiple_of(self.width) && part.data.len() == lanes * elements);
        assert!(part.norms.len() == lanes && part.errors.len() == lanes);
        assert!(
            rows == candidates.parts * count && candidates.panels.data.len() == rows * elements
        );
        assert!(screening
            .weights
            .is_none_or(|weights| weights.len() >= lanes));
        assert!(screening.open.len() >= lanes / self.width * count);
        assert!(screening.sums.len() >= 2 * count * self.width);
        // SAFETY: the CPU has the instruction set, and the lengths are as the kernel requires.
        unsafe { (self.screen)(part, elements, candidates, screening) }
    }

    /// Lists the points of the groups, each of which has a set of bits; returns how many.
    pub(crate) fn list(&self, sets: &[u16], listed: &mut [u32]) -> usize {
        assert!(listed.len() >= sets.len() * self.width + seed::ROOM);
        // SAFETY: the CPU has the instruction set, and the length is as the kernel requires.
        unsafe { (self.list)(sets, self.width, listed) }
    }
}
