//! D between some points and one candidate, where nothing cheaper decides.

use crate::exact::distance::{pair, squared_at};
use crate::points::{with_type, Layout, Points, Widen, LINE};
use crate::simd::{prefetch, InstructionSet, Kernel, Lanes, Level};

/// Coordinates that are prefetched.
const AHEAD: usize = 1024;

/// Elements that are written beyond a list.
pub(crate) const ROOM: usize = 16;

/// Lists the points of groups of `width`, each of which has a set of bits; returns how many.
pub(super) fn list(level: Level, sets: &[u16], width: usize, listed: &mut [u32]) -> usize {
    assert!(width <= 16 && listed.len() >= sets.len() * width + ROOM);
    level.run(List {
        sets,
        width,
        listed,
    })
}

/// There is an element for each lane, and [`ROOM`] more; groups have at most 16 lanes.
struct List<'a> {
    sets: &'a [u16],
    width: usize,
    listed: &'a mut [u32],
}

impl Kernel for List<'_> {
    type Out = usize;

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) -> usize {
        let List {
            sets,
            width,
            listed,
        } = self;
        let lanes = (1 << width) - 1;
        let mut length = 0;
        // Where few points are left, most sets are empty: four are tested at once.
        for (some, first) in sets.chunks(4).zip((0..).step_by(4)) {
            if some.iter().fold(0, |bits, set| bits | set) == 0 {
                continue;
            }
            for (&set, g) in some.iter().zip(first..) {
                // SAFETY: the caller is compiled for the lanes. A set has at most `width` bits, so sixteen elements are written
                // from a place that is not beyond the lanes before these (`list`).
                length += unsafe {
                    let to = listed.as_mut_ptr().add(length);
                    I::Lanes::list(to, (g * width) as u32, u32::from(set) & lanes)
                };
            }
        }
        length
    }
}

/// Evaluates D between a center and each of the points `listed`, which count from `first`. The next rows are prefetched, since they
/// may be far apart.
pub(super) fn evaluate(
    level: Level,
    points: &Points<'_>,
    first: usize,
    listed: &[u32],
    center: &[f64],
    distances: &mut [f64],
) {
    assert!(center.len() == points.d());
    level.run(Listed {
        points,
        first,
        listed,
        center,
        distances,
    });
}

/// The center has d dimensions. Indices are checked as they are used.
struct Listed<'a> {
    points: &'a Points<'a>,
    first: usize,
    listed: &'a [u32],
    center: &'a [f64],
    distances: &'a mut [f64],
}

impl Kernel for Listed<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) {
        let Listed {
            points,
            first,
            listed,
            center,
            distances,
        } = self;
        // By value, so that no distance that is stored makes it be read again.
        let points = *points;
        let listed = listed.iter().map(|&p| first + p as usize);
        match points.layout() {
            // SAFETY: the caller is compiled for the lanes; the center has d dimensions (`evaluate`).
            Layout::Rows => with_type!(points.coordinates(), C => unsafe {
                evaluate_rows::<I::Lanes, C>(&points, listed, center, distances)
            }),
            Layout::Columns | Layout::Csr => {
                for (p, distance) in listed.zip(distances) {
                    *distance = squared_at(&points, p, center);
                }
            }
        }
    }
}

/// D between a center and each of the points `listed`, which are rows of `C`.
///
/// # Safety
/// The caller is compiled for `L`; the center has as many dimensions as the points.
#[inline(always)]
unsafe fn evaluate_rows<L: Lanes, C: Widen>(
    points: &Points<'_>,
    listed: impl Iterator<Item = usize> + Clone,
    center: &[f64],
    distances: &mut [f64],
) {
    let d = points.d();
    let ask = |p: usize| {
        let row = points.row::<C>(p).as_ptr();
        let (mut at, last) = (row.cast::<u8>(), row.wrapping_add(d - 1).cast());
        while at < last {
            prefetch(at);
            at = at.wrapping_add(LINE);
        }
        // Rows begin and end anywhere in a line.
        prefetch(last);
    };
    // So many rows ahead that they make some kilobytes.
    let mut soon = listed.clone();
    soon.by_ref().take((AHEAD / d).clamp(1, 64)).for_each(ask);
    for (p, distance) in listed.zip(distances) {
        soon.next().into_iter().for_each(ask);
        // SAFETY: the contract; row and center have d dimensions.
        *distance = unsafe { pair::<L, C>(points.row(p).as_ptr(), center.as_ptr(), d) };
    }
}
