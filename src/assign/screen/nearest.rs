//! The least and the second least value of each point, as they come out of a sweep.

use crate::assign::panel::Receive;
use crate::simd::products::{Element, Screen};

/// The least and second least value of each lane, and the center of the least.
pub(super) struct Nearest<S: Screen, const G: usize> {
    pub(super) least: [S::V; G],
    pub(super) second: [S::V; G],
    pub(super) label: [S::V; G],
    /// The next center.
    pub(super) next: S::V,
}

impl<S: Screen, const G: usize> Nearest<S, G> {
    #[inline(always)]
    pub(super) unsafe fn new() -> Self {
        // SAFETY: the caller is compiled for `S`.
        unsafe {
            let infinity = S::splat(S::E::INFINITY);
            Nearest {
                least: [infinity; G],
                second: [infinity; G],
                label: [S::splat(S::E::default()); G],
                next: S::splat(S::E::of_label(0)),
            }
        }
    }
}

impl<S: Screen, const G: usize> Receive<S, G> for Nearest<S, G> {
    #[inline(always)]
    unsafe fn receive(&mut self, _: usize, values: &[S::V; G]) {
        // SAFETY: the caller is compiled for `S`. Labels fit an element (see `Precision::suits`).
        unsafe {
            for (g, &value) in values.iter().enumerate() {
                self.second[g] = S::min(self.second[g], S::max(self.least[g], value));
                self.label[g] = S::select_less(value, self.least[g], self.next, self.label[g]);
                self.least[g] = S::min(self.least[g], value);
            }
            // Adding is cheaper than making a vector of an integer.
            self.next = S::add(self.next, S::splat(S::E::of_label(1)));
        }
    }
}
