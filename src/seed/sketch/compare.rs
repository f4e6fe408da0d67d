//! The points of a sketch compared with the candidates of a step.

use super::{Candidates, Part};
use crate::assign::panel::{hold_all, steps, sweep, Receive, Sweep, GROUPS};
use crate::points::LINE;
use crate::simd::level::Vectors;
use crate::simd::products::{Integers, Screen};
use crate::simd::{prefetch, InstructionSet, Kernel, Level};

/// How many times the groups at hand the memory that is asked for is ahead.
const AHEAD: usize = 4;

/// What a comparison reads besides points and candidates, and what it writes.
pub(crate) struct SketchResult<'a> {
    /// The points' weights, if they have any, which sums are multiplied by: one for each lane, finite in the padding.
    pub(crate) weights: Option<&'a [f32]>,
    /// For each candidate and group, a bit for each lane: may it be lowered?
    pub(crate) open: &'a mut [u16],
    /// For each candidate and lane, what it takes off at most, and at least.
    pub(crate) sums: &'a mut [f32],
}

/// What a level compares points of a sketch by.
#[derive(Clone, Copy)]
pub(in crate::seed) struct SketchLanes {
    /// How groups of points and panels of candidates are packed.
    pub(in crate::seed) vectors: Vectors,
    /// Whether products take so little that candidates may have two bytes for each coordinate.
    pub(in crate::seed) fine: bool,
}

impl SketchLanes {
    pub(in crate::seed) fn of(level: Level) -> Self {
        struct Query;
        impl Kernel for Query {
            type Out = SketchLanes;
            const PRODUCTS: bool = true;
            #[inline(always)]
            unsafe fn run<I: InstructionSet>(self) -> SketchLanes {
                SketchLanes {
                    vectors: Vectors::of::<I::Sketch>(),
                    fine: I::Sketch::FINE,
                }
            }
        }
        level.run(Query)
    }
}

/// Finds for each candidate the points it may lower. Part and candidates are packed for the level.
pub(in crate::seed) fn screen(
    level: Level,
    part: &Part<'_>,
    candidates: &Candidates<'_>,
    screening: &mut SketchResult<'_>,
) {
    let width = SketchLanes::of(level).vectors.width;
    let (lanes, rows) = (part.limits.len(), candidates.panels.norms.len());
    let count = rows / candidates.parts;
    let elements = part.data.len() / lanes;
    assert!(lanes.is_multiple_of(width) && part.data.len() == lanes * elements);
    assert!(part.norms.len() == lanes && part.errors.len() == lanes);
    assert!(rows == candidates.parts * count && candidates.panels.data.len() == rows * elements);
    assert!(screening
        .weights
        .is_none_or(|weights| weights.len() >= lanes));
    assert!(screening.open.len() >= lanes / width * count);
    assert!(screening.sums.len() >= 2 * count * width);
    level.run(CompareSketch {
        part,
        elements,
        candidates,
        screening,
    });
}

/// The part is whole groups of points of so many elements, as are the candidates, and there is room for what is found of each.
struct CompareSketch<'a, 'b> {
    part: &'a Part<'a>,
    elements: usize,
    candidates: &'a Candidates<'a>,
    screening: &'a mut SketchResult<'b>,
}

impl Kernel for CompareSketch<'_, '_> {
    type Out = ();
    const PRODUCTS: bool = true;

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) {
        let CompareSketch {
            part,
            elements,
            candidates,
            screening,
        } = self;
        // SAFETY: the caller is compiled for the vectors; `screen` has checked the lengths.
        unsafe {
            match candidates.parts {
                1 => screen_parts::<I::Sketch, 1>(part, elements, candidates, screening),
                _ => screen_parts::<I::Sketch, 2>(part, elements, candidates, screening),
            }
        }
    }
}

/// Finds the points, where coordinates of candidates have so many bytes.
///
/// # Safety
/// The caller is compiled for `S`; what [`CompareSketch`] says is so, groups being as wide as `S`.
#[inline(always)]
unsafe fn screen_parts<S: Integers, const PARTS: usize>(
    part: &Part<'_>,
    elements: usize,
    candidates: &Candidates<'_>,
    screening: &mut SketchResult<'_>,
) {
    let groups = part.limits.len() / S::WIDTH;
    let mut g = 0;
    // SAFETY: the contract above.
    unsafe {
        let several = if const { hold_all(S::REGISTERS) } {
            GROUPS
        } else {
            2
        };
        while g + several <= groups {
            if const { hold_all(S::REGISTERS) } {
                screen_groups::<S, GROUPS, PARTS>(part, elements, candidates, screening, g);
            } else {
                screen_groups::<S, 2, PARTS>(part, elements, candidates, screening, g);
            }
            g += several;
        }
        while g < groups {
            screen_groups::<S, 1, PARTS>(part, elements, candidates, screening, g);
            g += 1;
        }
    }
}

/// `G` groups, the first of which is `first`.
///
/// # Safety
/// That of [`screen_parts`].
#[inline(always)]
unsafe fn screen_groups<S: Integers, const G: usize, const PARTS: usize>(
    part: &Part<'_>,
    elements: usize,
    candidates: &Candidates<'_>,
    screening: &mut SketchResult<'_>,
    first: usize,
) {
    let at = first * S::WIDTH;
    // By value, so that nothing that is stored makes them be read again.
    let panels = candidates.panels;
    // SAFETY: the groups are inside the part.
    unsafe {
        let zero = S::splat(0);
        let (mut open, mut sure) = ([zero; G], [zero; G]);
        for g in 0..G {
            let at = at + g * S::WIDTH;
            let limit = S::load(part.limits.as_ptr().add(at));
            let error_bound = S::error_bound(
                part.norms.as_ptr().add(at),
                part.errors.as_ptr().add(at),
                candidates.per,
            );
            open[g] = S::add(limit, error_bound);
            sure[g] = S::sub(limit, error_bound);
        }
        let mut receiver = CompareLimits::<S, G, PARTS> {
            open,
            sure,
            weights: screening.weights.map(|weights| weights.as_ptr().add(at)),
            high: [zero; G],
            bits: screening.open.as_mut_ptr().add(first),
            groups: part.limits.len() / S::WIDTH,
            sums: screening.sums.as_mut_ptr(),
        };
        let groups = part.data.as_ptr().add(at * elements);
        let over = Sweep {
            groups,
            elements,
            chunk: 0..elements,
            values: core::ptr::null_mut(),
        };
        // As many lines as these groups are long, rounded up for each step; no line is tested to be one of them, which would cost more than it saves.
        let length = G * S::WIDTH * elements;
        let lines = (length * size_of::<i32>()).div_ceil(LINE);
        let share = lines.div_ceil(steps::<S>(elements, panels.norms.len()));
        let mut next = groups.wrapping_add(AHEAD * length).cast::<u8>();
        let between = || {
            for _ in 0..share {
                prefetch(next);
                next = next.wrapping_add(LINE);
            }
        };
        sweep::<S, G, _>(&over, &panels, &mut receiver, between);
    }
}

/// Compares T with the limits.
struct CompareLimits<S: Screen, const G: usize, const PARTS: usize> {
    /// Limits plus and minus R.
    open: [S::V; G],
    sure: [S::V; G],
    /// T without the second bytes of the candidate, which come next.
    high: [S::V; G],
    weights: Option<*const f32>,
    /// The sets of the first candidate; those of the next one are `groups` further on.
    bits: *mut u16,
    groups: usize,
    sums: *mut f32,
}

impl<S: Integers, const G: usize, const PARTS: usize> Receive<S, G> for CompareLimits<S, G, PARTS> {
    #[inline(always)]
    unsafe fn receive(&mut self, j: usize, values: &[S::V; G]) {
        // SAFETY: the caller is compiled for `S`; every group has bits for every candidate and a weight for every lane, and
        // every candidate two sums for every lane.
        unsafe {
            let mut values = *values;
            if PARTS == 2 {
                if j.is_multiple_of(PARTS) {
                    self.high = values;
                    return;
                }
                for (value, &high) in values.iter_mut().zip(&self.high) {
                    *value = S::refine(high, *value);
                }
            }
            let j = j / PARTS;
            for (g, (&open, &value)) in self.open.iter().zip(&values).enumerate() {
                let bits = !S::not_greater(open, value) & ((1 << S::WIDTH) - 1);
                *self.bits.add(j * self.groups + g) = bits as u16;
            }
            // Done whether anything is open or not: a branch that cannot be predicted would take longer.
            let sums = self.sums.add(2 * j * S::WIDTH);
            for (sums, limits) in [(sums, &self.open), (sums.add(S::WIDTH), &self.sure)] {
                let mut larger = *limits;
                for (larger, &value) in larger.iter_mut().zip(&values) {
                    *larger = S::max(*larger, value);
                }
                if self.weights.is_none() {
                    // Differences of sums are sums of differences, even if those wrap: each of these is below 2^27.7 (L45).
                    let (mut all, mut below) = (larger[0], values[0]);
                    for g in 1..G {
                        all = S::add(all, larger[g]);
                        below = S::add(below, values[g]);
                    }
                    S::accumulate(sums, None, &[S::sub(all, below)]);
                } else {
                    for (larger, &value) in larger.iter_mut().zip(&values) {
                        *larger = S::sub(*larger, value);
                    }
                    S::accumulate(sums, self.weights, &larger);
                }
            }
        }
    }
}
