//! Some points against one candidate, by D itself: those that nothing cheaper decides.

use crate::exact::distance::{pair, squared_at};
use crate::points::{Layout, Points, LINE};
use crate::simd::{prefetch, Lanes};

/// Coordinates asked for ahead.
const AHEAD: usize = 1024;

/// Lists the points of the groups, each of so many points and with a set of bits; returns how many.
///
/// # Safety
/// The caller is compiled for `L`; `listed` has an element for each lane, and [`ROOM`] more.
#[inline(always)]
pub(crate) unsafe fn list<L: Lanes>(sets: &[u16], width: usize, listed: &mut [u32]) -> usize {
    let mut length = 0;
    // Where few points are left most sets are empty: several at once.
    for (some, first) in sets.chunks(4).zip((0..).step_by(4)) {
        if some.iter().fold(0, |bits, set| bits | set) == 0 {
            continue;
        }
        for (&set, g) in some.iter().zip(first..) {
            // SAFETY: sixteen elements are written from a place that is not beyond the lanes before these.
            length += unsafe {
                let to = listed.as_mut_ptr().add(length);
                L::list(to, (g * width) as u32, u32::from(set))
            };
        }
    }
    length
}

/// Elements that are written beyond a list.
pub(crate) const ROOM: usize = 16;

/// D between a center and each of the points `listed`, which count from `first`. Rows that come soon are asked for early: they
/// may be far apart.
///
/// # Safety
/// The caller is compiled for `L`; `center` is d doubles.
#[inline(always)]
pub(crate) unsafe fn listed<L: Lanes>(
    (points, first): (&Points<'_>, usize),
    listed: &[u32],
    center: &[f64],
    distances: &mut [f64],
) {
    let d = points.d();
    let listed = listed.iter().map(|&p| first + p as usize);
    match points.layout() {
        Layout::Rows => {
            let ask = |p: usize| {
                let row = points.row(p).as_ptr();
                // Rows begin and end anywhere in a line.
                for i in (0..d).step_by(LINE / size_of::<f64>()).chain([d - 1]) {
                    prefetch(row.wrapping_add(i).cast());
                }
            };
            // As many rows ahead as make some kilobytes.
            let mut soon = listed.clone();
            soon.by_ref().take((AHEAD / d).clamp(1, 16)).for_each(ask);
            for (p, distance) in listed.zip(distances) {
                soon.next().into_iter().for_each(ask);
                // SAFETY: the row and the center are d doubles.
                *distance = unsafe { pair::<L>(points.row(p).as_ptr(), center.as_ptr(), d) };
            }
        }
        Layout::Columns => {
            for (p, distance) in listed.zip(distances) {
                *distance = squared_at(points, p, center);
            }
        }
    }
}
